//! The generic module in its daily life: configured by `nullvmc envoy-config`, updated while requests run, its bundle in a
//! registry. What goes wrong is in `fleet`.

use super::fleet::{listener, plugin};
use super::nullvmc;
use nullvm::envoy::binary;
use nullvm::envoy::client::{Http1, get};
use nullvm::envoy::config::{bootstrap, bootstrap_from_file, write_listeners};
use nullvm::envoy::module::{generic, wasm};
use nullvm::envoy::process::{Envoy, Launch, Scratch};
use nullvm::envoy::upstream::eventually;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn hash(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn bundle(filter: &str, output: &Path) {
    let (module, output) = (wasm(filter).display().to_string(), output.display().to_string());
    nullvmc(&["bundle", &module, "-q", "--target", TARGET, "-o", &output]);
}

fn start(config: &Value) -> Envoy {
    let binary = binary::envoy();
    Envoy::start(&Launch { binary: &binary, config, concurrency: 2 }).unwrap_or_else(|e| panic!("{e:?}"))
}

fn logged(envoy: &Envoy, part: &str) -> bool {
    envoy.log().iter().any(|line| line.text.contains(part))
}

/// What `nullvmc envoy-config` prints is a whole configuration: with a key, and with a hash alone.
#[test]
fn as_nullvmc_configures_it() {
    let scratch = Scratch::new();
    let at = |name: &str| scratch.join(name).display().to_string();
    bundle("add_header", &scratch.join("f.bundle.wasm"));
    let generic = generic().display().to_string();
    let common = [
        "envoy-config",
        &at("f.bundle.wasm"),
        "--generic-module",
        &generic,
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--respond",
        "200:Hello world",
        "--plugin-config",
        "header_1=somevalue",
        "--allow-precompiled",
        "--no-compile",
    ];
    let serves = |more: &[&str], said: &str| {
        let yaml = super::printed(&[&common[..], more].concat());
        let config: Value = serde_saphyr::from_str(&yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}"));
        let envoy = start(&config);
        let answer = get(envoy.listener("main"), "/").unwrap();
        assert_eq!(answer.header("header_1"), Some("somevalue"), "{}", envoy.tail());
        assert!(logged(&envoy, said), "{}", envoy.tail());
        assert!(envoy.stop(0).0.success());
    };
    serves(&[], "native code that came with it, in");
    nullvmc(&["keygen", "-o", &at("fleet.key")]);
    nullvmc(&["sign", &at("f.bundle.wasm"), "--key", &at("fleet.key")]);
    serves(&["--key", &at("fleet.pub")], "native code that came with it, signed by key");
}

/// Another version of the plugin, under the same name, while requests run: every answer is of one of the two, and in the end all
/// are of the new one.
#[test]
fn another_version_while_requests_run() {
    let scratch = Scratch::new();
    let file = scratch.join("deployed.wasm");
    let listeners = scratch.join("listeners.json");
    // As a deployment does it: the file is replaced at once, then the configuration names its hash.
    let deploy = |version: usize, filter: &str| {
        bundle(filter, &scratch.join("next.wasm"));
        std::fs::rename(scratch.join("next.wasm"), &file).unwrap();
        let mut plugin = plugin("filter", &file, json!({ "compile": false, "sha256": hash(&file) }));
        if filter == "trap" {
            plugin.configuration.clear();
        }
        write_listeners(&listeners, version, &[listener(&plugin)]);
    };
    deploy(0, "add_header");
    let mut envoy = start(&bootstrap_from_file(&listeners, Vec::new()));
    let to = envoy.listener("filter");
    let (stop, seen) = (AtomicBool::new(false), [const { AtomicUsize::new(0) }; 2]);
    std::thread::scope(|scope| {
        let drivers: Vec<_> = (0..4).map(|_| scope.spawn(|| drive(to, &stop, &seen))).collect();
        for version in 1..=6 {
            let new = version % 2;
            deploy(version, ["add_header", "trap"][new]);
            // Requests of the new version, and then none of the old one.
            let before = seen[new].load(Ordering::SeqCst);
            let there = || seen[new].load(Ordering::SeqCst) > before + 50;
            assert!(eventually(Duration::from_secs(20), there), "version {version}: {}", envoy.tail());
            let (mut last, mut quiet) = (seen[1 - new].load(Ordering::SeqCst), 0);
            let gone = || {
                let now = seen[1 - new].load(Ordering::SeqCst);
                quiet = if now == last { quiet + 1 } else { 0 };
                last = now;
                quiet > 10
            };
            assert!(eventually(Duration::from_secs(20), gone), "version {version}: {}", envoy.tail());
        }
        stop.store(true, Ordering::SeqCst);
        for driver in drivers {
            driver.join().unwrap();
        }
    });
    assert!(envoy.is_alive(), "{}", envoy.tail());
    let [old, new] = seen.map(AtomicUsize::into_inner);
    eprintln!("six updates: {old} answers of one version, {new} of the other");
    // Code that nobody uses any more is not mapped any more: what is sealed in memory has a name.
    let maps = || std::fs::read_to_string(format!("/proc/{}/maps", envoy.pid())).unwrap();
    let images = || maps().lines().filter(|l| l.contains("memfd:") && l.contains("r-xp")).count();
    assert!(eventually(Duration::from_secs(20), || images() <= 1), "{} of them:\n{}", images(), maps());
    assert!(envoy.stop(0).0.success());
}

/// Sends requests over connections that are opened again when Envoy closes them.
fn drive(to: SocketAddr, stop: &AtomicBool, seen: &[AtomicUsize; 2]) {
    let mut connection = None;
    while !stop.load(Ordering::SeqCst) {
        let mut http = match connection.take() {
            Some(http) => http,
            None => Http1::connect(to).unwrap(),
        };
        let sent = http.send(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n");
        // A connection that is drained may be gone before the request is there.
        let Ok(Some(answer)) = sent.and_then(|()| http.response(false)) else { continue };
        assert_eq!((answer.status, answer.text().as_str()), (200, "Hello world"));
        match (answer.header("header_1"), answer.header("x-alive")) {
            (Some("somevalue"), None) => seen[0].fetch_add(1, Ordering::SeqCst),
            (None, Some("1")) => seen[1].fetch_add(1, Ordering::SeqCst),
            other => panic!("{other:?}: {answer:?}"),
        };
        if answer.header("connection") != Some("close") {
            connection = Some(http);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Debian's `docker-registry` on a loopback port.
struct Registry {
    child: Child,
    host: String,
    _scratch: Scratch,
}

impl Registry {
    fn start() -> Self {
        let scratch = Scratch::new();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let config = json!({
            "version": 0.1,
            "log": { "level": "error" },
            "storage": { "filesystem": { "rootdirectory": scratch.join("data") } },
            "http": { "addr": host },
        });
        // JSON is YAML.
        std::fs::write(scratch.join("config.yml"), config.to_string()).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(scratch.join("config.yml"));
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("docker-registry (Debian's package of that name): {e}"));
        let registry = Self { child, host, _scratch: scratch };
        let start = Instant::now();
        while TcpStream::connect(&registry.host).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        registry
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bundle that was pushed to a registry, by its tag.
#[test]
fn a_bundle_from_a_registry() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    bundle("add_header", &scratch.join("f.wasm"));
    let reference = format!("oci://{}/filters/add_header:1", registry.host);
    nullvmc(&["push", &scratch.join("f.wasm").display().to_string(), &reference]);
    let with = |uri: &str| {
        let mut plugin = plugin("pulled", Path::new("/none"), json!({ "compile": false }));
        let code = json!({ "remote": { "http_uri": { "uri": uri, "timeout": "5s", "cluster": "none" } } });
        plugin.module_only.insert("vm_config".to_owned(), json!({ "code": code, "allow_precompiled": true }));
        bootstrap(vec![listener(&plugin)], Vec::new())
    };
    let envoy = start(&with(&reference));
    let answer = get(envoy.listener("pulled"), "/").unwrap();
    assert_eq!(answer.header("header_1"), Some("somevalue"), "{}", envoy.tail());
    assert!(logged(&envoy, "native code that came with it"), "{}", envoy.tail());
    assert!(envoy.stop(0).0.success());
    // A tag that is not there refuses the configuration.
    let (binary, config) = (binary::envoy(), with(&reference.replace(":1", ":2")));
    let refused = Envoy::start(&Launch { binary: &binary, config: &config, concurrency: 1 });
    let log = refused.err().expect("no such tag").log;
    assert!(log.iter().any(|l| l.text.contains("add_header")), "{log:?}");
}
