//! Every host function, called by a real module on every engine: with bad pointers it answers an error and writes nothing,
//! with good ones it gets as far as the host, and all engines agree.
//!
//! The host has no function at all, so that a call which passes the checks of its arguments is answered with "unimplemented";
//! what host functions do with their arguments is tested in `runtime-shim/tests/hostcalls`.

use nullvm_host::config::{EngineKind, GuestLimits};
use nullvm_host::engine::{self, LoadOptions, Setup};
use nullvm_shim::guest::FunctionSet;
use nullvm_shim::host::HostTable;
use plugin_abi::{AbiVersion, CallbackId, HOST_FUNCTIONS, HostFunction, ImportModule, ValType};
use std::fmt::Write;

static NO_HOST: HostTable = HostTable::EMPTY;

/// What every 32-bit argument is set to.
const PATTERNS: [(&str, u32); 6] = [
    ("all ones", u32::MAX),
    ("one page of 64 KiB, from its end on", 65_536),
    ("its last bytes", 65_533),
    ("null", 0),
    ("half of the address space", 0x8000_0000),
    ("one place for everything", 1024),
];

/// A version that has the function.
fn version(function: &HostFunction) -> AbiVersion {
    *AbiVersion::ALL.iter().rev().find(|v| function.abis.contains(**v)).expect("a version has it")
}

/// A module whose `proxy_on_request_headers` calls the function with one value for all arguments, and gives its result.
fn module(function: &HostFunction, value: u32) -> Vec<u8> {
    let version = version(function);
    let list = |types: &[ValType]| types.iter().map(|t| format!(" {}", t.as_str())).collect::<String>();
    let mut wat = String::from("(module\n");
    let result = function.result.map_or(String::new(), |t| format!("(result {})", t.as_str()));
    let _ = writeln!(
        wat,
        "(import \"{}\" \"{}\" (func $f (param{}) {result}))",
        function.module.names()[0],
        function.name,
        list(function.params)
    );
    let params = if version == AbiVersion::V0_1_0 { "i32 i32" } else { "i32 i32 i32" };
    let _ = writeln!(
        wat,
        "(memory (export \"memory\") 1 1)\n(data (i32.const 0) \"{}\")\n\
         (func (export \"malloc\") (param i32) (result i32) (i32.const 2048))\n(func (export \"{}\"))\n\
         (func (export \"proxy_on_request_headers\") (param {params}) (result i32)",
        "\\a5".repeat(65_536),
        version.export_name()
    );
    for ty in function.params {
        let value = if *ty == ValType::I64 { u64::from(value) } else { u64::from(value) & 0xffff_ffff };
        let _ = writeln!(wat, "({}.const {:#x})", ty.as_str(), value);
    }
    let zero = if function.result.is_none() { "(i32.const 0)" } else { "" };
    let _ = writeln!(wat, "(call $f) {zero}))");
    wat::parse_str(&wat).unwrap_or_else(|e| panic!("{}: {e}", function.name))
}

/// The result of the call and the memory afterwards.
fn call(kind: EngineKind, explicit_bounds: bool, wasm: &[u8]) -> (Result<u32, String>, Vec<u8>) {
    let options = LoadOptions { explicit_bounds, call_traps: explicit_bounds, ..LoadOptions::default() };
    let module = engine::load(kind, "imports", wasm, options).unwrap_or_else(|e| panic!("{kind}: {e}"));
    let limits = GuestLimits::default();
    let setup = Setup {
        table: &NO_HOST,
        host: std::ptr::null_mut(),
        limits: &limits,
        capabilities: FunctionSet::ALL,
        environment: &[b"KEY=value".to_vec()],
    };
    let mut instance = module.instantiate(&setup).expect("an instance");
    instance.start().expect("nothing to start");
    let args: &[u32] = if module.abi() == AbiVersion::V0_1_0 { &[2, 0] } else { &[2, 0, 1] };
    let result = instance.call(CallbackId::OnRequestHeaders, args).map_err(|t| t.to_string());
    (result, instance.memory())
}

#[test]
fn every_import_on_every_engine() {
    let engines = EngineKind::available();
    assert_eq!(engines.len(), 3, "all three engines take part");
    let (mut calls, mut refused, mut untouched) = (0, 0, 0);
    for function in HOST_FUNCTIONS {
        // Clocks and random numbers write what differs from call to call.
        let differs =
            ["clock", "random", "current_time", "poll_oneoff"].iter().any(|n| function.name.contains(n));
        for (what, value) in PATTERNS {
            let wasm = module(function, value);
            let (result, memory) = call(EngineKind::Native, false, &wasm);
            let place = format!("{} with {what} ({value:#x})", function.name);
            let status = *result.as_ref().unwrap_or_else(|e| panic!("{place}: {e}"));
            calls += 1;
            let limit = if function.module == ImportModule::Env { 12 } else { 76 };
            assert!(status <= limit, "{place}: status {status}");
            let bad_pointer = if function.module == ImportModule::Env { 6 } else { 21 };
            refused += usize::from(status == bad_pointer);
            // A refusal leaves the memory as it was, to the byte.
            if status == bad_pointer || value >= 65_536 {
                assert!(
                    memory.iter().all(|b| *b == 0xa5),
                    "{place}: status {status}, but memory was written to"
                );
                untouched += 1;
            }
            let others =
                [(EngineKind::Native, true), (EngineKind::Wasmtime, false), (EngineKind::Wasmi, false)];
            for (kind, explicit) in others {
                let (other, other_memory) = call(kind, explicit, &wasm);
                assert_eq!(other, result, "{place} on {kind}");
                assert!(differs || other_memory == memory, "{place} on {kind}: another memory");
            }
        }
    }
    println!(
        "imports: {} functions, {calls} calls on 3 engines, {refused} refused for their pointers, memory untouched {untouched} times",
        HOST_FUNCTIONS.len()
    );
    assert!(refused > HOST_FUNCTIONS.len());
}
