//! What crossing the sandbox's boundary costs: one host call per callback, by hand-written Wasm without an SDK, and how the costs grow
//! with the number of headers and the size of a body.
//!
//! `cargo xtask bench` runs this. All engines answered the same before they were timed.

#[path = "host/mod.rs"]
mod host;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use host::{Host, load, started};
use nullvm_host::config::EngineKind;
use plugin_abi::CallbackId;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// What `boundary.wat` does for each number, with how many headers and bytes of a body there are.
const OPERATIONS: &[(&str, u32, usize, usize)] = &[
    ("nothing", 0, 0, 0),
    ("get a header", 1, 0, 0),
    ("get a header, add one", 2, 0, 0),
    ("10 headers", 3, 10, 0),
    ("log line of 72 bytes", 4, 0, 0),
    ("property", 5, 0, 0),
    ("body of 1 KiB", 6, 0, 1 << 10),
    ("body of 64 KiB", 6, 0, 64 << 10),
    ("metric", 7, 0, 0),
    ("time", 8, 0, 0),
];

fn module() -> Vec<u8> {
    wat::parse_file(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/boundary.wat")).expect("it is valid")
}

/// What the callback answered, and what it did to the host.
fn outcome(kind: EngineKind, wasm: &[u8], operation: u32, headers: usize, body: usize) -> (u32, u64) {
    let module = load(kind, "boundary", wasm);
    let mut host = Host::new(headers, body);
    let mut instance = started(&*module, &mut host);
    let answer = instance.call(CallbackId::OnRequestHeaders, &[2, operation, 1]).expect("no trap");
    drop(instance);
    (answer, host.effects)
}

fn check(wasm: &[u8], operation: u32, headers: usize, body: usize) {
    let outcomes: Vec<_> = EngineKind::available()
        .into_iter()
        .map(|kind| (kind, outcome(kind, wasm, operation, headers, body)))
        .collect();
    assert!(outcomes.iter().all(|o| o.1 == outcomes[0].1), "they differ: {outcomes:?}");
}

fn operations(c: &mut Criterion) {
    let wasm = module();
    for (name, operation, headers, body) in OPERATIONS {
        check(&wasm, *operation, *headers, *body);
        let mut group = c.benchmark_group(format!("boundary: {name}"));
        for kind in EngineKind::available() {
            let module = load(kind, "boundary", &wasm);
            let mut host = Host::new(*headers, *body);
            let mut instance = started(&*module, &mut host);
            let args = [2, *operation, 1];
            group.bench_function(kind.as_str(), |b| {
                b.iter(|| instance.call(CallbackId::OnRequestHeaders, black_box(&args)).expect("no trap"));
            });
        }
        group.finish();
    }
}

/// Slopes, not points.
fn growth(c: &mut Criterion) {
    let wasm = module();
    for (title, operation, sizes) in [
        ("growth: headers", 3, &[1usize, 10, 100][..]),
        ("growth: body", 6, &[1 << 10, 32 << 10, 1 << 20, 10 << 20]),
    ] {
        let mut group = c.benchmark_group(title);
        group.sample_size(20);
        for kind in EngineKind::available() {
            for &size in sizes {
                let (headers, body) = if operation == 3 { (size, 0) } else { (0, size) };
                check(&wasm, operation, headers, body);
                let module = load(kind, "boundary", &wasm);
                let mut host = Host::new(headers, body);
                let mut instance = started(&*module, &mut host);
                group.throughput(Throughput::Elements(size as u64));
                group.bench_function(BenchmarkId::new(kind.as_str(), size), |b| {
                    b.iter(|| {
                        instance
                            .call(CallbackId::OnRequestHeaders, black_box(&[2, operation, 1]))
                            .expect("no trap")
                    });
                });
            }
        }
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

criterion_group! { name = benches; config = config(); targets = operations, growth }
criterion_main!(benches);
