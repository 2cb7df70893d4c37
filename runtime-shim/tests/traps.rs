//! Traps of every kind, plain and inside the guest's allocator, many times and on many threads.

mod common;
use common::{Build, GUARD};
use core::ffi::c_void;
use nullvm_shim::host::{Bytes, HostTable};
use nullvm_shim::{CallError, Instance, Limits, Plugin, Value};
use plugin_abi::{CallbackId, TrapCode};
use std::sync::Arc;

const HEADER: &[u8] = b"the value";

unsafe extern "C" fn get_header(_: *mut c_void, _: u32, _: Bytes, out: *mut Bytes) -> u32 {
    unsafe { *out = Bytes::new(HEADER) };
    0
}

/// Calls the guest again, where the host pointer leads to its instance.
unsafe extern "C" fn done(host: *mut c_void) -> u32 {
    if let Some(instance) = unsafe { host.cast::<*const Instance>().as_ref().and_then(|i| i.as_ref()) } {
        assert_eq!(instance.call(CallbackId::OnHttpCallResponse, &NESTED), Ok(0));
        assert_eq!(instance.call(CallbackId::OnRequestHeaders, &[1, 20, 300]), Ok(321));
    }
    0
}

const NESTED: [u32; 5] = [10, 20, 30, 40, 50];

fn host() -> HostTable {
    HostTable { get_header: Some(get_header), done: Some(done), ..HostTable::EMPTY }
}

fn instance(plugin: &Arc<Plugin>) -> Box<Instance> {
    Instance::new(plugin, &host(), core::ptr::null_mut(), &Limits::default()).unwrap()
}

fn values(args: &[u32]) -> [Value; 3] {
    let mut values = [Value::default(); 3];
    for (v, a) in values.iter_mut().zip(args) {
        *v = Value::from_u32(*a);
    }
    values
}

fn invoke(instance: &Instance, name: &str, args: &[u32]) -> Result<u32, CallError> {
    let mut values = values(args);
    instance.invoke(name, &mut values).map(|()| values[0].u32())
}

/// A function, its arguments and the trap that it ends with.
const TRAPS: &[(&str, &[u32], TrapCode)] = &[
    ("f_load", &[0xffff_fffc], TrapCode::MemoryOutOfBounds),
    ("f_store", &[131072, 1], TrapCode::MemoryOutOfBounds),
    ("f_unreachable", &[], TrapCode::Unreachable),
    ("f_div", &[1, 0], TrapCode::IntegerDivisionByZero),
    ("f_recurse", &[], TrapCode::StackOverflow),
    ("f_trap", &[2], TrapCode::MemoryOutOfBounds),
    ("f_trap", &[9], TrapCode::StackOverflow),
    ("f_trap", &[14], TrapCode::Host),
    ("f_fill", &[131072, 0, 1], TrapCode::MemoryOutOfBounds),
    ("f_fill", &[0xffff_ffff, 0, 0xffff_ffff], TrapCode::MemoryOutOfBounds),
    ("f_copy", &[0, 131071, 2], TrapCode::MemoryOutOfBounds),
    ("f_init", &[0, 0, 8], TrapCode::MemoryOutOfBounds),
    ("f_table_set", &[0, 4, 0], TrapCode::TableOutOfBounds),
    ("f_table_set", &[0, 0, 4711], TrapCode::BadSignature),
    ("f_table_set", &[0, 0, 1], TrapCode::BadSignature),
    ("f_table_init", &[3, 0, 2], TrapCode::TableOutOfBounds),
    ("f_table_copy", &[0, 3, 2], TrapCode::TableOutOfBounds),
    ("f_stub", &[0], TrapCode::UnresolvedImport),
    ("f_import", &[0], TrapCode::UnresolvedImport),
];

fn fields(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn torture(plugin: &Arc<Plugin>, rounds: usize) {
    for _ in 0..rounds {
        let one = instance(plugin);
        for (name, args, code) in TRAPS {
            assert_eq!(invoke(&one, name, args), Err(CallError::Trap(*code)), "{name} {args:?}");
        }
        // It goes on after all of this.
        assert_eq!(invoke(&one, "f_sum", &[1, 2, 3]), Ok(6));
        assert_eq!(invoke(&one, "f_load", &[16]), Ok(u32::from_le_bytes(*b"key!")));
        assert_eq!(invoke(&one, "f_grow", &[3]), Ok(u32::MAX));
        assert!(!one.failed());
        for (mode, code) in [
            (1, TrapCode::MemoryOutOfBounds),
            (2, TrapCode::IntegerDivisionByZero),
            (3, TrapCode::Unreachable),
            (4, TrapCode::StackOverflow),
            (5, TrapCode::RestrictedCallback),
        ] {
            let one = instance(plugin);
            one.memory().write_u32(0, mode).unwrap();
            let result = one.call(CallbackId::OnVmStart, &[0, 0]);
            assert_eq!(result, Err(CallError::Trap(code)), "malloc mode {mode}");
            assert!(one.failed());
            assert_eq!(one.call(CallbackId::OnTick, &[0]), Err(CallError::Failed(code)));
        }
    }
}

#[test]
fn a_thousand_of_each_on_eight_threads() {
    let plugin = Build::default().plugin();
    torture(&plugin, 50);
    let files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let run = |rounds| {
        std::thread::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| torture(&plugin, rounds));
            }
        });
    };
    run(200);
    let (rss, open) = (fields("VmRSS"), files());
    run(1000);
    let after = fields("VmRSS");
    assert!(after < rss + 8192, "RSS went from {rss} to {after} KiB");
    assert!(files() <= open + 2, "files stay open");
}

#[test]
fn nested_results_come_through() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin);
    assert_eq!(one.call(CallbackId::OnVmStart, &[0, 0]), Ok(0));
    let memory = one.memory();
    assert_eq!((memory.read_u32(32), memory.read_u32(36)), (Ok(1024), Ok(HEADER.len() as u32)));
    let bytes = memory.bytes(1024, HEADER.len() as u32).unwrap();
    assert_eq!(unsafe { bytes.as_slice() }, HEADER);
}

#[test]
fn callee_saved_registers_survive_a_trap() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin);
    // Values that the optimiser keeps in registers across the call, under pressure.
    let mut sums = [0u64; 8];
    for i in 0..100u64 {
        let keep: [u64; 8] = core::array::from_fn(|k| std::hint::black_box(i * k as u64));
        let _ = invoke(&one, "f_unreachable", &[]);
        for (s, k) in sums.iter_mut().zip(keep) {
            *s += k;
        }
    }
    assert_eq!(sums, core::array::from_fn(|k| 4950 * k as u64));
}

#[test]
fn a_callback_may_use_every_register() {
    let plugin = Build::default().plugin();
    let mut sums = [0u64; 8];
    for i in 0..100u64 {
        let one = instance(&plugin);
        let keep: [u64; 8] = core::array::from_fn(|k| std::hint::black_box(i * k as u64));
        assert_eq!(one.call(CallbackId::OnDelete, &[0]), Ok(0));
        let trapped = one.call(CallbackId::OnDelete, &[1]);
        for (s, k) in sums.iter_mut().zip(keep) {
            *s += k;
        }
        assert_eq!(trapped, Err(CallError::Trap(TrapCode::Unreachable)));
    }
    assert_eq!(sums, core::array::from_fn(|k| 4950 * k as u64));
}

/// Without an adapter: each argument in its register, none where the caller gave fewer, and no result where there is none.
#[test]
fn a_callback_gets_its_arguments() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin);
    let args = [u32::MAX, 2, 0x8000_0000, 4, 5, 6];
    assert_eq!(one.call(CallbackId::OnHttpCallResponse, &args), Ok(0));
    let memory = one.memory();
    let found = [128, 132, 136, 140, 144].map(|at| memory.read_u32(at).unwrap());
    assert_eq!(found, args[..5]);
    assert_eq!(one.call(CallbackId::OnHttpCallResponse, &args[..4]), Err(CallError::Arguments));
    assert_eq!(one.call(CallbackId::OnRequestHeaders, &[1, 20, 300]), Ok(321));
    // Timed, and within another call, it is another way.
    let limits = Limits { deadline_ms: 10_000, ..Limits::default() };
    let timed = Instance::new(&plugin, &host(), core::ptr::null_mut(), &limits).unwrap();
    assert_eq!(timed.call(CallbackId::OnRequestHeaders, &[1, 20, 300]), Ok(321));
    let mut me: *const Instance = core::ptr::null();
    let to_me = &raw mut me;
    let outer = Instance::new(&plugin, &host(), to_me.cast(), &Limits::default()).unwrap();
    unsafe { to_me.write(&raw const *outer) };
    assert_eq!(outer.call(CallbackId::OnConfigure, &[0, 0]), Ok(0));
    let found = [128, 132, 136, 140, 144].map(|at| outer.memory().read_u32(at).unwrap());
    assert_eq!(found, NESTED);
}

#[test]
fn the_backtrace_has_names() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin);
    one.memory().write_u32(0, 2).unwrap();
    assert!(one.call(CallbackId::OnVmStart, &[0, 0]).is_err());
    let message = one.trap_message().unwrap();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "Function: malloc failed: Uncaught RuntimeError: integer divide by zero");
    assert_eq!(lines[1], "Proxy-Wasm plugin in-VM backtrace:");
    assert!(lines[2].starts_with("  0:  0x") && lines[2].ends_with(" - f_div"), "{message}");
    assert!(lines[3].starts_with("  1:  0x") && lines[3].ends_with(" - f_malloc"), "{message}");
    assert_eq!(lines.len(), 4);

    let one = instance(&plugin);
    assert!(invoke(&one, "f_trap", &[1]).is_err());
    let message = one.trap_message().unwrap();
    assert!(
        message.starts_with("Function: f_trap failed: Uncaught RuntimeError: unreachable\n"),
        "{message}"
    );
    assert!(message.ends_with(" - f_trap"), "{message}");

    assert!(invoke(&one, "f_stub", &[0]).is_err());
    let message = one.trap_message().unwrap();
    assert!(message.contains("call of an unresolved import: env.imported\n"), "{message}");

    assert!(invoke(&one, "f_recurse", &[]).is_err());
    assert_eq!(one.last_trap().unwrap().frames(plugin.meta()).count(), 20);
}

#[test]
fn the_stack_limit_follows_the_thread() {
    let plugin = Build::default().plugin();
    for size in [256 * 1024, 400 * 1024, 8 << 20] {
        let plugin = plugin.clone();
        let worker = move || {
            let one = instance(&plugin);
            for _ in 0..100 {
                assert_eq!(invoke(&one, "f_recurse", &[]), Err(CallError::Trap(TrapCode::StackOverflow)));
            }
            one
        };
        // And an instance may go on on another thread.
        let one = std::thread::Builder::new().stack_size(size).spawn(worker).unwrap().join().unwrap();
        assert_eq!(invoke(&one, "f_recurse", &[]), Err(CallError::Trap(TrapCode::StackOverflow)));
    }
}

#[test]
fn code_without_signals_needs_no_handler() {
    let flags = GUARD & !(plugin_abi::FLAG_BOUNDS_GUARD | plugin_abi::FLAG_TRAPS_SIGNAL);
    let plugin = Build { flags, ..Build::default() }.plugin();
    let one = instance(&plugin);
    assert_eq!(invoke(&one, "f_trap", &[6]), Err(CallError::Trap(TrapCode::IntegerDivisionByZero)));
    assert_eq!(invoke(&one, "f_grow", &[2]), Ok(2));
    assert_eq!(invoke(&one, "f_store", &[4 * 65536 - 4, 7]), Ok(0));
    assert_eq!(invoke(&one, "f_grow", &[1]), Ok(u32::MAX));
}
