//! HTTP streams on sockets: a task per stream moves bodies between client, plugin and upstream.

use super::body::{ChannelBody, Piece, Reset};
use super::upstream;
use super::worker::{LiveVm, Worker};
use crate::context::http::{Dir, Output};
use crate::context::{StreamInfo, Waker};
use crate::maps::{self, HeaderMap};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// How long the rest of a request is read after its response.
const LINGER: Duration = Duration::from_secs(1);

/// Who is connected.
#[derive(Clone, Copy)]
pub(super) struct Peers {
    pub(super) connection_id: u64,
    pub(super) source: Option<SocketAddr>,
    pub(super) destination: Option<SocketAddr>,
}

/// What comes from the upstream.
enum Event {
    Head(HeaderMap, bool, Option<(SocketAddr, SocketAddr)>),
    Data(Bytes, bool),
    Trailers(HeaderMap),
    /// No answer: status, text, details.
    Failed(u32, &'static str, &'static str),
    /// The answer broke off.
    Broken,
}

/// Answers one request.
pub(super) async fn serve(
    worker: Rc<Worker>,
    peers: Peers,
    request: Request<Incoming>,
) -> Result<Response<ChannelBody>, Reset> {
    let (parts, body) = request.into_parts();
    let protocol = match parts.version {
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    };
    let info = StreamInfo {
        connection_id: peers.connection_id,
        source: peers.source,
        destination: peers.destination,
        protocol,
        cluster: worker.config.upstream.as_ref().map(|_| worker.config.host.node.cluster_name.clone()),
        ..StreamInfo::default()
    };
    let (respond, response) = oneshot::channel();
    let live = worker.live();
    let notify = Rc::new(Notify::new());
    let waker = notify.clone();
    let id = live.vm.new_http(live.root, info, Waker::new(move || waker.notify_one()));
    let stream = Stream {
        worker,
        live,
        id,
        notify,
        respond: Some(respond),
        to_client: None,
        client_queue: VecDeque::new(),
        to_upstream: None,
        upstream_queue: VecDeque::new(),
        upstream_ended: false,
        events: None,
        upstream_task: None,
        request_open: true,
        reset: false,
    };
    tokio::task::spawn_local(stream.run(parts, body));
    response.await.unwrap_or(Err(Reset))
}

/// What a stream waited for.
enum Turn {
    Request(Option<Result<Frame<Bytes>, hyper::Error>>),
    Event(Option<Event>),
    UpstreamRoom(Option<mpsc::OwnedPermit<Piece>>),
    ClientRoom(Option<mpsc::OwnedPermit<Piece>>),
    Gone,
    Woken,
}

struct Stream {
    worker: Rc<Worker>,
    live: Rc<LiveVm>,
    id: u32,
    notify: Rc<Notify>,
    /// Until the response's headers went out.
    respond: Option<oneshot::Sender<Result<Response<ChannelBody>, Reset>>>,
    /// From then on until the response ends.
    to_client: Option<mpsc::Sender<Piece>>,
    client_queue: VecDeque<Piece>,
    to_upstream: Option<mpsc::Sender<Piece>>,
    upstream_queue: VecDeque<Piece>,
    /// Whether nothing is added to the queue any more.
    upstream_ended: bool,
    events: Option<mpsc::Receiver<Event>>,
    upstream_task: Option<tokio::task::JoinHandle<()>>,
    /// Whether the request's body is still read.
    request_open: bool,
    reset: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(task) = self.upstream_task.take() {
            task.abort();
        }
    }
}

impl Stream {
    async fn run(mut self, parts: http::request::Parts, mut body: Incoming) {
        let headers = maps::of_request(&parts);
        let end = body.is_end_stream();
        self.request_open = !end;
        let id = self.id;
        self.live.enter(|vm| vm.http_request_headers(id, headers, end));
        loop {
            self.act();
            if self.finished() {
                break;
            }
            let limit = self.worker.config.host.buffer_limit;
            let (request_full, response_full) = self.live.vm.with(|s| {
                s.http(id)
                    .map_or((true, true), |h| (h.full(Dir::Request, limit), h.full(Dir::Response, limit)))
            });
            let read_request = self.request_open && !request_full && self.upstream_queue.is_empty();
            let read_events = !response_full && self.client_queue.is_empty();
            let turn = tokio::select! {
                frame = body.frame(), if read_request => Turn::Request(frame),
                event = receive(&mut self.events), if read_events && self.events.is_some() => Turn::Event(event),
                room = room(&self.to_upstream), if !self.upstream_queue.is_empty() => Turn::UpstreamRoom(room),
                room = room(&self.to_client), if !self.client_queue.is_empty() => Turn::ClientRoom(room),
                () = gone(&mut self.respond, &self.to_client) => Turn::Gone,
                () = self.notify.notified() => Turn::Woken,
            };
            match turn {
                Turn::Request(frame) => self.request_frame(frame, body.is_end_stream()),
                Turn::Event(event) => self.event(event),
                Turn::UpstreamRoom(room) => {
                    match (room, self.upstream_queue.pop_front()) {
                        (Some(room), Some(piece)) => drop(room.send(piece)),
                        // The upstream does not want the rest.
                        _ => self.upstream_queue.clear(),
                    }
                    self.close_when_drained();
                }
                Turn::ClientRoom(room) => match (room, self.client_queue.pop_front()) {
                    (Some(room), Some(piece)) => drop(room.send(piece)),
                    _ => break,
                },
                Turn::Gone => break,
                Turn::Woken => {}
            }
        }
        self.live.enter(|vm| vm.http_finish(id));
        let reset = self.reset;
        // The response ends here.
        drop(self);
        if !reset {
            // A client that still sends would see a broken connection instead of an early answer.
            let rest = async { while let Some(Ok(_)) = body.frame().await {} };
            let _ = tokio::time::timeout(LINGER, rest).await;
        }
    }

    /// Whether everything that will ever be sent was sent.
    fn finished(&mut self) -> bool {
        let id = self.id;
        let done = self.reset
            || self.live.vm.with(|s| s.http(id).is_none_or(|h| h.response.end_sent && h.out.is_empty()));
        done && self.client_queue.is_empty() && self.respond.is_none()
    }

    /// Does what the plugin's side of the stream asks for.
    fn act(&mut self) {
        let id = self.id;
        while let Some(output) = self.live.vm.with(|s| s.http(id).and_then(|h| h.out.pop_front())) {
            match output {
                Output::Headers(Dir::Request, end) => self.open_upstream(end),
                Output::Data(Dir::Request, data, end) => {
                    if !data.is_empty() {
                        self.upstream_queue.push_back(Ok(Frame::data(data.into())));
                    }
                    if end {
                        self.request_ended();
                    }
                }
                Output::Trailers(Dir::Request) => {
                    if let Some(trailers) = self.trailers(Dir::Request) {
                        self.upstream_queue.push_back(Ok(Frame::trailers(trailers)));
                    }
                    self.request_ended();
                }
                Output::Headers(Dir::Response, end) => self.open_response(end),
                Output::Data(Dir::Response, data, _) => {
                    if !data.is_empty() {
                        self.client_queue.push_back(Ok(Frame::data(data.into())));
                    }
                }
                Output::Trailers(Dir::Response) => {
                    if let Some(trailers) = self.trailers(Dir::Response) {
                        self.client_queue.push_back(Ok(Frame::trailers(trailers)));
                    }
                }
                Output::LocalReply => self.forget_upstream(),
                Output::Reset => {
                    self.forget_upstream();
                    self.reset = true;
                    self.client_queue.clear();
                    match self.respond.take() {
                        // The client is gone if nobody listens.
                        Some(respond) => drop(respond.send(Err(Reset))),
                        None => self.client_queue.push_back(Err(Reset)),
                    }
                }
            }
        }
    }

    fn trailers(&self, dir: Dir) -> Option<http::HeaderMap> {
        self.live.vm.with(|s| Some(s.http(self.id)?.half_ref(dir).trailers.as_ref()?.to_http()))
    }

    fn forget_upstream(&mut self) {
        self.request_open = false;
        self.upstream_queue.clear();
        self.to_upstream = None;
        self.events = None;
        if let Some(task) = self.upstream_task.take() {
            task.abort();
        }
    }

    /// A piece of the request came; `last` says that nothing follows, where that is known already.
    fn request_frame(&mut self, frame: Option<Result<Frame<Bytes>, hyper::Error>>, last: bool) {
        let id = self.id;
        match frame {
            None => {
                self.request_open = false;
                self.live.enter(|vm| vm.http_request_data(id, Vec::new(), true));
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    self.request_open = !last;
                    self.live.enter(|vm| vm.http_request_data(id, data.into(), last));
                }
                Err(frame) => {
                    self.request_open = false;
                    let mut trailers = HeaderMap::new();
                    if let Some(map) = frame.trailers_ref() {
                        trailers.extend_http(map);
                    }
                    self.live.enter(|vm| vm.http_request_trailers(id, trailers));
                }
            },
            Some(Err(_)) => {
                // The client broke off.
                self.forget_upstream();
                self.reset = true;
                self.respond = None;
                self.client_queue.clear();
            }
        }
    }

    /// The request's headers go on: to the upstream, or to nobody when there is a fixed answer.
    fn open_upstream(&mut self, end: bool) {
        let Some(cluster) = &self.worker.config.upstream else {
            if end {
                self.request_ended();
            }
            return;
        };
        let client = self.worker.clients.get(cluster, false);
        let body = if end {
            ChannelBody::empty()
        } else {
            let (sender, body) = ChannelBody::channel();
            self.to_upstream = Some(sender);
            body
        };
        let request = self.live.vm.with(|s| upstream::request(&s.http(self.id)?.request.headers, body));
        let (sender, receiver) = mpsc::channel(16);
        self.events = Some(receiver);
        let Some(request) = request else {
            let _ = sender.try_send(Event::Failed(400, "Bad Request", "invalid_request_headers"));
            return;
        };
        let timeout = Duration::from_millis(self.worker.config.upstream_timeout_ms);
        self.upstream_task = Some(tokio::task::spawn_local(ask(client, request, timeout, sender)));
    }

    /// The request is complete: the upstream's body ends, or the fixed answer is due.
    fn request_ended(&mut self) {
        if self.worker.config.upstream.is_some() {
            self.upstream_ended = true;
            self.close_when_drained();
            return;
        }
        let (status, text) = self.worker.config.respond.clone().unwrap_or((200, String::new()));
        let (status, length) = (status.to_string(), text.len().to_string());
        let mut headers = HeaderMap::new();
        headers.add(b":status", status.as_bytes());
        if !text.is_empty() {
            headers.add(b"content-length", length.as_bytes());
            headers.add(b"content-type", b"text/plain");
        }
        let id = self.id;
        let head = self.live.vm.with(|s| s.http(id).is_some_and(|h| h.is_head()));
        let end = text.is_empty() || head;
        self.live.enter(|vm| vm.http_response_headers(id, headers, end));
        if !end {
            self.live.enter(|vm| vm.http_response_data(id, text.into_bytes(), true));
        }
    }

    fn close_when_drained(&mut self) {
        if self.upstream_ended && self.upstream_queue.is_empty() {
            self.to_upstream = None;
        }
    }

    fn event(&mut self, event: Option<Event>) {
        let id = self.id;
        match event {
            Some(Event::Head(headers, end, addresses)) => {
                if let Some((remote, local)) = addresses {
                    self.live.vm.with(|s| {
                        if let Some(h) = s.http(id) {
                            (h.info.upstream, h.info.upstream_local) = (Some(remote), Some(local));
                        }
                    });
                }
                self.live.enter(|vm| vm.http_response_headers(id, headers, end));
            }
            Some(Event::Data(data, end)) => self.live.enter(|vm| vm.http_response_data(id, data.into(), end)),
            Some(Event::Trailers(trailers)) => self.live.enter(|vm| vm.http_response_trailers(id, trailers)),
            Some(Event::Failed(status, text, details)) => {
                self.live.enter(|vm| vm.http_host_reply(id, status, text, details));
            }
            Some(Event::Broken) => {
                self.live.vm.with(|s| {
                    if let Some(h) = s.http(id) {
                        h.response.end_sent = true;
                        h.push(Output::Reset);
                    }
                });
            }
            None => self.events = None,
        }
    }

    /// The response's headers go out.
    fn open_response(&mut self, end: bool) {
        let (status, headers) = self.live.vm.with(|s| {
            let Some(h) = s.http(self.id) else { return (None, http::HeaderMap::new()) };
            let status = h.response.headers.get(b":status").and_then(|s| StatusCode::from_bytes(s).ok());
            (status, h.response.headers.to_http())
        });
        let body = if end {
            ChannelBody::empty()
        } else {
            let (sender, body) = ChannelBody::channel();
            self.to_client = Some(sender);
            body
        };
        let mut response = Response::new(body);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = headers;
        if let Some(respond) = self.respond.take() {
            // The client is gone if nobody listens; the loop sees that by itself.
            let _ = respond.send(Ok(response));
        }
    }
}

async fn receive(events: &mut Option<mpsc::Receiver<Event>>) -> Option<Event> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits until a piece can be sent; `None`: nobody takes it any more.
async fn room(sender: &Option<mpsc::Sender<Piece>>) -> Option<mpsc::OwnedPermit<Piece>> {
    match sender {
        Some(sender) => sender.clone().reserve_owned().await.ok(),
        None => None,
    }
}

/// Waits until the client is gone.
async fn gone(
    respond: &mut Option<oneshot::Sender<Result<Response<ChannelBody>, Reset>>>,
    to_client: &Option<mpsc::Sender<Piece>>,
) {
    match (respond, to_client) {
        (Some(respond), _) => respond.closed().await,
        (None, Some(sender)) => sender.closed().await,
        (None, None) => std::future::pending().await,
    }
}

/// Sends a request to the upstream and passes on what comes back.
async fn ask(
    client: upstream::ClusterClient,
    request: Request<ChannelBody>,
    timeout: Duration,
    events: mpsc::Sender<Event>,
) {
    let response = match tokio::time::timeout(timeout, client.request(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            let text = upstream::failure(&error);
            let _ = events.send(Event::Failed(503, text, "upstream_reset_before_response_started")).await;
            return;
        }
        Err(_) => {
            let _ = events.send(Event::Failed(504, "upstream request timeout", "response_timeout")).await;
            return;
        }
    };
    let addresses = upstream::addresses(&response);
    let (parts, mut body) = response.into_parts();
    let end = body.is_end_stream();
    // A stream that ended has no use for the rest: every failed send ends the task.
    if events.send(Event::Head(maps::of_response(&parts), end, addresses)).await.is_err() || end {
        return;
    }
    while let Some(frame) = body.frame().await {
        let event = match frame.map(Frame::into_data) {
            Ok(Ok(data)) => {
                let end = body.is_end_stream();
                if events.send(Event::Data(data, end)).await.is_err() || end {
                    return;
                }
                continue;
            }
            Ok(Err(frame)) => {
                let mut trailers = HeaderMap::new();
                if let Some(map) = frame.trailers_ref() {
                    trailers.extend_http(map);
                }
                Event::Trailers(trailers)
            }
            Err(_) => Event::Broken,
        };
        let _ = events.send(event).await;
        return;
    }
    let _ = events.send(Event::Data(Bytes::new(), true)).await;
}
