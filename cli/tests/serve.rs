//! `nullvmc serve`, as a process of its own with real sockets.
#![cfg(feature = "serve")]

mod common;

use common::{Dir, filter, nullvmc, plugin, wat};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server; ends with its test.
struct Serving {
    child: Child,
    address: String,
    admin: Option<String>,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nullvmc"))
            .arg("serve")
            .args(args)
            .args(["--listen", "127.0.0.1:0", "--workers", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let after = |word: &str| {
            line.split_once(word)
                .map(|(_, rest)| rest.split([',', '\n']).next().unwrap_or_default().to_owned())
        };
        let address = after("listening on ").unwrap_or_else(|| panic!("no address in {line:?}"));
        Self { child, address, admin: after("admin on ") }
    }

    /// Status line, headers and body of one request.
    fn get(&self, path: &str, headers: &str) -> String {
        get(&self.address, path, headers)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(address: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n").unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// The README's command, on each engine that this build holds.
#[test]
fn add_header() {
    let mut engines = vec!["native", "wasmi"];
    if cfg!(feature = "wasmtime") {
        engines.push("wasmtime");
    }
    for engine in engines {
        let server = Serving::start(&[
            &filter("add_header"),
            "--respond",
            "200:Hello world",
            "--plugin-config",
            "header_1=somevalue\nheader_2=secondvalue",
            "--engine",
            engine,
            "--admin",
            "127.0.0.1:0",
        ]);
        let response = server.get("/", "");
        assert!(response.starts_with("HTTP/1.1 200"), "{engine}: {response}");
        assert!(response.ends_with("Hello world"), "{engine}: {response}");
        for header in ["header_1: somevalue", "header_2: secondvalue"] {
            assert!(response.contains(header), "{engine}: {response}");
        }
        let admin = server.admin.as_ref().expect("an admin address");
        assert!(get(admin, "/ready", "").starts_with("HTTP/1.1 200"), "{engine}");
        server.get("/", "hello: 1\r\n");
        let stats = get(admin, "/stats/prometheus", "");
        assert!(stats.contains("hello_header_counter"), "{engine}: {stats}");
    }
}

#[test]
fn through_to_an_upstream() {
    let upstream = Serving::start(&[&filter("empty"), "--respond", "201:from upstream"]);
    let dir = Dir::new("serve-config");
    let config = format!("@{}", dir.write("config", "a=b"));
    let url = format!("http://{}", upstream.address);
    let server = Serving::start(&[&filter("add_header"), "--upstream", &url, "--plugin-config", &config]);
    let response = server.get("/some/path", "");
    assert!(response.starts_with("HTTP/1.1 201") && response.ends_with("from upstream"), "{response}");
    assert!(response.contains("a: b"), "{response}");
}

/// As hosts load plugins: from a signed bundle, from a cache; and what they refuse.
#[test]
fn bundles_and_caches() {
    let dir = Dir::new("serve-bundle");
    let bundle = dir.path("f.bundle.wasm");
    let target = ["--target", "x86_64-unknown-linux-gnu"];
    nullvmc([&["bundle", &filter("add_header"), "-q", "-o", &bundle], &target[..]].concat()).ok();
    nullvmc(["keygen", "-o", &dir.path("a.key")]).ok();
    nullvmc(["keygen", "-o", &dir.path("b.key")]).ok();
    nullvmc(["sign", &bundle, "--key", &dir.path("a.key")]).ok();
    let (a, b) = (dir.path("a.pub"), dir.path("b.pub"));
    let answers = |args: &[&str]| {
        let common = ["--respond", "200:x", "--plugin-config", "header_1=v"];
        let server = Serving::start(&[args, &common].concat());
        let response = server.get("/", "");
        assert!(response.contains("header_1: v"), "{args:?}: {response}");
    };
    answers(&[&bundle, "--allow-precompiled", "--no-compile", "--key", &a]);
    let cache = dir.path("cache");
    std::fs::DirBuilder::new().mode(0o700).create(&cache).unwrap();
    for _ in 0..2 {
        answers(&[&filter("add_header"), "--cache-dir", &cache]);
    }
    let listed = nullvmc(["cache", "--cache-dir", &cache, "list"]).ok().out;
    assert!(listed.contains("1 entr"), "{listed}");
    let refused = |args: &[&str], part: &str| {
        nullvmc([&["serve", "--listen", "127.0.0.1:0"], args].concat()).error(part);
    };
    refused(&[&bundle, "--allow-precompiled", "--key", &b], "none of the 1 configured keys signed it");
    refused(&[&filter("add_header"), "--allow-precompiled", "--no-compile"], "it has no code for");
    let deny = dir.write("deny.txt", "cranelift <9.0.0\n");
    refused(&[&bundle, "--allow-precompiled", "--no-compile", "--deny", &deny], "is on the deny list");
    // A deadline wants code that can be stopped, which is not in this bundle.
    refused(
        &[&bundle, "--allow-precompiled", "--no-compile", "--deadline", "5"],
        "bundle --replace --interruptible",
    );
    answers(&[&bundle, "--allow-precompiled", "--deadline", "500"]);
    let wasmi = nullvmc(["serve", &bundle, "--engine", "wasmi", "--allow-precompiled"]);
    assert_eq!(wasmi.code, 2, "{}", wasmi.err);
}

#[test]
fn what_cannot_be_served() {
    let dir = Dir::new("serve-bad");
    let any = ["--listen", "127.0.0.1:0"];
    let serve = |file: &str, more: &[&str]| nullvmc(["serve", file].iter().chain(&any).chain(more).copied());
    serve(&dir.path("missing.wasm"), &[]).error("no such file");
    for engine in ["native", "wasmi"] {
        for (name, bytes) in [
            ("empty", Vec::new()),
            ("garbage", b"hello".to_vec()),
            ("component", b"\0asm\x0d\0\x01\0".to_vec()),
            ("wasm64", wat(r#"(module (memory (export "memory") i64 1))"#)),
            ("no-abi", wat(r#"(module (memory (export "memory") 1))"#)),
            ("signature", plugin("", r#"(func (export "proxy_on_log") (param i64))"#)),
            ("imports", plugin(r#"(import "env" "nothing" (func)) (import "env" "more" (func))"#, "")),
            ("memory-import", wat(r#"(module (import "env" "mem" (memory 1)))"#)),
            ("truncated", plugin("", "")[..60].to_vec()),
        ] {
            let file = dir.write(name, bytes);
            let outcome = serve(&file, &["--engine", engine]).error("cannot serve");
            assert!(
                name != "imports" || outcome.err.contains("nothing") && outcome.err.contains("more"),
                "{}",
                outcome.err
            );
        }
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    nullvmc(["serve", &filter("empty"), "--listen", &address]).error(&address);
}

#[test]
fn options() {
    for options in [
        ["--engine", "v8"],
        ["--respond", "hello"],
        ["--upstream", "https://a"],
        ["--cluster", "nothing"],
        ["--listen", "nowhere"],
        ["--memory-limit", "much"],
        ["--workers", "0"],
        ["--log-level", "loud"],
        ["--node-metadata", "[1]"],
    ] {
        let outcome = nullvmc(["serve", &filter("empty"), options[0], options[1]]);
        assert_eq!(outcome.code, 2, "{options:?}: {}", outcome.err);
        assert!(outcome.err.starts_with("error: "), "{}", outcome.err);
    }
    // What is built decides, not this crate's own feature: a workspace's tests turn the host's on.
    if !nullvm_host::EngineKind::available().contains(&nullvm_host::EngineKind::Wasmtime) {
        let outcome = nullvmc(["serve", &filter("empty"), "--engine", "wasmtime"]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.err.contains("--features wasmtime"), "{}", outcome.err);
    }
}
