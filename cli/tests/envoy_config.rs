//! `nullvmc envoy-config`: what it prints, and whether Envoy takes it.
//!
//! Envoy is the binary that `NULLVM_ENVOY` names or `cargo xtask envoy` installed; nothing is served, it only validates.
#![cfg(feature = "serve")]

mod common;

use common::{Dir, filter, nullvmc};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

fn envoy() -> PathBuf {
    let path = match std::env::var_os("NULLVM_ENVOY") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/envoy/1.40.0/envoy/_bin/envoy"),
    };
    assert!(path.is_file(), "there is no Envoy at {}: run `cargo xtask envoy`", path.display());
    path
}

fn print(args: &[&str]) -> String {
    nullvmc([&["envoy-config"], args].concat()).ok().out
}

fn parse(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{e} in\n{yaml}"))
}

fn http_filter(config: &Value) -> &Value {
    &config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
        [0]
}

fn network_filter(config: &Value) -> &Value {
    &config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
}

/// Envoy's verdict with what the plugin logs and what Envoy complains of.
fn validate(dir: &Dir, yaml: &str) -> Result<String, String> {
    let path = dir.write("envoy.yaml", yaml);
    let output = Command::new(envoy())
        .args(["--mode", "validate", "-l", "info", "-c", &path])
        .current_dir(dir.path(""))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(text) } else { Err(text) }
}

#[track_caller]
fn valid(dir: &Dir, yaml: &str) -> String {
    validate(dir, yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

fn module(dir: &Dir, name: &str) -> String {
    let path = dir.path(&format!("lib{name}.so"));
    let args = ["compile", &filter(name), "--emit", "envoy-module", "--interruptible", "-q", "-o", &path];
    nullvmc(args).ok();
    path
}

/// Everything that can be said at once.
const EVERYTHING: &[&str] = &[
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
    "--upstream",
    "h2c://localhost:81",
    "--cluster",
    "side=http://[::1]:82",
    "--cluster",
    "names=http://example.test:83",
    "--upstream-timeout",
    "2500",
    "--name",
    "my: plugin",
    "--plugin-config",
    "header_1=somevalue\nheader_2=\"second\"\n",
    "--vm-config",
    "{\"a\": 1}",
    "--root-id",
    "",
    "--vm-id",
    "vm",
    "--env",
    "A=1",
    "--env",
    "A=two words",
    "--env",
    "PATH",
    "--fail-open",
    "--memory-limit",
    "64M",
    "--stack-size",
    "256K",
    "--node-id",
    "n1",
    "--node-cluster",
    "true",
    "--node-metadata",
    "{\"x\": {\"y\": [1, \"2\", null]}}",
    "--listener-direction",
    "inbound",
    "--listener-metadata",
    "{\"ns\": {\"l\": 1}}",
    "--route-name",
    "r",
    "--route-metadata",
    "{\"ns\": {\"r\": 1}}",
    "--cluster-name",
    "main upstream",
    "--cluster-metadata",
    "{\"ns\": {\"c\": 1}}",
    "--upstream-host-metadata",
    "{\"ns\": {\"h\": 1}}",
];

#[test]
fn the_module() {
    let dir = Dir::new("config-module");
    let module = module(&dir, "add_header");
    let wasm = filter("add_header");
    // The plugin's configuration alone.
    let plain = print(&[&wasm, "--module", &module, "--plugin-config", "header_1=somevalue"]);
    assert!(plain.starts_with("# Module: nullvmc compile "), "{plain}");
    valid(&dir, &plain);
    let config = parse(&plain);
    assert_eq!(
        http_filter(&config),
        &json!({
            "name": "add_header",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
                "dynamic_module_config": {
                    "module": {"local": {"filename": module}},
                    "do_not_close": true,
                    "metrics_namespace": "wasmcustom",
                },
                "filter_name": "add_header",
                "filter_config": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": "header_1=somevalue",
                },
            },
        })
    );
    assert!(config.get("admin").is_none() && config.get("node").is_none());
    // Nothing at all.
    let bare = print(&[&wasm, "--module", &module]);
    valid(&dir, &bare);
    assert!(http_filter(&parse(&bare))["typed_config"].get("filter_config").is_none());
    // Everything: the adapter's envelope.
    let args = [&[wasm.as_str(), "--module", &module, "--deadline", "50"], EVERYTHING].concat();
    let full = print(&args);
    valid(&dir, &full);
    assert!(full.contains(" --interruptible -o "), "{full}");
    let config = parse(&full);
    let envelope = &http_filter(&config)["typed_config"]["filter_config"]["value"]["nullvm"];
    assert_eq!(
        envelope,
        &json!({
            "vm_config": {
                "vm_id": "vm",
                "configuration": "{\"a\": 1}",
                "environment_variables": {"host_env_keys": ["PATH"], "key_values": {"A": "two words"}},
            },
            "failure_policy": "FAIL_OPEN",
            "limits": {"deadline": "0.050s", "memory": 64 << 20, "stack": 256 << 10},
            "node": {"id": "n1", "cluster": "true", "metadata": {"x": {"y": [1, "2", null]}}},
            "configuration": "header_1=somevalue\nheader_2=\"second\"\n",
        })
    );
}

#[test]
fn what_the_module_refuses() {
    let dir = Dir::new("config-refused");
    let module = module(&dir, "add_header");
    let wasm = filter("add_header");
    // The adapter has read the limit.
    let yaml = print(&[&wasm, "--module", &module, "--memory-limit", "64K"]);
    let error = validate(&dir, &yaml).unwrap_err();
    assert!(error.contains("the limit is 65536"), "{error}");
    let yaml = print(&[&wasm, "--module", &dir.path("missing.so")]);
    let error = validate(&dir, &yaml).unwrap_err();
    assert!(error.contains("missing.so"), "{error}");
}

#[test]
fn odd_configurations_arrive() {
    let dir = Dir::new("config-odd");
    let wasm = filter("add_header");
    // Bytes that are no text, and text that the adapter would take for its own.
    let bytes = dir.write("bytes", [0xff, 0x00, 0x80]);
    let config = parse(&print(&[&wasm, "--plugin-config", &format!("@{bytes}")]));
    assert_eq!(
        http_filter(&config)["typed_config"]["filter_config"],
        json!({"@type": "type.googleapis.com/google.protobuf.BytesValue", "value": "/wCA"})
    );
    let own = r#"{"nullvm": {"x": 1}}"#;
    let config = parse(&print(&[&wasm, "--plugin-config", own]));
    assert_eq!(
        http_filter(&config)["typed_config"]["filter_config"]["value"]["nullvm"]["configuration"],
        json!(own)
    );
    // Envoy's own reader of YAML has to see what ours sees: this plugin says how much it got.
    let wasm = filter("lifecycle");
    let module = module(&dir, "lifecycle");
    for text in
        ["yes", "012", "~", "a: b # c", " lead\n  more\n\n", "tab\there", "a\r\nb", "\u{2028}", "'\"\\", "\n"]
    {
        for option in ["--plugin-config", "--vm-config"] {
            let yaml = print(&[&wasm, "--module", &module, option, text]);
            let log = valid(&dir, &yaml);
            let callback = if option == "--vm-config" { "on_vm_start" } else { "on_configure" };
            let line = format!("{callback}: {} bytes, true", text.len());
            assert!(log.contains(&line), "{line} is not in\n{log}\n{yaml}");
        }
        valid(&dir, &print(&[&wasm, "--for", "v8", "--plugin-config", text]));
    }
}

#[test]
fn v8() {
    let dir = Dir::new("config-v8");
    let wasm = filter("add_header");
    valid(&dir, &print(&[&wasm, "--for", "v8", "--plugin-config", "header_1=somevalue"]));
    let full = print(&[&[wasm.as_str(), "--for", "v8"], EVERYTHING].concat());
    valid(&dir, &full);
    assert!(full.contains("# Memory limit, stack size and deadline are for the module only"), "{full}");
    let config = parse(&full);
    let filter = http_filter(&config);
    assert_eq!(
        filter["typed_config"]["config"],
        json!({
            "name": "my: plugin",
            "vm_config": {
                "vm_id": "vm",
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": std::path::absolute(&wasm).unwrap()}},
                "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "{\"a\": 1}"},
                "environment_variables": {"host_env_keys": ["PATH"], "key_values": {"A": "two words"}},
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": "header_1=somevalue\nheader_2=\"second\"\n",
            },
            "failure_policy": "FAIL_OPEN",
        })
    );
    let restricted = print(&[&wasm, "--for", "v8", "--allow-capability", "proxy_log,proxy_on_configure"]);
    assert_eq!(
        http_filter(&parse(&restricted))["typed_config"]["config"]["capability_restriction_config"],
        json!({"allowed_capabilities": {"proxy_log": {}, "proxy_on_configure": {}}})
    );
    nullvmc(["envoy-config", "-", "--for", "v8"]);
}

#[test]
fn the_rest_of_the_bootstrap() {
    let wasm = filter("add_header");
    let config = parse(&print(&[&[wasm.as_str()], EVERYTHING].concat()));
    let listener = &config["static_resources"]["listeners"][0];
    assert_eq!(listener["traffic_direction"], "INBOUND");
    assert_eq!(listener["metadata"], json!({"filter_metadata": {"ns": {"l": 1}}}));
    let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    let route = &manager["route_config"]["virtual_hosts"][0]["routes"][0];
    assert_eq!(
        route,
        &json!({
            "name": "r",
            "match": {"prefix": "/"},
            "metadata": {"filter_metadata": {"ns": {"r": 1}}},
            "route": {"cluster": "main upstream", "timeout": "2.500s"},
        })
    );
    let clusters = config["static_resources"]["clusters"].as_array().unwrap();
    let names: Vec<_> =
        clusters.iter().map(|c| (c["name"].as_str().unwrap(), c["type"].as_str().unwrap())).collect();
    assert_eq!(names, [("main upstream", "STRICT_DNS"), ("side", "STATIC"), ("names", "STRICT_DNS")]);
    assert!(clusters[0].get("typed_extension_protocol_options").is_some(), "h2c");
    assert!(clusters[1].get("typed_extension_protocol_options").is_none());
    assert_eq!(config["node"]["id"], "n1");
    assert_eq!(config["admin"]["address"]["socket_address"]["port_value"], 0);

    let answer = parse(&print(&[&wasm, "--respond", "404:not: here"]));
    let manager =
        &answer["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    assert_eq!(
        manager["route_config"]["virtual_hosts"][0]["routes"][0]["direct_response"],
        json!({"status": 404, "body": {"inline_string": "not: here"}})
    );
}

#[test]
fn tcp() {
    let dir = Dir::new("config-tcp");
    let module = module(&dir, "tcp");
    let wasm = filter("tcp");
    for form in ["module", "v8"] {
        let args = [&wasm, "--for", form, "--module", &module, "--tcp", "--upstream", "tcp://127.0.0.1:81"];
        let yaml = print(&args.map(|a| a as &str));
        valid(&dir, &yaml);
        let config = parse(&yaml);
        let filters =
            config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"].as_array().unwrap();
        assert_eq!(filters[1]["name"], "envoy.filters.network.tcp_proxy");
        let kind = network_filter(&config)["typed_config"]["@type"].as_str().unwrap();
        assert!(kind.contains("filters.network."), "{kind}");
    }
}

/// Where the generic module gets the plugin from, and what it may run. Envoy runs it in the tests of the workspace (`generic`).
#[test]
fn the_generic_module() {
    let wasm = filter("add_header");
    let path = std::path::absolute(&wasm).unwrap();
    let hash = sha256(&wasm);
    let module = ["--generic-module", "/usr/lib/libnullvm_envoy.so", "--plugin-config", "a=b"];
    let envelope = |more: &[&str]| {
        let config = parse(&print(&[&[wasm.as_str()], &module[..], more].concat()));
        let typed = &http_filter(&config)["typed_config"];
        let file = &typed["dynamic_module_config"]["module"]["local"]["filename"];
        assert_eq!(file, "/usr/lib/libnullvm_envoy.so");
        typed["filter_config"]["value"]["nullvm"].clone()
    };
    assert_eq!(
        envelope(&[]),
        json!({
            "vm_config": { "code": { "local": { "filename": path } } },
            "loading": { "sha256": hash },
            "configuration": "a=b",
        })
    );
    assert_eq!(
        envelope(&[
            "--allow-precompiled",
            "--no-compile",
            "--key",
            "/etc/fleet.pub",
            "--deny",
            "/etc/deny.txt",
            "--url",
            "https://files.test/f.wasm",
        ]),
        json!({
            "vm_config": {
                "code": { "remote": {
                    "http_uri": { "uri": "https://files.test/f.wasm", "timeout": "30s" },
                    "sha256": hash,
                } },
                "allow_precompiled": true,
            },
            "loading": {
                "public_keys": ["/etc/fleet.pub"],
                "deny_list": "/etc/deny.txt",
                "compile": false,
            },
            "configuration": "a=b",
        })
    );
    assert_eq!(
        envelope(&["--url", "oci://h/f:1", "--cache-dir", "/var/cache/n", "--bounds", "explicit"]),
        json!({
            "vm_config": {
                "code": { "remote": { "http_uri": { "uri": "oci://h/f:1", "timeout": "30s" } } },
            },
            "loading": {
                "sha256": hash,
                "cache": { "directory": "/var/cache/n" },
                "compile": { "bounds": "explicit" },
            },
            "configuration": "a=b",
        })
    );
    let istio = parse(&print(&[&[wasm.as_str(), "--for", "istio-envoy-filter"], &module[..]].concat()));
    let value = &istio["spec"]["configPatches"][0]["patch"]["value"]["typed_config"];
    assert!(value["filter_config"]["value"]["nullvm"]["vm_config"]["code"].is_object(), "{value}");
    // Flags that would say nothing are refused.
    for args in [
        &["--allow-precompiled"][..],
        &["--key", "/k"],
        &["--url", "https://x/f.wasm"],
        &["--for", "v8", "--generic-module", "/m.so"],
        &["--generic-module", "/m.so", "--no-compile"],
    ] {
        let outcome = nullvmc([&["envoy-config", wasm.as_str()], args].concat());
        assert_eq!(outcome.code, 2, "{args:?}: {}{}", outcome.out, outcome.err);
    }
}

fn sha256(path: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(std::fs::read(path).unwrap()).iter().map(|b| format!("{b:02x}")).collect()
}

/// No stock Envoy can load it, so that only the text is checked.
#[test]
fn null_vm() {
    let dir = Dir::new("config-null-vm");
    let wasm = filter("add_header");
    nullvmc(["compile", &wasm, "--emit", "null-vm", "-q", "-o", &dir.path("package")]).ok();
    let config = parse(&print(&[&wasm, "--for", "null-vm", "--plugin-config", "x"]));
    let vm = &http_filter(&config)["typed_config"]["config"]["vm_config"];
    assert_eq!(vm["runtime"], "envoy.wasm.runtime.null");
    // The package registers the plugin under this very name.
    let registered = vm["code"]["local"]["inline_string"].as_str().unwrap();
    let source = String::from_utf8(dir.read("package/plugins/add_header/plugin.cc")).unwrap();
    assert!(source.contains(&format!("\"{registered}\"")), "{registered} is not in {source}");
    let config = parse(&print(&[&wasm, "--for", "null-vm", "--registered", "mine@1"]));
    let vm = &http_filter(&config)["typed_config"]["config"]["vm_config"];
    assert_eq!(vm["code"]["local"]["inline_string"], "mine@1");
}

#[test]
fn istio() {
    let wasm = filter("add_header");
    let args = [
        &wasm,
        "--for",
        "istio-envoy-filter",
        "--module",
        "/etc/nullvm/lib.so",
        "--listener-direction",
        "inbound",
        "--plugin-config",
        "a=b",
        "--cluster",
        "side=http://side.test:82",
    ];
    let yaml = print(&args.map(|a| a as &str));
    let config = parse(&yaml);
    assert_eq!((&config["kind"], &config["metadata"]["name"]), (&json!("EnvoyFilter"), &json!("add-header")));
    let patches = config["spec"]["configPatches"].as_array().unwrap();
    assert_eq!(patches[0]["applyTo"], "HTTP_FILTER");
    assert_eq!(patches[0]["match"]["context"], "SIDECAR_INBOUND");
    assert_eq!(patches[0]["patch"]["operation"], "INSERT_BEFORE");
    let module = &patches[0]["patch"]["value"]["typed_config"];
    assert_eq!(module["dynamic_module_config"]["module"]["local"]["filename"], "/etc/nullvm/lib.so");
    assert_eq!(patches[1]["applyTo"], "CLUSTER");
    assert_eq!(patches[1]["patch"]["value"]["name"], "side");

    let args = [
        &wasm,
        "--for",
        "istio-wasm-plugin",
        "--url",
        "oci://registry.test/add_header:1",
        "--plugin-config",
        r#"{"a": [1, "b"]}"#,
        "--env",
        "A=1",
        "--env",
        "HOME",
        "--fail-open",
        "--root-id",
        "root",
    ];
    let config = parse(&print(&args.map(|a| a as &str)));
    assert_eq!(config["kind"], "WasmPlugin");
    assert_eq!(
        config["spec"],
        json!({
            "url": "oci://registry.test/add_header:1",
            "pluginName": "root",
            "pluginConfig": {"a": [1, "b"]},
            "failStrategy": "FAIL_OPEN",
            "vmConfig": {"env": [{"name": "A", "value": "1"}, {"name": "HOME", "valueFrom": "HOST"}]},
        })
    );
    for (flag, value) in [("--plugin-config", "text"), ("--vm-id", "x"), ("--allow-capability", "proxy_log")]
    {
        let outcome = nullvmc(["envoy-config", &wasm, "--for", "istio-wasm-plugin", flag, value]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.err.contains(flag) && outcome.err.contains("istio-envoy-filter"), "{}", outcome.err);
    }
}

#[test]
fn names_that_want_to_be_more() {
    let dir = Dir::new("config-names");
    let wasm = dir.write("a\n- name: \"evil\" '#.wasm", std::fs::read(filter("empty")).unwrap());
    let config = print(&[&wasm, "--name", "x\n# y: z"]);
    assert!(config.lines().take_while(|l| l.starts_with('#')).count() == 2, "{config}");
    let parsed = parse(&config);
    assert_eq!(http_filter(&parsed)["name"], "x\n# y: z");
    nullvmc(["envoy-config", &dir.path("missing.wasm")]).error("no such file");
    let bad = nullvmc(["envoy-config", &wasm, "--route-metadata", r#"{"ns": 1}"#]);
    assert_eq!(bad.code, 2);
    assert!(bad.err.contains("--route-metadata"), "{}", bad.err);
}
