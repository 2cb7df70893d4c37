//! Against a real registry: Debian's `docker-registry`, on a loopback port, with a directory of its own.

use nullvm_fetch::{Fetcher, Layout, Options, Sha256, Source, parse_reference};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `user` and `secret`, as htpasswd writes them with bcrypt.
const HTPASSWD: &str = "user:$2a$05$emX0M1IW6mPDl1wbuwaTb.llVDzaad28MxWDKr6PM6RXH.TNh1ZQq\n";

struct Registry {
    child: Child,
    dir: PathBuf,
    host: String,
}

impl Registry {
    fn start(name: &str, auth: bool) -> Self {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("docker")).unwrap();
        std::fs::write(dir.join("htpasswd"), HTPASSWD).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let auth = if auth {
            format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", dir.join("htpasswd").display())
        } else {
            String::new()
        };
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {host}\n{auth}",
            dir.join("data").display()
        );
        std::fs::write(dir.join("config.yml"), config).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(dir.join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("docker-registry (Debian's package of that name): {e}"));
        let registry = Self { child, dir, host };
        let start = Instant::now();
        while std::net::TcpStream::connect(&registry.host).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        registry
    }

    fn fetcher(&self) -> Fetcher {
        let docker_config = Some(self.dir.join("docker"));
        Fetcher::new(Options { docker_config, retries: 0, ..Options::default() }).unwrap()
    }

    fn log_in(&self, password: &str) {
        use base64::Engine;
        let auth = base64::engine::general_purpose::STANDARD.encode(format!("user:{password}"));
        let text = format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, self.host);
        std::fs::write(self.dir.join("docker/config.json"), text).unwrap();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// A module with a custom section of so many bytes.
fn module(size: usize) -> Vec<u8> {
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    let len = size + 2;
    wasm.push(0);
    wasm.extend([len as u8 | 0x80, (len >> 7) as u8 | 0x80, (len >> 14) as u8 | 0x80, (len >> 21) as u8]);
    wasm.extend([1, b'x']);
    wasm.extend((0..size).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8));
    wasm
}

#[test]
fn both_layouts_come_back_as_they_went() {
    let registry = Registry::start("layouts", false);
    let fetcher = registry.fetcher();
    for (layout, size) in [(Layout::Oci, 3_000_000), (Layout::Compat, 500_000)] {
        let wasm = module(size);
        let name = format!("{}/filters/{layout}:v1", registry.host);
        let reference = parse_reference(&name).unwrap();
        let pushed = fetcher.push(&reference, &wasm, layout, soon()).unwrap();
        // The same again: nothing changes.
        assert_eq!(fetcher.push(&reference, &wasm, layout, soon()).unwrap(), pushed);
        let by_tag: Source = format!("oci://{name}").parse().unwrap();
        let fetched = fetcher.fetch(&by_tag, soon()).unwrap();
        assert!(fetched.bytes == wasm, "{layout}");
        assert_eq!(fetched.sha256, Sha256::of(&wasm));
        assert!(fetched.origin.to_string().contains(&format!("{layout} layout")));
        let digest = pushed.manifest.digest();
        let by_digest: Source = format!("oci://{}/filters/{layout}@{digest}", registry.host).parse().unwrap();
        assert!(fetcher.fetch(&by_digest, soon()).unwrap().bytes == wasm);
        // As Istio's `sha256`: of the manifest.
        let right = Source::parse(&format!("oci://{name}"), Some(pushed.manifest)).unwrap();
        fetcher.fetch(&right, soon()).unwrap();
        let wrong = Source::parse(&format!("oci://{name}"), Some(Sha256::of(b"other"))).unwrap();
        let error = fetcher.fetch(&wrong, soon()).unwrap_err().to_string();
        assert!(error.contains("manifest") && error.contains("expected is"), "{error}");
    }
    let missing: Source = format!("oci://{}/filters/none:v1", registry.host).parse().unwrap();
    let error = fetcher.fetch(&missing, soon()).unwrap_err().to_string();
    assert!(error.contains("answered 404"), "{error}");
    let text = fetcher
        .push(&parse_reference(&format!("{}/x:1", registry.host)).unwrap(), b"text", Layout::Oci, soon())
        .unwrap_err()
        .to_string();
    assert!(text.contains("not a WebAssembly module"), "{text}");
    // A limit holds for what is announced, and for what comes.
    let small = Fetcher::new(Options { max_size: 100_000, retries: 0, ..Options::default() }).unwrap();
    let large: Source = format!("oci://{}/filters/oci:v1", registry.host).parse().unwrap();
    let error = small.fetch(&large, soon()).unwrap_err().to_string();
    assert!(error.contains("more than 100000 bytes"), "{error}");
}

#[test]
fn with_user_and_password() {
    let registry = Registry::start("auth", true);
    let fetcher = registry.fetcher();
    let reference = parse_reference(&format!("{}/a/b:v1", registry.host)).unwrap();
    let wasm = module(1000);
    let refused = |what: &str| {
        let error = fetcher.push(&reference, &wasm, Layout::Oci, soon()).unwrap_err().to_string();
        assert!(error.contains("refuses access (401)") && error.contains(what), "{error}");
        assert!(!error.contains("secret") && !error.contains("wrong-one"), "{error}");
    };
    refused("no credentials");
    registry.log_in("wrong-one");
    refused("with the credentials");
    registry.log_in("secret");
    fetcher.push(&reference, &wasm, Layout::Oci, soon()).unwrap();
    let source: Source = format!("oci://{}/a/b:v1", registry.host).parse().unwrap();
    assert!(fetcher.fetch(&source, soon()).unwrap().bytes == wasm);
}
