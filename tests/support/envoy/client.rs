//! Clients: HTTP/1.1 by hand, because tests need the order of headers, trailers, and control over every write; HTTP/2 with hyper.

use super::Fields;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long any read or write may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A response, as much of it as came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers in their order.
    pub headers: Fields,
    /// The body.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Fields,
    /// Whether it came to its end.
    pub complete: bool,
}

impl Response {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        super::field(&self.headers, name)
    }
}

/// An HTTP/1.1 connection.
pub struct Http1 {
    stream: TcpStream,
    read: Vec<u8>,
}

/// The head of a message: its first line and its fields.
pub type Head = (String, Fields);

impl Http1 {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        Self::over(stream)
    }

    /// The messages of a connection.
    ///
    /// # Errors
    /// When the socket is closed already.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Ends the own direction.
    pub fn finish(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Changes how long reads wait.
    pub fn patience(&self, patience: Duration) {
        let _ = self.stream.set_read_timeout(Some(patience));
    }

    /// Reads more; whether there was more.
    fn more(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 65536];
        let n = self.stream.read(&mut buffer)?;
        self.read.extend_from_slice(&buffer[..n]);
        Ok(n > 0)
    }

    /// Whether a byte is there, or comes in time.
    pub fn wait(&mut self) -> bool {
        !self.read.is_empty() || self.more().unwrap_or(false)
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut from = 0;
        loop {
            if let Some(end) = self.read[from..].windows(2).position(|w| w == b"\r\n") {
                let line = String::from_utf8_lossy(&self.read[..from + end]).into_owned();
                self.read.drain(..from + end + 2);
                return Ok(Some(line));
            }
            from = self.read.len().saturating_sub(1);
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    fn fields(&mut self) -> io::Result<Option<Fields>> {
        let mut fields = Fields::new();
        while let Some(line) = self.line()? {
            if line.is_empty() {
                return Ok(Some(fields));
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(None)
    }

    /// Reads the head of a message; `None` at the end of the connection.
    ///
    /// # Errors
    /// When nothing comes in time, or the connection breaks off.
    pub fn head(&mut self) -> io::Result<Option<Head>> {
        let Some(line) = self.line()? else { return Ok(None) };
        Ok(self.fields()?.map(|fields| (line, fields)))
    }

    /// Reads the body and the trailers that belong to a head; whether they were complete. `until_close`: a message without a
    /// length ends with the connection.
    pub fn body(
        &mut self,
        headers: &Fields,
        until_close: bool,
        body: &mut Vec<u8>,
        trailers: &mut Fields,
    ) -> bool {
        let length = super::field(headers, "content-length").and_then(|v| v.parse::<usize>().ok());
        let chunked = super::field(headers, "transfer-encoding").is_some_and(|v| v.contains("chunked"));
        if chunked {
            self.chunks(body, trailers).unwrap_or(false)
        } else if let Some(length) = length {
            self.take(length, body)
        } else if until_close {
            while self.more().unwrap_or(false) {}
            body.append(&mut self.read);
            true
        } else {
            true
        }
    }

    fn take(&mut self, length: usize, body: &mut Vec<u8>) -> bool {
        let want = body.len() + length;
        loop {
            let n = self.read.len().min(want - body.len());
            body.extend(self.read.drain(..n));
            if body.len() == want {
                return true;
            }
            if !self.more().unwrap_or(false) {
                return false;
            }
        }
    }

    fn chunks(&mut self, body: &mut Vec<u8>, trailers: &mut Fields) -> io::Result<bool> {
        loop {
            let Some(line) = self.line()? else { return Ok(false) };
            let digits = line.split(';').next().unwrap_or_default().trim();
            let Ok(length) = usize::from_str_radix(digits, 16) else { return Ok(false) };
            if length == 0 {
                let Some(fields) = self.fields()? else { return Ok(false) };
                trailers.extend(fields);
                return Ok(true);
            }
            if !self.take(length, body) || self.line()?.is_none() {
                return Ok(false);
            }
        }
    }

    /// Reads a response; `None` when the connection ends before one. `head`: it answers a HEAD request.
    ///
    /// # Errors
    /// When nothing comes in time, or the connection breaks off before the headers are complete.
    pub fn response(&mut self, head: bool) -> io::Result<Option<Response>> {
        loop {
            let Some((line, headers)) = self.head()? else { return Ok(None) };
            let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
            let mut response = Response { status, headers, ..Response::default() };
            if status / 100 == 1 {
                continue;
            }
            response.complete = head
                || status == 204
                || status == 304
                || self.body(&response.headers, true, &mut response.body, &mut response.trailers);
            return Ok(Some(response));
        }
    }
}

/// A plain GET over a connection of its own.
///
/// # Errors
/// When there is no answer.
pub fn get(to: SocketAddr, path: &str) -> io::Result<Response> {
    get_with(to, path, &[])
}

/// As [`get`], with headers.
///
/// # Errors
/// When there is no answer.
pub fn get_with(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> io::Result<Response> {
    let mut connection = Http1::connect(to)?;
    let headers: String = headers.iter().map(|(k, v)| format!("{k}: {v}\r\n")).collect();
    connection.send(
        format!("GET {path} HTTP/1.1\r\nhost: test\r\n{headers}connection: close\r\n\r\n").as_bytes(),
    )?;
    connection.response(false)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// A body out of given frames.
pub struct Frames {
    frames: VecDeque<Frame<Bytes>>,
    /// Whether it never ends.
    open: bool,
    /// Length of the data, where the other side may know it.
    length: Option<u64>,
}

impl Frames {
    /// Data and trailers. `sized`: announces the length. `open`: does not end.
    pub fn new(data: Vec<Vec<u8>>, trailers: Option<&Fields>, sized: bool, open: bool) -> Self {
        let length = sized.then(|| data.iter().map(|piece| piece.len() as u64).sum());
        let mut frames: VecDeque<_> = data.into_iter().map(|piece| Frame::data(Bytes::from(piece))).collect();
        if let Some(trailers) = trailers {
            frames.push_back(Frame::trailers(map(trailers)));
        }
        Self { frames, open, length }
    }
}

impl hyper::body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.frames.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if self.open => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && !self.open
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.length.map(hyper::body::SizeHint::with_exact).unwrap_or_default()
    }
}

/// Fields as hyper wants them.
///
/// # Panics
/// When a name or value is none.
pub fn map(fields: &Fields) -> http::HeaderMap {
    let mut map = http::HeaderMap::new();
    for (name, value) in fields {
        let name: http::HeaderName = name.parse().expect("a header name");
        map.append(name, value.parse().expect("a header value"));
    }
    map
}

/// Fields as hyper has them: in order, values of one name together.
pub fn fields(map: &http::HeaderMap) -> Fields {
    map.iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// A request over HTTP/2.
pub struct Request2 {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: Fields,
    /// The body and the trailers.
    pub body: Frames,
    /// Reset the stream after this time, if no answer came.
    pub reset_after: Option<Duration>,
}

/// Sends requests one after the other over one HTTP/2 connection; `None` where the stream broke off before an answer.
pub fn http2(to: SocketAddr, requests: Vec<Request2>) -> Vec<Option<Response>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(to).await.expect("Envoy listens");
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let mut responses = Vec::new();
        for request in requests {
            let mut built = http::Request::builder()
                .method(request.method.as_str())
                .uri(format!("http://test{}", request.path))
                .body(request.body)
                .expect("a request");
            *built.headers_mut() = map(&request.headers);
            let answer = tokio::time::timeout(request.reset_after.unwrap_or(PATIENCE), async {
                let response = sender.send_request(built).await.ok()?;
                Some(receive(response).await)
            });
            responses.push(answer.await.ok().flatten());
        }
        drop(sender);
        // Lets a reset go out, and the connection end.
        let _ = tokio::time::timeout(Duration::from_millis(200), connection).await;
        responses
    })
}

/// Reads a response to its end.
pub async fn receive(response: http::Response<hyper::body::Incoming>) -> Response {
    let (head, mut body) = response.into_parts();
    let mut seen =
        Response { status: head.status.as_u16(), headers: fields(&head.headers), ..Response::default() };
    loop {
        match body.frame().await {
            None => {
                seen.complete = true;
                return seen;
            }
            Some(Err(_)) => return seen,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => seen.body.extend_from_slice(&data),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        seen.trailers = fields(&trailers);
                    }
                }
            },
        }
    }
}
