//! HTTP streams: what a hook of Envoy's means to the guest, and what the guest's answer means to Envoy.

use super::state::AfterCall;
use super::steps::{Response, Step};
use super::tcp::CLOSED_BY_GUEST;
use super::{Vm, Waker};
use crate::abi::{body_status, envoy, headers_status};
use crate::calls::Place;
use crate::context::http::{Body, Dir, Http, LocalReply, Synthetic};
use crate::context::root::Headers;
use crate::context::{Kind, PluginInfo};
use crate::hooks::http::Stream;
use nullvm_host_common::framing::status_of_http;
use plugin_abi::CallbackId;
use std::sync::Arc;

/// What a callback of a stream came to.
enum Verdict {
    /// Its result.
    Result(u32),
    /// It sent a local response: stop.
    Stopped,
    /// The guest is gone: stop, and answer for it.
    FailClosed,
}

impl Vm {
    #[inline]
    fn http_with<R>(&self, id: u32, f: impl FnOnce(&mut Http) -> R) -> Option<R> {
        self.with(|s| s.http(id).map(f))
    }

    /// A context for a stream, known to the guest. `root` is that of the plugin.
    pub fn http_create(&self, root: u32, plugin: &Arc<PluginInfo>, stream: &Stream) -> u32 {
        let id = self.with(|s| s.add_context(root, plugin, Kind::Http(Http::new(stream.filter(), stream))));
        self.call(id, CallbackId::OnContextCreate, [id, root]);
        id
    }

    /// Runs a callback of an HTTP stream. A stream whose VM fails under it does not pass, whatever the policy: the guest may have done
    /// half of its work. Later ones do, where the plugin fails open.
    fn http_call<const N: usize>(&self, id: u32, callback: CallbackId, args: [u32; N]) -> Verdict {
        self.verdict(id, self.call_and_stop(id, callback, args))
    }

    fn verdict(&self, id: u32, result: Option<(u32, bool)>) -> Verdict {
        match result {
            Some((_, true)) => Verdict::Stopped,
            Some((value, false)) => Verdict::Result(value),
            None if self.is_failed() => self.http_gone(id),
            None => Verdict::Result(0),
        }
    }

    /// The guest of a stream is gone: the stream ends, unless the older switch `fail_open` says otherwise.
    #[cold]
    fn http_gone(&self, id: u32) -> Verdict {
        let passes = self.with(|s| s.find(id).is_none_or(|c| c.plugin.config.fail_open));
        if passes { Verdict::Result(0) } else { Verdict::FailClosed }
    }

    /// Ends a stream whose guest is gone, once.
    fn http_fail(&self, id: u32) {
        self.with(|s| {
            let Some(http) = s.http(id) else { return };
            if http.filter.is_null() || std::mem::replace(&mut http.failed, true) {
                return;
            }
            let response =
                Response { code: 503, details: b"wasm_fail_stream".to_vec(), ..Response::default() };
            let step = Step::Respond(http.filter, http.stream, Box::new(response));
            s.steps.push(step);
        });
    }

    /// The header maps of a direction. A response to a stream that the guest does not know (another filter answered before the
    /// guest saw it) is none of its business.
    pub fn http_headers(&self, id: u32, dir: Dir, end: bool) -> u32 {
        let Some(filter) = self.http_with(id, |h| {
            h.response_seen |= dir == Dir::Response;
            let half = h.half(dir);
            half.headers_open = true;
            half.ended = end;
            half.in_hook = true;
            h.filter
        }) else {
            return headers_status::CONTINUE;
        };
        // SAFETY: in a hook of this filter.
        let count = unsafe { (envoy().http_get_headers_size)(filter, dir.headers()) } as u32;
        let callback = match dir {
            Dir::Request => CallbackId::OnRequestHeaders,
            Dir::Response => CallbackId::OnResponseHeaders,
        };
        let status = match self.call_and_stop(id, callback, [id, count, u32::from(end)]) {
            Some((0, false)) => headers_status::CONTINUE,
            result => self.headers_verdict(id, self.verdict(id, result)),
        };
        self.http_leave(id, |h| {
            let half = h.half(dir);
            half.in_hook = false;
            half.headers_open = status != headers_status::CONTINUE;
            half.paused = !matches!(status, 0 | 2);
        });
        status
    }

    #[inline(never)]
    fn headers_verdict(&self, id: u32, verdict: Verdict) -> u32 {
        match verdict {
            Verdict::Result(1) => {
                let allowed = |s: &mut super::State| {
                    s.contexts.get(id).is_some_and(|c| c.plugin.config.allow_on_headers_stop_iteration)
                };
                if self.with(allowed) {
                    headers_status::STOP_ITERATION
                } else {
                    headers_status::STOP_ALL_AND_WATERMARK
                }
            }
            Verdict::Result(n) => n.min(headers_status::STOP_ALL_AND_WATERMARK),
            Verdict::Stopped => headers_status::STOP_ALL_AND_WATERMARK,
            Verdict::FailClosed => {
                self.http_fail(id);
                headers_status::STOP_ALL_AND_WATERMARK
            }
        }
    }

    #[inline(never)]
    fn body_verdict(&self, id: u32, verdict: Verdict) -> u32 {
        match verdict {
            Verdict::Result(n) => n.min(body_status::STOP_NO_BUFFER),
            Verdict::Stopped => body_status::STOP_NO_BUFFER,
            Verdict::FailClosed => {
                self.http_fail(id);
                body_status::STOP_NO_BUFFER
            }
        }
    }

    /// A piece of a body.
    pub fn http_body(&self, id: u32, dir: Dir, end: bool) -> u32 {
        let Some((filter, all)) = self.http_with(id, |h| {
            let half = h.half(dir);
            half.ended |= end;
            half.in_hook = true;
            half.body = if half.keeping { Body::All } else { Body::Received };
            (h.filter, h.half(dir).keeping)
        }) else {
            return body_status::CONTINUE;
        };
        let size = |body| {
            // SAFETY: in a hook of this filter.
            unsafe { (envoy().http_get_body_size)(filter, body as u32) }
        };
        let size = size(dir.received()) + if all { size(dir.kept()) } else { 0 };
        let callback = match dir {
            Dir::Request => CallbackId::OnRequestBody,
            Dir::Response => CallbackId::OnResponseBody,
        };
        let status = match self.call_and_stop(id, callback, [id, size as u32, u32::from(end)]) {
            Some((0, false)) => body_status::CONTINUE,
            result => self.body_verdict(id, self.verdict(id, result)),
        };
        self.http_leave(id, |h| {
            let half = h.half(dir);
            half.in_hook = false;
            half.body = Body::Closed;
            half.keeping = status == body_status::STOP_AND_BUFFER;
            half.paused = status != body_status::CONTINUE;
        });
        status
    }

    /// The trailers of a direction.
    pub fn http_trailers(&self, id: u32, dir: Dir) -> u32 {
        let Some(filter) = self.http_with(id, |h| {
            let half = h.half(dir);
            half.trailers_open = true;
            half.ended = true;
            half.in_hook = true;
            h.filter
        }) else {
            return 0;
        };
        // SAFETY: in a hook of this filter.
        let count = unsafe { (envoy().http_get_headers_size)(filter, dir.trailers()) } as u32;
        let callback = match dir {
            Dir::Request => CallbackId::OnRequestTrailers,
            Dir::Response => CallbackId::OnResponseTrailers,
        };
        let verdict = self.http_call(id, callback, [id, count]);
        let status = match verdict {
            Verdict::Result(n) => n.min(1),
            Verdict::Stopped => 1,
            Verdict::FailClosed => {
                self.http_fail(id);
                1
            }
        };
        self.http_leave(id, |h| {
            let half = h.half(dir);
            half.in_hook = false;
            half.trailers_open = status != 0;
            half.paused = status != 0;
        });
        status
    }

    /// The end of each hook: the route may have to be chosen again, and others may have to reach a stream that waits.
    #[inline]
    fn http_leave(&self, id: u32, leave: impl FnOnce(&mut Http)) {
        let waits = self.http_with(id, |h| {
            leave(h);
            if std::mem::take(&mut h.route_changed) && !h.filter.is_null() {
                // SAFETY: in a hook of this filter.
                unsafe { (envoy().http_clear_route_cache)(h.filter) };
            }
            h.is_paused()
        });
        if waits == Some(true) {
            self.http_waits(id);
        }
    }

    /// A stream has stopped, for the first time or once more.
    #[cold]
    fn http_waits(&self, id: u32) {
        let scheduler = self.http_with(id, |h| {
            let filter = h.filter;
            if filter.is_null() || !h.rare().scheduler.is_null() {
                return None;
            }
            // SAFETY: in a hook of this filter.
            h.rare().scheduler = unsafe { (envoy().http_filter_scheduler_new)(filter) };
            Some(h.rare().scheduler)
        });
        if let Some(Some(scheduler)) = scheduler {
            self.add_waker(id, Waker::Http(scheduler));
        }
    }

    /// Everything of the stream has been seen: `proxy_on_log`, then the end.
    pub fn http_complete(&self, id: u32) {
        if self.http_with(id, |h| h.logging = true).is_some() {
            self.call(id, CallbackId::OnLog, [id]);
            self.http_end(id);
        }
    }

    /// The end of the stream, and of the calls that lived in it.
    pub fn http_end(&self, id: u32) {
        let Some(rare) = self.http_with(id, |h| {
            h.logging = false;
            h.filter = core::ptr::null_mut();
            h.stream = core::ptr::null();
            h.rare.as_mut().map(|rare| (!rare.scheduler.is_null(), std::mem::take(&mut rare.calls)))
        }) else {
            return;
        };
        if let Some((true, _)) = rare {
            self.remove_waker(id);
        }
        self.call(id, CallbackId::OnDone, [id]);
        self.call(id, CallbackId::OnDelete, [id]);
        self.with(|s| drop(s.remove_context(id)));
        self.break_calls(rare.map(|(_, calls)| calls).unwrap_or_default());
    }

    /// What had to wait for the stream's worker.
    pub fn http_deferred(&self, id: u32) {
        self.with(|s| {
            let Some(rare) = s.http(id).and_then(|h| h.rare.as_mut()) else { return };
            let deferred = std::mem::take(&mut rare.deferred);
            s.after_call.extend(deferred);
        });
    }

    /// Acts on what the guest asked for during its calls.
    pub(super) fn settle(&self) {
        loop {
            let action = self.with(super::State::next_action);
            let Some(action) = action else { return };
            if let Some(id) = self.stream_of(&action)
                && self.defer(id, &action)
            {
                continue;
            }
            match action {
                AfterCall::Continue(id, dir) => self.http_continue(id, dir),
                AfterCall::LocalReply(id, reply) => self.http_local_reply(id, *reply),
                AfterCall::Close(id) => self.close_stream(id),
                AfterCall::ContinueTcp(id) => self.tcp_continue(id),
                AfterCall::StartCall(token) => self.start_call(token),
                AfterCall::GrpcSend(token, message, end) => self.grpc_send(token, message, end),
                AfterCall::CancelCall(token) => self.cancel_call(token),
                AfterCall::FinishShutdown(root) => self.finish_shutdown(root),
            }
        }
    }

    /// The stream that an action needs.
    fn stream_of(&self, action: &AfterCall) -> Option<u32> {
        match action {
            AfterCall::Continue(id, _)
            | AfterCall::ContinueTcp(id)
            | AfterCall::LocalReply(id, _)
            | AfterCall::Close(id) => Some(*id),
            AfterCall::GrpcSend(token, ..) | AfterCall::CancelCall(token) => self.with(|s| {
                let call = s.calls.get(token)?;
                matches!(call.place, Place::Stream(..)).then_some(call.origin)
            }),
            _ => None,
        }
    }

    /// Puts an action on a stream off until its worker comes by, when this is not its worker. Whether it did.
    fn defer(&self, id: u32, action: &AfterCall) -> bool {
        let deferred = self.with(|s| {
            if s.on_worker() {
                return false;
            }
            // What does not wait now is not to be continued when it waits for something else.
            let deferred = match s.find(id).map(|c| &mut c.kind) {
                Some(Kind::Http(http)) => {
                    if let AfterCall::Continue(_, dir) = action
                        && !http.half(*dir).paused
                    {
                        return true;
                    }
                    &mut http.rare().deferred
                }
                Some(Kind::Tcp(tcp)) => {
                    if matches!(action, AfterCall::ContinueTcp(_)) && !tcp.is_paused() {
                        return true;
                    }
                    &mut tcp.deferred
                }
                _ => return false,
            };
            if deferred.len() < super::state::MAX_WAITING {
                deferred.push(action.clone());
            }
            true
        });
        if deferred {
            self.wake_stream(id);
        }
        deferred
    }

    fn close_stream(&self, id: u32) {
        self.with(|s| {
            let step = match s.contexts.get(id).map(|c| &c.kind) {
                Some(Kind::Http(http)) if !http.filter.is_null() => Step::Reset(http.filter, http.stream),
                Some(Kind::Tcp(tcp)) if !tcp.filter.is_null() => Step::CloseTcp(tcp.stream, CLOSED_BY_GUEST),
                _ => return,
            };
            s.steps.push(step);
        });
    }

    fn http_continue(&self, id: u32, dir: Dir) {
        self.with(|s| {
            let Some(http) = s.http(id) else { return };
            let (filter, stream, over) = (http.filter, http.stream, http.replied || http.failed);
            let half = http.half(dir);
            if !half.paused || half.in_hook || filter.is_null() || over {
                return;
            }
            (half.paused, half.keeping, half.headers_open, half.trailers_open) = (false, false, false, false);
            let clear = dir == Dir::Request && std::mem::take(&mut http.route_changed);
            s.steps.push(Step::Continue(filter, stream, dir, clear));
        });
    }

    /// A local response. Envoy leaves the responding filter's own response callbacks out, where its Wasm filter runs
    /// them: they see the response that is going to be sent, and what they make of it is sent.
    fn http_local_reply(&self, id: u32, reply: LocalReply) {
        let through = self.with(|s| {
            let http = s.http(id)?;
            if http.filter.is_null() || std::mem::replace(&mut http.replied, true) {
                return None;
            }
            let filter = http.filter;
            let grpc = is_grpc(filter);
            let seen = http.response_seen;
            http.rare().synthetic = Some(Box::new(synthetic(&reply, grpc)));
            Some((filter, grpc, seen))
        });
        let Some((filter, grpc, seen)) = through else { return };
        if !seen {
            let end = reply.body.is_empty() || grpc;
            let open = |open: bool| {
                move |h: &mut Http| {
                    h.response.headers_open = open;
                    h.response.in_hook = open;
                }
            };
            let count = self.http_with(id, |h| h.synthetic().map_or(0, |s| s.headers.0.len()) as u32);
            self.http_with(id, open(true));
            let args = [id, count.unwrap_or(0), u32::from(end)];
            let verdict = self.http_call(id, CallbackId::OnResponseHeaders, args);
            self.http_with(id, open(false));
            if !end && matches!(verdict, Verdict::Result(_)) {
                self.http_with(id, |h| h.response.body = Body::Received);
                let args = [id, reply.body.len() as u32, 1];
                self.http_call(id, CallbackId::OnResponseBody, args);
                self.http_with(id, |h| h.response.body = Body::Closed);
            }
        }
        if self.is_failed() {
            self.http_with(id, |h| h.rare().synthetic = None);
            return self.http_fail(id);
        }
        self.with(|s| {
            let Some(http) = s.http(id) else { return };
            let stream = http.stream;
            let Some(synthetic) = http.rare().synthetic.take() else { return };
            s.steps.push(Step::Respond(filter, stream, Box::new(Response::of(*synthetic, grpc))));
        });
    }
}

/// Whether Envoy takes the request for a gRPC one: its local responses are trailers then.
fn is_grpc(filter: crate::abi::Filter) -> bool {
    use nullvm_shim::host::Bytes;
    let mut value = Bytes::EMPTY;
    // SAFETY: in a hook of this filter, or of another one of its worker.
    let found = unsafe {
        let key = Bytes::new(b"content-type");
        (envoy().http_get_header)(filter, 0, key, &raw mut value, 0, core::ptr::null_mut())
    };
    // SAFETY: readable until the next call.
    let value = unsafe { value.as_slice() };
    found
        && value
            .strip_prefix(b"application/grpc")
            .is_some_and(|rest| matches!(rest.first(), None | Some(b'+')))
}

/// The response as Envoy is going to make it.
fn synthetic(reply: &LocalReply, grpc: bool) -> Synthetic {
    let mut headers = Headers::default();
    if grpc {
        headers.add(b":status", b"200");
        headers.0.extend(reply.headers.0.iter().cloned());
        headers.set(b"content-type", b"application/grpc");
        let status =
            if reply.grpc_status >= 0 { reply.grpc_status as u32 } else { status_of_http(reply.code) };
        headers.set(b"grpc-status", status.to_string().as_bytes());
        if !reply.body.is_empty() {
            headers.set(b"grpc-message", &reply.body);
        }
        return Synthetic { headers, body: Vec::new(), details: reply.details.clone() };
    }
    headers.add(b":status", reply.code.to_string().as_bytes());
    headers.0.extend(reply.headers.0.iter().cloned());
    if !reply.body.is_empty() {
        headers.set(b"content-length", reply.body.len().to_string().as_bytes());
        if headers.get(b"content-type").is_none() {
            headers.add(b"content-type", b"text/plain");
        }
    }
    Synthetic { headers, body: reply.body.clone(), details: reply.details.clone() }
}
