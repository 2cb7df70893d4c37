//! Every prebuilt filter on every engine of the reference host, with the same requests: what goes on, what is logged, and the
//! sequence of host calls with their arguments must be the same natively, under wasmtime and under wasmi.

use nullvm_host::config::{EngineKind, HostConfig, PluginConfig};
use nullvm_host::engine::{self, LoadOptions};
use nullvm_host::harness::{Harness, Sent};
use nullvm_host::log::{Level, LogSink, Logger};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What can be seen of a run.
#[derive(Debug, PartialEq)]
struct Seen {
    started: bool,
    sent: Vec<Sent>,
    failed: Vec<bool>,
    calls: Vec<String>,
    logs: Vec<String>,
}

struct Scenario {
    config: &'static str,
    requests: Vec<Vec<(&'static str, &'static str)>>,
    ticks: usize,
}

fn scenario(name: &str) -> Scenario {
    let base = name.trim_end_matches("_as").trim_end_matches("_cpp").trim_end_matches("_go");
    let one = |pairs: &[(&'static str, &'static str)]| vec![pairs.to_vec()];
    let (config, requests) = match base {
        "add_header" => ("a=1\n# no\n\nb = two\nbroken\n", vec![vec![], vec![("hello", "x")]]),
        "headers" => {
            ("", one(&[("x-remove", "1"), ("x-multi", "zero"), ("x-set-all", "1"), ("x-drop-me", "1")]))
        }
        "body" => ("mode=append\ntext=tail", one(&[("x-rewrite-request", "1"), ("content-length", "10")])),
        "local_response" => {
            ("", vec![vec![("x-deny", "1")], vec![("x-deny", "body")], vec![("x-deny", "grpc")], vec![]])
        }
        "shared_data" => ("", vec![vec![], vec![("x-cas-stale", "1")], vec![]]),
        "foreign" => ("function=compress", vec![vec![]]),
        "trap" => ("", nullvm::TRAPS.into_iter().chain(["no"]).map(|kind| vec![("x-trap", kind)]).collect()),
        "memory_grow" => ("", vec![vec![("x-alloc-mb", "4")], vec![("x-alloc-mb", "3000")]]),
        "http_call" | "grpc_call" => ("cluster=nobody", vec![vec![]]),
        "queue" => ("vm_id=", vec![vec![], vec![]]),
        _ => ("", vec![vec![], vec![("hello", "world")]]),
    };
    Scenario { config, requests, ticks: 3 }
}

/// The property path `request.time`, as host calls record it: the time of the request is real.
const REQUEST_TIME: &str = "72, 65, 71, 75, 65, 73, 74, 00, 74, 69, 6d, 65";

/// Values that differ from run to run, by the filters' own purpose.
fn is_random(header: &[u8]) -> bool {
    String::from_utf8_lossy(header).contains("random")
}

fn run(kind: EngineKind, name: &str, wasm: &[u8]) -> Seen {
    let scenario = scenario(name);
    let logger = Arc::new(Logger::new(Level::Trace, LogSink::Capture));
    let host = HostConfig { logger, fixed_clock: Some(1_700_000_000_000_000_000), ..HostConfig::default() };
    let plugin = PluginConfig {
        name: name.to_owned(),
        plugin_config: scenario.config.as_bytes().to_vec(),
        env: vec![("NULLVM_TEST".to_owned(), "yes".to_owned())],
        ..PluginConfig::default()
    };
    let module = engine::load(kind, name, wasm, LoadOptions::default())
        .unwrap_or_else(|e| panic!("{name} on {kind}: {e}"));
    let mut seen = Seen { started: false, sent: vec![], failed: vec![], calls: vec![], logs: vec![] };
    let Ok(mut harness) = Harness::recording(module, plugin, host) else { return seen };
    seen.started = true;
    let mut calls = Vec::new();
    for headers in &scenario.requests {
        harness.revive().unwrap_or_else(|e| panic!("{name} on {kind}: {e}"));
        let mut request =
            vec![(":method", "POST"), (":path", "/a/b?c=d"), (":authority", "host"), (":scheme", "http")];
        request.extend(headers);
        let mut stream = harness.stream();
        stream.request_headers(&request, false);
        stream.request_body(b"hello, ", false);
        stream.request_body(b"world", true);
        stream.response_headers(&[(":status", "200"), ("content-length", "12")], false);
        stream.response_body(b"from the ", false);
        stream.response_body(b"upstream", true);
        for _ in 0..scenario.ticks {
            harness.tick();
        }
        harness.deliver_queues();
        seen.sent.push(stream.finish());
        seen.failed.push(harness.vm().is_failed());
        calls.extend(harness.take_calls());
    }
    seen.logs = harness.logs();
    seen.calls =
        calls.iter().map(|c| format!("{} {:02x?} {} {:02x?}", c.name, c.args, c.status, c.output)).collect();
    seen
}

/// What engines may differ in: backtraces, the wording of a trap, and values of random numbers.
fn comparable(mut seen: Seen) -> Seen {
    for half in seen.sent.iter_mut().flat_map(|s| [&mut s.request, &mut s.response]) {
        if let Some(headers) = &mut half.headers {
            let random: Vec<Vec<u8>> =
                headers.entries().iter().filter(|e| is_random(&e.0)).map(|e| e.0.to_vec()).collect();
            random.iter().for_each(|key| headers.remove(key));
        }
    }
    seen.calls.retain(|c| !c.contains("72, 61, 6e, 64, 6f, 6d") && !c.contains(REQUEST_TIME));
    seen.logs.retain(|l| !l.contains("backtrace") && !l.contains("failed: ") && !l.contains("random"));
    seen
}

#[test]
fn engines_agree_on_every_filter() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("filters/prebuilt");
    let mut filters: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for entry in std::fs::read_dir(dir).expect("filters/prebuilt") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "wasm") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            filters.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
    assert!(filters.len() >= 20, "only {} filters", filters.len());
    let engines = EngineKind::available();
    assert_eq!(engines.len(), 3, "all three engines take part");
    let (mut streams, mut calls) = (0, 0);
    let mut differences = Vec::new();
    for (name, wasm) in &filters {
        let native = comparable(run(EngineKind::Native, name, wasm));
        streams += native.sent.len();
        calls += native.calls.len();
        for kind in engines.iter().filter(|k| **k != EngineKind::Native) {
            let other = comparable(run(*kind, name, wasm));
            if native != other {
                differences.push(format!("{name}: native\n{native:#?}\n{kind}\n{other:#?}"));
            }
        }
    }
    println!(
        "filters: {} on {} engines, {streams} streams, {calls} host calls, {} differences",
        filters.len(),
        engines.len(),
        differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(streams > 40 && calls > 300);
}

/// A signed bundle is the module that it was, for engines that know nothing of its sections.
#[test]
fn a_bundle_runs_like_its_module() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("filters/prebuilt/add_header.wasm");
    let wasm = std::fs::read(path).expect("readable");
    let options = nullvm_compiler::Options::default();
    let module = nullvm_compiler::compile(&wasm, &options).expect("it compiles");
    let image = nullvm_compiler::emit::image(&module).expect("an image");
    let images = BTreeMap::from([(nullvm_loader::TARGET.to_owned(), vec![image])]);
    let bundle = nullvm_artifact::bundle::attach(&wasm, &images).expect("a bundle");
    let signed = nullvm_trust::sign(&bundle, &nullvm_trust::KeyPair::generate()).expect("it signs");
    assert!(signed.len() > wasm.len() * 2);
    for kind in EngineKind::available() {
        assert_eq!(run(kind, "add_header", &signed), run(kind, "add_header", &wasm), "{kind}");
    }
}
