//! The whole life of a request in the reference host, for every example filter that is about HTTP requests, in each engine.
//!
//! `cargo xtask bench` runs this. All engines did the same with the request before they were timed.

#[path = "host/mod.rs"]
mod host;

use criterion::{Criterion, criterion_group, criterion_main};
use nullvm_host::config::{EngineKind, HostConfig, PluginConfig};
use nullvm_host::engine::Module;
use nullvm_host::harness::{Harness, Sent};
use nullvm_host::log::{Level, LogSink, Logger};
use std::sync::Arc;
use std::time::Duration;

/// Name and configuration. Left out are filters for connections and timers, and those that are made to fail.
const FILTERS: &[(&str, &str)] = &[
    ("add_header", "header_1=somevalue\nheader_2=secondvalue"),
    ("add_header_as", "header_1=somevalue"),
    ("add_header_cpp", "header_1=somevalue"),
    ("add_header_go", "header_1=somevalue"),
    ("abi_0_1_0_cpp", ""),
    ("body", ""),
    ("empty", ""),
    ("get_add", ""),
    ("headers", ""),
    ("lifecycle", ""),
    ("local_response", ""),
    ("metrics", ""),
    ("properties", ""),
    ("shared_data", ""),
];

const REQUEST: &[(&str, &str)] = &[
    (":authority", "bench.test"),
    (":path", "/some/path?query=1"),
    (":method", "POST"),
    (":scheme", "http"),
    ("user-agent", "curl/8.0"),
    ("accept", "*/*"),
    ("content-type", "application/json"),
    ("x-request-id", "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"),
];

const RESPONSE: &[(&str, &str)] = &[(":status", "200"), ("content-type", "text/plain"), ("server", "bench")];

fn load(kind: EngineKind, name: &str) -> Arc<dyn Module> {
    host::load(kind, name, &host::filter(name))
}

fn harness(module: &Arc<dyn Module>, configuration: &str, sink: LogSink) -> Harness {
    let plugin = PluginConfig { plugin_config: configuration.as_bytes().to_vec(), ..PluginConfig::default() };
    let host = HostConfig {
        logger: Arc::new(Logger::new(Level::Info, sink)),
        fixed_clock: Some(1_700_000_000_000_000_000),
        ..HostConfig::default()
    };
    Harness::with_module(module.clone(), plugin, host).expect("it starts")
}

/// From the request's headers to the end of the stream.
fn exchange(harness: &Harness) -> Sent {
    let mut stream = harness.stream();
    if !stream.request_headers(REQUEST, false).local_reply
        && !stream.request_body(b"{\"a\": [1, 2, 3]}", true).local_reply
    {
        stream.response_headers(RESPONSE, false);
        stream.response_body(b"Hello world", true);
    }
    let sent = stream.finish();
    drop(harness.take_outbound());
    sent
}

fn requests(c: &mut Criterion) {
    for (name, configuration) in FILTERS {
        let modules: Vec<_> =
            EngineKind::available().into_iter().map(|kind| (kind, load(kind, name))).collect();
        let outcomes: Vec<_> = modules
            .iter()
            .map(|(kind, module)| {
                let harness = harness(module, configuration, LogSink::Capture);
                let sent = exchange(&harness);
                assert!(!harness.vm().is_failed(), "{kind}: {name} traps: {:?}", harness.logs());
                (sent, harness.logs())
            })
            .collect();
        assert!(outcomes.iter().all(|o| *o == outcomes[0]), "{name}: engines differ: {outcomes:#?}");
        let mut group = c.benchmark_group(format!("request through {name}"));
        for (kind, module) in &modules {
            let harness = harness(module, configuration, LogSink::None);
            group.bench_function(kind.as_str(), |b| b.iter(|| exchange(&harness)));
        }
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(700))
        .sample_size(30)
}

criterion_group! { name = benches; config = config(); targets = requests }
criterion_main!(benches);
