//! `nullvmc bench`: what it reports, and what it refuses to measure. The numbers themselves depend on the machine.
#![cfg(feature = "bench")]

mod common;

use common::{Dir, filter, nullvmc, plugin};
use serde_json::Value;

fn json(args: &[&str]) -> Value {
    let outcome = nullvmc([&["bench", "--seconds", "0.05", "--format", "json"], args].concat()).ok();
    serde_json::from_str(&outcome.out).unwrap_or_else(|e| panic!("{e}: {}", outcome.out))
}

#[test]
fn engines_side_by_side() {
    let dir = Dir::new("bench");
    let html = dir.path("report.html");
    let report = json(&[&filter("get_add"), "--header", "User-Agent: <curl>", "--html", &html]);
    let engines = report["engines"].as_array().unwrap();
    let names: Vec<_> = engines.iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("native", "wasmi"), "{names:?}");
    let not_built = report["not_built"].as_array().unwrap();
    assert_eq!(names.contains(&"wasmtime"), !not_built.contains(&Value::from("wasmtime")), "{names:?}");
    for engine in engines {
        let number = |key: &str| engine[key].as_f64().unwrap_or_else(|| panic!("{key}: {engine}"));
        assert!(number("requests") >= 10.0, "{engine}");
        assert!(number("load_ns") > 0.0 && number("start_ns") > 0.0, "{engine}");
        assert!(0.0 < number("median_ns") && number("median_ns") <= number("p99_ns"), "{engine}");
        assert!(number("p99_ns") <= number("p999_ns"), "{engine}");
        let interval = engine["interval_ns"].as_array().unwrap();
        assert!(interval[0].as_f64() <= interval[1].as_f64(), "{engine}");
    }
    assert_eq!(engines[0]["ratio"], 1.0);
    // An interpreter is slower than machine code, on any machine and however short the run.
    assert!(engines.last().unwrap()["ratio"].as_f64().unwrap() > 1.2, "{report}");
    assert_eq!(report["requests"][0]["line"], "GET /");
    assert_eq!(report["requests"][0]["headers"], 5);
    assert_eq!(report["plugin_sha256"].as_str().unwrap().len(), 64);
    // One file with everything in it.
    let page = String::from_utf8(dir.read("report.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 3, "{page}");
    assert!(page.contains("95 % interval") && page.contains("get_add"), "{page}");
    for outside in ["<script", "<link", "<img", " src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn requests_of_a_recording() {
    let dir = Dir::new("bench-har");
    let har = dir.write(
        "h.har",
        r#"{"log": {"entries": [
        {"request": {"method": "POST", "url": "http://a.test/x", "headers": [{"name": "A", "value": "b"}], "postData": {"text": "hi"}},
         "response": {"status": 200, "headers": [], "content": {"text": "hello"}}},
        {"request": {"method": "GET", "url": "http://a.test/y"}, "response": {"status": 404}}]}}"#,
    );
    let report = json(&[&filter("body"), "--har", &har, "--engine", "native"]);
    let requests = report["requests"].as_array().unwrap();
    assert_eq!((requests.len(), &requests[0]["body_bytes"]), (2, &Value::from(2)));
    assert_eq!((&requests[1]["line"], &requests[1]["status"]), (&Value::from("GET /y"), &Value::from("404")));
    let text = nullvmc(["bench", &filter("body"), "--har", &har, "--seconds", "0.05"]).ok().out;
    for part in ["POST /x: ", "native ", "wasmi ", "plugin alone", "of it are the host's own"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn what_is_not_measured() {
    let dir = Dir::new("bench-bad");
    nullvmc(["bench", &dir.path("missing.wasm")]).error("no such file");
    nullvmc(["bench", &dir.write("x.wasm", "x")]).error("cannot measure");
    let trap = dir.write(
        "trap.wasm",
        plugin(
            "",
            r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)"#,
        ),
    );
    nullvmc(["bench", &trap]).error("every request ends with a trap");
    let html = dir.path("no/such/directory.html");
    nullvmc(["bench", &filter("empty"), "--html", &html]).error("cannot write");
    for args in
        [&["--seconds", "0"][..], &["--request", "GET x"], &["--har", "x", "--body", "y"], &["--header", "x"]]
    {
        let outcome = nullvmc([&["bench", &filter("empty")], args].concat());
        assert_eq!(outcome.code, 2, "{args:?}: {}", outcome.err);
    }
    let har = dir.write("bad.har", "{}");
    let outcome = nullvmc(["bench", &filter("empty"), "--har", &har]);
    assert!(outcome.code == 2 && outcome.err.contains("not an HTTP Archive"), "{}", outcome.err);
}
