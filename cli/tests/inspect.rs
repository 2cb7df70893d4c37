//! `nullvmc inspect`: what it says of modules and artifacts.

mod common;

use common::{Dir, filter, nullvmc, plugin, wat};
use serde_json::Value;

fn json(file: &str) -> Value {
    serde_json::from_str(&nullvmc(["inspect", file, "--format", "json"]).ok().out).unwrap()
}

#[test]
fn every_filter() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../filters/prebuilt");
    let mut seen = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "wasm") {
            continue;
        }
        seen += 1;
        let file = path.to_str().unwrap();
        let report = json(file);
        assert_eq!(report["kind"], "wasm", "{file}");
        assert_eq!(report["compiles"], true, "{file}: {}", report["problem"]);
        let imports = report["imports"].as_array().unwrap();
        assert!(imports.iter().all(|i| i["status"] == "bound"), "{file}");
        assert!(report["exports"].as_array().unwrap().iter().any(|e| e["role"] == "callback"), "{file}");
        let text = nullvmc(["inspect", file]).ok().out;
        assert!(text.contains("WebAssembly module") && text.contains("compiles       yes"), "{text}");
    }
    assert!(seen >= 12);
}

#[test]
fn origins() {
    for (name, language, sdk) in [
        ("add_header", "Rust", Some("proxy-wasm/proxy-wasm-rust-sdk")),
        ("add_header_as", "AssemblyScript", None),
        ("add_header_go", "Go", None),
    ] {
        let report = json(&filter(name));
        assert_eq!(report["sdk"]["language"], language);
        assert_eq!(report["sdk"]["sdk"].as_str(), sdk);
        assert!(!report["sdk"]["evidence"].as_array().unwrap().is_empty());
    }
    assert_eq!(json(&filter("add_header_cpp"))["sdk"]["language"], Value::Null);
    assert_eq!(json(&filter("abi_0_1_0_cpp"))["abi"]["version"], "0.1.0");
}

#[test]
fn what_a_module_uses() {
    let dir = Dir::new("features");
    let features = |more: &str| {
        let file = dir.write("m.wasm", wat(&format!("(module (memory 1) (table 1 funcref) {more})")));
        json(&file)["features"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for (more, expected) in [
        ("", &[][..]),
        ("(func (drop (i32.extend8_s (i32.const 1))))", &["sign-extension"]),
        ("(func (drop (i32.trunc_sat_f32_s (f32.const 1))))", &["floating-point", "saturating-conversion"]),
        ("(func (memory.fill (i32.const 1) (i32.const 1) (i32.const 1)))", &["bulk-memory"]),
        ("(data \"x\")", &["bulk-memory"]),
        ("(func (drop (i8x16.popcnt (v128.const i64x2 0 0))))", &["simd"]),
        ("(func (result i32 i32) i32.const 1 i32.const 2)", &["multi-value"]),
        ("(func $f (return_call $f))", &["tail-calls"]),
        ("(func (drop (table.size 0)))", &["reference-types"]),
        ("(global i32 (i32.add (i32.const 1) (i32.const 2)))", &["extended-const"]),
        ("(global (export \"g\") (mut i32) (i32.const 1))", &["mutable-globals"]),
        (
            "(func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))",
            &["relaxed-simd", "simd"],
        ),
    ] {
        assert_eq!(features(more), expected, "{more}");
    }
}

#[test]
fn what_is_wrong_with_a_plugin() {
    let dir = Dir::new("wrong");
    let file = dir.write(
        "m.wasm",
        plugin(
            r#"(import "env" "proxy_log" (func (param i64)))
               (import "env" "nothing" (func))
               (import "env" "proxy_redis_init" (func (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
               (import "env" "proxy_done" (func (result i32)))"#,
            r#"(func (export "proxy_on_log") (param i64)) (func (export "something"))"#,
        ),
    );
    let report = json(&file);
    assert_eq!(report["compiles"], false);
    let problem = report["problem"].as_str().unwrap();
    assert!(problem.contains("env.nothing") && problem.contains("env.proxy_log"), "{problem}");
    let status: Vec<_> =
        report["imports"].as_array().unwrap().iter().map(|i| i["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["mismatched", "unknown", "other_abi", "bound"]);
    let roles: Vec<_> =
        report["exports"].as_array().unwrap().iter().map(|e| e["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["other", "abi_version", "allocator", "mismatched", "other"]);
    let text = nullvmc(["inspect", &file]).ok().out;
    for line in ["compiles       no: ", "unknown    env.nothing", "mismatched env.proxy_log"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn plan_and_sections() {
    let report = json(&filter("add_header"));
    assert_eq!(report["memory"]["min_pages"], 17);
    assert_eq!(report["memory"]["max_pages"], Value::Null);
    assert_eq!(report["functions"]["imported"], 34);
    assert!(report["functions"]["largest"]["bytes"].as_u64().unwrap() > 1000);
    let custom: Vec<_> =
        report["custom_sections"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(custom, ["name", "producers", "target_features"]);
    let total: u64 = ["sections", "custom_sections"]
        .iter()
        .flat_map(|k| report[k].as_array().unwrap())
        .map(|s| s["size"].as_u64().unwrap())
        .sum();
    assert!(total > report["size"].as_u64().unwrap() * 9 / 10);
}

#[test]
fn artifacts() {
    let dir = Dir::new("artifacts");
    let wasm = json(&filter("add_header"));
    nullvmc(["compile", &filter("add_header"), "--emit", "object,image,archive", "-q", "-o", &dir.path("")])
        .ok();

    let image = json(&dir.path("add_header.nvm"));
    assert_eq!(image["kind"], "image");
    assert_eq!(image["hash"]["status"], "ok");
    let object = json(&dir.path("add_header.o"));
    assert_eq!(object["kind"], "object");
    let archive = json(&dir.path("libadd_header.a"));
    assert_eq!(archive["kind"], "archive");
    assert_eq!(archive["shim_abi_version"], image["plugin"]["abi_version"]);
    for report in [&image, &object, &archive["object"]] {
        let plugin = if report["plugin"].is_object() { &report["plugin"] } else { &report["plugins"][0] };
        assert_eq!(plugin, &image["plugin"]);
        assert_eq!(plugin["name"], "add_header");
        assert_eq!(plugin["wasm_sha256"], wasm["sha256"]);
        assert_eq!(plugin["proxy_abi"], "0.2.1");
        for key in ["target", "cpu_features", "compiler"] {
            assert_eq!(report[key], image[key], "{key}");
            assert!(!report[key].is_null(), "{key}");
        }
        let needed: Vec<_> =
            report["symbols_needed"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
        assert!(
            needed.contains(&"nullvm_proxy_log") && needed.iter().all(|s| s.starts_with("nullvm_")),
            "{needed:?}"
        );
    }
    for name in ["add_header.nvm", "add_header.o", "libadd_header.a"] {
        let text = nullvmc(["inspect", &dir.path(name)]).ok().out;
        assert!(text.contains("add_header") && text.contains("guard"), "{text}");
    }
}

#[test]
fn a_changed_image_is_noticed() {
    let dir = Dir::new("changed");
    nullvmc(["compile", &filter("empty"), "--emit", "image", "-q", "-o", &dir.path("p.nvm")]).ok();
    let mut bytes = dir.read("p.nvm");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let outcome = nullvmc(["inspect", &dir.write("p.nvm", bytes)]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.out.contains("MISMATCH"), "{}", outcome.out);
    assert!(outcome.err.contains("content hash"), "{}", outcome.err);
}
