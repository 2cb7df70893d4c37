//! Foreign functions: what Envoy offers plugins by name beyond the specification.
//!
//! `proxy_call_foreign_function` answers NotFound for a name that is not in [`call`]. Expressions are evaluated over the
//! attributes of [`super::properties`]; nothing here calls the guest.

use super::properties::{self, View};
use super::{slice, streams};
use crate::log::{self, Level};
use crate::vm::state::State;
use core::ffi::c_void;
use nullvm_host_common::foreign;
use nullvm_shim::host::{Bytes, Status};

type Function = fn(&mut State, &[u8]) -> Result<Vec<u8>, Status>;

/// Functions by name, but those of expressions and `clear_route_cache`.
const FUNCTIONS: &[(&[u8], Function)] = &[
    (b"compress", |_, arguments| foreign::compress(arguments)),
    (b"uncompress", |_, arguments| foreign::uncompress(arguments)),
    (b"verify_signature", |_, arguments| foreign::verify_signature(arguments)),
    (b"declare_property", |state, arguments| properties::declare(state, arguments).map(|()| Vec::new())),
    (b"set_envoy_filter_state", |state, arguments| {
        properties::set_envoy_filter_state(state, arguments).map(|()| Vec::new())
    }),
];

fn call(state: &mut State, name: &[u8], arguments: &[u8]) -> Result<Vec<u8>, Status> {
    if let Some((_, function)) = FUNCTIONS.iter().find(|(n, _)| *n == name) {
        return function(state, arguments);
    }
    match std::str::from_utf8(name) {
        Ok(name) if name.starts_with("expr_") => expression(state, name, arguments),
        _ => Err(Status::NotFound),
    }
}

/// `expr_create`, `expr_evaluate`, `expr_delete`. What is wrong with an expression is told to the operator, at Envoy's
/// levels.
fn expression(state: &mut State, name: &str, arguments: &[u8]) -> Result<Vec<u8>, Status> {
    let id = state.effective_id();
    let on_worker = state.on_worker();
    let State { expressions, contexts, info, .. } = state;
    let view = View::new(info, contexts, id, on_worker).ok_or(Status::InternalFailure)?;
    let result = expressions.call(name, arguments, &view).ok_or(Status::NotFound)?;
    result.map_err(|error| {
        let level = if name == "expr_create" { Level::Info } else { Level::Debug };
        if log::shows(level) {
            let what = if name == "expr_create" { "expr_create parse error" } else { name };
            let prefix = contexts.get(id).map_or("", |c| c.plugin.log_prefix.as_str());
            log::line(level, format!("{what}: {} (wasm log{prefix})", error.message).as_bytes());
        }
        error.status
    })
}

/// `proxy_call_foreign_function`
pub(super) unsafe extern "C" fn call_foreign_function(
    host: *mut c_void,
    name: Bytes,
    arguments: Bytes,
    out: *mut Bytes,
) -> u32 {
    if slice(name) == b"clear_route_cache" {
        // SAFETY: out-parameters point at host memory.
        unsafe { out.write(Bytes::EMPTY) };
        // SAFETY: the shim's pointer, as it came.
        return unsafe { streams::clear_route_cache(host) };
    }
    // SAFETY: the shim passes the pointer that the instance was made with.
    let cell = unsafe { super::cell(host) };
    let result = cell.with(|state| {
        let result = call(state, slice(name), slice(arguments))?;
        Ok(state.give(result))
    });
    // SAFETY: out-parameters point at host memory.
    unsafe { super::answer(result, out) }
}
