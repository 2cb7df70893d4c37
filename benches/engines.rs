//! Native code against wasmtime and wasmi, through the same host functions, in one run: compile speed, instance creation, an
//! empty callback, and a callback that reads one header and adds one.
//!
//! `cargo xtask bench` runs this and writes `docs/benchmarks.md`. Before anything is timed, all engines must have done the
//! same.

#[path = "host/mod.rs"]
mod host;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use host::{Host, filter, instantiate, started};
use nullvm_host::config::EngineKind;
use nullvm_host::engine::Module;
use plugin_abi::CallbackId;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

fn load(kind: EngineKind, name: &str) -> Arc<dyn Module> {
    host::load(kind, name, &filter(name))
}

fn compile_speed(c: &mut Criterion) {
    for name in ["add_header_as", "add_header", "add_header_go"] {
        let wasm = filter(name);
        let mut group = c.benchmark_group(format!("compile {name}"));
        group.sample_size(10).throughput(Throughput::Bytes(wasm.len() as u64));
        for jobs in [1, 2] {
            let options = nullvm_compiler::Options { jobs, ..Default::default() };
            group.bench_function(format!("native, {jobs} threads"), |b| {
                b.iter(|| nullvm_compiler::compile(black_box(&wasm), &options).expect("it compiles"));
            });
        }
        for (threads, parallel) in [(1, false), (2, true)] {
            let mut config = wasmtime::Config::new();
            config.parallel_compilation(parallel);
            let engine = wasmtime::Engine::new(&config).expect("an engine");
            group.bench_function(format!("wasmtime, {threads} threads"), |b| {
                b.iter(|| engine.precompile_module(black_box(&wasm)).expect("it compiles"));
            });
        }
        let engine = wasmi::Engine::default();
        group.bench_function("wasmi (translation only)", |b| {
            b.iter(|| wasmi::Module::new(&engine, black_box(&wasm)).expect("it translates"));
        });
        group.finish();
    }
}

fn creation(c: &mut Criterion) {
    let mut group = c.benchmark_group("create and drop an instance of add_header");
    for kind in EngineKind::available() {
        let module = load(kind, "add_header");
        let mut host = Host::default();
        group.bench_function(kind.as_str(), |b| b.iter(|| instantiate(&*module, &mut host)));
    }
    group.finish();
    let mut group = c.benchmark_group("create, start and drop an instance of add_header");
    for kind in EngineKind::available() {
        let module = load(kind, "add_header");
        let mut host = Host::default();
        group.bench_function(kind.as_str(), |b| b.iter(|| started(&*module, &mut host)));
    }
    group.finish();
}

/// Create and drop one more, while so many others live.
fn creation_among_others(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth: create and drop an instance among others");
    for kind in [EngineKind::Native, EngineKind::Wasmtime] {
        let module = load(kind, "add_header_go");
        for others in [1, 10, 100, 1000] {
            let mut host = Host::default();
            let others_alive: Vec<_> = (0..others).map(|_| instantiate(&*module, &mut host)).collect();
            group.bench_function(BenchmarkId::new(kind.as_str(), others), |b| {
                b.iter(|| instantiate(&*module, &mut host));
            });
            drop(others_alive);
        }
    }
    group.finish();
}

fn callbacks(c: &mut Criterion) {
    for (title, name, headers) in [("empty callback", "empty", 0), ("get one header, add one", "get_add", 1)]
    {
        let mut group = c.benchmark_group(title);
        for kind in EngineKind::available() {
            let module = load(kind, name);
            let mut host = Host::default();
            let mut instance = started(&*module, &mut host);
            let before = host.effects;
            assert_eq!(instance.call(CallbackId::OnRequestHeaders, &[2, 1, 1]).expect("no trap"), 0);
            assert_eq!(host.effects - before, headers, "{kind} adds another number of headers");
            group.bench_function(kind.as_str(), |b| {
                b.iter(|| {
                    instance.call(CallbackId::OnRequestHeaders, black_box(&[2, 1, 1])).expect("no trap")
                });
            });
        }
        group.finish();
    }
}

/// What the interrupt checks cost: the same loop with and without them.
fn interruptible(c: &mut Criterion) {
    let wat = r#"(module (memory (export "memory") 1)
        (func (export "sum") (param i32) (result i32) (local i32)
          (loop (local.set 1 (i32.add (local.get 1) (i32.load8_u (i32.and (local.get 0) (i32.const 0xffff)))))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if 0 (local.get 0)))
          (local.get 1))
        (func $fib (export "fib") (param i32) (result i32)
          (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
            (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#;
    let wasm = wat::parse_str(wat).expect("the text is valid");
    for (function, argument) in [("sum", 1_000_000u32), ("fib", 25)] {
        let mut group = c.benchmark_group(format!("interrupt checks: {function}"));
        for interruptible in [false, true] {
            let options = nullvm_compiler::Options { checks: false, interruptible, ..Default::default() };
            let instance = host::native(&wasm, &options);
            group.bench_function(if interruptible { "with" } else { "without" }, |b| {
                b.iter_batched(
                    || [nullvm_shim::Value::from_u32(argument)],
                    |mut values| instance.invoke(function, &mut values).expect("no trap"),
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group! { name = benches; config = config(); targets = compile_speed, creation, creation_among_others, callbacks, interruptible }
criterion_main!(benches);
