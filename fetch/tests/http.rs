//! Against a server that misbehaves as it is told to.

use nullvm_fetch::{Fetcher, Options, Sha256, Source};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn module() -> Vec<u8> {
    [b"\0asm\x01\0\0\0", &[0, 3, 1, b'x', 7][..]].concat()
}

struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each connection by a function of the path and of how many requests came before.
    fn start(answer: fn(&str, usize) -> Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let n = count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || serve(stream, |path| answer(path, n)));
            }
        });
        Self { address, requests }
    }

    fn fetch(&self, path: &str, options: Options) -> Result<Vec<u8>, String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let url = format!("http://user:secret@{}{path}", self.address);
        let source = Source::parse(&url, Some(Sha256::of(&module()))).unwrap();
        let fetcher = Fetcher::new(options).unwrap();
        let result = fetcher.fetch(&source, deadline).map(|f| f.bytes).map_err(|e| e.to_string());
        if let Err(error) = &result {
            assert!(!error.contains("secret") && !error.contains("token="), "{error}");
        }
        result
    }
}

fn serve(mut stream: TcpStream, answer: impl Fn(&str) -> Vec<u8>) {
    let mut request = Vec::new();
    let mut room = [0; 4096];
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut room) {
            Ok(n @ 1..) => request.extend_from_slice(&room[..n]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split(' ').nth(1).unwrap_or("/").to_owned();
    let _ = stream.write_all(&answer(&path));
    if path.starts_with("/slow") {
        std::thread::sleep(Duration::from_secs(20));
    }
}

fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn sized(body: &[u8]) -> Vec<u8> {
    reply("200 OK", &format!("content-length: {}\r\n", body.len()), body)
}

fn once() -> Options {
    Options { retries: 0, ..Options::default() }
}

#[test]
fn what_is_right_comes_through() {
    let server = Server::start(|path, _| match path {
        "/moved" => reply("302 Found", "location: /f.wasm\r\ncontent-length: 0\r\n", b""),
        "/chunked" => reply(
            "200 OK",
            "transfer-encoding: chunked\r\n",
            b"d\r\n\0asm\x01\0\0\0\0\x03\x01x\x07\r\n0\r\n\r\n",
        ),
        _ => sized(&module()),
    });
    for path in ["/f.wasm?token=1", "/moved", "/chunked"] {
        assert_eq!(server.fetch(path, once()), Ok(module()), "{path}");
    }
}

#[test]
fn what_is_wrong_says_how() {
    let server = Server::start(|path, _| match path {
        "/other" => sized(b"\0asm\x01\0\0\0"),
        "/page" => sized(b"<html>"),
        "/short" => reply("200 OK", "content-length: 100\r\n", &module()),
        "/none" => reply("404 Not Found", "content-length: 0\r\n", b""),
        "/forbidden" => reply("403 Forbidden", "content-length: 0\r\n", b""),
        "/loop" => reply("302 Found", "location: /loop\r\ncontent-length: 0\r\n", b""),
        "/file" => reply("302 Found", "location: file:///etc/passwd\r\ncontent-length: 0\r\n", b""),
        "/huge" => reply("200 OK", "content-length: 99999999999\r\n", &module()),
        "/endless" => reply("200 OK", "", &vec![0; 3_000_000]),
        "/garbage" => b"nothing of the kind\r\n\r\n".to_vec(),
        _ => Vec::new(),
    });
    for (path, part) in [
        ("/other", "the file has the SHA-256"),
        ("/page", "the file has the SHA-256"),
        ("/short", "broke off"),
        ("/none", "answered 404"),
        ("/forbidden", "answered 403"),
        ("/loop", "redirect"),
        ("/file", "answered 302"),
        ("/huge", "more than 1000000 bytes"),
        ("/endless", "more than 1000000 bytes"),
        ("/garbage", "cannot fetch"),
        ("/nothing", "cannot fetch"),
    ] {
        let options = Options { max_size: 1_000_000, ..once() };
        let error = server.fetch(path, options).unwrap_err();
        assert!(error.contains(part), "{path}: {error}");
    }
    // Nobody there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = Server { address: port, requests: Arc::default() };
    assert!(nobody.fetch("/", once()).unwrap_err().contains("cannot connect"));
}

#[test]
fn passing_failures_are_tried_again() {
    let server = Server::start(|_, n| match n {
        0 => reply("503 Service Unavailable", "content-length: 0\r\n", b""),
        1 => reply("200 OK", "content-length: 100\r\n", b"cut"),
        _ => sized(&module()),
    });
    assert_eq!(server.fetch("/f", Options { retries: 2, ..Options::default() }), Ok(module()));
    assert_eq!(server.requests.load(Ordering::SeqCst), 3);
    let server = Server::start(|_, _| reply("404 Not Found", "content-length: 0\r\n", b""));
    assert!(server.fetch("/f", Options { retries: 5, ..Options::default() }).is_err());
    assert_eq!(server.requests.load(Ordering::SeqCst), 1, "what is not there is not asked for again");
}

#[test]
fn the_deadline_holds() {
    let server = Server::start(|_, _| reply("200 OK", "content-length: 100\r\n", b"\0asm"));
    let url = format!("http://{}/slow", server.address);
    let source = Source::parse(&url, Some(Sha256::of(&module()))).unwrap();
    let start = Instant::now();
    let fetcher = Fetcher::new(Options::default()).unwrap();
    let error = fetcher.fetch(&source, start + Duration::from_millis(300)).unwrap_err().to_string();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(error.contains("not done within"), "{error}");
}
