//! Instances: what a fresh one holds, limits, the pool, tables, the order of life.

mod common;
use common::Build;
use core::ffi::c_void;
use nullvm_shim::host::{Bytes, HostTable, HttpCall};
use nullvm_shim::{CallError, Instance, InstanceError, Limits, Plugin, Value};
use plugin_abi::{AbiVersion, CallbackId, NONE, TableRecord, TrapCode};
use std::sync::Arc;

fn instance(plugin: &Arc<Plugin>, limits: &Limits) -> Box<Instance> {
    Instance::new(plugin, &HostTable::EMPTY, core::ptr::null_mut(), limits).unwrap()
}

fn invoke(instance: &Instance, name: &str, args: &[u32]) -> Result<u32, CallError> {
    let mut values = [Value::default(); 3];
    for (v, a) in values.iter_mut().zip(args) {
        *v = Value::from_u32(*a);
    }
    instance.invoke(name, &mut values).map(|()| values[0].u32())
}

fn all(instance: &Instance) -> Vec<u8> {
    let memory = instance.memory();
    unsafe { memory.bytes(0, memory.size() as u32).unwrap().as_slice() }.to_vec()
}

#[test]
fn a_used_slot_comes_back_clean() {
    for flags in [common::GUARD, common::GUARD & !plugin_abi::FLAG_BOUNDS_GUARD] {
        let plugin = Build { flags, ..Build::default() }.plugin();
        let first = instance(&plugin, &Limits::default());
        let fresh = all(&first);
        assert_eq!((&fresh[16..20], &fresh[70000..70011]), (&b"key!"[..], &b"second page"[..]));
        assert_eq!(fresh.iter().filter(|b| **b != 0).count(), 4 + 11);
        drop(first);
        for round in 0..50 {
            let one = instance(&plugin, &Limits::default());
            assert_eq!(all(&one), fresh, "round {round}");
            assert_eq!(one.global_get("global").unwrap().1.u64(), 0x1122_3344_5566_7788);
            assert_eq!(
                (one.table_get(0, 0), one.table_get(0, 1), one.table_size(0)),
                (Some(0), Some(2), Some(4))
            );
            // Everything is written to, up to the grown end.
            assert_eq!(invoke(&one, "f_grow", &[2]), Ok(2));
            assert_eq!(one.memory().size(), 4 * 65536);
            assert!(all(&one)[131072..].iter().all(|b| *b == 0));
            assert_eq!(invoke(&one, "f_fill", &[0, 0xaa, 4 * 65536]), Ok(0));
            assert!(one.global_set("global", Value::from_u64(1)));
            assert_eq!(invoke(&one, "f_table_set", &[0, 1, 5]), Ok(0));
            assert_eq!(invoke(&one, "f_table_grow", &[0, 4, 2]), Ok(4));
            assert_eq!(one.table_get(0, 7), Some(2));
            assert_eq!(invoke(&one, "f_drop", &[1]), Ok(0));
        }
    }
}

#[test]
fn growing_stops_at_module_and_limit() {
    let plugin = Build { memory: (2, NONE), ..Build::default() }.plugin();
    let one = instance(&plugin, &Limits { max_memory_bytes: 3 * 65536 + 1, ..Limits::default() });
    assert_eq!(invoke(&one, "f_grow", &[2]), Ok(u32::MAX));
    assert_eq!(invoke(&one, "f_grow", &[u32::MAX]), Ok(u32::MAX));
    assert_eq!(invoke(&one, "f_grow", &[1]), Ok(2));
    assert_eq!(invoke(&one, "f_grow", &[1]), Ok(u32::MAX));
    assert_eq!(invoke(&one, "f_grow", &[0]), Ok(3));
    drop(one);
    let one = instance(&plugin, &Limits::default());
    assert_eq!(invoke(&one, "f_grow", &[16382]), Ok(2));
    assert_eq!(invoke(&one, "f_store", &[(1 << 30) - 4, 1]), Ok(0));
    assert_eq!(invoke(&one, "f_grow", &[1]), Ok(u32::MAX));
    drop(one);
    let one = instance(&plugin, &Limits { max_memory_bytes: u64::MAX, ..Limits::default() });
    assert_eq!(invoke(&one, "f_grow", &[65534]), Ok(2));
    assert_eq!(one.memory().size(), 1 << 32);
    assert_eq!(invoke(&one, "f_grow", &[1]), Ok(u32::MAX));
    let error = Instance::new(
        &plugin,
        &HostTable::EMPTY,
        core::ptr::null_mut(),
        &Limits { max_memory_bytes: 65536, ..Limits::default() },
    );
    assert!(error.unwrap_err().to_string().contains("raise the memory limit"));
}

#[test]
fn tables_grow_within_limits_and_copy() {
    let plugin = Build::default().plugin();
    // Of both tables together, which start with 4 and 1.
    let one = instance(&plugin, &Limits { max_table_elements: 104, ..Limits::default() });
    assert_eq!(invoke(&one, "f_table_grow", &[0, 5, 0]), Ok(u32::MAX));
    assert_eq!(invoke(&one, "f_table_grow", &[1, 99, 1234]), Ok(1));
    assert_eq!(one.table_get(1, 99), Some(1234));
    assert_eq!(invoke(&one, "f_table_grow", &[1, 1, 0]), Ok(u32::MAX));
    assert_eq!(invoke(&one, "f_table_init", &[1, 0, 3]), Ok(0));
    let table = |i: &Instance| (0..4).map(|n| i.table_get(0, n).unwrap()).collect::<Vec<_>>();
    assert_eq!(table(&one), [0, 4, 0, 2]);
    assert_eq!(invoke(&one, "f_table_copy", &[0, 1, 3]), Ok(0));
    assert_eq!(table(&one), [4, 0, 2, 2]);
    assert_eq!(table(&instance(&plugin, &Limits::default())), [0, 2, 3, 0], "another instance has its own");
    let big = TableRecord { min: 101, max: NONE, element: 5, init: 0 };
    let plugin = Build { tables: vec![big, big], elements: vec![], ..Build::default() }.plugin();
    let limits = Limits { max_table_elements: 100, ..Limits::default() };
    let error = Instance::new(&plugin, &HostTable::EMPTY, core::ptr::null_mut(), &limits).unwrap_err();
    assert_eq!(error, InstanceError::TableLimit { table: 0, minimum: 101, limit: 100 });
}

#[test]
fn segments() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin, &Limits::default());
    assert_eq!(invoke(&one, "f_init", &[100, 0, 7]), Ok(0));
    assert_eq!(&all(&one)[100..107], b"passive");
    assert_eq!(invoke(&one, "f_drop", &[1]), Ok(0));
    assert_eq!(invoke(&one, "f_init", &[100, 0, 1]), Err(CallError::Trap(TrapCode::MemoryOutOfBounds)));
    assert_eq!(invoke(&one, "f_init", &[100, 0, 0]), Ok(0));
    let code = |build: Build| match Instance::new(
        &build.plugin(),
        &HostTable::EMPTY,
        core::ptr::null_mut(),
        &Limits::default(),
    ) {
        Err(InstanceError::Trap { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    let data = vec![(true, 131071, b"xy".to_vec())];
    assert_eq!(code(Build { data, ..Build::default() }), TrapCode::MemoryOutOfBounds);
    let elements = vec![(1, 3, vec![2, 2])];
    assert_eq!(code(Build { elements, ..Build::default() }), TrapCode::TableOutOfBounds);
}

/// Segments in any order and over each other: a later one wins, between them are zeros.
#[test]
fn segments_over_each_other() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as usize % n
    };
    for round in 0..40 {
        let mut expected = vec![0; 131072];
        let mut data = Vec::new();
        let mut next = below(300);
        for i in 0..below(60) {
            let len = match below(12) {
                0 => 64 * 1024 + below(3) - 1,
                1 => 4096 + below(300),
                _ => below(40),
            };
            let offset = if below(5) == 0 { below(131072) } else { next + below(270) };
            let (offset, len) = (offset.min(131072), len.min(131072 - offset.min(131072)));
            let bytes = vec![(i + 1) as u8; len];
            expected[offset..offset + len].copy_from_slice(&bytes);
            next = offset + len;
            data.push((true, offset as u32, bytes));
        }
        let plugin = Build { data, ..Build::default() }.plugin();
        let one = instance(&plugin, &Limits::default());
        assert!(all(&one) == expected, "round {round}");
    }
}

#[test]
fn bulk_operations_overlap() {
    let plugin = Build { memory: (64, 64), ..Build::default() }.plugin();
    let one = instance(&plugin, &Limits::default());
    let pattern: Vec<u8> = (0..3_500_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (from, to) in [(100, 100), (0, 1), (1, 0), (0, 300_000), (300_000, 0)] {
        one.memory().write(from, &pattern).unwrap();
        assert_eq!(invoke(&one, "f_copy", &[to, from, pattern.len() as u32]), Ok(0));
        let moved = one.memory().bytes(to, pattern.len() as u32).unwrap();
        assert!(unsafe { moved.as_slice() } == pattern, "from {from} to {to}");
    }
}

#[test]
fn start_runs_once_and_lazily() {
    let callbacks = |list: &[CallbackId]| Build {
        start: true,
        callbacks: list.iter().map(|id| (*id, "f_count")).chain([(CallbackId::OnTick, "f_empty")]).collect(),
        ..Build::default()
    };
    let count = |i: &Instance| i.memory().read_u32(64).unwrap();
    for (list, after) in
        [(&[][..], 1), (&[CallbackId::Start][..], 2), (&[CallbackId::Initialize, CallbackId::Start][..], 2)]
    {
        let plugin = callbacks(list).plugin();
        let one = instance(&plugin, &Limits::default());
        assert_eq!(count(&one), 1, "the start section ran");
        one.call(CallbackId::OnTick, &[0]).unwrap();
        assert_eq!(count(&one), after);
        one.start().unwrap();
        one.call(CallbackId::OnTick, &[0]).unwrap();
        assert_eq!(count(&one), after);
        let one = instance(&plugin, &Limits::default());
        one.start().unwrap();
        assert_eq!(count(&one), after);
    }
}

#[test]
fn arguments_are_dropped_but_not_made_up() {
    let plugin = Build::default().plugin();
    let one = instance(&plugin, &Limits::default());
    assert_eq!(one.call(CallbackId::OnRequestHeaders, &[1, 2, 3]), Ok(6));
    assert_eq!(one.call(CallbackId::OnRequestHeaders, &[1, 2, u32::MAX]), Ok(2));
    assert_eq!(one.call(CallbackId::OnRequestHeaders, &[1, 2]), Err(CallError::Arguments));
    assert_eq!(one.call(CallbackId::OnLog, &[1]), Err(CallError::NotExported));
    // `f_malloc` has one parameter.
    assert_eq!(one.call(CallbackId::Malloc, &[1, 2, 3]), Ok(1024));
    assert_eq!(one.invoke("f_sum", &mut [Value::default(); 2]), Err(CallError::Arguments));
    assert_eq!(one.invoke("f_summ", &mut []), Err(CallError::NotExported));
    assert_eq!(one.call_function(0, &mut []), Err(CallError::NotExported));
    assert_eq!(one.call_function(9999, &mut []), Err(CallError::NotExported));
}

#[derive(Default)]
struct Seen {
    lines: Vec<String>,
    refused: Vec<String>,
    timeout: u32,
    instance: Option<*const Instance>,
    nested: Option<Result<u32, CallError>>,
}

unsafe fn text(bytes: Bytes) -> String {
    String::from_utf8(unsafe { bytes.as_slice() }.to_vec()).unwrap()
}

unsafe extern "C" fn log(host: *mut c_void, _: u32, message: Bytes) -> u32 {
    unsafe { (*host.cast::<Seen>()).lines.push(text(message)) };
    0
}

unsafe extern "C" fn capability_error(host: *mut c_void, message: Bytes) {
    unsafe { (*host.cast::<Seen>()).refused.push(text(message)) };
}

unsafe extern "C" fn http_call(host: *mut c_void, call: *const HttpCall, token: *mut u32) -> u32 {
    unsafe {
        (*host.cast::<Seen>()).timeout = (*call).timeout;
        *token = 77;
    }
    0
}

unsafe extern "C" fn done(host: *mut c_void) -> u32 {
    let seen = host.cast::<Seen>();
    unsafe {
        if let Some(instance) = (*seen).instance {
            (*seen).nested = Some((*instance).call(CallbackId::OnNewConnection, &[1]));
        }
    }
    3
}

unsafe extern "C" fn import(_: *mut c_void, index: u32, values: *mut u8) -> u32 {
    unsafe {
        let value = values.cast::<u32>();
        *value = *value * 2 + index;
        u32::from(*value == 0)
    }
}

fn host() -> HostTable {
    HostTable {
        log: Some(log),
        capability_error: Some(capability_error),
        http_call: Some(http_call),
        done: Some(done),
        call_import: Some(import),
        ..HostTable::EMPTY
    }
}

#[test]
fn host_functions_and_capabilities() {
    let plugin = Build::default().plugin();
    let mut seen = Seen::default();
    let pointer = &raw mut seen;
    let mut one = Instance::new(&plugin, &host(), pointer.cast(), &Limits::default()).unwrap();
    assert_eq!(invoke(&one, "f_log", &[2, 16, 4]), Ok(0));
    assert_eq!(invoke(&one, "f_log", &[2, 131072, 1]), Ok(6));
    assert_eq!(invoke(&one, "f_import", &[21]), Ok(42));
    assert_eq!(invoke(&one, "f_import", &[0]), Err(CallError::Trap(TrapCode::Host)));
    assert_eq!(one.state().abi, AbiVersion::V0_2_1);
    let allowed = nullvm_shim::guest::FunctionSet::of_capabilities(["proxy_log"].into_iter());
    one.state().restrict(allowed);
    assert_eq!(invoke(&one, "f_time", &[40]), Ok(10));
    assert_eq!(invoke(&one, "f_log", &[2, 16, 4]), Ok(0));
    one.state().restrict(nullvm_shim::guest::FunctionSet::ALL);
    assert_eq!(invoke(&one, "f_time", &[40]), Ok(0));
    drop(one);
    assert_eq!(seen.lines, ["key!", "key!"]);
    assert_eq!(
        seen.refused,
        ["Attempted call to restricted proxy-wasm capability: proxy_get_current_time_nanoseconds"]
    );
}

#[test]
fn a_trap_in_a_nested_entry_ends_there() {
    let plugin = Build::default().plugin();
    let mut seen = Seen::default();
    let pointer = &raw mut seen;
    let one = Instance::new(&plugin, &host(), pointer.cast(), &Limits::default()).unwrap();
    unsafe { (*pointer).instance = Some(&raw const *one) };
    // guest -> host -> guest, which traps: the host function gets the error and returns, and the outer guest goes on.
    assert_eq!(invoke(&one, "f_done", &[]), Err(CallError::Trap(TrapCode::Unreachable)));
    unsafe { assert_eq!((*pointer).nested, Some(Err(CallError::Trap(TrapCode::Unreachable)))) };
    assert!(one.failed());
}

#[test]
fn arguments_on_the_stack_arrive() {
    let plugin = Build::default().plugin();
    let mut seen = Seen::default();
    let one = Instance::new(&plugin, &host(), (&raw mut seen).cast(), &Limits::default()).unwrap();
    // The headers are empty, which the function refuses or not: what counts is the timeout, the ninth argument.
    let status = invoke(&one, "f_http_call", &[]).unwrap();
    if status == 0 {
        assert_eq!(one.memory().read_u32(40), Ok(77));
        drop(one);
        assert_eq!(seen.timeout, 1234);
    }
}

#[test]
fn memory_does_not_pile_up() {
    let plugin = Build { memory: (16, 256), ..Build::default() }.plugin();
    let rss = || {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
    };
    let round = || {
        let many: Vec<_> = (0..100).map(|_| instance(&plugin, &Limits::default())).collect();
        for one in &many {
            invoke(one, "f_grow", &[16]).unwrap();
            invoke(one, "f_fill", &[0, 1, 32 * 65536]).unwrap();
        }
    };
    round();
    let before = rss();
    for _ in 0..5 {
        round();
    }
    assert!(rss() < before + (64 << 10), "{before} -> {}", rss());
}

#[test]
fn without_address_space_the_error_names_the_way_out() {
    // In a child, because the limit is the process's.
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child_without_address_space", "--nocapture"])
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
#[ignore = "run by without_address_space_the_error_names_the_way_out"]
fn child_without_address_space() {
    let limit = libc::rlimit { rlim_cur: 4 << 30, rlim_max: 4 << 30 };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    let error = Instance::new(
        &Build::default().plugin(),
        &HostTable::EMPTY,
        core::ptr::null_mut(),
        &Limits::default(),
    );
    let text = error.unwrap_err().to_string();
    assert!(text.contains("--bounds explicit") && text.contains("ulimit -v"), "{text}");
    let flags = common::GUARD & !plugin_abi::FLAG_BOUNDS_GUARD;
    instance(&Build { flags, ..Build::default() }.plugin(), &Limits::default());
}

#[test]
fn many_threads_make_and_drop() {
    let plugin = Build::default().plugin();
    std::thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..500 {
                    let one = instance(&plugin, &Limits::default());
                    assert_eq!(invoke(&one, "f_load", &[16]), Ok(u32::from_le_bytes(*b"key!")));
                    invoke(&one, "f_store", &[16, 0]).unwrap();
                }
            });
        }
    });
}
