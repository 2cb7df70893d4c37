//! HTTP and gRPC calls of plugins to clusters.
//!
//! A call lives in the stream that made it as long as that stream waits for it: then everything stays on one worker. All
//! others (of root contexts, and of streams that go on meanwhile) are made by the main thread, which outlives every
//! stream; Envoy gives modules no other place for them.

mod incoming;

pub use incoming::{Event, Incoming};

use crate::abi::{Bytes, Filter, Network, Pair, callout_init, envoy};
use crate::context::Kind;
use crate::context::root::Headers;
use crate::hooks::{http, network};
use crate::main_thread::{Mailbox, MainJob};
use crate::vm::state::AfterCall;
use crate::vm::{Job, Step, Vm};
use nullvm_host_common::abi::CallKind;
use nullvm_host_common::framing::{self, code as grpc_code};
use nullvm_host_common::grpc;
use std::sync::{Arc, Weak};

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The cluster.
    pub cluster: Vec<u8>,
    /// Headers with the pseudo-headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Headers,
    /// Whether nothing follows the body and the trailers.
    pub end: bool,
    /// Milliseconds; 0 for no limit.
    pub timeout_ms: u64,
}

/// Where a call is.
#[derive(Clone, Debug)]
pub enum Place {
    /// Not started: the guest's call that asked for it has not returned.
    Waiting,
    /// In a stream of this worker, under Envoy's number.
    Stream(Filter, u64),
    /// With the main thread.
    Main(Mailbox),
}

/// A call that has not been answered.
#[derive(Debug)]
pub struct Call {
    /// HTTP, gRPC or gRPC stream.
    pub kind: CallKind,
    /// The root context that is told.
    pub root: u32,
    /// The context that asked.
    pub origin: u32,
    /// What is sent, until it is.
    pub request: Option<Box<Request>>,
    /// Where it is.
    pub place: Place,
    /// gRPC streams: the guest has closed its half.
    pub local_closed: bool,
    /// gRPC streams: the other side has closed.
    pub remote_closed: bool,
}

/// The event of a call that broke off.
pub(crate) fn broken(kind: CallKind) -> Event {
    match kind {
        CallKind::Http => Event::Http(None),
        _ => Event::GrpcClose(grpc_code::UNAVAILABLE, String::new()),
    }
}

/// A call to be started in a stream.
#[derive(Debug)]
pub struct Outgoing {
    token: u32,
    kind: CallKind,
    request: Box<Request>,
    carrier: Carrier,
}

/// The stream in which a call lives.
#[derive(Clone, Copy, Debug)]
enum Carrier {
    Http(Filter, *const http::Stream),
    /// Envoy's network filters have one-shot calls only.
    Tcp(Filter, *const network::Stream),
}

/// What is done to a call on its way.
#[derive(Debug)]
pub enum Change {
    /// More data, and whether it is the last.
    Send(Place, u32, Vec<u8>, bool),
    /// Give it up.
    Cancel(Place, u32),
}

/// Calls on their way in one place, by Envoy's numbers. `T` says whom an answer is for.
#[derive(Debug)]
pub struct Table<T> {
    active: Vec<(u64, T, Incoming)>,
    /// Calls that are being started, the innermost last: Envoy may tell of them before it tells their numbers.
    starting: Vec<(Option<u64>, T, Incoming)>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { active: Vec::new(), starting: Vec::new() }
    }
}

impl<T: Clone> Table<T> {
    /// Before Envoy is asked to start a call.
    pub fn starting(&mut self, to: T, kind: CallKind) {
        self.starting.push((None, to, Incoming::new(kind)));
    }

    /// Envoy has answered: the call's number. `None` if it has not started.
    pub fn started(&mut self, id: Option<u64>) {
        if let (Some((_, to, incoming)), Some(id)) = (self.starting.pop(), id)
            && !incoming.is_over()
        {
            self.active.push((id, to, incoming));
        }
    }

    /// Feeds an event of Envoy's to a call, and gives what it means to the guest.
    pub fn on(
        &mut self,
        id: u64,
        event: impl FnOnce(&mut Incoming) -> Vec<Event>,
    ) -> Option<(T, Vec<Event>)> {
        if let Some((_, to, incoming)) = self.active.iter_mut().find(|(active, ..)| *active == id) {
            let events = event(incoming);
            return Some((to.clone(), events));
        }
        let is = |number: &Option<u64>| number.is_none_or(|n| n == id);
        let (number, to, incoming) = self.starting.iter_mut().rev().find(|(number, ..)| is(number))?;
        *number = Some(id);
        let events = event(incoming);
        Some((to.clone(), events))
    }

    /// As [`Self::on`], and forgets the call after its last event.
    pub fn told(
        &mut self,
        id: u64,
        last: bool,
        event: impl FnOnce(&mut Incoming) -> Vec<Event>,
    ) -> Option<(T, Vec<Event>)> {
        let told = self.on(id, event);
        if last {
            self.remove(id);
        }
        told
    }

    /// The call is over.
    pub fn remove(&mut self, id: u64) {
        // One that is still being started is dropped when that is done.
        if let Some(at) = self.active.iter().position(|(active, ..)| *active == id) {
            self.active.swap_remove(at);
        }
    }

    /// Forgets all calls, and says whom they were for.
    pub fn end(&mut self) -> Vec<(T, CallKind)> {
        let calls = self.active.drain(..).map(|(_, to, incoming)| (to, incoming));
        let starting = self.starting.drain(..).map(|(_, to, incoming)| (to, incoming));
        calls.chain(starting).map(|(to, incoming)| (to, incoming.kind())).collect()
    }

    /// Envoy's number of a call.
    pub fn id_of(&self, is: impl Fn(&T) -> bool) -> Option<u64> {
        self.active.iter().find(|(_, to, _)| is(to)).map(|(id, ..)| *id)
    }
}

impl Vm {
    /// Acts on [`AfterCall::StartCall`]: decides where the call lives.
    pub(crate) fn start_call(&self, token: u32) {
        let me = self.weak();
        let failed = self.with(|s| {
            let call = s.calls.get_mut(&token)?;
            let request = call.request.take()?;
            let (kind, origin, root) = (call.kind, call.origin, call.root);
            let goes_on = s.after_call.iter().any(|a| match a {
                AfterCall::Continue(id, _) | AfterCall::ContinueTcp(id) => *id == origin,
                _ => false,
            });
            let on_worker = s.on_worker();
            let in_stream = on_worker && !goes_on;
            let main = s.contexts.get(root).and_then(|c| c.plugin.main.carrier(kind));
            let carrier = match s.find(origin).map(|c| &mut c.kind) {
                Some(Kind::Http(http))
                    if in_stream
                        && envoy().http_filter_start_http_stream.is_some()
                        && http.is_paused()
                        && !http.filter.is_null() =>
                {
                    http.rare().calls.push(token);
                    Some(Carrier::Http(http.filter, http.stream))
                }
                // Without a main thread that can call, the stream has to, also when it goes on.
                Some(Kind::Tcp(tcp))
                    if on_worker
                        && kind == CallKind::Http
                        && tcp.can_call()
                        && (main.is_none() || in_stream && tcp.is_paused()) =>
                {
                    tcp.calls.push(token);
                    Some(Carrier::Tcp(tcp.filter, tcp.stream))
                }
                _ => None,
            };
            if let Some(carrier) = carrier {
                s.steps.push(Step::StartCall(Box::new(Outgoing { token, kind, request, carrier })));
                return None;
            }
            let Some(main) = main else { return Some(kind) };
            if let Some(call) = s.calls.get_mut(&token) {
                call.place = Place::Main(main.clone());
            }
            main.post(MainJob::StartCall { vm: me, token, kind, request });
            None
        });
        if let Some(kind) = failed {
            self.post(Job::Call(token, broken(kind)));
        }
    }

    /// Acts on [`AfterCall::GrpcSend`].
    pub(crate) fn grpc_send(&self, token: u32, message: Vec<u8>, end: bool) {
        self.with(|s| {
            let Some(call) = s.calls.get_mut(&token) else { return };
            let change = Change::Send(call.place.clone(), token, message, end);
            s.steps.push(Step::Call(change));
        });
    }

    /// Acts on [`AfterCall::CancelCall`].
    pub(crate) fn cancel_call(&self, token: u32) {
        self.with(|s| {
            let Some(call) = s.calls.remove(&token) else { return };
            if matches!(call.place, Place::Waiting) {
                s.steps.retain(|step| !matches!(step, Step::StartCall(o) if o.token == token));
                return;
            }
            s.steps.push(Step::Call(Change::Cancel(call.place.clone(), token)));
        });
    }

    /// Tells the guest what came in on a call of a stream, which is over after the last event.
    pub(crate) fn call_events(&self, stream: u32, token: u32, last: bool, events: Vec<Event>) {
        if last {
            self.with(|s| {
                let calls = match s.find(stream).map(|c| &mut c.kind) {
                    Some(Kind::Http(http)) => http.rare.as_mut().map(|rare| &mut rare.calls),
                    Some(Kind::Tcp(tcp)) => Some(&mut tcp.calls),
                    _ => None,
                };
                if let Some(calls) = calls {
                    calls.retain(|t| *t != token);
                }
            });
        }
        for event in events {
            self.call_event(token, event);
        }
    }

    /// The stream of these calls is gone.
    pub(crate) fn break_calls(&self, tokens: Vec<u32>) {
        for token in tokens {
            if let Some(kind) = self.with(|s| s.calls.get(&token).map(|c| c.kind)) {
                self.call_event(token, broken(kind));
                self.with(|s| drop(s.calls.remove(&token)));
            }
        }
    }

    /// The number that Envoy gave a call of a stream.
    fn call_started(&self, token: u32, filter: Filter, id: u64) {
        self.with_running(|s| {
            if let Some(call) = s.calls.get_mut(&token) {
                call.place = Place::Stream(filter, id);
            }
        });
    }
}

/// Starts a call in its stream. The VM is free.
pub(crate) fn start(vm: &Vm, outgoing: Outgoing) {
    let Outgoing { token, kind, request, carrier } = outgoing;
    match carrier {
        Carrier::Http(filter, stream) => start_in_http(vm, token, kind, &request, filter, stream),
        Carrier::Tcp(filter, stream) => start_in_tcp(vm, token, &request, filter, stream),
    }
}

fn start_in_http(
    vm: &Vm,
    token: u32,
    kind: CallKind,
    request: &Request,
    filter: Filter,
    stream: *const http::Stream,
) {
    // SAFETY: steps are taken before the stream's place goes.
    let stream = unsafe { &*stream };
    let start = envoy().http_filter_start_http_stream.filter(|_| !stream.is_over());
    // The answer comes when this step is over: the guest may well call again.
    let Some(start) = start else { return vm.post(Job::Call(token, broken(kind))) };
    let table = stream.calls();
    table.borrow_mut().starting(token, kind);
    let result = send(request, |id, cluster, headers, count, body, end, timeout| {
        // SAFETY: the stream is of this worker and lives; Envoy copies what it is given.
        unsafe { start(filter, id, cluster, headers, count, body, end, timeout) }
    });
    let id = result.ok();
    table.borrow_mut().started(id);
    match id {
        Some(id) => {
            vm.call_started(token, filter, id);
            let trailers = envoy().http_stream_send_trailers;
            send_trailers(request, |pairs, count| {
                // SAFETY: as above.
                trailers.is_some_and(|send| unsafe { send(filter, id, pairs, count) })
            });
        }
        None => vm.post(Job::Call(token, broken(kind))),
    }
}

/// A one-shot call of a TCP stream: without trailers.
fn start_in_tcp(vm: &Vm, token: u32, request: &Request, filter: Filter, stream: *const network::Stream) {
    // SAFETY: steps are taken before the stream can end.
    let stream = unsafe { &*stream };
    let start = Network::get().and_then(|t| t.network_filter_http_callout).filter(|_| !stream.is_closed());
    stream.calls().borrow_mut().starting(token, CallKind::Http);
    let result = send(request, |id, cluster, headers, count, body, _, timeout| match start {
        // SAFETY: the stream is of this worker and lives; Envoy copies what it is given.
        Some(start) => unsafe { start(filter, id, cluster, headers, count, body, timeout) },
        None => callout_init::CANNOT_CREATE,
    });
    let id = result.ok();
    stream.calls().borrow_mut().started(id);
    if id.is_none() {
        vm.post(Job::Call(token, broken(CallKind::Http)));
    }
}

/// Hands a request to one of Envoy's two functions that start a stream. The call's number, or why there is none.
pub(crate) fn send(
    request: &Request,
    start: impl FnOnce(*mut u64, Bytes, *const Pair, usize, Bytes, bool, u64) -> u32,
) -> Result<u64, u32> {
    let (mut pairs, mut id) = (Vec::new(), 0u64);
    request.headers.pairs(&mut pairs);
    let end = request.end && request.trailers.0.is_empty();
    let cluster = Bytes::new(&request.cluster);
    let body = if request.body.is_empty() { Bytes::EMPTY } else { Bytes::new(&request.body) };
    let result = start(&raw mut id, cluster, pairs.as_ptr(), pairs.len(), body, end, request.timeout_ms);
    if result == callout_init::SUCCESS { Ok(id) } else { Err(result) }
}

/// Sends the trailers, where there are any.
pub(crate) fn send_trailers(request: &Request, send: impl FnOnce(*const Pair, usize) -> bool) {
    if !request.trailers.0.is_empty() {
        let mut pairs = Vec::new();
        request.trailers.pairs(&mut pairs);
        send(pairs.as_ptr(), pairs.len());
    }
}

/// Changes a call where it is. The VM is free.
pub(crate) fn change(vm: &Vm, change: Change) {
    // One that was asked for in the same callback as the call itself.
    let change = match change {
        Change::Send(Place::Waiting, token, data, end) => {
            match vm.with_running(|s| s.calls.get(&token).map(|call| call.place.clone())) {
                Some(place) => Change::Send(place, token, data, end),
                None => return,
            }
        }
        change => change,
    };
    match change {
        Change::Send(Place::Stream(filter, id), _, data, end) => {
            if let Some(send) = envoy().http_stream_send_data {
                // SAFETY: the stream is of this worker and lives: its calls go with it.
                unsafe { send(filter, id, Bytes::new(&data), end) };
            }
        }
        Change::Send(Place::Main(main), token, data, end) => {
            main.post(MainJob::Send { vm: vm.weak(), token, data, end });
        }
        Change::Cancel(Place::Stream(filter, id), _) => {
            if let Some(reset) = envoy().http_filter_reset_http_stream {
                // SAFETY: as above.
                unsafe { reset(filter, id) };
            }
        }
        Change::Cancel(Place::Main(main), token) => main.post(MainJob::Cancel { vm: vm.weak(), token }),
        Change::Send(Place::Waiting, ..) | Change::Cancel(Place::Waiting, _) => {}
    }
}

/// The request of a gRPC call.
pub(crate) fn grpc_request(
    service: &grpc::GrpcService,
    path: &str,
    metadata: Headers,
    message: Option<&[u8]>,
    timeout_ms: u32,
) -> Request {
    let mut headers = Headers::default();
    headers.add(b":method", b"POST");
    headers.add(b":path", path.as_bytes());
    headers.add(b":scheme", b"http");
    headers.add(b":authority", service.authority.as_bytes());
    headers.add(b"te", b"trailers");
    headers.add(b"content-type", b"application/grpc");
    if timeout_ms > 0 {
        headers.add(b"grpc-timeout", format!("{timeout_ms}m").as_bytes());
    }
    for (name, value) in &service.initial_metadata {
        headers.add(name, value);
    }
    headers.0.extend(metadata.0);
    Request {
        cluster: service.cluster_name.clone().into_bytes(),
        headers,
        body: message.map(framing::frame).unwrap_or_default(),
        trailers: Headers::default(),
        end: message.is_some(),
        timeout_ms: u64::from(timeout_ms),
    }
}

/// Whom an answer that comes to the main thread is for.
pub type Remote = (Weak<Vm>, u32);

/// Gives events of a call that lives on the main thread to its VM.
pub(crate) fn deliver(vm: &Arc<Vm>, token: u32, events: Vec<Event>) {
    if events.is_empty() {
        return;
    }
    for event in events {
        vm.post(Job::Call(token, event));
    }
    vm.wake();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_end_before_its_number_is_known() {
        let mut table = Table::default();
        table.starting("a", CallKind::Http);
        let (to, events) = table.on(7, |call| call.complete()).unwrap();
        assert_eq!((to, events.len()), ("a", 1));
        table.remove(7);
        table.started(Some(7));
        assert!(table.on(7, |call| call.complete()).is_none());
    }

    #[test]
    fn calls_end_with_their_table() {
        let mut table = Table::default();
        table.starting("a", CallKind::Http);
        table.started(Some(1));
        table.starting("b", CallKind::GrpcStream);
        assert_eq!(table.end(), [("a", CallKind::Http), ("b", CallKind::GrpcStream)]);
        assert!(table.id_of(|_| true).is_none() && table.end().is_empty());
    }
}
