//! The rehearsal of a fleet, with the generic module: one file for all hosts, compiled, signed and verified once, loaded in Envoy with
//! the key configured; and then everything that can be wrong with it. Each has its own line in Envoy's log, and the proxy goes on
//! with what it has.

use super::nullvmc;
use nullvm::envoy::binary;
use nullvm::envoy::client::{Response, get};
use nullvm::envoy::config::{
    Engine, HttpListener, Plugin, To, bootstrap, bootstrap_from_file, write_listeners,
};
use nullvm::envoy::module::{generic, wasm};
use nullvm::envoy::process::{Envoy, Launch, Scratch};
use nullvm::envoy::upstream::eventually;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const X86: &str = "x86_64-unknown-linux-gnu";
const ARM: &str = "aarch64-unknown-linux-gnu";

/// A plugin of the generic module.
pub fn plugin(name: &str, file: &Path, loading: Value) -> Plugin {
    let mut more = Map::new();
    let precompiled = loading["compile"] == json!(false);
    more.insert(
        "vm_config".to_owned(),
        json!({ "code": { "local": { "filename": file } }, "allow_precompiled": precompiled }),
    );
    more.insert("loading".to_owned(), loading);
    Plugin {
        name: name.to_owned(),
        root_id: String::new(),
        vm_id: String::new(),
        wasm: wasm("add_header"),
        module: generic(),
        vm_configuration: String::new(),
        configuration: "header_1=somevalue".to_owned(),
        environment: Vec::new(),
        failure: None,
        module_only: more,
    }
}

pub fn listener(plugin: &Plugin) -> Value {
    let mut listener = HttpListener::new(plugin, Engine::Module, "");
    listener.to = To::Respond("Hello world".to_owned());
    listener.to_json()
}

fn alive(response: &Response) -> bool {
    response.status == 200 && response.header("header_1") == Some("somevalue")
}

/// Text of a path below the scratch directory.
fn text(scratch: &Scratch, name: &str) -> String {
    scratch.join(name).display().to_string()
}

fn private(path: &Path) {
    std::fs::create_dir_all(path).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn rehearsal() {
    let scratch = Scratch::new();
    let at = |name: &str| text(&scratch, name);
    // Where bundles are built.
    nullvmc(&["keygen", "-o", &at("fleet.key")]);
    nullvmc(&["keygen", "-o", &at("other.key")]);
    let module = wasm("add_header").display().to_string();
    let targets = format!("{X86},{ARM}");
    let levels = ["--cpu", "x86-64-v2,x86-64-v3"];
    let bundle = ["bundle", &module, "-q", "--target", &targets, "-o", &at("built.wasm")];
    nullvmc(&[&bundle[..], &levels].concat());
    nullvmc(&["sign", &at("built.wasm"), "--key", &at("fleet.key")]);
    nullvmc(&["verify", &at("built.wasm"), "--key", &at("fleet.pub"), "--wasm", &module]);
    // On a host.
    std::fs::copy(at("built.wasm"), at("deployed.wasm")).unwrap();
    let good = std::fs::read(at("deployed.wasm")).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(at(name), bytes).unwrap();
        scratch.join(name)
    };
    let keys = |more: Value| {
        let mut loading = json!({ "public_keys": [at("fleet.pub")], "compile": false });
        if let (Value::Object(into), Value::Object(more)) = (&mut loading, more) {
            into.extend(more);
        }
        loading
    };
    let listeners = scratch.join("listeners.json");
    let serve = |version: usize, plugin: &Plugin| write_listeners(&listeners, version, &[listener(plugin)]);
    serve(0, &plugin("fleet", &scratch.join("deployed.wasm"), keys(json!({}))));
    let config = bootstrap_from_file(&listeners, Vec::new());
    let binary = binary::envoy();
    let mut envoy = Envoy::start(&Launch { binary: &binary, config: &config, concurrency: 2 })
        .unwrap_or_else(|e| panic!("{e:?}"));
    let address = envoy.listener("fleet");
    assert!(alive(&get(address, "/").unwrap()), "{}", envoy.tail());
    let logged = |envoy: &Envoy, part: &str| envoy.log().iter().any(|l| l.text.contains(part));
    assert!(logged(&envoy, "native code that came with it, signed by key"), "{}", envoy.tail());

    // V8 runs the same file: to it the sections of others are nothing.
    let v8 = Plugin { wasm: scratch.join("deployed.wasm"), ..plugin("v8", &scratch.join("x"), json!({})) };
    let mut v8_listener = HttpListener::new(&v8, Engine::V8, "");
    v8_listener.to = To::Respond("Hello world".to_owned());
    let v8_config = bootstrap(vec![v8_listener.to_json()], Vec::new());
    let other = Envoy::start(&Launch { binary: &binary, config: &v8_config, concurrency: 1 })
        .unwrap_or_else(|e| panic!("V8: {e:?}"));
    assert!(alive(&get(other.listener("v8"), "/").unwrap()), "{}", other.tail());
    assert!(other.stop(0).0.success());

    // Everything that can be wrong.
    let flip = |at: usize| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        bad
    };
    let only_arm = at("arm.wasm");
    nullvmc(&["bundle", &module, "-q", "--target", ARM, "-o", &only_arm]);
    nullvmc(&["sign", &only_arm, "--key", &at("fleet.key")]);
    nullvmc(&["bundle", &module, "-q", "--target", X86, "-o", &at("unsigned.wasm")]);
    // What an older compiler wrote: another version of the image, in a bundle that is signed as it should be.
    let old = older(&std::fs::read(at("unsigned.wasm")).unwrap());
    write("old.wasm", &old);
    nullvmc(&["sign", &at("old.wasm"), "--key", &at("fleet.key")]);
    write("deny.txt", b"# CVE-0000-0000\ncranelift <9.0.0\n");
    private(&scratch.join("open"));
    private(&scratch.join("open/v1"));
    std::fs::set_permissions(scratch.join("open/v1"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let sha = Sha256::digest(&good).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let compiling = json!({ "cache": { "directory": at("open") }, "compile": true });
    let mut wrong_sha = sha.clone();
    wrong_sha.replace_range(..1, if sha.starts_with('0') { "1" } else { "0" });
    let deployed = scratch.join("deployed.wasm");
    let cases: Vec<(Plugin, &str)> = vec![
        (
            plugin("fleet", &deployed, json!({ "public_keys": [at("other.pub")], "compile": false })),
            "none of the 1 configured keys signed it",
        ),
        (
            plugin("fleet", &write("bit.wasm", &flip(good.len() / 2)), keys(json!({}))),
            "changed after it was signed",
        ),
        (plugin("fleet", &write("head.wasm", &flip(4)), keys(json!({}))), "not a WebAssembly module"),
        (
            plugin("fleet", Path::new(&only_arm), keys(json!({}))),
            "it has no code for x86_64-unknown-linux-gnu",
        ),
        (plugin("fleet", &scratch.join("old.wasm"), keys(json!({}))), "version 1.2"),
        (
            plugin("fleet", &deployed, keys(json!({ "deny_list": at("deny.txt") }))),
            "is on the deny list (cranelift <9.0.0)",
        ),
        (
            plugin("fleet", &write("cut.wasm", &good[..good.len() - 1000]), keys(json!({}))),
            "not a WebAssembly module",
        ),
        (plugin("fleet", &scratch.join("unsigned.wasm"), keys(json!({}))), "it is not signed"),
        (plugin("fleet", &deployed, keys(compiling)), "can be written by others (mode 777)"),
        (plugin("fleet", &deployed, keys(json!({ "sha256": wrong_sha }))), "the configuration says"),
        (plugin("fleet", &scratch.join("none.wasm"), keys(json!({}))), "cannot read"),
        (
            plugin("fleet", &deployed, keys(json!({ "deny_list": at("none.txt") }))),
            "cannot read the deny list",
        ),
        (plugin("fleet", &deployed, keys(json!({ "public_keys": [at("none.pub")] }))), "none.pub"),
        (
            plugin("fleet", &deployed, keys(json!({ "publik": 1 }))),
            "nullvm.loading.publik: there is no such field",
        ),
        (plugin("fleet", &wasm("add_header"), json!({ "compile": false })), "it has no code for"),
    ];
    for (version, (bad, part)) in cases.iter().enumerate() {
        let before = envoy.log_len();
        serve(version + 1, bad);
        let seen = eventually(Duration::from_secs(20), || {
            envoy.log_from(before).0.iter().any(|l| l.text.contains(part))
        });
        assert!(seen, "{part:?}: {}", envoy.tail());
        assert!(envoy.is_alive(), "{part}");
        assert!(alive(&get(address, "/").unwrap()), "{part}: {}", envoy.tail());
    }
    // And with the right hash again, as an update.
    let before = envoy.log_len();
    serve(cases.len() + 1, &plugin("fleet", &deployed, keys(json!({ "sha256": sha }))));
    let loaded = "native code that came with it";
    assert!(
        eventually(Duration::from_secs(20), || envoy
            .log_from(before)
            .0
            .iter()
            .any(|l| l.text.contains(loaded))),
        "{}",
        envoy.tail()
    );
    assert!(alive(&get(address, "/").unwrap()));
    assert!(envoy.stop(0).0.success());
    eprintln!("fleet: {} ways to fail, each with its own error", cases.len());
}

/// The bundle as a compiler with the image format 1 would have written it, as far as a loader can see.
fn older(bytes: &[u8]) -> Vec<u8> {
    use nullvm_artifact::{Bundle, bundle, container};
    use plugin_abi::bundle::{INDEX_SHA256_OFFSET, SECTION_PREFIX, index_len};
    let found = Bundle::parse(bytes).unwrap();
    let section = &found.platform(X86).unwrap().section;
    let mut data: Vec<u8> = section.index().to_vec();
    for image in section.images() {
        let start = data.len();
        data.extend_from_slice(image);
        data[start + std::mem::offset_of!(plugin_abi::ImageHeader, version)] = 1;
    }
    let index = index_len(section.header.count);
    data[INDEX_SHA256_OFFSET..INDEX_SHA256_OFFSET + 32].fill(0);
    let hash = Sha256::digest(&data[..index]);
    data[INDEX_SHA256_OFFSET..INDEX_SHA256_OFFSET + 32].copy_from_slice(&hash);
    let mut out = bundle::strip(bytes, &[]).unwrap();
    container::push_custom(&mut out, &format!("{SECTION_PREFIX}{X86}"), &data).unwrap();
    out
}

/// A file server that serves one file, whatever it is asked for.
fn serve_file(bytes: Vec<u8>) -> std::net::SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let len = bytes.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
        }
    });
    address
}

/// `code.remote`: fetched with its hash, refused with another one.
#[test]
fn a_module_from_a_server() {
    let bytes = std::fs::read(wasm("add_header")).unwrap();
    let hash = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let address = serve_file(bytes);
    let remote = |sha256: &str| {
        let mut plugin = plugin("remote", Path::new("/none"), json!({ "cache": { "directory": "" } }));
        let code = json!({ "remote": {
            "http_uri": { "uri": format!("http://{address}/f.wasm"), "timeout": "5s", "cluster": "files" },
            "sha256": sha256,
        } });
        plugin.module_only.insert("vm_config".to_owned(), json!({ "code": code }));
        let config = bootstrap(vec![listener(&plugin)], Vec::new());
        let binary = binary::envoy();
        Envoy::start(&Launch { binary: &binary, config: &config, concurrency: 1 })
    };
    let envoy = remote(&hash).unwrap_or_else(|e| panic!("{e:?}"));
    assert!(alive(&get(envoy.listener("remote"), "/").unwrap()), "{}", envoy.tail());
    assert!(envoy.stop(0).0.success());
    let refused = remote(&hash.replace(|c: char| c.is_ascii_digit(), "0")).err().expect("another hash");
    assert!(refused.log.iter().any(|l| l.text.contains("expected is")), "{:?}", refused.log);
}

/// A plain module is compiled once; then every Envoy of the host finds it in the cache.
#[test]
fn a_plain_module_is_compiled_into_the_cache() {
    let scratch = Scratch::new();
    private(&scratch.join("cache"));
    let loading = json!({ "cache": { "directory": scratch.join("cache") } });
    for expected in ["compiled here", "native code of the cache"] {
        // Two filters from one module, one of them twice: that one is loaded once.
        let mut trap = plugin("trap", &wasm("trap"), loading.clone());
        trap.configuration.clear();
        let plugins = [
            plugin("one", &wasm("add_header"), loading.clone()),
            plugin("two", &wasm("add_header"), loading.clone()),
            trap,
        ];
        let config = bootstrap(plugins.iter().map(listener).collect(), Vec::new());
        let binary = binary::envoy();
        let envoy = Envoy::start(&Launch { binary: &binary, config: &config, concurrency: 2 })
            .unwrap_or_else(|e| panic!("{e:?}"));
        for name in ["one", "two"] {
            assert!(alive(&get(envoy.listener(name), "/").unwrap()), "{name}: {}", envoy.tail());
        }
        assert_eq!(get(envoy.listener("trap"), "/").unwrap().header("x-alive"), Some("1"));
        let lines: Vec<String> = envoy.log().into_iter().map(|l| l.text).collect();
        let loads = lines.iter().filter(|l| l.contains(expected)).count();
        assert_eq!(loads, 2, "{expected}: {lines:#?}");
        assert!(envoy.stop(0).0.success());
    }
}
