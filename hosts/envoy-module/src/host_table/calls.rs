//! HTTP and gRPC calls.

use super::{host_functions, pairs, slice};
use crate::abi::{Bytes, Network};
use crate::calls::{self, Call, Place, Request};
use crate::context::Kind;
use crate::context::root::Headers;
use crate::vm::Hook;
use crate::vm::state::{AfterCall, MAX_WAITING, State};
use core::ffi::c_void;
use nullvm_host_common::abi::CallKind;
use nullvm_host_common::framing;
use nullvm_host_common::grpc::GrpcService;
use nullvm_shim::host::{GrpcCall, HttpCall, Pairs, Status};

fn headers_of(given: Pairs) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in pairs(given) {
        headers.add(name, value);
    }
    headers
}

/// Whether Envoy has a cluster, as far as can be told: only network filters can ask. Elsewhere the guest is told by the answer, which
/// has no headers then.
fn cluster_exists(state: &State, name: &[u8]) -> bool {
    let Some(ask) = Network::get().and_then(|t| t.network_filter_get_cluster_host_count) else { return true };
    let Hook::Network(filter) = state.hook else { return true };
    let mut counts = [0usize; 3];
    let [total, healthy, degraded] = counts.each_mut().map(core::ptr::from_mut);
    // SAFETY: the filter of the hook that runs; the counts are not wanted.
    unsafe { ask(filter, Bytes::new(name), 0, total, healthy, degraded) }
}

fn add(state: &mut State, kind: CallKind, request: Request) -> Result<u32, Status> {
    if state.calls.len() >= MAX_WAITING {
        return Err(Status::InternalFailure);
    }
    let token = state.next_call(kind);
    let call = Call {
        kind,
        root: state.root_id(),
        origin: state.effective_id(),
        request: Some(Box::new(request)),
        place: Place::Waiting,
        local_closed: kind == CallKind::Grpc,
        remote_closed: false,
    };
    let bytes =
        call.request.as_ref().map_or(0, |r| r.body.len() + r.headers.byte_size() + r.trailers.byte_size());
    state.later(AfterCall::StartCall(token), bytes)?;
    state.calls.insert(token, Box::new(call));
    Ok(token)
}

/// Whether there is a way for a call at all: Envoy gives network filters and services one-shot calls only, which cannot
/// carry gRPC, and access loggers none. Any HTTP filter of the same module can lend its own.
fn possible(state: &mut State, kind: CallKind) -> Result<(), Status> {
    let Some(plugin) = state.contexts.get(state.root_id()).map(|c| c.plugin) else { return Ok(()) };
    let origin = state.effective_id();
    let on_worker = state.on_worker();
    let in_stream = match state.contexts.get(origin).map(|c| &c.kind) {
        Some(Kind::Tcp(tcp)) => on_worker && kind == CallKind::Http && tcp.can_call(),
        _ => false,
    };
    if in_stream || plugin.main.carrier(kind).is_some() {
        return Ok(());
    }
    let what = if kind == CallKind::Http { "an HTTP call" } else { "a gRPC call" };
    crate::log::error(&format!(
        "nullvm:{}: {what} cannot be made from here: Envoy offers it to HTTP filters only; load this module as one too",
        plugin.log_prefix
    ));
    Err(Status::InternalFailure)
}

fn service(state: &State, upstream: &[u8]) -> Result<GrpcService, Status> {
    let service = match GrpcService::parse(upstream) {
        Ok(service) => service,
        // What is no message may be a cluster's name.
        Err(error) => match std::str::from_utf8(upstream) {
            Ok(name) if cluster_exists(state, upstream) => GrpcService::of_cluster(name),
            _ => {
                crate::log::error(&format!("nullvm: gRPC call: {error}"));
                return Err(Status::ParseFailure);
            }
        },
    };
    if !cluster_exists(state, service.cluster_name.as_bytes()) {
        return Err(Status::InternalFailure);
    }
    Ok(service)
}

fn grpc(state: &mut State, kind: CallKind, c: &GrpcCall) -> Result<u32, Status> {
    possible(state, kind)?;
    let service = service(state, slice(c.upstream))?;
    let text = |b| std::str::from_utf8(slice(b)).map_err(|_| Status::BadArgument);
    let path = format!("/{}/{}", text(c.service)?, text(c.method)?);
    let message = (kind == CallKind::Grpc).then(|| slice(c.message));
    let request = calls::grpc_request(&service, &path, headers_of(c.metadata), message, c.timeout);
    add(state, kind, request)
}

fn http(state: &mut State, c: &HttpCall) -> Result<u32, Status> {
    possible(state, CallKind::Http)?;
    let mut headers = headers_of(c.headers);
    if !cluster_exists(state, slice(c.upstream)) {
        return Err(Status::BadArgument);
    }
    if [&b":method"[..], b":path", b":authority"].iter().any(|name| headers.get(name).is_none()) {
        return Err(Status::BadArgument);
    }
    if c.body.len > 0 {
        headers.set(b"content-length", c.body.len.to_string().as_bytes());
    }
    let request = Request {
        cluster: slice(c.upstream).to_vec(),
        headers,
        body: slice(c.body).to_vec(),
        trailers: headers_of(c.trailers),
        end: true,
        timeout_ms: u64::from(c.timeout),
    };
    add(state, CallKind::Http, request)
}

macro_rules! calling {
    ($($(#[$doc:meta])* $name:ident($state:ident, $call:ident: $ty:ty) $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub(super) unsafe extern "C" fn $name(host: *mut c_void, call: *const $ty, token: *mut u32) -> u32 {
                // SAFETY: the shim passes the pointer that the instance was made with, and a valid structure; the
                // out-parameter points at host memory.
                unsafe {
                    let $call = &*call;
                    let result = super::cell(host).with(|$state| $body);
                    super::answer(result, token)
                }
            }
        )*
    };
}

calling! {
    /// `proxy_http_call`
    http_call(state, call: HttpCall) http(state, call);
    /// `proxy_grpc_call`
    grpc_call(state, call: GrpcCall) grpc(state, CallKind::Grpc, call);
    /// `proxy_grpc_stream`
    grpc_stream(state, call: GrpcCall) grpc(state, CallKind::GrpcStream, call);
}

host_functions! {
    /// `proxy_grpc_send`
    fn grpc_send(state, token: u32, message: Bytes, end: u32) {
        if token & 3 != CallKind::GrpcStream as u32 {
            return Err(Status::BadArgument);
        }
        let call = state.calls.get_mut(&token).ok_or(Status::NotFound)?;
        call.local_closed |= end != 0;
        state.later(AfterCall::GrpcSend(token, framing::frame(slice(message)), end != 0), message.len)
    }

    /// `proxy_grpc_close`
    fn grpc_close(state, token: u32) {
        let call = state.calls.get_mut(&token).ok_or(Status::NotFound)?;
        match call.kind {
            CallKind::Http => return Err(Status::NotFound),
            CallKind::Grpc => state.later(AfterCall::CancelCall(token), 0)?,
            CallKind::GrpcStream if call.remote_closed => {
                state.calls.remove(&token);
            }
            CallKind::GrpcStream => {
                call.local_closed = true;
                state.later(AfterCall::GrpcSend(token, Vec::new(), true), 0)?;
            }
        }
        Ok(())
    }

    /// `proxy_grpc_cancel`
    fn grpc_cancel(state, token: u32) {
        let known = token & 3 != CallKind::Http as u32 && state.calls.contains_key(&token);
        if !known {
            return Err(Status::NotFound);
        }
        state.later(AfterCall::CancelCall(token), 0)
    }
}

/// `proxy_get_status`: how the last call ended.
pub(super) unsafe extern "C" fn get_status(host: *mut c_void, code: *mut u32, message: *mut Bytes) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with; out-parameters point at host memory.
    unsafe {
        super::cell(host).with(|state| {
            let root = state.root_id();
            let (number, text) = state.root_of(root).map(|r| r.status.clone()).unwrap_or_default();
            code.write(number);
            message.write(state.give(text.into_bytes()));
        });
    }
    Status::Ok as u32
}
