//! The table of paths, and how each is read.
//!
//! What a context can see of a stream's headers is what Envoy's Wasm filter lets it see: the request's while the request's
//! headers are shown or wait, or in the log phase; the response's likewise; nothing of the request once it has gone on.
//! `upstream.protocol`, `xds.virtual_cluster_name` and `health_check` are there only here, because the module ABI has them.

use super::{Found, Lookup, UNSERIALIZABLE, View, headers, metadata, node, stored, timing};
use crate::abi::header_type;
use nullvm_host_common::framing::status_of_http;
use nullvm_host_common::value::AttributeValue as Value;
use nullvm_shim::host::{Bytes, Status};

/// `envoy_dynamic_module_type_attribute_id`, those that something refers to besides its own row.
pub(super) mod id {
    pub const RESPONSE_CODE: u32 = 15;
    pub const RESPONSE_CODE_DETAILS: u32 = 16;
    pub const RESPONSE_SIZE: u32 = 21;
    pub const UPSTREAM_ADDRESS: u32 = 41;
    pub const CLUSTER_NAME: u32 = 57;
    pub const ROUTE_NAME: u32 = 61;
}

/// `envoy_dynamic_module_type_metadata_source`
pub(super) mod source {
    pub const DYNAMIC: u32 = 0;
    pub const ROUTE: u32 = 1;
    pub const CLUSTER: u32 = 2;
    pub const HOST: u32 = 3;
    pub const HOST_LOCALITY: u32 = 4;
}

/// Where a value comes from. Numbers are Envoy's attribute ids.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// A text.
    Text(u32),
    /// A text that is empty where Envoy has none.
    TextOrEmpty(u32),
    /// A text that is empty where Envoy has none, once the stream has an upstream.
    UpstreamText(u32),
    /// A text of the request's headers.
    Request(u32),
    /// The same, and empty where there is none.
    RequestOrEmpty(u32),
    /// A number, signed to expressions.
    Int(u32),
    /// The same, and 0 where Envoy has none.
    IntOrZero(u32),
    /// A number, unsigned to expressions.
    Uint(u32),
    /// The same, and 0 where Envoy has none.
    UintOrZero(u32),
    /// True or false; false where Envoy has none.
    Flag(u32),
    /// A header map.
    Headers(u32),
    /// Metadata, of something that there is when Envoy has this text.
    Metadata(u32, Option<u32>),
    /// Metadata of the upstream host's locality.
    LocalityMetadata,
    /// Computed.
    Computed(fn(&View<'_>) -> Option<Value>),
    /// The node.
    Node,
}

type Row = (&'static [u8], Source);

use Source::{
    Computed, Flag, Headers, Int, IntOrZero, LocalityMetadata, Metadata, Node, Request, RequestOrEmpty, Text,
    TextOrEmpty, Uint, UintOrZero, UpstreamText,
};

const REQUEST: &[Row] = &[
    (b"path", Request(0)),
    (b"method", Request(4)),
    (b"host", Request(2)),
    (b"headers", Headers(header_type::REQUEST)),
    (b"url_path", Request(1)),
    (b"query", RequestOrEmpty(11)),
    (b"scheme", Request(3)),
    (b"id", Request(9)),
    (b"referer", Request(6)),
    (b"useragent", Request(7)),
    (b"protocol", Text(10)),
    (b"time", Computed(timing::request_time)),
    (b"duration", Computed(timing::request_duration)),
    (b"size", Computed(request_size)),
    (b"total_size", Computed(request_total_size)),
];

const RESPONSE: &[Row] = &[
    (b"code", Int(id::RESPONSE_CODE)),
    (b"headers", Headers(header_type::RESPONSE)),
    (b"code_details", Text(id::RESPONSE_CODE_DETAILS)),
    (b"flags", IntOrZero(17)),
    (b"grpc_status", Computed(grpc_status)),
    (b"trailers", Headers(header_type::RESPONSE_TRAILERS)),
    (b"size", Computed(response_size)),
    (b"total_size", Computed(response_total_size)),
    (b"backend_latency", Computed(timing::backend_latency)),
];

const SOURCE: &[Row] = &[(b"address", Text(24)), (b"port", Int(25))];

const DESTINATION: &[Row] = &[(b"address", Text(26)), (b"port", Int(27))];

const CONNECTION: &[Row] = &[
    (b"id", Uint(28)),
    (b"mtls", Flag(29)),
    (b"requested_server_name", TextOrEmpty(30)),
    (b"tls_version", Text(31)),
    (b"subject_local_certificate", Text(32)),
    (b"subject_peer_certificate", Text(33)),
    (b"dns_san_local_certificate", Text(34)),
    (b"dns_san_peer_certificate", Text(35)),
    (b"uri_san_local_certificate", Text(36)),
    (b"uri_san_peer_certificate", Text(37)),
    (b"sha256_peer_certificate_digest", Text(38)),
    (b"transport_failure_reason", Text(39)),
    (b"termination_details", Text(40)),
];

const UPSTREAM: &[Row] = &[
    (b"address", Text(id::UPSTREAM_ADDRESS)),
    (b"port", Int(42)),
    (b"tls_version", Text(43)),
    (b"subject_local_certificate", Text(44)),
    (b"subject_peer_certificate", Text(45)),
    (b"dns_san_local_certificate", Text(46)),
    (b"dns_san_peer_certificate", Text(47)),
    (b"uri_san_local_certificate", Text(48)),
    (b"uri_san_peer_certificate", Text(49)),
    (b"sha256_peer_certificate_digest", Text(50)),
    (b"local_address", Text(51)),
    (b"transport_failure_reason", UpstreamText(52)),
    (b"request_attempt_count", UintOrZero(53)),
    (b"server_name", Text(68)),
    (b"protocol", Text(70)),
];

const XDS: &[Row] = &[
    (b"node", Node),
    (b"cluster_name", Text(id::CLUSTER_NAME)),
    (b"cluster_metadata", Metadata(source::CLUSTER, Some(id::CLUSTER_NAME))),
    (b"listener_direction", Int(59)),
    (b"route_name", Text(id::ROUTE_NAME)),
    (b"route_metadata", Metadata(source::ROUTE, Some(id::ROUTE_NAME))),
    (b"virtual_host_name", Text(63)),
    (b"upstream_host_metadata", Metadata(source::HOST, Some(id::UPSTREAM_ADDRESS))),
    (b"filter_chain_name", Text(66)),
    (b"virtual_cluster_name", Text(69)),
    (b"upstream_host_locality_metadata", LocalityMetadata),
];

/// What a path starts with, where more follows.
const GROUPS: &[(&[u8], &[Row])] = &[
    (b"request", REQUEST),
    (b"response", RESPONSE),
    (b"source", SOURCE),
    (b"destination", DESTINATION),
    (b"connection", CONNECTION),
    (b"upstream", UPSTREAM),
    (b"xds", XDS),
];

fn text(text: &str) -> Lookup {
    Ok(Found::Text(Bytes::new(text.as_bytes())))
}

fn made(value: Option<Value>) -> Lookup {
    value.map(Found::Value).ok_or(Status::NotFound)
}

/// The value at a path.
pub(super) fn find(view: &View<'_>, parts: &[&[u8]]) -> Lookup {
    let [first, rest @ ..] = parts else { return Err(UNSERIALIZABLE) };
    if let Some((_, rows)) = GROUPS.iter().find(|(name, _)| name == first) {
        let is_xds = *first == b"xds";
        if !view.has_stream() && view.entry.is_none() && !is_xds {
            return Err(Status::NotFound);
        }
        let [name, rest @ ..] = rest else { return Err(UNSERIALIZABLE) };
        let row = rows.iter().find(|(row, _)| row == name).ok_or(Status::NotFound)?;
        return match view.entry {
            Some(entry) if !matches!(row.1, Node) => entry.read(first, name, row.1, rest),
            _ => read(view, row.1, rest),
        };
    }
    match (*first, rest) {
        (b"plugin_name", []) => text(&view.config.name),
        (b"plugin_root_id", []) => text(&view.config.root_id),
        (b"plugin_vm_id", []) => text(view.vm_id),
        (b"connection_id", []) => read(view, Uint(28), rest),
        (b"health_check", []) => {
            made(view.entry.map_or_else(|| view.flag(67), |entry| entry.flag(67)).map(Value::Bool))
        }
        (b"metadata", _) => read(view, Metadata(source::DYNAMIC, None), rest),
        (b"filter_state", _) => stored::filter_state(view, rest),
        (b"upstream_filter_state", _) => {
            let upstream = view.text(id::UPSTREAM_ADDRESS).is_some();
            Err(if upstream && rest.is_empty() { UNSERIALIZABLE } else { Status::NotFound })
        }
        // What follows is a part of a message or table, which only its own plugin can read.
        (name, []) => stored::get(view, name),
        _ => Err(Status::NotFound),
    }
}

fn read(view: &View<'_>, source: Source, rest: &[&[u8]]) -> Lookup {
    if matches!(source, Node) {
        return node::find(&view.config.node, rest);
    }
    if !view.has_stream() {
        return Err(Status::NotFound);
    }
    match source {
        // Network filters are not offered metadata of these kinds.
        Metadata(..) | LocalityMetadata if view.http.is_none() => return Err(Status::NotFound),
        Headers(map) => return headers::find(view, map, rest),
        Metadata(source, owner) => {
            // An Envoy before 1.40 does not give all of these texts.
            let there =
                owner.is_none_or(|id| view.text(id).is_some()) || !metadata::is_empty(view.filter, source);
            return if there { metadata::find(view.filter, source, rest) } else { Err(Status::NotFound) };
        }
        LocalityMetadata => {
            view.text(id::UPSTREAM_ADDRESS).ok_or(Status::NotFound)?;
            // Envoy has a null where there is none.
            return if metadata::is_empty(view.filter, source::HOST_LOCALITY) {
                Err(if rest.is_empty() { UNSERIALIZABLE } else { Status::NotFound })
            } else {
                metadata::find(view.filter, source::HOST_LOCALITY, rest)
            };
        }
        _ if !rest.is_empty() => return Err(Status::NotFound),
        _ => {}
    }
    let bytes = |bytes: Option<Bytes>| bytes.map(Found::Text).ok_or(Status::NotFound);
    let or_empty = |bytes: Option<Bytes>| bytes.or(Some(Bytes::new(b"")));
    let own = view.http.and_then(|http| http.synthetic());
    let open = view.http.is_some_and(|http| http.map_open(header_type::REQUEST));
    match source {
        Text(id::RESPONSE_CODE_DETAILS) => match own {
            Some(own) => bytes(Some(Bytes::new(&own.details))),
            None => bytes(view.text(id::RESPONSE_CODE_DETAILS).map(|details| {
                // Envoy's word for a guest's response without any.
                let ours =
                    view.http.is_some_and(|http| http.replied) && super::slice(details) == b"dynamic_module";
                if ours { Bytes::new(b"") } else { details }
            })),
        },
        Int(id::RESPONSE_CODE) if own.is_some() => made(code(view).map(|n| Value::Int(n as i64))),
        Text(id) => bytes(view.text(id)),
        TextOrEmpty(id) => bytes(or_empty(view.text(id))),
        UpstreamText(id) => {
            view.text(self::id::UPSTREAM_ADDRESS).ok_or(Status::NotFound)?;
            bytes(or_empty(view.text(id)))
        }
        Request(_) | RequestOrEmpty(_) if !open => Err(Status::NotFound),
        Request(id) => bytes(view.text(id)),
        RequestOrEmpty(id) => bytes(or_empty(view.text(id))),
        Int(id) => made(view.number(id).map(|n| Value::Int(n as i64))),
        Uint(id) => made(view.number(id).map(Value::Uint)),
        UintOrZero(id) => made(Some(Value::Uint(view.number(id).unwrap_or(0)))),
        IntOrZero(id) => made(Some(Value::Int(view.number(id).unwrap_or(0) as i64))),
        Flag(id) => made(Some(Value::Bool(view.flag(id).unwrap_or(false)))),
        Computed(value) => made(value(view)),
        Headers(_) | Metadata(..) | LocalityMetadata | Node => Err(Status::NotFound),
    }
}

/// The response's status, of our own response where that is being shown.
fn code(view: &View<'_>) -> Option<u64> {
    match view.http.and_then(|http| http.synthetic()) {
        Some(own) => std::str::from_utf8(own.headers.get(b":status")?).ok()?.parse().ok(),
        None => view.number(id::RESPONSE_CODE),
    }
}

/// The status in the trailers, that in the headers, or what the HTTP status means as one.
fn grpc_status(view: &View<'_>) -> Option<Value> {
    let status = |map| {
        let value = headers::first(view, map, b"grpc-status")?;
        std::str::from_utf8(&value).ok()?.parse::<i64>().ok()
    };
    status(header_type::RESPONSE_TRAILERS)
        .or_else(|| status(header_type::RESPONSE))
        .or_else(|| Some(i64::from(status_of_http(u32::try_from(code(view)?).ok()?))))
        .map(Value::Int)
}

/// Bytes of the body so far. Envoy's own attribute adds the headers, and is not there for TCP.
fn received(view: &View<'_>) -> Option<u64> {
    const REQUEST_SIZE: u32 = 13;
    const REQUEST_TOTAL_SIZE: u32 = 14;
    if view.http.is_none() {
        return view.number(REQUEST_SIZE);
    }
    let headers = headers::envoy_size(view.filter, header_type::REQUEST);
    Some(view.number(REQUEST_TOTAL_SIZE).unwrap_or(0).saturating_sub(headers))
}

fn request_size(view: &View<'_>) -> Option<Value> {
    match headers::first(view, header_type::REQUEST, b"content-length") {
        Some(declared) => std::str::from_utf8(&declared).ok()?.parse().ok().map(Value::Int),
        None => received(view).map(|n| Value::Int(n as i64)),
    }
}

fn request_total_size(view: &View<'_>) -> Option<Value> {
    Some(Value::Int((received(view)? + headers::size(view, header_type::REQUEST)) as i64))
}

fn sent(view: &View<'_>) -> u64 {
    view.number(id::RESPONSE_SIZE).unwrap_or(0)
}

fn response_size(view: &View<'_>) -> Option<Value> {
    Some(Value::Int(sent(view) as i64))
}

fn response_total_size(view: &View<'_>) -> Option<Value> {
    let headers = headers::size(view, header_type::RESPONSE);
    let trailers = headers::size(view, header_type::RESPONSE_TRAILERS);
    Some(Value::Int((sent(view) + headers + trailers) as i64))
}
