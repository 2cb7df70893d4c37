//! Native code against wasmtime and wasmi, through the same host functions, in one run: compile speed, instance creation, an
//! empty callback, and a callback that reads one header and adds one.
//!
//! `cargo xtask bench` runs this and writes `docs/benchmarks.md`. Before anything is timed, all engines must have done the
//! same.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nullvm_host::config::{EngineKind, GuestLimits};
use nullvm_host::engine::{self, Instance, LoadOptions, Module, Setup};
use nullvm_shim::guest::FunctionSet;
use nullvm_shim::host::{Bytes, HostTable, Pairs, Status};
use plugin_abi::CallbackId;
use std::ffi::c_void;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn filter(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("filters/prebuilt").join(name).with_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What the host of the benches counts.
#[derive(Default)]
struct Host {
    headers_added: u64,
}

unsafe extern "C" fn log(_: *mut c_void, _: u32, _: Bytes) -> u32 {
    Status::Ok as u32
}

unsafe extern "C" fn get_header(_: *mut c_void, _: u32, _: Bytes, out: *mut Bytes) -> u32 {
    // SAFETY: the shim gives room for the result.
    unsafe { *out = Bytes::new(b"curl/8.0") };
    Status::Ok as u32
}

unsafe extern "C" fn get_headers(_: *mut c_void, _: u32, out: *mut Pairs) -> u32 {
    // SAFETY: as above.
    unsafe { *out = Pairs::EMPTY };
    Status::Ok as u32
}

unsafe extern "C" fn add_header(host: *mut c_void, _: u32, _: Bytes, _: Bytes) -> u32 {
    // SAFETY: the pointer given to `Setup`, which outlives the instance.
    unsafe { (*host.cast::<Host>()).headers_added += 1 };
    Status::Ok as u32
}

unsafe extern "C" fn get_buffer_status(_: *mut c_void, _: u32, _: *mut u32, _: *mut u32) -> u32 {
    Status::NotFound as u32
}

unsafe extern "C" fn define_metric(_: *mut c_void, _: u32, _: Bytes, id: *mut u32) -> u32 {
    // SAFETY: the shim gives room for the result.
    unsafe { *id = 1 };
    Status::Ok as u32
}

unsafe extern "C" fn set_effective_context(_: *mut c_void, _: u32) -> u32 {
    Status::Ok as u32
}

static TABLE: HostTable = HostTable {
    set_effective_context: Some(set_effective_context),
    get_buffer_status: Some(get_buffer_status),
    define_metric: Some(define_metric),
    log: Some(log),
    get_header: Some(get_header),
    get_headers: Some(get_headers),
    add_header: Some(add_header),
    replace_header: Some(add_header),
    ..HostTable::EMPTY
};

fn instantiate(module: &dyn Module, host: &mut Host) -> Box<dyn Instance> {
    let limits = GuestLimits::default();
    let setup = Setup {
        table: &TABLE,
        host: (&raw mut *host).cast(),
        limits: &limits,
        capabilities: FunctionSet::ALL,
        environment: &[],
    };
    module.instantiate(&setup).expect("an instance")
}

/// An instance with a root context 1 and a stream 2.
fn started(module: &dyn Module, host: &mut Host) -> Box<dyn Instance> {
    let mut instance = instantiate(module, host);
    instance.start().expect("it initialises");
    let mut call = |id, args: &[u32]| {
        if instance.exports(id) {
            instance.call(id, args).expect("no trap");
        }
    };
    call(CallbackId::OnContextCreate, &[1, 0]);
    call(CallbackId::OnVmStart, &[1, 0]);
    call(CallbackId::OnConfigure, &[1, 0]);
    call(CallbackId::OnContextCreate, &[2, 1]);
    instance
}

fn load(kind: EngineKind, name: &str) -> Arc<dyn Module> {
    engine::load(kind, name, &filter(name), LoadOptions::default()).expect("it loads")
}

fn compile_speed(c: &mut Criterion) {
    for name in ["add_header", "add_header_go"] {
        let wasm = filter(name);
        let mut group = c.benchmark_group(format!("compile {name}"));
        group.sample_size(10).throughput(Throughput::Bytes(wasm.len() as u64));
        for jobs in [1, 2] {
            let options = nullvm_compiler::Options { jobs, ..Default::default() };
            group.bench_function(format!("native, {jobs} threads"), |b| {
                b.iter(|| nullvm_compiler::compile(black_box(&wasm), &options).expect("it compiles"));
            });
        }
        // Without its cargo feature `parallel-compilation` wasmtime uses one thread.
        let engine = wasmtime::Engine::default();
        group.bench_function("wasmtime, 1 thread", |b| {
            b.iter(|| engine.precompile_module(black_box(&wasm)).expect("it compiles"));
        });
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

fn callbacks(c: &mut Criterion) {
    for (title, name, headers) in [("empty callback", "empty", 0), ("get one header, add one", "get_add", 1)]
    {
        let mut group = c.benchmark_group(title);
        for kind in EngineKind::available() {
            let module = load(kind, name);
            let mut host = Host::default();
            let mut instance = started(&*module, &mut host);
            let before = host.headers_added;
            assert_eq!(instance.call(CallbackId::OnRequestHeaders, &[2, 1, 1]).expect("no trap"), 0);
            assert_eq!(host.headers_added - before, headers, "{kind} adds another number of headers");
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
            let module = nullvm_compiler::compile(&wasm, &options).expect("it compiles");
            let image = nullvm_compiler::emit::image(&module).expect("an image");
            let plugin = nullvm_shim::Plugin::from_image(nullvm_shim::Image::map(&image).expect("it maps"));
            let instance = nullvm_shim::Instance::new(
                &plugin.expect("it loads"),
                &HostTable::EMPTY,
                std::ptr::null_mut(),
                &nullvm_shim::Limits::default(),
            )
            .expect("an instance");
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

criterion_group! { name = benches; config = config(); targets = compile_speed, creation, callbacks, interruptible }
criterion_main!(benches);
