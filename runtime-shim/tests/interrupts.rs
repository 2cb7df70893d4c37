//! Stopping guests: handles, deadlines, and what must not be stopped.

mod common;
use common::Build;
use core::ffi::c_void;
use nullvm_shim::host::{Bytes, HostTable};
use nullvm_shim::{CallError, Instance, InstanceError, Limits, Plugin, Value};
use plugin_abi::{CallbackId, FLAG_INTERRUPTIBLE, NONE, TrapCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn instance(plugin: &Arc<Plugin>, deadline_ms: u32) -> Box<Instance> {
    let limits = Limits { deadline_ms, max_memory_bytes: 2 << 30, stack_size: 4 << 20, ..Limits::default() };
    Instance::new(plugin, &HostTable::EMPTY, core::ptr::null_mut(), &limits).unwrap()
}

fn invoke(instance: &Instance, name: &str, args: &[u32]) -> Result<u32, CallError> {
    let mut values = [Value::default(); 3];
    for (v, a) in values.iter_mut().zip(args) {
        *v = Value::from_u32(*a);
    }
    instance.invoke(name, &mut values).map(|()| values[0].u32())
}

const INTERRUPTED: Result<u32, CallError> = Err(CallError::Trap(TrapCode::Interrupt));

#[test]
fn a_deadline_stops_a_loop() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin, 20);
    for round in 0..5 {
        let start = Instant::now();
        assert_eq!(invoke(&one, "f_loop", &[]), INTERRUPTED);
        let taken = start.elapsed();
        assert!(taken >= Duration::from_millis(20), "{taken:?}");
        assert!(taken < Duration::from_millis(20 + 100), "{taken:?}");
        if round == 2 {
            // Long enough for the watchdog to go to sleep.
            std::thread::sleep(Duration::from_millis(300));
        }
        assert_eq!(invoke(&one, "f_sum", &[1, 1, 1]), Ok(3));
    }
    // As a callback it fails the instance.
    assert_eq!(one.call(CallbackId::OnDone, &[0]), INTERRUPTED);
    assert!(one.failed());
}

#[test]
fn short_calls_never_miss_the_watchdog() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin, 2);
    let until = Instant::now() + Duration::from_millis(500);
    while Instant::now() < until {
        assert_eq!(one.call(CallbackId::OnTick, &[0]), Ok(0));
    }
}

#[test]
fn a_handle_stops_loops_bulk_operations_and_recursion() {
    let plugin = Build { memory: (2, NONE), ..Build::default() }.plugin();
    let one = instance(&plugin, 0);
    assert_eq!(invoke(&one, "f_grow", &[16384]), Ok(2));
    let handle = one.interrupt_handle();
    let (begin, wait) = std::sync::mpsc::channel::<()>();
    let (said, when) = std::sync::mpsc::channel();
    let stopper = std::thread::spawn(move || {
        while wait.recv().is_ok() {
            std::thread::sleep(Duration::from_millis(5));
            said.send(Instant::now()).unwrap();
            assert!(handle.interrupt());
        }
        handle
    });
    let mut best = [Duration::MAX; 2];
    for _ in 0..5 {
        for (n, (name, args)) in [("f_loop", [0, 0, 0]), ("f_fill", [0, 1, 1 << 30])].into_iter().enumerate()
        {
            begin.send(()).unwrap();
            assert_eq!(invoke(&one, name, &args), INTERRUPTED, "{name}");
            best[n] = best[n].min(when.recv().unwrap().elapsed());
        }
    }
    assert!(best.iter().all(|t| *t < Duration::from_millis(10)), "{best:?}");
    // Recursion: the limit that stops it is raised under its feet.
    let small = instance(&plugin, 0);
    assert_eq!(invoke(&small, "f_recurse", &[]), Err(CallError::Trap(TrapCode::StackOverflow)));
    drop(begin);
    let handle = stopper.join().unwrap();
    drop(one);
    assert!(!handle.interrupt(), "the instance is gone");
}

#[test]
fn an_interrupt_between_calls_is_forgotten() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin, 0);
    for _ in 0..10 {
        assert!(one.interrupt_handle().interrupt());
        assert_eq!(one.call(CallbackId::OnTick, &[0]), Ok(0));
        assert_eq!(invoke(&one, "f_recurse", &[]), Err(CallError::Trap(TrapCode::StackOverflow)));
    }
}

unsafe extern "C" fn done(host: *mut c_void) -> u32 {
    // An interrupt that comes while the host is busy stops the guest when it goes on.
    let one = unsafe { &**host.cast::<*const Instance>() };
    assert!(one.interrupt_handle().interrupt());
    assert_eq!(one.call(CallbackId::OnDone, &[1]), INTERRUPTED);
    0
}

unsafe extern "C" fn get_header(_: *mut c_void, _: u32, _: Bytes, out: *mut Bytes) -> u32 {
    unsafe { *out = Bytes::new(b"x") };
    0
}

#[test]
fn nested_entries_keep_the_interrupt() {
    let plugin = Build::default().plugin();
    let mut pointer: *const Instance = core::ptr::null();
    let host = HostTable { done: Some(done), get_header: Some(get_header), ..HostTable::EMPTY };
    let one = Instance::new(&plugin, &host, (&raw mut pointer).cast(), &Limits::default()).unwrap();
    pointer = &raw const *one;
    std::hint::black_box(&mut pointer);
    assert_eq!(one.call(CallbackId::OnConfigure, &[0, 0]), INTERRUPTED);
    // A loop in the guest's allocator is stopped, too, and fails the call that needed it.
    let limits = Limits { deadline_ms: 10, ..Limits::default() };
    let one = Instance::new(&plugin, &host, core::ptr::null_mut(), &limits).unwrap();
    one.memory().write_u32(0, 6).unwrap();
    assert_eq!(one.call(CallbackId::OnVmStart, &[0, 0]), INTERRUPTED);
}

#[test]
fn a_deadline_needs_interruptible_code() {
    let plugin = Build { flags: common::GUARD & !FLAG_INTERRUPTIBLE, ..Build::default() }.plugin();
    let limits = Limits { deadline_ms: 1, ..Limits::default() };
    let error = Instance::new(&plugin, &HostTable::EMPTY, core::ptr::null_mut(), &limits).unwrap_err();
    assert_eq!(error, InstanceError::NotInterruptible);
    assert!(error.to_string().contains("--interruptible"));
}
