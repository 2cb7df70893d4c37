//! `docs/tutorial.md` on the real Envoy: response headers, log lines, the counter in `/stats/prometheus`.

use super::compiler;
use nullvm::envoy::binary;
use nullvm::envoy::client::get_with;
use nullvm::envoy::config::{Engine, HttpListener, Plugin, To, bootstrap};
use nullvm::envoy::module::wasm;
use nullvm::envoy::process::{Envoy, Launch};
use nullvm::envoy::upstream::eventually;
use serde_json::Map;
use std::time::Duration;

#[test]
fn tutorial() {
    let plugin = Plugin {
        name: "add_header".to_owned(),
        root_id: String::new(),
        vm_id: String::new(),
        wasm: wasm("add_header"),
        module: compiler().module("add_header", &[]),
        vm_configuration: String::new(),
        configuration: "# headers to add\nheader_1=somevalue\nheader_2=secondvalue".to_owned(),
        environment: Vec::new(),
        failure: None,
        module_only: Map::new(),
    };
    let mut listener = HttpListener::new(&plugin, Engine::Module, "");
    listener.to = To::Respond("Hello world".to_owned());
    let config = bootstrap(vec![listener.to_json()], Vec::new());
    let binary = binary::envoy();
    let launch = Launch { binary: &binary, config: &config, concurrency: 2 };
    let envoy = Envoy::start(&launch).unwrap_or_else(|e| panic!("{e:?}"));
    assert!(envoy.mapped_files().contains(&plugin.module), "Envoy has mapped {}", plugin.module.display());

    let to = envoy.listener("add_header");
    for headers in [&[][..], &[("hello", "world")]] {
        let answer = get_with(to, "/", headers).expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (200, "Hello world"));
        let added: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("header_") || name == "x-wasm-filter")
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let expected = [("header_1", "somevalue"), ("header_2", "secondvalue"), ("x-wasm-filter", "nullvm")];
        assert_eq!(added, expected);
    }
    let prometheus = envoy.admin("/stats/prometheus");
    let counter: Vec<&str> =
        prometheus.lines().filter(|line| line.contains("hello_header_counter")).collect();
    assert_eq!(counter, ["# TYPE hello_header_counter counter", "hello_header_counter{} 1"]);

    let said = |text: &str| {
        envoy
            .log()
            .iter()
            .any(|line| line.text.starts_with("wasm log add_header") && line.text.contains(text))
    };
    for text in [
        "on_vm_start: 0 bytes of configuration",
        "on_configure: 2 headers to add",
        "on_http_request_headers: ",
        "on_http_response_headers: ",
        "on_log: ",
    ] {
        assert!(eventually(Duration::from_secs(2), || said(text)), "no {text:?} in the log{}", envoy.tail());
    }
    let (status, _) = envoy.stop(0);
    assert!(status.success(), "{status}");
}
