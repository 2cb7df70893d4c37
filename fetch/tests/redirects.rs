//! Redirects to other hosts: a file's may lead there, and tells nothing of where it came from; what has to do with credentials stays.

use nullvm_fetch::{Fetcher, Options, Sha256, Source};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn module() -> Vec<u8> {
    [b"\0asm\x01\0\0\0", &[0, 3, 1, b'x', 7][..]].concat()
}

/// A server that answers everything alike, and keeps what it was asked.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = Vec::new();
                let mut room = [0; 4096];
                while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                    match stream.read(&mut room) {
                        Ok(n @ 1..) => request.extend_from_slice(&room[..n]),
                        _ => break,
                    }
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&request).to_lowercase());
                let _ = stream.write_all(&answer);
            }
        });
        Self { address, requests }
    }

    fn redirecting(to: &str) -> Self {
        let head =
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        Self::start(head.into_bytes())
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn fetch(source: &str, sha256: Option<Sha256>) -> Result<Vec<u8>, String> {
    let source = Source::parse(source, sha256).unwrap();
    let fetcher = Fetcher::new(Options { retries: 0, ..Options::default() }).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    fetcher.fetch(&source, deadline).map(|f| f.bytes).map_err(|e| e.to_string())
}

#[test]
fn the_next_server_does_not_learn_the_address_that_led_there() {
    let body = module();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let files = Server::start([head.as_bytes(), &body].concat());
    let first = Server::redirecting(&format!("http://{}/f.wasm", files.address));
    let url = format!("http://{}/f.wasm?token=secret", first.address);
    assert_eq!(fetch(&url, Some(Sha256::of(&body))).unwrap(), body);
    let [request] = &files.requests()[..] else { panic!("{:?}", files.requests()) };
    assert!(!request.contains("referer") && !request.contains("secret"), "{request}");
}

#[test]
fn a_registry_sends_nobody_elsewhere_for_a_challenge() {
    let other = Server::start(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n".to_vec());
    let registry = Server::redirecting(&format!("http://{}/v2/", other.address));
    let error = fetch(&format!("oci://{}/filters/f:1", registry.address), None).unwrap_err();
    assert!(error.contains("not followed to another host"), "{error}");
    assert!(other.requests().is_empty(), "{:?}", other.requests());
}
