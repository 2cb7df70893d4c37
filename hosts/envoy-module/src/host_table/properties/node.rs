//! The node, `envoy.config.core.v3.Node`.
//!
//! The module ABI does not give it (G5), so it is what the operator writes under `node` in the filter's configuration, in
//! the JSON form of the bootstrap's `node` block. Without it there is none. Envoy itself adds its build and the list of
//! all its extensions; a node written down here has what is written, and `user_agent_name`.

use super::metadata::walk;
use super::{Found, Lookup, proto};
use nullvm_host_common::value::AttributeValue as Value;
use nullvm_shim::host::{Bytes, Status};
use serde_json::Value as Json;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// `google.protobuf.Struct`
    Struct,
    /// A message of texts.
    Message(&'static [Field]),
    Texts,
    /// Messages that are not read: a list without items.
    Nothing,
}

/// Name in protobuf and in JSON, number, kind, and the text where none is given.
type Field = (&'static str, &'static str, u32, Kind, &'static str);

const LOCALITY: &[Field] = &[
    ("region", "region", 1, Kind::Text, ""),
    ("zone", "zone", 2, Kind::Text, ""),
    ("sub_zone", "subZone", 3, Kind::Text, ""),
];

const NODE: &[Field] = &[
    ("id", "id", 1, Kind::Text, ""),
    ("cluster", "cluster", 2, Kind::Text, ""),
    ("metadata", "metadata", 3, Kind::Struct, ""),
    ("locality", "locality", 4, Kind::Message(LOCALITY), ""),
    ("user_agent_name", "userAgentName", 6, Kind::Text, "envoy"),
    ("user_agent_version", "userAgentVersion", 7, Kind::Text, ""),
    ("client_features", "clientFeatures", 10, Kind::Texts, ""),
    ("listening_addresses", "listeningAddresses", 11, Kind::Nothing, ""),
];

fn get<'j>(json: &'j Json, field: &Field) -> Option<&'j Json> {
    json.get(field.0).or_else(|| json.get(field.1))
}

fn text<'j>(json: &'j Json, field: &Field) -> &'j str {
    get(json, field).and_then(Json::as_str).unwrap_or(field.4)
}

fn texts<'j>(json: &'j Json, field: &Field) -> impl Iterator<Item = &'j str> {
    get(json, field).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(n) => Value::Double(n.as_f64().unwrap_or(0.0)),
        Json::String(text) => Value::str(text),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(fields) => {
            Value::Map(fields.iter().map(|(k, v)| (k.as_bytes().to_vec(), value(v))).collect())
        }
    }
}

fn structure(json: &Json, field: &Field) -> Value {
    match get(json, field) {
        Some(fields @ Json::Object(_)) => value(fields),
        _ => Value::Map(Vec::new()),
    }
}

fn message(json: &Json, fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields {
        match field.3 {
            Kind::Text => {
                let text = text(json, field);
                if !text.is_empty() {
                    proto::bytes(&mut out, field.2, text.as_bytes());
                }
            }
            Kind::Struct if get(json, field).is_some() => {
                proto::bytes(&mut out, field.2, &proto::structure(&structure(json, field)));
            }
            Kind::Message(fields) => {
                if let Some(json) = get(json, field) {
                    proto::bytes(&mut out, field.2, &message(json, fields));
                }
            }
            Kind::Texts => {
                texts(json, field).for_each(|text| proto::bytes(&mut out, field.2, text.as_bytes()))
            }
            Kind::Struct | Kind::Nothing => {}
        }
    }
    out
}

/// The node, or what is below.
pub(super) fn find(node: &Json, path: &[&[u8]]) -> Lookup {
    if !node.is_object() {
        return Err(Status::NotFound);
    }
    below(node, NODE, path)
}

fn below(json: &Json, fields: &[Field], path: &[&[u8]]) -> Lookup {
    let [name, rest @ ..] = path else {
        return Ok(Found::Value(Value::Bytes(message(json, fields))));
    };
    let field = fields.iter().find(|f| f.0.as_bytes() == *name).ok_or(Status::NotFound)?;
    match field.3 {
        Kind::Text if rest.is_empty() => Ok(Found::Text(Bytes::new(text(json, field).as_bytes()))),
        Kind::Text => Err(Status::NotFound),
        Kind::Struct => walk(structure(json, field), rest),
        Kind::Message(fields) => below(get(json, field).unwrap_or(&Json::Null), fields, rest),
        Kind::Texts => walk(Value::List(texts(json, field).map(Value::str).collect()), rest),
        Kind::Nothing => walk(Value::List(Vec::new()), rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Json {
        serde_json::json!({"id": "i", "cluster": "c", "locality": {"region": "r1", "subZone": "s"},
            "metadata": {"team": "core", "n": 7, "deep": {"k": ["v"]}}})
    }

    fn at(path: &[&[u8]]) -> Result<Value, Status> {
        find(&node(), path).map(Found::into_value)
    }

    #[test]
    fn fields_and_what_is_below() {
        assert_eq!(at(&[b"id"]), Ok(Value::from("i")));
        assert_eq!(at(&[b"user_agent_name"]), Ok(Value::from("envoy")));
        assert_eq!(at(&[b"user_agent_version"]), Ok(Value::from("")));
        assert_eq!(at(&[b"locality", b"region"]), Ok(Value::from("r1")));
        assert_eq!(at(&[b"locality", b"zone"]), Ok(Value::from("")));
        assert_eq!(at(&[b"locality"]), Ok(Value::Bytes(b"\x0a\x02r1\x1a\x01s".to_vec())));
        assert_eq!(at(&[b"metadata", b"n"]), Ok(Value::Double(7.0)));
        assert_eq!(at(&[b"metadata", b"deep", b"k", b"0"]), Ok(Value::from("v")));
        assert_eq!(at(&[b"client_features"]), Ok(Value::List(Vec::new())));
        for path in [&[b"x" as &[u8]][..], &[b"id", b"x"], &[b"metadata", b"x"], &[b"userAgentName"]] {
            assert_eq!(at(path), Err(Status::NotFound));
        }
        assert!(matches!(find(&Json::Null, &[b"id"]), Err(Status::NotFound)));
    }

    #[test]
    fn the_message() {
        let node = serde_json::json!({"id": "i", "metadata": {"k": "v"}});
        let Ok(Found::Value(Value::Bytes(bytes))) = find(&node, &[]) else { panic!("no message") };
        assert_eq!(bytes, b"\x0a\x01i\x1a\x0a\x0a\x08\x0a\x01k\x12\x03\x1a\x01v\x32\x05envoy");
    }
}
