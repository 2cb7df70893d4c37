//! Header maps.
//!
//! Maps 0 to 3 are Envoy's, where it has the same numbers; the others belong to the answer of a call that the root context is
//! just being told of.

use super::{host_functions, pairs, slice};
use crate::abi::{AccessLog, Filter, Logger, envoy, header_type};
use crate::context::http::Http;
use crate::context::root::Headers;
use crate::vm::state::State;
use nullvm_shim::host::{Bytes, Pair, Pairs, Status};

/// `proxy_header_map_type_t` beyond Envoy's.
const GRPC_INITIAL: u32 = 4;
const GRPC_TRAILING: u32 = 5;
const CALL_HEADERS: u32 = 6;
const CALL_TRAILERS: u32 = 7;

/// A map, wherever it is.
enum Map<'a> {
    /// Envoy's.
    Envoy(Filter),
    /// Envoy's, of an access log entry.
    Log(&'static AccessLog, Logger),
    /// Ours.
    Own(&'a mut Headers),
}

/// A map of a stream that may be read now.
#[inline]
fn of_stream(http: &mut Http, map: u32, on_worker: bool) -> Option<Map<'_>> {
    if map == header_type::RESPONSE && http.synthetic().is_some() {
        let open = http.response.headers_open;
        let own = http.rare.as_mut().and_then(|r| r.synthetic.as_mut());
        return own.filter(|_| open).map(|s| Map::Own(&mut s.headers));
    }
    let usable = on_worker && !http.filter.is_null() && http.map_open(map);
    usable.then_some(Map::Envoy(http.filter))
}

/// A map that may be read now. `Err` for a number that is none, `Ok(None)` for one that is not there.
#[inline]
fn map(state: &mut State, map: u32) -> Result<Option<Map<'_>>, Status> {
    match map {
        0..=3 => {
            if let Some(logger) = state.log_entry() {
                // Access loggers are not given the request's trailers.
                let there = map != header_type::REQUEST_TRAILERS;
                return Ok(AccessLog::get().filter(|_| there).map(|abi| Map::Log(abi, logger)));
            }
            let on_worker = state.on_worker();
            Ok(state.effective_http().and_then(|http| of_stream(http, map, on_worker)))
        }
        GRPC_INITIAL..=CALL_TRAILERS => {
            let root = state.root_id();
            let Some(root) = state.root_of(root) else { return Ok(None) };
            let found = match map {
                GRPC_INITIAL => root.grpc_initial.as_mut(),
                GRPC_TRAILING => root.grpc_trailing.as_mut(),
                CALL_HEADERS => root.http_response.as_mut().map(|r| &mut r.headers),
                _ => root.http_response.as_mut().map(|r| &mut r.trailers),
            };
            Ok(found.map(Map::Own))
        }
        _ => Err(Status::BadArgument),
    }
}

/// A map that may be changed now. Answers of calls may not, and nothing may in the log phase.
#[inline]
fn map_mut(state: &mut State, number: u32) -> Result<Map<'_>, Status> {
    if number > header_type::RESPONSE_TRAILERS || state.log_entry().is_some() {
        return Err(Status::BadArgument);
    }
    let on_worker = state.on_worker();
    let http = state.effective_http().filter(|http| !http.logging).ok_or(Status::BadArgument)?;
    http.route_changed |= number == header_type::REQUEST;
    of_stream(http, number, on_worker).ok_or(Status::BadArgument)
}

/// Copies all pairs of one of Envoy's maps; what they point at stays until the map changes.
fn envoy_pairs(filter: Filter, map: u32, out: &mut Vec<Pair>) {
    out.clear();
    // SAFETY: a filter of this worker; Envoy fills as many pairs as it said.
    unsafe {
        let count = (envoy().http_get_headers_size)(filter, map);
        out.reserve(count);
        if count > 0 && (envoy().http_get_headers)(filter, map, out.as_mut_ptr()) {
            out.set_len(count);
        }
    }
}

/// The same of an access log entry.
fn log_pairs(abi: &AccessLog, logger: Logger, map: u32, out: &mut Vec<Pair>) {
    out.clear();
    // SAFETY: the logger of the entry that is being told; Envoy fills as many pairs as it said.
    unsafe {
        let count = (abi.access_logger_get_headers_size)(logger, map);
        out.reserve(count);
        if count > 0 && (abi.access_logger_get_headers)(logger, map, out.as_mut_ptr()) {
            out.set_len(count);
        }
    }
}

/// A change of one of Envoy's maps. Envoy's module ABI cannot write empty values (G1): the header is absent then, and the guest
/// is not troubled, since SDKs take any failure here for the end of the world.
fn change(done: bool, text: Bytes) -> Result<(), Status> {
    if done || text.len == 0 { Ok(()) } else { Err(Status::BadArgument) }
}

/// A value for Envoy: with a null pointer it would take it for "remove".
fn value(bytes: Bytes) -> Bytes {
    if bytes.data.is_null() { Bytes::new(b"") } else { bytes }
}

host_functions! {
    /// `proxy_get_header_map_value`
    fn get_header(state, number: u32, key: Bytes) -> (out: Bytes) {
        match map(state, number)?.ok_or(Status::BadArgument)? {
            Map::Envoy(filter) => {
                let mut found = Bytes::EMPTY;
                // SAFETY: a filter of this worker.
                let there = unsafe {
                    (envoy().http_get_header)(filter, number, key, &raw mut found, 0, core::ptr::null_mut())
                };
                if there { Ok(found) } else { Err(Status::NotFound) }
            }
            Map::Log(abi, logger) => {
                let (mut found, total) = (Bytes::EMPTY, core::ptr::null_mut());
                // SAFETY: the logger of the entry that is being told.
                let there = unsafe {
                    (abi.access_logger_get_header_value)(logger, number, key, &raw mut found, 0, total)
                };
                if there { Ok(found) } else { Err(Status::NotFound) }
            }
            Map::Own(headers) => headers.get(slice(key)).map(Bytes::new).ok_or(Status::NotFound),
        }
    }

    /// `proxy_add_header_map_value`
    fn add_header(state, number: u32, key: Bytes, text: Bytes) {
        match map_mut(state, number)? {
            // SAFETY: a filter of this worker; Envoy copies.
            Map::Envoy(filter) => change(unsafe { (envoy().http_add_header)(filter, number, key, value(text)) }, text),
            Map::Log(..) => Err(Status::BadArgument),
            Map::Own(headers) => {
                headers.add(slice(key), slice(text));
                Ok(())
            }
        }
    }

    /// `proxy_replace_header_map_value`
    fn replace_header(state, number: u32, key: Bytes, text: Bytes) {
        match map_mut(state, number)? {
            // SAFETY: a filter of this worker; Envoy copies.
            Map::Envoy(filter) => change(unsafe { (envoy().http_set_header)(filter, number, key, value(text)) }, text),
            Map::Log(..) => Err(Status::BadArgument),
            Map::Own(headers) => {
                headers.set(slice(key), slice(text));
                Ok(())
            }
        }
    }

    /// `proxy_remove_header_map_value`. A header that is not there is removed all the same.
    fn remove_header(state, number: u32, key: Bytes) {
        match map_mut(state, number)? {
            Map::Envoy(filter) => {
                // SAFETY: a filter of this worker.
                unsafe { (envoy().http_set_header)(filter, number, key, Bytes::EMPTY) };
            }
            Map::Log(..) => return Err(Status::BadArgument),
            Map::Own(headers) => headers.remove(slice(key)),
        }
        Ok(())
    }

    /// `proxy_get_header_map_pairs`. A map that is not there has no headers.
    fn get_headers(state, number: u32) -> (out: Pairs) {
        let mut found = std::mem::take(&mut state.pairs);
        found.clear();
        match map(state, number)? {
            Some(Map::Envoy(filter)) => envoy_pairs(filter, number, &mut found),
            Some(Map::Log(abi, logger)) => log_pairs(abi, logger, number, &mut found),
            Some(Map::Own(headers)) => headers.pairs(&mut found),
            None => {}
        }
        state.pairs = found;
        Ok(Pairs { data: state.pairs.as_ptr(), len: state.pairs.len() })
    }

    /// `proxy_set_header_map_pairs`: removes every key that is there, then adds all.
    fn set_headers(state, number: u32, all: Pairs) {
        match map_mut(state, number)? {
            Map::Envoy(filter) => {
                let mut old = Vec::new();
                envoy_pairs(filter, number, &mut old);
                let names: Vec<Vec<u8>> = old.iter().map(|p| slice(p.key).to_vec()).collect();
                // SAFETY: a filter of this worker; Envoy copies.
                unsafe {
                    for name in &names {
                        (envoy().http_set_header)(filter, number, Bytes::new(name), Bytes::EMPTY);
                    }
                    for pair in all.as_slice() {
                        (envoy().http_add_header)(filter, number, pair.key, value(pair.value));
                    }
                }
            }
            Map::Log(..) => return Err(Status::BadArgument),
            Map::Own(headers) => {
                headers.0.clear();
                for (name, text) in pairs(all) {
                    headers.add(name, text);
                }
            }
        }
        Ok(())
    }

    /// `proxy_get_header_map_size`: bytes of all keys and values.
    fn get_headers_size(state, number: u32) -> (out: u32) {
        let mut found = std::mem::take(&mut state.pairs);
        let size = match map(state, number)? {
            Some(Map::Envoy(filter)) => {
                envoy_pairs(filter, number, &mut found);
                Ok(found.iter().map(|p| p.key.len + p.value.len).sum())
            }
            Some(Map::Own(headers)) => Ok(headers.byte_size()),
            // Envoy's Wasm filter, too, has no sizes for access logs.
            Some(Map::Log(..)) | None => Err(Status::BadArgument),
        };
        state.pairs = found;
        size.map(|n| n as u32)
    }
}
