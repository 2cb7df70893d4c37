//! Streams, contexts and timers.

use super::{host_functions, pairs, slice};
use crate::abi::envoy;
use crate::context::Kind;
use crate::context::http::{Dir, LocalReply};
use crate::context::root::Headers;
use crate::timer;
use crate::vm::is_live;
use crate::vm::state::AfterCall;
use core::ffi::c_void;
use nullvm_shim::host::{LocalResponse, Status};

host_functions! {
    /// `proxy_continue_stream`
    fn continue_stream(state, stream_type: u32) {
        let id = state.effective_id();
        let Some(context) = state.contexts.get(id) else { return Ok(()) };
        match (&context.kind, stream_type) {
            (Kind::Http(_), 0) => state.later(AfterCall::Continue(id, Dir::Request), 0)?,
            (Kind::Http(_), 1) => state.later(AfterCall::Continue(id, Dir::Response), 0)?,
            (Kind::Tcp(_), 2) => state.later(AfterCall::ContinueTcp(id), 0)?,
            // Envoy keeps what an upstream sent with the upstream, and gives no way back to it.
            (Kind::Tcp(_), 3) => return Err(Status::Unimplemented),
            (_, 0..=3) => {}
            _ => return Err(Status::BadArgument),
        }
        Ok(())
    }

    /// `proxy_close_stream`
    fn close_stream(state, stream_type: u32) {
        if stream_type > 3 {
            return Err(Status::BadArgument);
        }
        let id = state.effective_id();
        let fits = match state.contexts.get(id).map(|c| &c.kind) {
            Some(Kind::Http(_)) => stream_type < 2,
            Some(Kind::Tcp(_)) => stream_type >= 2,
            _ => false,
        };
        if fits {
            state.later(AfterCall::Close(id), 0)?;
        }
        Ok(())
    }

    /// `proxy_clear_route_cache` of ABI 0.1.0, and the foreign function of that name.
    fn clear_route_cache(state) {
        let on_worker = state.on_worker();
        if let Some(http) = state.effective_http()
            && on_worker
            && !http.filter.is_null()
        {
            // SAFETY: a filter of this worker.
            unsafe { (envoy().http_clear_route_cache)(http.filter) };
        }
        Ok(())
    }

    /// `proxy_set_effective_context`
    fn set_effective_context(state, context: u32) {
        if !state.contexts.contains(context) {
            return Err(Status::BadArgument);
        }
        state.effective = context;
        Ok(())
    }

    /// `proxy_done`
    fn done(state) {
        let root = state.root_id();
        match state.root_of(root) {
            Some(r) if r.pending_done => {
                r.pending_done = false;
                state.later(AfterCall::FinishShutdown(root), 0)
            }
            _ => Err(Status::NotFound),
        }
    }
}

/// `proxy_set_tick_period_milliseconds`
pub(super) unsafe extern "C" fn set_tick_period(host: *mut c_void, period: u32) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with.
    let cell = unsafe { super::cell(host) };
    let main = cell.with(|state| {
        let id = state.root_id();
        state.contexts.get(id).map(|c| (id, c.plugin.main.clone()))
    });
    if let Some((root, main)) = main {
        timer::set(cell.vm(), root, period, &main);
    }
    Status::Ok as u32
}

/// `proxy_send_local_response`
pub(super) unsafe extern "C" fn send_local_response(
    host: *mut c_void,
    response: *const LocalResponse,
) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with, and a valid structure.
    let (cell, r) = unsafe { (super::cell(host), &*response) };
    let done = cell.with(|state| {
        let id = state.effective_id();
        let live = state.contexts.get(id).is_some_and(|c| is_live(&c.kind));
        if live && state.http(id).is_some() {
            let mut headers = Headers::default();
            for (name, value) in pairs(r.headers) {
                headers.add(name, value);
            }
            let reply = LocalReply {
                code: r.code,
                grpc_status: r.grpc_status,
                details: slice(r.details).to_vec(),
                body: slice(r.body).to_vec(),
                headers,
            };
            let bytes = reply.body.len() + reply.headers.byte_size();
            state.later(AfterCall::LocalReply(id, Box::new(reply)), bytes)?;
        }
        state.stop_next = true;
        Ok::<(), Status>(())
    });
    done.map_or_else(|status| status as u32, |()| Status::Ok as u32)
}
