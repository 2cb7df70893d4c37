//! A guest that traps, thousands of times on many threads, leaves the process as it was; a guest that does not end is stopped
//! in time.

use nullvm_compiler::{Bounds, Options, Traps, compile, emit};
use nullvm_shim::host::{Bytes, HostTable, Status};
use nullvm_shim::{CallError, Image, Instance, Limits, Plugin};
use plugin_abi::{CallbackId, TrapCode};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const MODES: [(Bounds, Traps); 4] = [
    (Bounds::Guard, Traps::Signal),
    (Bounds::Guard, Traps::Call),
    (Bounds::Explicit, Traps::Signal),
    (Bounds::Explicit, Traps::Call),
];

/// What the plugin does for each kind, in the order of its `br_table`; `None` is no trap.
const KINDS: [Option<TrapCode>; 11] = [
    None,
    Some(TrapCode::Unreachable),
    Some(TrapCode::MemoryOutOfBounds),
    Some(TrapCode::IntegerDivisionByZero),
    Some(TrapCode::IntegerOverflow),
    Some(TrapCode::BadSignature),
    Some(TrapCode::IndirectCallToNull),
    Some(TrapCode::TableOutOfBounds),
    Some(TrapCode::StackOverflow),
    Some(TrapCode::BadConversionToInteger),
    None,
];

const THREADS: usize = 8;

/// The tests of this file measure memory and time, so that one runs at a time also where they share a process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often each kind on each thread; `NULLVM_TORTURE_TIMES` lowers it for slow checkers such as valgrind.
fn times() -> usize {
    std::env::var("NULLVM_TORTURE_TIMES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000)
}

/// The modes to run: all, or the one that `NULLVM_TORTURE_MODE` names, as `explicit/call`.
fn modes() -> Vec<(Bounds, Traps)> {
    let wanted = std::env::var("NULLVM_TORTURE_MODE").ok();
    let named = |(bounds, traps): &(Bounds, Traps)| {
        wanted.as_ref().is_none_or(|w| w.eq_ignore_ascii_case(&format!("{bounds:?}/{traps:?}")))
    };
    MODES.into_iter().filter(named).collect()
}

unsafe extern "C" fn get_header(_host: *mut c_void, _map: u32, _key: Bytes, out: *mut Bytes) -> u32 {
    // SAFETY: the shim gives room for the result.
    unsafe { *out = Bytes::new(b"value") };
    Status::Ok as u32
}

fn plugin(wat: &str, options: Options) -> Arc<Plugin> {
    let wasm = wat::parse_str(wat).expect("the text is valid");
    let module = compile(&wasm, &options).expect("it compiles");
    let image = emit::image(&module).expect("an image");
    Plugin::from_image(Image::map(&image).expect("it maps")).expect("it loads")
}

fn torture_plugin(bounds: Bounds, traps: Traps) -> Arc<Plugin> {
    plugin(
        include_str!("torture.wat"),
        Options { name: "torture".into(), bounds, traps, ..Options::default() },
    )
}

fn instance(plugin: &Arc<Plugin>) -> Box<Instance> {
    let host = HostTable { get_header: Some(get_header), ..HostTable::EMPTY };
    Instance::new(plugin, &host, null_mut(), &Limits::default()).expect("an instance")
}

/// Traps at once; then within the guest's allocator while a host function of another call runs.
fn trap_once(plugin: &Arc<Plugin>, kind: usize) {
    let plain = instance(plugin);
    let result = plain.call(CallbackId::OnTick, &[kind as u32]);
    match KINDS[kind] {
        Some(code) => {
            assert_eq!(result, Err(CallError::Trap(code)));
            assert!(plain.failed());
            assert_eq!(plain.call(CallbackId::OnTick, &[0]), Err(CallError::Failed(code)));
            let message = plain.trap_message().expect("a message");
            assert!(message.contains(code.message()) && message.contains("proxy_on_tick"), "{message}");
        }
        None => assert_eq!(result, Ok(0)),
    }
    let nested = instance(plugin);
    let result = nested.call(CallbackId::OnRequestHeaders, &[kind as u32, 0, 0]);
    match KINDS[kind] {
        // The host function answers InvalidMemoryAccess, the outer call goes on, the instance is failed.
        Some(code) => {
            assert!(matches!(result, Ok(6) | Err(CallError::Trap(_))), "{result:?}");
            assert!(nested.failed());
            assert_eq!(nested.call(CallbackId::OnTick, &[0]), Err(CallError::Failed(code)));
        }
        None => assert_eq!(result, Ok(0)),
    }
}

/// Resident bytes, and open files.
fn resources() -> (u64, usize) {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: u64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("resident pages");
    (pages * 4096, std::fs::read_dir("/proc/self/fd").expect("fd").count())
}

fn on_all_threads(plugin: &Arc<Plugin>, times: usize) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for i in 0..times * KINDS.len() {
                    trap_once(plugin, (i + thread) % KINDS.len());
                }
            });
        }
    });
}

#[test]
fn traps_leave_the_process_as_it_was() {
    let _alone = alone();
    for (bounds, traps) in modes() {
        let plugin = torture_plugin(bounds, traps);
        // Threads' arenas and the pool come into being once.
        on_all_threads(&plugin, 20);
        let (before, files) = resources();
        let start = Instant::now();
        on_all_threads(&plugin, times());
        let (after, files_after) = resources();
        println!(
            "{bounds:?}/{traps:?}: {} traps of each kind on {THREADS} threads, plain and nested, in {:.1} s; resident {} -> {} KiB",
            times(),
            start.elapsed().as_secs_f64(),
            before / 1024,
            after / 1024
        );
        assert_eq!(files, files_after, "open files");
        assert!(after < before + (4 << 20), "resident memory grew from {before} to {after}");
    }
}

/// Each guest is stopped from another thread within 10 ms, at full optimisation. The median of several tries, since the
/// threads share two processors with whatever else runs.
#[test]
fn endless_guests_are_stopped() {
    let _alone = alone();
    for (bounds, traps) in MODES {
        let options = Options { checks: false, bounds, traps, interruptible: true, ..Options::default() };
        let plugin = plugin(include_str!("loops.wat"), options);
        for shape in ["empty", "nested", "recursion", "tail", "bulk"] {
            let mut times = Vec::new();
            for _ in 0..5 {
                let instance = instance(&plugin);
                let handle = instance.interrupt_handle();
                let interrupter = std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(15));
                    let asked = Instant::now();
                    handle.interrupt();
                    asked
                });
                let result = instance.invoke(shape, &mut []);
                let stopped = Instant::now();
                let asked = interrupter.join().expect("the interrupter");
                assert_eq!(result, Err(CallError::Trap(TrapCode::Interrupt)), "{shape}");
                times.push(stopped.saturating_duration_since(asked));
            }
            times.sort();
            println!("{bounds:?}/{traps:?} {shape}: stopped after {:?} (slowest {:?})", times[2], times[4]);
            assert!(times[2] < Duration::from_millis(10), "{shape}: {times:?}");
        }
    }
}

/// On a thread whose whole stack is what the shim keeps for the host, a guest traps; on larger ones it runs. Never does it get
/// below the stack.
#[test]
fn small_stacks_are_respected() {
    let _alone = alone();
    for (bounds, traps) in modes() {
        let plugin = torture_plugin(bounds, traps);
        for kib in [96, 128, 160, 256, 1024] {
            let plugin = &plugin;
            let run = move || {
                // Recursion, then a call that needs hardly any stack.
                let deep = instance(plugin).call(CallbackId::OnTick, &[8]);
                (deep, instance(plugin).call(CallbackId::OnTick, &[0]))
            };
            let (deep, shallow) = std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().stack_size(kib << 10).spawn_scoped(scope, run);
                thread.expect("a thread").join().expect("no panic")
            });
            assert_eq!(deep, Err(CallError::Trap(TrapCode::StackOverflow)), "{kib} KiB");
            if kib >= 256 {
                assert_eq!(shallow, Ok(0), "{kib} KiB");
            }
        }
    }
}

/// The limit holds for all tables together, at the start and when they grow.
#[test]
fn tables_are_limited_together() {
    let _alone = alone();
    let tables = |n: usize, min: u32| {
        let grow: String =
            (0..n).map(|t| format!("(drop (table.grow {t} (ref.null func) (i32.const 1000000)))")).collect();
        let size: String = (1..n).map(|t| format!("(i32.add (table.size {t}))")).collect();
        format!(
            "(module {} (func (export \"grow\") (result i32) {grow} (table.size 0) {size}))",
            format!("(table {min} funcref)").repeat(n)
        )
    };
    let options = Options { checks: false, ..Options::default() };
    let grown = plugin(&tables(100, 0), options.clone());
    let mut values = [nullvm_shim::Value::from_u32(0)];
    instance(&grown).invoke("grow", &mut values).expect("no trap");
    assert_eq!(values[0].u32(), 1_000_000, "one table has it all");
    // A module that asks for gigabytes is refused without taking them.
    let large = plugin(&tables(100, 67_108_864), options);
    let (before, _) = resources();
    let refused = Instance::new(&large, &HostTable::EMPTY, null_mut(), &Limits::default());
    assert!(refused.is_err_and(|e| e.to_string().contains("all tables together")));
    assert!(resources().0 < before + (64 << 20));
}

/// A deadline of the instance does the same without a thread of the embedder's.
#[test]
fn deadlines_stop_guests() {
    let _alone = alone();
    let options = Options { checks: false, interruptible: true, ..Options::default() };
    let plugin = plugin(include_str!("loops.wat"), options);
    let limits = Limits { deadline_ms: 20, ..Limits::default() };
    let instance = Instance::new(&plugin, &HostTable::EMPTY, null_mut(), &limits).expect("an instance");
    for shape in ["empty", "nested", "recursion", "tail", "bulk"] {
        let start = Instant::now();
        assert_eq!(instance.invoke(shape, &mut []), Err(CallError::Trap(TrapCode::Interrupt)), "{shape}");
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(19) && took < Duration::from_millis(200), "{shape}: {took:?}");
    }
}
