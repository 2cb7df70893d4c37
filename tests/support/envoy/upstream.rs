//! Servers behind Envoy. What they answer is in the query of the request; what they saw they note.
//!
//! | query | HTTP |
//! |---|---|
//! | `status=N` | the status |
//! | `len=N` | a body of N bytes (default: `upstream\n`) |
//! | `chunks=N` | the body in N chunks, without a length |
//! | `trailers=1` | trailers `x-trailer: upstream`, `x-checksum: 1` behind the chunks |
//! | `delay=N` | waits N milliseconds before the answer |
//! | `hold=before`, `hold=mid` | waits until the proxy gives up: before the answer, or in the midst of its body |
//! | `cut=before`, `cut=mid` | closes the connection there |
//!
//! HTTP/1.1 is written by hand because the order of headers counts. The HTTP/2 server answers gRPC as well: every message comes back,
//! and a method `Fail` ends with status 5.

use super::Fields;
use super::client::{Frames, Http1, fields, map};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A request as an upstream saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// `HTTP/1.1`, `HTTP/2` or `TCP`.
    pub protocol: &'static str,
    /// Method and path.
    pub target: String,
    /// The headers in their order.
    pub headers: Fields,
    /// The body.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Fields,
    /// Whether it came to its end.
    pub complete: bool,
}

#[derive(Default)]
struct Notes {
    seen: Mutex<Vec<Seen>>,
    /// Requests whose heads came.
    begun: AtomicUsize,
    /// Requests that are not answered yet.
    active: AtomicUsize,
    stop: AtomicBool,
}

impl Notes {
    fn note(&self, seen: Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }
}

/// A server; ends when dropped.
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    notes: Arc<Notes>,
}

impl Upstream {
    /// An HTTP/1.1 server.
    pub fn http1() -> Self {
        Self::threads(serve_http1)
    }

    /// A server that sends back what it gets.
    pub fn tcp_echo() -> Self {
        Self::threads(serve_echo)
    }

    fn threads(serve: fn(TcpStream, &Notes)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let notes = Arc::new(Notes::default());
        let shared = notes.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let notes = shared.clone();
                std::thread::spawn(move || serve(stream, &notes));
            }
        });
        Self { address, notes }
    }

    /// An HTTP/2 server, also of gRPC.
    pub fn http2() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let notes = Arc::new(Notes::default());
        let shared = notes.clone();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(accept_http2(listener, shared));
        });
        Self { address, notes }
    }

    /// What it saw since the last look.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.notes.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests whose heads came so far.
    pub fn begun(&self) -> usize {
        self.notes.begun.load(Ordering::SeqCst)
    }

    /// Requests that it is busy with.
    pub fn active(&self) -> usize {
        self.notes.active.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.notes.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// Counts a request for as long as it lives.
struct Active<'a>(&'a Notes);

impl<'a> Active<'a> {
    fn new(notes: &'a Notes) -> Self {
        notes.active.fetch_add(1, Ordering::SeqCst);
        notes.begun.fetch_add(1, Ordering::SeqCst);
        Self(notes)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a request's query asks for.
struct Wish {
    status: u16,
    body: Vec<u8>,
    chunks: Option<usize>,
    trailers: bool,
    delay: Duration,
    hold: Option<String>,
    cut: Option<String>,
}

impl Wish {
    fn parse(target: &str) -> Self {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query = query.split(' ').next().unwrap_or_default();
        let get = |key: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned)
        };
        let number = |key: &str| get(key).and_then(|v| v.parse::<usize>().ok());
        Self {
            status: number("status").and_then(|s| u16::try_from(s).ok()).unwrap_or(200),
            body: number("len").map_or_else(|| b"upstream\n".to_vec(), pattern),
            chunks: number("chunks"),
            trailers: get("trailers").is_some(),
            delay: Duration::from_millis(number("delay").unwrap_or(0) as u64),
            hold: get("hold"),
            cut: get("cut"),
        }
    }

    fn pieces(&self) -> Vec<Vec<u8>> {
        let size = self.body.len().div_ceil(self.chunks.unwrap_or(1).max(1)).max(1);
        self.body.chunks(size).map(<[u8]>::to_vec).collect()
    }
}

/// A body of a length: no two neighbouring blocks are alike.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| b'a' + u8::try_from((i * 7 + i / 251) % 26).expect("below 26")).collect()
}

fn trailers() -> Fields {
    vec![("x-trailer".into(), "upstream".into()), ("x-checksum".into(), "1".into())]
}

fn serve_http1(stream: TcpStream, notes: &Notes) {
    let Ok(mut connection) = Http1::over(stream) else { return };
    connection.patience(Duration::from_secs(600));
    while let Ok(Some((line, headers))) = connection.head() {
        let _active = Active::new(notes);
        let target = line.trim_end_matches(" HTTP/1.1").to_owned();
        let wish = Wish::parse(&target);
        let mut seen = Seen { protocol: "HTTP/1.1", target, headers, ..Seen::default() };
        seen.complete = connection.body(&seen.headers, false, &mut seen.body, &mut seen.trailers);
        let (complete, head) = (seen.complete, seen.target.starts_with("HEAD "));
        notes.note(seen);
        if !complete || answer_http1(&mut connection, &wish, head).is_none() {
            return;
        }
    }
}

/// `None`: the connection is over.
fn answer_http1(connection: &mut Http1, wish: &Wish, head: bool) -> Option<()> {
    let hold = |connection: &mut Http1| {
        connection.patience(Duration::from_secs(5));
        connection.wait();
    };
    if wish.hold.as_deref() == Some("before") {
        hold(connection);
        return None;
    }
    if wish.cut.as_deref() == Some("before") {
        return None;
    }
    std::thread::sleep(wish.delay);
    let bare = head || wish.status == 204 || wish.status == 304;
    let mut out = format!("HTTP/1.1 {} Any\r\ncontent-type: text/plain\r\nx-upstream: h1\r\n", wish.status);
    out += "X-Multi: one\r\nX-Multi: two\r\n";
    if wish.chunks.is_some() || wish.trailers {
        out += "transfer-encoding: chunked\r\n\r\n";
    } else if wish.status == 204 {
        out += "\r\n";
    } else {
        out += &format!("content-length: {}\r\n\r\n", wish.body.len());
    }
    let mut out = out.into_bytes();
    if bare {
        return connection.send(&out).ok();
    }
    if wish.hold.is_some() || wish.cut.is_some() {
        out.extend_from_slice(&wish.body[..wish.body.len() / 2]);
        connection.send(&out).ok()?;
        if wish.hold.is_some() {
            hold(connection);
        }
        return None;
    }
    if wish.chunks.is_some() || wish.trailers {
        for piece in wish.pieces() {
            out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            out.extend_from_slice(&piece);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n");
        if wish.trailers {
            for (name, value) in trailers() {
                out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
    } else {
        out.extend_from_slice(&wish.body);
    }
    connection.send(&out).ok()
}

fn serve_echo(mut stream: TcpStream, notes: &Notes) {
    let _active = Active::new(notes);
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let mut seen = Seen { protocol: "TCP", ..Seen::default() };
    let mut buffer = [0; 65536];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => {
                seen.complete = true;
                break;
            }
            Ok(n) => {
                seen.body.extend_from_slice(&buffer[..n]);
                if seen.body.starts_with(b"CUT") || stream.write_all(&buffer[..n]).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    notes.note(seen);
}

async fn accept_http2(listener: TcpListener, notes: Arc<Notes>) {
    listener.set_nonblocking(true).expect("a listener");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        if notes.stop.load(Ordering::Relaxed) {
            return;
        }
        let _ = stream.set_nodelay(true);
        let notes = notes.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| answer_http2(request, notes.clone()));
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer_http2(
    request: http::Request<hyper::body::Incoming>,
    notes: Arc<Notes>,
) -> Result<http::Response<Frames>, Infallible> {
    let _active = Active::new(&notes);
    let (head, mut body) = request.into_parts();
    let mut seen = Seen {
        protocol: "HTTP/2",
        target: format!("{} {}", head.method, head.uri.path_and_query().map_or("", |p| p.as_str())),
        headers: fields(&head.headers),
        ..Seen::default()
    };
    if let Some(authority) = head.uri.authority() {
        seen.headers.insert(0, (":authority".to_owned(), authority.to_string()));
    }
    seen.complete = loop {
        match body.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => seen.body.extend_from_slice(&data),
                Err(frame) => seen.trailers = frame.into_trailers().map(|t| fields(&t)).unwrap_or_default(),
            },
        }
    };
    let wish = Wish::parse(&seen.target);
    let grpc = super::field(&seen.headers, "content-type").is_some_and(|v| v.starts_with("application/grpc"));
    let (target, sent) = (seen.target.clone(), seen.body.clone());
    notes.note(seen);
    if grpc {
        return Ok(answer_grpc(&target, sent));
    }
    if wish.hold.is_some() {
        // The proxy's reset ends this future.
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    tokio::time::sleep(wish.delay).await;
    let chunked = wish.chunks.is_some() || wish.trailers;
    let after = trailers();
    let body = Frames::new(wish.pieces(), wish.trailers.then_some(&after), !chunked, false);
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(wish.status).unwrap_or_default();
    *response.headers_mut() = map(&vec![
        ("content-type".into(), "text/plain".into()),
        ("x-upstream".into(), "h2".into()),
        ("x-multi".into(), "one".into()),
        ("x-multi".into(), "two".into()),
    ]);
    Ok(response)
}

fn answer_grpc(target: &str, messages: Vec<u8>) -> http::Response<Frames> {
    let failed = target.ends_with("/Fail");
    let (status, text) = if failed { ("5", "nothing here") } else { ("0", "fine") };
    let after: Fields = vec![("grpc-status".into(), status.into()), ("grpc-message".into(), text.into())];
    let mut headers: Fields =
        vec![("content-type".into(), "application/grpc".into()), ("x-initial".into(), "yes".into())];
    let mut response = if failed {
        headers.extend(after);
        http::Response::new(Frames::new(Vec::new(), None, false, false))
    } else {
        http::Response::new(Frames::new(vec![messages], Some(&after), false, false))
    };
    *response.headers_mut() = map(&headers);
    response
}

/// Waits for something that must come; whether it came.
pub fn eventually(patience: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !ready() {
        if start.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
