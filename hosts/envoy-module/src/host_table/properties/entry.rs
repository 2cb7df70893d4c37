//! The attributes of access log entries, which a root context is told of.
//!
//! Envoy has callbacks of their own for these, with the same numbers of attributes. Metadata is not there: an access logger
//! can only be asked for it key by key.

use super::attributes::{Source, id};
use super::timing::{self, Timing};
use super::{Found, Lookup};
use crate::abi::{AccessLog, Bytes, Logger, header_type};
use crate::vm::state::State;
use nullvm_host_common::value::AttributeValue as Value;
use nullvm_shim::host::Status;

/// The entry that is being told.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    abi: &'static AccessLog,
    logger: Logger,
}

const REQUEST_PATH: u32 = 0;
const REQUEST_URL_PATH: u32 = 1;
const REQUEST_HOST: u32 = 2;
const REQUEST_SCHEME: u32 = 3;
const REQUEST_METHOD: u32 = 4;
const REQUEST_REFERER: u32 = 6;
const REQUEST_USER_AGENT: u32 = 7;
const REQUEST_QUERY: u32 = 11;
const REQUEST_SIZE: u32 = 13;
const REQUEST_TOTAL_SIZE: u32 = 14;
const GRPC_STATUS: u32 = 18;
const RESPONSE_TOTAL_SIZE: u32 = 22;

impl Entry {
    /// Of the effective context.
    pub(super) fn of(state: &State) -> Option<Self> {
        let logger = state.log_entry()?;
        Some(Self { abi: AccessLog::get()?, logger })
    }

    pub(super) fn text(self, id: u32) -> Option<Bytes> {
        let (mut out, get) = (Bytes::EMPTY, self.abi.access_logger_get_attribute_string?);
        // SAFETY: the logger of the entry that is being told.
        unsafe { get(self.logger, id, &raw mut out) }.then_some(out)
    }

    fn number(self, id: u32) -> Option<u64> {
        let (mut out, get) = (0, self.abi.access_logger_get_attribute_int?);
        // SAFETY: as above.
        unsafe { get(self.logger, id, &raw mut out) }.then_some(out)
    }

    pub(super) fn flag(self, id: u32) -> Option<bool> {
        let (mut out, get) = (false, self.abi.access_logger_get_attribute_bool?);
        // SAFETY: as above.
        unsafe { get(self.logger, id, &raw mut out) }.then_some(out)
    }

    /// A header's first value.
    fn header(self, map: u32, name: &[u8]) -> Option<Bytes> {
        if map == header_type::REQUEST_TRAILERS {
            return None;
        }
        let (mut out, total) = (Bytes::EMPTY, core::ptr::null_mut());
        let get = self.abi.access_logger_get_header_value;
        // SAFETY: as above.
        unsafe { get(self.logger, map, Bytes::new(name), &raw mut out, 0, total) }.then_some(out)
    }

    /// A text of the request's headers. Envoy computes few of these for access loggers, and gives the headers for the rest.
    fn of_request(self, id: u32) -> Option<Bytes> {
        if let Some(text) = self.text(id) {
            return Some(text);
        }
        let header = |name: &[u8]| self.header(header_type::REQUEST, name);
        match id {
            REQUEST_PATH => header(b":path"),
            REQUEST_URL_PATH | REQUEST_QUERY => {
                let path = super::slice(header(b":path")?);
                let at = path.iter().position(|b| *b == b'?').unwrap_or(path.len());
                let (url_path, query) = path.split_at(at);
                let part = if id == REQUEST_QUERY { query.get(1..).unwrap_or_default() } else { url_path };
                Some(Bytes::new(part))
            }
            REQUEST_HOST => header(b":authority"),
            REQUEST_SCHEME => header(b":scheme"),
            REQUEST_METHOD => header(b":method"),
            REQUEST_REFERER => header(b"referer"),
            REQUEST_USER_AGENT => header(b"user-agent"),
            _ => None,
        }
    }

    fn timing(self) -> Option<Timing> {
        let get = self.abi.access_logger_get_timing_info_v2?;
        // SAFETY: as above; room for the structure that Envoy fills.
        Some(Timing::filled(|out| unsafe { get(self.logger, out) }))
    }

    /// An object in the filter state, serialized.
    pub(super) fn filter_state(self, key: Bytes) -> Option<Bytes> {
        let (mut out, get) = (Bytes::EMPTY, self.abi.access_logger_get_filter_state?);
        // SAFETY: as above.
        unsafe { get(self.logger, key, &raw mut out) }.then_some(out)
    }

    /// What streams have computed.
    fn computed(self, group: &[u8], name: &[u8]) -> Option<Value> {
        let int = |id| self.number(id).map(|n| Value::Int(n as i64));
        match (group, name) {
            (b"request", b"size") => int(REQUEST_SIZE),
            (b"request", b"total_size") => int(REQUEST_TOTAL_SIZE),
            (b"request", b"time") => timing::started(&self.timing()?),
            (b"request", b"duration") => timing::lasted(&self.timing()?),
            (b"response", b"size") => int(id::RESPONSE_SIZE),
            (b"response", b"total_size") => int(RESPONSE_TOTAL_SIZE),
            (b"response", b"grpc_status") => int(GRPC_STATUS),
            (b"response", b"backend_latency") => timing::upstream_took(&self.timing()?),
            _ => None,
        }
    }

    /// The value of a row of the table.
    pub(super) fn read(self, group: &[u8], name: &[u8], source: Source, rest: &[&[u8]]) -> Lookup {
        let bytes = |bytes: Option<Bytes>| bytes.map(Found::Text).ok_or(Status::NotFound);
        let made = |value: Option<Value>| value.map(Found::Value).ok_or(Status::NotFound);
        let or_empty = |bytes: Option<Bytes>| bytes.or(Some(Bytes::new(b"")));
        match (source, rest) {
            (Source::Headers(map), [name]) => bytes(self.header(map, name)),
            (_, [_, ..]) => Err(Status::NotFound),
            (Source::Request(id), []) => bytes(self.of_request(id)),
            // Only the query can be empty: without a path there is none.
            (Source::RequestOrEmpty(id), []) => bytes(self.of_request(id)),
            (Source::Text(id), []) => bytes(self.text(id)),
            (Source::TextOrEmpty(id), []) => bytes(or_empty(self.text(id))),
            (Source::UpstreamText(id), []) => {
                self.text(id::UPSTREAM_ADDRESS).ok_or(Status::NotFound)?;
                bytes(or_empty(self.text(id)))
            }
            (Source::Int(id), []) => made(self.number(id).map(|n| Value::Int(n as i64))),
            (Source::IntOrZero(id), []) => made(Some(Value::Int(self.number(id).unwrap_or(0) as i64))),
            (Source::Uint(id), []) => made(self.number(id).map(Value::Uint)),
            (Source::UintOrZero(id), []) => made(Some(Value::Uint(self.number(id).unwrap_or(0)))),
            (Source::Flag(id), []) => made(Some(Value::Bool(self.flag(id).unwrap_or(false)))),
            (Source::Computed(_), []) => made(self.computed(group, name)),
            _ => Err(Status::NotFound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::c_void;

    unsafe extern "C" fn header(
        _: Logger,
        map: u32,
        key: Bytes,
        out: *mut Bytes,
        _: usize,
        _: *mut usize,
    ) -> bool {
        let value: &[u8] = match (map, super::super::slice(key)) {
            (0, b":path") => b"/a/b?x=1&y=?",
            (0, b":authority") => b"host",
            (2, b"x-r") => b"v",
            _ => return false,
        };
        // SAFETY: an out-parameter.
        unsafe { out.write(Bytes::new(value)) };
        true
    }

    unsafe extern "C" fn number(_: Logger, id: u32, out: *mut u64) -> bool {
        // SAFETY: an out-parameter.
        unsafe { out.write(u64::from(id)) };
        id == id::RESPONSE_CODE || id == id::RESPONSE_SIZE
    }

    unsafe extern "C" fn unused() {}

    fn entry() -> Entry {
        let find = |name: &str| match name {
            "access_logger_get_header_value" => header as *mut c_void,
            "access_logger_get_attribute_int" => number as *mut c_void,
            "access_logger_get_worker_index"
            | "access_logger_get_headers_size"
            | "access_logger_get_headers" => unused as *mut c_void,
            _ => core::ptr::null_mut(),
        };
        Entry { abi: AccessLog::for_tests(find), logger: core::ptr::dangling_mut() }
    }

    #[test]
    fn what_an_entry_shows() {
        let entry = entry();
        let read = |group: &[u8], name: &[u8], source, rest: &[&[u8]]| {
            entry.read(group, name, source, rest).map(Found::into_value)
        };
        let text = |id| read(b"request", b"", Source::Request(id), &[]);
        assert_eq!(text(REQUEST_PATH), Ok(Value::from("/a/b?x=1&y=?")));
        assert_eq!(text(REQUEST_URL_PATH), Ok(Value::from("/a/b")));
        assert_eq!(text(REQUEST_QUERY), Ok(Value::from("x=1&y=?")));
        assert_eq!(text(REQUEST_HOST), Ok(Value::from("host")));
        assert_eq!(text(REQUEST_METHOD), Err(Status::NotFound));
        assert_eq!(read(b"response", b"code", Source::Int(id::RESPONSE_CODE), &[]), Ok(Value::Int(15)));
        assert_eq!(read(b"upstream", b"port", Source::Int(42), &[]), Err(Status::NotFound));
        assert_eq!(read(b"response", b"flags", Source::IntOrZero(17), &[]), Ok(Value::Int(0)));
        assert_eq!(read(b"connection", b"mtls", Source::Flag(29), &[]), Ok(Value::Bool(false)));
        let headers = |map, name: &'static [u8]| read(b"", b"", Source::Headers(map), &[name]);
        assert_eq!(headers(header_type::RESPONSE, b"x-r"), Ok(Value::from("v")));
        assert_eq!(headers(header_type::REQUEST_TRAILERS, b"x-r"), Err(Status::NotFound));
        assert_eq!(read(b"", b"", Source::Text(24), &[b"more"]), Err(Status::NotFound));
        let timing = |_: &super::super::View<'_>| None;
        assert_eq!(
            read(b"request", b"time", Source::Computed(timing), &[]),
            Err(Status::NotFound),
            "older Envoys"
        );
        assert_eq!(read(b"response", b"size", Source::Computed(timing), &[]), Ok(Value::Int(21)));
    }
}
