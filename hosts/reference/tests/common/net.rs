//! Real upstreams and clients on the loopback interface.
#![allow(dead_code)]

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Body = BoxBody<Bytes, Infallible>;

/// Pieces that are there already.
struct Pieces(std::vec::IntoIter<Frame<Bytes>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// An upstream in a thread of its own; ends with the process.
pub fn upstream() -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(socket), service_fn(answer)).await;
                });
            }
        });
    });
    receiver.recv().unwrap()
}

/// `/slow` takes two seconds, `/grpc*` and gRPC requests echo messages with trailers, `/big` is 3 MiB; everything else
/// echoes the body and tells of the request in headers.
async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned();
    let body = collected.to_bytes();
    let path = parts.uri.path().to_owned();
    if path == "/slow" {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let mut response = Response::new(if path == "/big" {
        let pieces: Vec<_> = (0..48).map(|_| Frame::data(Bytes::from(vec![b'x'; 64 << 10]))).collect();
        BoxBody::new(Pieces(pieces.into_iter()))
    } else if parts.headers.get("content-type").is_some_and(|v| v == "application/grpc") {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        BoxBody::new(Pieces(vec![Frame::data(body.clone()), Frame::trailers(trailers)].into_iter()))
    } else {
        BoxBody::new(Full::new(body.clone()))
    });
    let headers = response.headers_mut();
    let mut tell = |key: &'static str, value: &str| headers.insert(key, value.parse().unwrap());
    tell("x-seen-path", parts.uri.path_and_query().map_or("", |p| p.as_str()));
    tell("x-seen-method", parts.method.as_str());
    tell("x-seen-version", &format!("{:?}", parts.version));
    let authority = parts.uri.authority().map(ToString::to_string);
    let host = parts.headers.get("host").map(|h| h.to_str().unwrap().to_owned());
    tell("x-seen-authority", &authority.or(host).unwrap_or_default());
    for key in ["x-callout", "x-callout-status", "x-multi", "x-resumed-by", "x-nullvm", "content-length"] {
        if let Some(value) = parts.headers.get(key) {
            headers.insert(http::HeaderName::try_from(format!("x-seen-{key}")).unwrap(), value.clone());
        }
    }
    if let Some(value) = trailers.and_then(|t| t.get("x-trailer").cloned()) {
        headers.insert("x-seen-trailer", value);
    }
    Ok(response)
}

/// A response as the client saw it.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: Option<HeaderMap>,
}

impl Seen {
    pub fn header(&self, key: &str) -> Option<&str> {
        self.headers.get(key).map(|v| v.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Runs something asynchronous.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        tokio::time::timeout(Duration::from_secs(60), future).await.expect("nothing here takes a minute")
    })
}

/// A request over a fresh connection.
pub fn send(
    http2: bool,
    at: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Seen {
    run(async {
        let client: Client<_, BoxBody<Bytes, Infallible>> =
            Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
        let mut request = Request::builder().method(method).uri(format!("http://{at}{path}"));
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        let body = if body.is_empty() {
            BoxBody::new(Full::new(Bytes::new()))
        } else {
            BoxBody::new(Pieces(vec![Frame::data(Bytes::copy_from_slice(body))].into_iter()))
        };
        let (parts, body) = client.request(request.body(body).unwrap()).await.unwrap().into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned();
        let body = collected.to_bytes().to_vec();
        Seen { status: parts.status.as_u16(), headers: parts.headers, body, trailers }
    })
}

/// A GET over HTTP/1.1.
pub fn get(at: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Seen {
    send(false, at, Method::GET, path, headers, b"")
}

/// A POST over HTTP/1.1, chunked.
pub fn post(at: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Seen {
    send(false, at, Method::POST, path, headers, body)
}

/// Sends bytes as they are and reads until the end; `close` says before that that no more will come.
pub fn raw(at: SocketAddr, bytes: &[u8], close: bool) -> Vec<u8> {
    run(async {
        let mut socket = tokio::net::TcpStream::connect(at).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        if close {
            socket.shutdown().await.unwrap();
        }
        let mut out = Vec::new();
        // A reset is an end as well.
        let _ = socket.read_to_end(&mut out).await;
        out
    })
}

/// Waits until something holds.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}
