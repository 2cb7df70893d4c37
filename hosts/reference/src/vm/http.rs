//! Moving HTTP streams: what the driver brings, what the guest says to it, what goes on.
//!
//! The stopping rules are those of Envoy's filter manager with one filter: a stop at the headers holds everything behind
//! them unseen; a stop in the body shows each piece and keeps, hides or drops it; what was held goes on in one piece.

use super::{AfterCall, LocalReply, Vm};
use crate::context::http::{Dir, Http, Iteration, Output};
use crate::grpc;
use crate::log::Level;
use crate::maps::HeaderMap;
use plugin_abi::CallbackId;

/// What a callback of a stream came to.
enum Verdict {
    /// Its result.
    Result(u32),
    /// It sent a local response: stop.
    Stopped,
    /// The guest is gone: stop, and answer for it.
    FailClosed,
}

/// Statuses of header callbacks other than "stop everything".
const HEADERS_GO: [u32; 2] = [0, 2];

/// `FilterDataStatus`
const DATA_GO: u32 = 0;
const DATA_KEEP: u32 = 1;
const DATA_HOLD: u32 = 2;

impl Vm {
    fn http_with<R>(&self, id: u32, f: impl FnOnce(&mut Http) -> R) -> Option<R> {
        self.with(|s| s.http(id).map(f))
    }

    /// Runs a callback of an HTTP stream. The caller runs `after_call` once it has acted on the verdict.
    fn http_call(&self, id: u32, callback: CallbackId, args: &[u32]) -> Verdict {
        if self.http_with(id, |h| h.failed).unwrap_or(true) {
            return Verdict::Result(0);
        }
        let result = if self.is_failed() { None } else { self.call(id, callback, args) };
        if self.is_failed() {
            return if self.fails_open(id) { Verdict::Result(0) } else { Verdict::FailClosed };
        }
        match result {
            _ if self.with(|s| s.stop_next) => Verdict::Stopped,
            Some(value) => Verdict::Result(value),
            None => Verdict::Result(0),
        }
    }

    fn fails_open(&self, id: u32) -> bool {
        self.with(|s| s.contexts.get(&id).is_none_or(|c| c.plugin.config.fail_open))
    }

    /// Ends a stream whose guest is gone, once: 503 and an empty body.
    fn http_fail(&self, id: u32) {
        if self.http_with(id, |h| std::mem::replace(&mut h.failed, true)) == Some(false) {
            let details = "wasm_fail_stream".to_owned();
            let reply = LocalReply {
                code: 503,
                grpc_status: grpc::code::UNAVAILABLE as i32,
                details,
                ..LocalReply::default()
            };
            self.http_local_reply(id, reply);
        }
    }

    /// The guest is gone. A stream that it stopped goes on or ends.
    pub(super) fn http_abandon(&self, id: u32) {
        let stopped = |h: &mut Http| {
            let waits = |dir| h.half_ref(dir).iteration != Iteration::Go && !h.half_ref(dir).end_sent;
            !h.failed && (waits(Dir::Response) || (waits(Dir::Request) && !h.local_reply))
        };
        if self.http_with(id, stopped) != Some(true) {
            return;
        }
        if self.fails_open(id) {
            self.http_continue(id, Dir::Request);
            self.http_continue(id, Dir::Response);
        } else {
            self.http_fail(id);
        }
    }

    fn ignores(&self, id: u32, dir: Dir) -> bool {
        self.http_with(id, |h| h.local_reply || h.half_ref(dir).ended).unwrap_or(true)
    }

    fn ignores_reply(&self, id: u32) -> bool {
        self.http_with(id, |h| h.response.ended).unwrap_or(true)
    }

    /// The headers of the request.
    pub fn http_request_headers(&self, id: u32, headers: HeaderMap, end: bool) {
        self.create(id);
        self.http_headers(id, Dir::Request, headers, end);
    }

    /// A piece of the request's body.
    pub fn http_request_data(&self, id: u32, data: Vec<u8>, end: bool) {
        if !self.ignores(id, Dir::Request) {
            self.http_data(id, Dir::Request, data, end);
        }
    }

    /// The request's trailers.
    pub fn http_request_trailers(&self, id: u32, trailers: HeaderMap) {
        if !self.ignores(id, Dir::Request) {
            self.http_trailers(id, Dir::Request, trailers);
        }
    }

    /// The headers of the upstream's response.
    pub fn http_response_headers(&self, id: u32, headers: HeaderMap, end: bool) {
        if !self.http_with(id, |h| h.local_reply || h.response.have_headers).unwrap_or(true) {
            self.http_headers(id, Dir::Response, headers, end);
        }
    }

    /// A piece of the upstream's response body.
    pub fn http_response_data(&self, id: u32, data: Vec<u8>, end: bool) {
        if !self.ignores(id, Dir::Response) {
            self.http_data(id, Dir::Response, data, end);
        }
    }

    /// The trailers of the upstream's response.
    pub fn http_response_trailers(&self, id: u32, trailers: HeaderMap) {
        if !self.ignores(id, Dir::Response) {
            self.http_trailers(id, Dir::Response, trailers);
        }
    }

    /// The host itself answers: no upstream, an upstream that does not answer, a body that is too large.
    pub fn http_host_reply(&self, id: u32, code: u32, body: &str, details: &str) {
        let reply = LocalReply {
            code,
            grpc_status: -1,
            details: details.to_owned(),
            body: body.as_bytes().to_vec(),
            headers: Vec::new(),
        };
        self.http_local_reply(id, reply);
        self.after_call();
    }

    fn http_headers(&self, id: u32, dir: Dir, headers: HeaderMap, end: bool) {
        let count = self.http_with(id, |h| {
            let half = h.half(dir);
            half.headers = headers;
            half.have_headers = true;
            half.headers_open = true;
            half.ended = end;
            half.headers.len() as u32
        });
        let Some(count) = count else { return };
        let callback = match dir {
            Dir::Request => CallbackId::OnRequestHeaders,
            Dir::Response => CallbackId::OnResponseHeaders,
        };
        match self.http_call(id, callback, &[id, count, u32::from(end)]) {
            Verdict::Result(status) if HEADERS_GO.contains(&status) => {
                self.http_with(id, |h| h.send_headers(dir, end));
            }
            Verdict::Result(_) | Verdict::Stopped => {
                self.http_with(id, |h| h.half(dir).iteration = Iteration::StoppedAll);
            }
            Verdict::FailClosed => {
                self.http_with(id, |h| h.half(dir).iteration = Iteration::StoppedAll);
                self.http_fail(id);
            }
        }
        self.after_call();
    }

    fn http_data(&self, id: u32, dir: Dir, data: Vec<u8>, end: bool) {
        let limit = self.with(|s| s.config.buffer_limit);
        let stopped_all = self.http_with(id, |h| {
            let half = h.half(dir);
            half.body_bytes += data.len() as u64;
            half.ended |= end;
            half.iteration == Iteration::StoppedAll
        });
        match stopped_all {
            None => {}
            Some(true) => {
                self.http_with(id, |h| h.half(dir).held.extend_from_slice(&data));
            }
            Some(false) => {
                let over = self
                    .http_with(id, |h| h.half(dir).keeping && h.half(dir).held.len() + data.len() > limit);
                if over == Some(true) {
                    return self.http_too_large(id, dir);
                }
                self.http_show(id, dir, data);
            }
        }
    }

    /// A body that the guest keeps grew beyond the limit.
    fn http_too_large(&self, id: u32, dir: Dir) {
        match dir {
            Dir::Request => self.http_host_reply(id, 413, "Payload Too Large", "request_payload_too_large"),
            Dir::Response => {
                self.http_host_reply(id, 500, "Internal Server Error", "response_payload_too_large")
            }
        }
    }

    /// Shows a piece of body to the guest and acts on what it says.
    fn http_show(&self, id: u32, dir: Dir, data: Vec<u8>) {
        let shown = self.http_with(id, |h| {
            let half = h.half(dir);
            half.visible = if half.keeping { std::mem::take(&mut half.held) } else { Vec::new() };
            if half.visible.is_empty() {
                half.visible = data;
            } else {
                half.visible.extend_from_slice(&data);
            }
            half.visible_open = true;
            (half.visible.len() as u32, half.ended && half.trailers.is_none())
        });
        let Some((size, end)) = shown else { return };
        let callback = match dir {
            Dir::Request => CallbackId::OnRequestBody,
            Dir::Response => CallbackId::OnResponseBody,
        };
        let verdict = self.http_call(id, callback, &[id, size, u32::from(end)]);
        let failed = matches!(verdict, Verdict::FailClosed);
        self.http_with(id, |h| {
            let half = h.half(dir);
            half.visible_open = false;
            half.keeping = false;
            let visible = std::mem::take(&mut half.visible);
            match verdict {
                Verdict::Result(DATA_GO) => {
                    let was_stopped = std::mem::take(&mut half.iteration) == Iteration::Stopped;
                    let data = if half.held.is_empty() {
                        visible
                    } else {
                        let mut held = std::mem::take(&mut half.held);
                        held.extend_from_slice(&visible);
                        held
                    };
                    // Trailers that the guest added while the body ended, or that wait behind a stopped body.
                    let trailers = half.trailers.is_some() && (was_stopped || half.trailers_shown);
                    h.send_data(dir, data, end && !trailers);
                    if trailers {
                        h.send_trailers(dir);
                    }
                }
                Verdict::Result(DATA_KEEP) => {
                    half.iteration = Iteration::Stopped;
                    half.keeping = true;
                    half.held.extend_from_slice(&visible);
                }
                Verdict::Result(DATA_HOLD) => {
                    half.iteration = Iteration::Stopped;
                    half.held.extend_from_slice(&visible);
                }
                // "Stop and do not buffer": the piece is gone.
                Verdict::Result(_) | Verdict::Stopped | Verdict::FailClosed => {
                    half.iteration = Iteration::Stopped
                }
            }
        });
        if failed {
            self.http_fail(id);
        }
        self.after_call();
    }

    fn http_trailers(&self, id: u32, dir: Dir, trailers: HeaderMap) {
        let wait = self.http_with(id, |h| {
            let half = h.half(dir);
            half.trailers = Some(trailers);
            half.ended = true;
            half.iteration == Iteration::StoppedAll
        });
        if wait == Some(false) {
            self.http_show_trailers(id, dir);
        }
    }

    fn http_show_trailers(&self, id: u32, dir: Dir) {
        let count = self.http_with(id, |h| {
            let half = h.half(dir);
            half.trailers_open = true;
            half.trailers_shown = true;
            half.trailers.as_ref().map_or(0, |t| t.len() as u32)
        });
        let Some(count) = count else { return };
        let callback = match dir {
            Dir::Request => CallbackId::OnRequestTrailers,
            Dir::Response => CallbackId::OnResponseTrailers,
        };
        match self.http_call(id, callback, &[id, count]) {
            Verdict::Result(0) => {
                self.http_with(id, |h| Self::release(h, dir));
            }
            Verdict::Result(_) | Verdict::Stopped => {
                self.http_with(id, |h| h.half(dir).iteration = Iteration::Stopped);
            }
            Verdict::FailClosed => {
                self.http_with(id, |h| h.half(dir).iteration = Iteration::Stopped);
                self.http_fail(id);
            }
        }
        self.after_call();
    }

    /// Sends on what is held of a direction, and its trailers if they were shown.
    fn release(h: &mut Http, dir: Dir) {
        let half = h.half(dir);
        half.iteration = Iteration::Go;
        half.keeping = false;
        let held = std::mem::take(&mut half.held);
        let trailers = half.trailers.is_some();
        let end = half.ended && !trailers;
        if !held.is_empty() || end {
            h.send_data(dir, held, end);
        }
        if trailers && h.half_ref(dir).trailers_shown {
            h.send_trailers(dir);
        }
    }

    /// `proxy_continue_stream`, after the call that asked for it.
    pub(super) fn http_continue(&self, id: u32, dir: Dir) {
        let step = self.http_with(id, |h| {
            if h.half_ref(dir).end_sent || (dir == Dir::Request && h.local_reply) {
                return None;
            }
            match h.half_ref(dir).iteration {
                Iteration::Go => None,
                Iteration::Stopped => {
                    Self::release(h, dir);
                    None
                }
                Iteration::StoppedAll => {
                    let half = h.half(dir);
                    half.iteration = Iteration::Go;
                    let held = std::mem::take(&mut half.held);
                    let trailers = half.trailers.is_some();
                    let end = half.ended && held.is_empty() && !trailers;
                    h.send_headers(dir, end);
                    Some((held, trailers))
                }
            }
        });
        if let Some(Some((held, trailers))) = step {
            if !held.is_empty() {
                self.http_show(id, dir, held);
            }
            if trailers && !self.http_with(id, |h| h.half_ref(dir).trailers_shown).unwrap_or(true) {
                self.http_show_trailers(id, dir);
            }
        }
    }

    /// Answers a stream: through the response callbacks if no response has come, past them if one is being worked on,
    /// and by breaking the stream off if its headers were sent.
    pub(super) fn http_local_reply(&self, id: u32, reply: LocalReply) {
        let way = self.http_with(id, |h| {
            if h.response.end_sent {
                return None;
            }
            h.local_reply = true;
            h.details.clone_from(&reply.details);
            h.request.headers_open = false;
            h.request.held.clear();
            if h.response.headers_sent {
                h.response.end_sent = true;
                h.push(Output::Reset);
                return None;
            }
            let through = !h.response.have_headers;
            h.push(Output::LocalReply);
            Some((
                through,
                reply_headers(h, &reply),
                if h.is_grpc() || h.is_head() { Vec::new() } else { reply.body },
            ))
        });
        let Some(Some((through, headers, body))) = way else { return };
        let end = body.is_empty();
        if through {
            self.http_headers(id, Dir::Response, headers, end);
            // Unless the guest answered in place of this answer.
            if !end && !self.ignores_reply(id) {
                self.http_data(id, Dir::Response, body, true);
            }
            return;
        }
        self.http_with(id, |h| {
            let half = &mut h.response;
            half.headers = headers;
            half.held.clear();
            half.visible.clear();
            half.trailers = None;
            half.ended = true;
            half.iteration = Iteration::Go;
            h.send_headers(Dir::Response, end);
            h.send_data(Dir::Response, body, true);
        });
    }

    /// The stream is over: `proxy_on_log`, `proxy_on_done`, `proxy_on_delete`, and the context goes.
    pub fn http_finish(&self, id: u32) {
        let created = self.with(|s| {
            let created = s.contexts.get(&id).is_some_and(|c| c.created);
            if let Some(h) = s.http(id) {
                h.info.duration = Some(h.info.start_monotonic.elapsed().as_nanos() as u64);
                h.request.headers_open = false;
                h.response.headers_open = false;
                h.logging = true;
            }
            created
        });
        if created {
            self.call(id, CallbackId::OnLog, &[id]);
            self.after_call();
            self.http_with(id, |h| h.logging = false);
            for callback in [CallbackId::OnDone, CallbackId::OnDelete] {
                self.call(id, callback, &[id]);
                self.after_call();
            }
        }
        self.with(|s| {
            s.contexts.remove(&id);
            s.after_call.retain(|a| {
                !matches!(a, AfterCall::Continue(i, _) | AfterCall::LocalReply(i, _) | AfterCall::Close(i) if *i == id)
            });
        });
    }

    /// A line of the host's own about a stream.
    pub fn log(&self, level: Level, text: &str) {
        self.with(|s| s.config.logger.clone()).log(level, text);
    }
}

/// The headers of a local response, as Envoy makes them.
fn reply_headers(h: &Http, reply: &LocalReply) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.add(b":status", reply.code.to_string().as_bytes());
    for (key, value) in &reply.headers {
        map.add(key, value);
    }
    if h.is_grpc() {
        map.set(b":status", b"200");
        map.set(b"content-type", b"application/grpc");
        if map.get(b"grpc-status").is_none() {
            let status =
                u32::try_from(reply.grpc_status).unwrap_or_else(|_| grpc::status_of_http(reply.code));
            map.add(b"grpc-status", status.to_string().as_bytes());
        }
        if !reply.body.is_empty() && !h.is_head() {
            map.add(b"grpc-message", &grpc::encode_message(&reply.body));
        }
        map.remove(b"content-length");
    } else if reply.body.is_empty() {
        map.remove(b"content-length");
        map.remove(b"content-type");
    } else {
        map.set(b"content-length", reply.body.len().to_string().as_bytes());
        if map.get(b"content-type").is_none() {
            map.add(b"content-type", b"text/plain");
        }
    }
    map
}
