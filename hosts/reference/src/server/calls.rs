//! Calls of plugins to clusters: HTTP, and gRPC over HTTP/2.

use super::body::{ChannelBody, Piece};
use super::upstream::{self, ClusterClient};
use super::worker::LiveVm;
use crate::context::root::HttpResponse;
use crate::grpc::{self, Deframer, GrpcRequest, code};
use crate::http_call::HttpCallRequest;
use crate::maps::{self, HeaderMap};
use http_body::Frame;
use http_body_util::BodyExt;
use std::rc::Weak;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Largest body of a response to a call.
const MAX_RESPONSE: usize = 64 << 20;

fn local_response(status: u32, body: &str) -> HttpResponse {
    let (status, length) = (status.to_string(), body.len().to_string());
    let headers = [(":status", status.as_str()), ("content-length", &length), ("content-type", "text/plain")];
    HttpResponse {
        headers: headers.into_iter().collect(),
        body: body.as_bytes().to_vec(),
        trailers: HeaderMap::new(),
    }
}

/// Sends a request and delivers its answer. No answer in time counts as 504, no connection as 503; an answer that breaks
/// off is none.
pub(super) async fn http_call(live: Weak<LiveVm>, client: ClusterClient, call: HttpCallRequest) {
    let (root, token, timeout) = (call.root, call.token, call.timeout);
    let response = match timeout {
        Some(timeout) => match tokio::time::timeout(timeout, exchange(client, call)).await {
            Ok(response) => response,
            Err(_) => Some(local_response(504, "upstream request timeout")),
        },
        None => exchange(client, call).await,
    };
    if let Some(live) = live.upgrade() {
        live.enter(|vm| vm.http_call_response(root, token, response));
    }
}

async fn exchange(client: ClusterClient, call: HttpCallRequest) -> Option<HttpResponse> {
    let body = if call.trailers.is_empty() {
        ChannelBody::full(call.body)
    } else {
        let (sender, body) = ChannelBody::channel();
        // There is room for the first pieces.
        let _ = sender.try_send(Ok(Frame::data(call.body.into())));
        let _ = sender.try_send(Ok(Frame::trailers(call.trailers.to_http())));
        body
    };
    let Some(request) = upstream::request(&call.headers, body) else {
        return Some(local_response(400, "Bad Request"));
    };
    let (parts, mut body) = match client.request(request).await {
        Ok(response) => response.into_parts(),
        Err(error) => return Some(local_response(503, upstream::failure(&error))),
    };
    let mut response = HttpResponse { headers: maps::of_response(&parts), ..HttpResponse::default() };
    while let Some(frame) = body.frame().await {
        match frame.ok()?.into_data() {
            Ok(data) => {
                response.body.extend_from_slice(&data);
                if response.body.len() > MAX_RESPONSE {
                    return None;
                }
            }
            Err(frame) => {
                if let Some(trailers) = frame.trailers_ref() {
                    response.trailers.extend_http(trailers);
                }
            }
        }
    }
    Some(response)
}

/// A gRPC call or stream under way. Dropping it breaks it off.
pub(super) struct GrpcHandle {
    sender: mpsc::UnboundedSender<Option<Piece>>,
    unary: bool,
    task: JoinHandle<()>,
}

impl Drop for GrpcHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl GrpcHandle {
    /// Opens a call or stream.
    pub(super) fn open(live: Weak<LiveVm>, client: ClusterClient, mut call: GrpcRequest) -> Self {
        let (sender, mut wishes) = mpsc::unbounded_channel::<Option<Piece>>();
        let message = call.message.take();
        let unary = message.is_some();
        if let Some(message) = message {
            let _ = sender.send(Some(Ok(Frame::data(grpc::frame(&message).into()))));
            let _ = sender.send(None);
        }
        let (body_sender, body) = ChannelBody::channel();
        let task = tokio::task::spawn_local(async move {
            let feed = async move {
                while let Some(Some(piece)) = wishes.recv().await {
                    if body_sender.send(piece).await.is_err() {
                        break;
                    }
                }
                drop(body_sender);
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = feed => {}
                () = run(live, client, call, body, unary) => {}
            }
        });
        Self { sender, unary, task }
    }

    /// Sends a message; whether it is the last.
    pub(super) fn send(&self, message: &[u8], end: bool) {
        // A call that ended has no use for it.
        let _ = self.sender.send(Some(Ok(Frame::data(grpc::frame(message).into()))));
        if end {
            self.close();
        }
    }

    /// Says that no more messages come. `false`: a unary call, which is to be dropped instead.
    pub(super) fn close(&self) -> bool {
        let _ = self.sender.send(None);
        !self.unary
    }
}

/// How a call ended.
struct End {
    status: u32,
    message: String,
}

impl End {
    fn new(status: u32, message: &str) -> Self {
        Self { status, message: message.to_owned() }
    }

    /// Of headers or trailers; `None` where they hold no status.
    fn of(map: &HeaderMap) -> Option<Self> {
        let status = map.get_str("grpc-status")?.parse().unwrap_or(code::UNKNOWN);
        Some(Self { status, message: grpc::decode_message(map.get(b"grpc-message").unwrap_or_default()) })
    }
}

async fn run(live: Weak<LiveVm>, client: ClusterClient, call: GrpcRequest, body: ChannelBody, unary: bool) {
    let (root, token) = (call.root, call.token);
    let timeout = call.timeout;
    let events = receive(&live, client, call, body, unary);
    let end = match timeout {
        Some(timeout) => match tokio::time::timeout(timeout, events).await {
            Ok(end) => end,
            Err(_) => Err(End::new(code::DEADLINE_EXCEEDED, "upstream request timeout")),
        },
        None => events.await,
    };
    let Some(live) = live.upgrade() else { return };
    live.enter(|vm| match end {
        Ok(message) => vm.grpc_message(root, token, message),
        Err(end) => vm.grpc_close(root, token, end.status, &end.message),
    });
    // A stream whose own side is open stays known until the plugin closes it. Forgetting it here drops this very task,
    // which has nothing left to do.
    live.grpc.borrow_mut().remove(&token);
}

/// Receives a response. `Ok` is the message of a unary call that succeeded; everything else ends by a status.
async fn receive(
    live: &Weak<LiveVm>,
    client: ClusterClient,
    call: GrpcRequest,
    body: ChannelBody,
    unary: bool,
) -> Result<Vec<u8>, End> {
    let (root, token) = (call.root, call.token);
    let enter = |f: &mut dyn FnMut(&crate::vm::Vm)| {
        if let Some(live) = live.upgrade() {
            live.enter(|vm| f(vm));
        }
    };
    let mut headers: HeaderMap = [
        (":method", "POST"),
        (":path", call.path.as_str()),
        (":authority", call.authority.as_str()),
        (":scheme", "http"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]
    .into_iter()
    .collect();
    if let Some(timeout) = call.timeout {
        headers.add(b"grpc-timeout", format!("{}m", timeout.as_millis()).as_bytes());
    }
    for (key, value) in call.metadata.entries() {
        headers.add(key, value);
    }
    let request = upstream::request(&headers, body).ok_or_else(|| End::new(code::INTERNAL, "bad request"))?;
    let response =
        client.request(request).await.map_err(|e| End::new(code::UNAVAILABLE, upstream::failure(&e)))?;
    let (parts, mut body) = response.into_parts();
    let headers = maps::of_response(&parts);
    if parts.status != http::StatusCode::OK {
        return Err(End::new(grpc::status_of_http(u32::from(parts.status.as_u16())), parts.status.as_str()));
    }
    let trailers_only = End::of(&headers);
    if !unary {
        enter(&mut |vm| vm.grpc_initial_metadata(root, token, headers.clone()));
    }
    let (mut deframer, mut message, mut trailers) = (Deframer::default(), None, HeaderMap::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| End::new(code::UNAVAILABLE, "stream reset"))?;
        match frame.into_data() {
            Ok(data) => {
                deframer.push(&data);
                while let Some(next) = deframer.next_message().map_err(|e| End::new(code::INTERNAL, e))? {
                    if unary {
                        message = Some(next);
                    } else {
                        let mut next = Some(next);
                        enter(&mut |vm| vm.grpc_message(root, token, next.take().unwrap_or_default()));
                    }
                }
            }
            Err(frame) => {
                if let Some(map) = frame.trailers_ref() {
                    trailers.extend_http(map);
                }
            }
        }
    }
    if !unary && !trailers.is_empty() {
        enter(&mut |vm| vm.grpc_trailing_metadata(root, token, trailers.clone()));
    }
    let end =
        End::of(&trailers).or(trailers_only).unwrap_or_else(|| End::new(code::UNKNOWN, "no grpc-status"));
    match message {
        Some(message) if unary && end.status == code::OK => Ok(message),
        None if unary && end.status == code::OK => Err(End::new(code::INTERNAL, "no message")),
        _ => Err(end),
    }
}
