//! Properties: paths into the request, the connection, the node and what plugins stored.

use crate::context::http::Http;
use crate::context::{Context, Kind, StreamInfo};
use crate::maps::HeaderMap;
use crate::vm::State;
use nullvm_host_common::cel::Attributes;
use nullvm_host_common::value::AttributeValue as Value;
use nullvm_shim::host::Status;
use serde_json::Value as Json;
use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

fn text(text: &str) -> Option<Value> {
    Some(Value::str(text))
}

fn of_json(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => Value::Double(n.as_f64()?),
        Json::String(s) => Value::str(s),
        Json::Array(items) => Value::List(items.iter().filter_map(of_json).collect()),
        Json::Object(fields) => Value::Map(
            fields.iter().filter_map(|(k, v)| Some((k.as_bytes().to_vec(), of_json(v)?))).collect(),
        ),
    })
}

/// Walks down a JSON value.
fn walk(json: &Json, path: &[&str]) -> Option<Value> {
    let mut at = json;
    for part in path {
        at = match at {
            Json::Object(fields) => fields.get(*part)?,
            Json::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    of_json(at)
}

/// `google.protobuf.Struct`, written by hand: five messages of one field each.
mod proto {
    use serde_json::Value as Json;

    fn varint(out: &mut Vec<u8>, mut n: u64) {
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }

    pub fn bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
        varint(out, u64::from(field) << 3 | 2);
        varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }

    /// A map entry of a text and a message.
    pub fn entry(out: &mut Vec<u8>, field: u32, key: &str, value: &[u8]) {
        let mut message = Vec::new();
        bytes(&mut message, 1, key.as_bytes());
        bytes(&mut message, 2, value);
        bytes(out, field, &message);
    }

    pub fn structure(json: &Json) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, json) in json.as_object().into_iter().flatten() {
            entry(&mut out, 1, key, &value(json));
        }
        out
    }

    fn value(json: &Json) -> Vec<u8> {
        let mut out = Vec::new();
        match json {
            Json::Null => out.extend_from_slice(&[1 << 3, 0]),
            Json::Number(n) => {
                out.push(2 << 3 | 1);
                out.extend_from_slice(&n.as_f64().unwrap_or(0.0).to_le_bytes());
            }
            Json::String(s) => bytes(&mut out, 3, s.as_bytes()),
            Json::Bool(b) => out.extend_from_slice(&[4 << 3, u8::from(*b)]),
            Json::Object(_) => bytes(&mut out, 5, &structure(json)),
            Json::Array(items) => {
                let mut list = Vec::new();
                for item in items {
                    bytes(&mut list, 1, &value(item));
                }
                bytes(&mut out, 6, &list);
            }
        }
        out
    }
}

/// `envoy.config.core.v3.Metadata`, whole or walked into: `filter_metadata`, namespace, keys.
fn metadata(json: &Json, path: &[&str]) -> Option<Value> {
    match path {
        [] => {
            let mut out = Vec::new();
            for (namespace, fields) in json.as_object().into_iter().flatten() {
                proto::entry(&mut out, 1, namespace, &proto::structure(fields));
            }
            Some(Value::Bytes(out))
        }
        ["filter_metadata", rest @ ..] => walk(json, rest),
        _ => None,
    }
}

fn node(state: &State, path: &[&str]) -> Option<Value> {
    let node = &state.config.node;
    match path {
        [] => {
            let mut out = Vec::new();
            for (field, text) in [(1, &node.node_id), (2, &node.node_cluster)] {
                if !text.is_empty() {
                    proto::bytes(&mut out, field, text.as_bytes());
                }
            }
            if node.node_metadata.as_object().is_some_and(|m| !m.is_empty()) {
                proto::bytes(&mut out, 3, &proto::structure(&node.node_metadata));
            }
            proto::bytes(&mut out, 6, b"nullvm");
            Some(Value::Bytes(out))
        }
        ["id"] => text(&node.node_id),
        ["cluster"] => text(&node.node_cluster),
        ["user_agent_name"] => text("nullvm"),
        ["metadata", rest @ ..] => walk(&node.node_metadata, rest),
        _ => None,
    }
}

fn address(at: Option<SocketAddr>, part: &str) -> Option<Value> {
    match part {
        "address" => text(&at?.to_string()),
        "port" => Some(Value::Int(i64::from(at?.port()))),
        _ => None,
    }
}

fn entries(map: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    map.entries().iter().map(|(k, v)| (k.as_slice(), v.as_slice()))
}

fn headers(map: &HeaderMap, path: &[&str]) -> Option<Value> {
    match path {
        [] => Some(Value::headers(entries(map))),
        [key] => map.get(key.as_bytes()).map(Value::str),
        _ => None,
    }
}

fn request(http: &Http, path: &[&str]) -> Option<Value> {
    let (map, info) = (&http.request.headers, &http.info);
    let header = |key: &str| map.get(key.as_bytes()).map(Value::str);
    let url = map.get_str(":path").unwrap_or_default();
    let (url_path, query) = url.split_once('?').unwrap_or((url, ""));
    let query = query.split_once('#').map_or(query, |(q, _)| q);
    let declared = map.get_str("content-length").and_then(|n| n.parse::<u64>().ok());
    let size = declared.unwrap_or(http.request.body_bytes);
    match path {
        ["path"] => header(":path"),
        ["url_path"] => text(url_path),
        ["query"] => text(query),
        ["host"] => header(":authority"),
        ["scheme"] => header(":scheme"),
        ["method"] => header(":method"),
        ["referer"] => header("referer"),
        ["useragent"] => header("user-agent"),
        ["id"] => header("x-request-id"),
        ["headers", rest @ ..] => headers(map, rest),
        ["protocol"] => text(info.protocol),
        ["time"] => Some(Value::Timestamp(info.start.duration_since(UNIX_EPOCH).ok()?.as_nanos() as i64)),
        ["duration"] => Some(Value::Duration(info.duration? as i64)),
        ["size"] => Some(Value::Int(size as i64)),
        ["total_size"] => {
            let trailers = http.request.trailers.as_ref().map_or(0, HeaderMap::byte_size);
            Some(Value::Int((http.request.body_bytes + (map.byte_size() + trailers) as u64) as i64))
        }
        _ => None,
    }
}

fn response(http: &Http, path: &[&str]) -> Option<Value> {
    let half = &http.response;
    let code = half.headers.get_str(":status").and_then(|s| s.parse::<i64>().ok());
    match path {
        ["code"] => code.map(Value::Int),
        ["code_details"] if !http.details.is_empty() => text(&http.details),
        ["flags"] => Some(Value::Int(0)),
        ["grpc_status"] => {
            let of = |map: &HeaderMap| map.get_str("grpc-status").and_then(|s| s.parse::<i64>().ok());
            half.trailers.as_ref().and_then(of).or_else(|| of(&half.headers)).map(Value::Int)
        }
        ["headers", rest @ ..] => headers(&half.headers, rest),
        ["trailers", rest @ ..] => headers(half.trailers.as_ref().unwrap_or(&HeaderMap::new()), rest),
        ["size"] => Some(Value::Int(half.body_bytes as i64)),
        ["total_size"] => {
            let trailers = half.trailers.as_ref().map_or(0, HeaderMap::byte_size);
            Some(Value::Int((half.body_bytes + (half.headers.byte_size() + trailers) as u64) as i64))
        }
        _ => None,
    }
}

fn stream(context: &Context) -> (Option<&StreamInfo>, Option<&Http>) {
    match &context.kind {
        Kind::Root(_) => (None, None),
        Kind::Http(http) => (Some(&http.info), Some(http)),
        Kind::Tcp(tcp) => (Some(&tcp.info), None),
    }
}

fn find(state: &State, context: &Context, path: &[&str]) -> Option<Value> {
    let node_config = &state.config.node;
    let (info, http) = stream(context);
    match path {
        ["plugin_name"] => text(&context.plugin.config.name),
        ["plugin_root_id"] => text(&context.plugin.config.root_id),
        ["plugin_vm_id"] => text(&state.vm_id),
        ["xds", rest @ ..] if !matches!(rest, [] | ["xds", ..]) => match rest {
            [
                "node"
                | "cluster_name"
                | "cluster_metadata"
                | "route_name"
                | "route_metadata"
                | "upstream_host_metadata"
                | "listener_direction"
                | "listener_metadata",
                ..,
            ] => find(state, context, rest),
            _ => None,
        },
        ["node", rest @ ..] => node(state, rest),
        ["listener_direction"] => Some(Value::Int(node_config.listener_direction)),
        ["listener_metadata", rest @ ..] => metadata(&node_config.listener_metadata, rest),
        ["request", rest @ ..] => request(http?, rest),
        ["response", rest @ ..] => response(http?, rest),
        ["route_name"] => http.and_then(|_| text(&node_config.route_name)),
        ["route_metadata", rest @ ..] => http.and_then(|_| metadata(&node_config.route_metadata, rest)),
        ["cluster_name"] => text(info?.cluster.as_deref()?),
        ["cluster_metadata", rest @ ..] => {
            info?.cluster.as_ref()?;
            metadata(&node_config.cluster_metadata, rest)
        }
        ["upstream_host_metadata", rest @ ..] => {
            info?.upstream?;
            metadata(&node_config.upstream_host_metadata, rest)
        }
        ["connection_id"] | ["connection", "id"] => Some(Value::Int(info?.connection_id as i64)),
        ["connection", "mtls"] => info.map(|_| Value::Bool(false)),
        ["source", part] => address(info?.source, part),
        ["destination", part] => address(info?.destination, part),
        ["upstream", "local_address"] => address(info?.upstream_local, "address"),
        ["upstream", "local_port"] => address(info?.upstream_local, "port"),
        ["upstream", part] => address(info?.upstream, part),
        ["metadata"] => info.map(|_| Value::Bytes(Vec::new())),
        ["filter_state", key] => {
            let key = key.strip_prefix("wasm.")?;
            info?.state.get(key.as_bytes()).map(|v| Value::Bytes(v.clone()))
        }
        _ => None,
    }
}

/// The properties of the effective context, for expressions.
pub(crate) struct Stream<'a>(pub(crate) &'a State);

impl Attributes for Stream<'_> {
    fn get(&self, path: &[&str]) -> Option<Value> {
        let context = self.0.contexts.get(&self.0.effective_id())?;
        let set = stream(context).0.and_then(|info| info.state.get(path.join("\0").as_bytes()));
        set.map(|bytes| Value::Bytes(bytes.clone())).or_else(|| find(self.0, context, path))
    }
}

/// `proxy_get_property`: the value at a path whose parts are separated by NUL.
pub fn get(state: &State, path: &[u8]) -> Result<Vec<u8>, Status> {
    let context = state.contexts.get(&state.effective_id()).ok_or(Status::NotFound)?;
    // The C++ SDK sends a NUL behind the last part as well.
    let path = path.strip_suffix(b"\0").unwrap_or(path);
    if let Some(value) = stream(context).0.and_then(|info| info.state.get(path)) {
        return Ok(value.clone());
    }
    let path = std::str::from_utf8(path).map_err(|_| Status::NotFound)?;
    let parts: Vec<&str> = path.split('\0').collect();
    find(state, context, &parts).map(|value| value.serialize()).ok_or(Status::NotFound)
}

/// `proxy_set_property`: kept with the stream, readable under the same path.
pub fn set(state: &mut State, path: &[u8], value: &[u8]) -> Status {
    let path = path.strip_suffix(b"\0").unwrap_or(path).to_vec();
    match state.stream_info() {
        Some(info) => {
            info.state.insert(path, value.to_vec());
            Status::Ok
        }
        None => Status::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_a_message_and_a_tree() {
        let json = serde_json::json!({"ns": {"a": "b", "n": 1, "l": [true]}});
        assert_eq!(metadata(&json, &["filter_metadata", "ns", "a"]), text("b"));
        assert_eq!(metadata(&json, &["filter_metadata", "ns", "n"]), Some(Value::Double(1.0)));
        assert_eq!(metadata(&json, &["filter_metadata", "ns", "l", "0"]), Some(Value::Bool(true)));
        assert_eq!(metadata(&json, &["filter_metadata", "ns", "l", "1"]), None);
        assert_eq!(metadata(&json, &["other"]), None);
        let small = serde_json::json!({"n": {"k": "v"}});
        let expected = b"\x0a\x11\x0a\x01n\x12\x0c\x0a\x0a\x0a\x01k\x12\x05\x1a\x03";
        let Some(Value::Bytes(bytes)) = metadata(&small, &[]) else { panic!() };
        assert_eq!(bytes.len(), 2 + bytes[1] as usize);
        assert_eq!(
            bytes[..5],
            expected[..1].iter().copied().chain([bytes[1]]).chain(*b"\x0a\x01n").collect::<Vec<u8>>()[..]
        );
        assert!(bytes.ends_with(b"\x12\x03\x1a\x01v"));
    }
}
