//! Metadata of the stream, its route, cluster and upstream host, `envoy.config.core.v3.Metadata` each.
//!
//! The module ABI gives texts, numbers, flags and lists of them. A struct within a namespace cannot be read, nor a null
//! (G4): their paths lead nowhere, and wholes come without them.

use super::{Found, Lookup, UNSERIALIZABLE, is_serializable, proto};
use crate::abi::{Filter, envoy};
use nullvm_host_common::value::AttributeValue as Value;
use nullvm_shim::host::{Bytes, Status};

/// One kind of metadata of a stream.
#[derive(Clone, Copy)]
struct Source {
    filter: Filter,
    number: u32,
}

fn copied(text: Bytes) -> Vec<u8> {
    super::slice(text).to_vec()
}

/// Buffers as Envoy fills them in.
fn list(count: usize, fill: impl FnOnce(*mut Bytes) -> bool) -> Vec<Bytes> {
    let mut out = Vec::with_capacity(count);
    if count > 0 && fill(out.as_mut_ptr()) {
        // SAFETY: Envoy fills as many as it said.
        unsafe { out.set_len(count) };
    }
    out
}

impl Source {
    fn namespaces(self) -> Vec<Bytes> {
        let (Some(count), Some(get)) =
            (envoy().http_get_metadata_namespaces_count, envoy().http_get_metadata_namespaces)
        else {
            return Vec::new();
        };
        // SAFETY: a filter of this worker, and room for what Envoy said.
        unsafe { list(count(self.filter, self.number), |out| get(self.filter, self.number, out)) }
    }

    fn keys(self, namespace: Bytes) -> Vec<Bytes> {
        let (Some(count), Some(get)) = (envoy().http_get_metadata_keys_count, envoy().http_get_metadata_keys)
        else {
            return Vec::new();
        };
        // SAFETY: a filter of this worker, and room for what Envoy said.
        unsafe {
            let count = count(self.filter, self.number, namespace);
            list(count, |out| get(self.filter, self.number, namespace, out))
        }
    }

    fn text(self, namespace: Bytes, key: Bytes) -> Option<Bytes> {
        let mut out = Bytes::EMPTY;
        let get = envoy().http_get_metadata_string?;
        // SAFETY: a filter of this worker.
        unsafe { get(self.filter, self.number, namespace, key, &raw mut out) }.then_some(out)
    }

    fn value(self, namespace: Bytes, key: Bytes) -> Option<Value> {
        if let Some(text) = self.text(namespace, key) {
            return Some(Value::String(copied(text)));
        }
        let (mut number, mut flag, mut size) = (0.0, false, 0);
        // SAFETY (of all): a filter of this worker.
        if let Some(get) = envoy().http_get_metadata_number
            && unsafe { get(self.filter, self.number, namespace, key, &raw mut number) }
        {
            return Some(Value::Double(number));
        }
        if let Some(get) = envoy().http_get_metadata_bool
            && unsafe { get(self.filter, self.number, namespace, key, &raw mut flag) }
        {
            return Some(Value::Bool(flag));
        }
        let get = envoy().http_get_metadata_list_size?;
        if !unsafe { get(self.filter, self.number, namespace, key, &raw mut size) } {
            return None;
        }
        (0..size).map(|index| self.item(namespace, key, index)).collect::<Option<_>>().map(Value::List)
    }

    fn item(self, namespace: Bytes, key: Bytes, index: usize) -> Option<Value> {
        let (mut text, mut number, mut flag) = (Bytes::EMPTY, 0.0, false);
        // SAFETY (of all): a filter of this worker.
        if let Some(get) = envoy().http_get_metadata_list_string
            && unsafe { get(self.filter, self.number, namespace, key, index, &raw mut text) }
        {
            return Some(Value::String(copied(text)));
        }
        if let Some(get) = envoy().http_get_metadata_list_number
            && unsafe { get(self.filter, self.number, namespace, key, index, &raw mut number) }
        {
            return Some(Value::Double(number));
        }
        let get = envoy().http_get_metadata_list_bool?;
        unsafe { get(self.filter, self.number, namespace, key, index, &raw mut flag) }
            .then_some(Value::Bool(flag))
    }

    fn fields(self, namespace: Bytes) -> Value {
        let keys = self.keys(namespace);
        Value::Map(
            keys.into_iter().filter_map(|key| Some((copied(key), self.value(namespace, key)?))).collect(),
        )
    }

    fn all(self) -> Vec<(Vec<u8>, Value)> {
        // Names are copied first: reading a namespace is a call into Envoy.
        let names: Vec<Vec<u8>> = self.namespaces().into_iter().map(copied).collect();
        names
            .into_iter()
            .map(|name| {
                let fields = self.fields(Bytes::new(&name));
                (name, fields)
            })
            .collect()
    }

    fn has(self, namespace: &[u8]) -> bool {
        self.namespaces().into_iter().any(|name| super::slice(name) == namespace)
    }

    fn typed(self, namespace: &[u8]) -> Option<Bytes> {
        let (mut url, mut value) = (Bytes::EMPTY, Bytes::EMPTY);
        let get = envoy().http_get_typed_metadata?;
        let namespace = Bytes::new(namespace);
        // SAFETY: a filter of this worker.
        unsafe { get(self.filter, self.number, namespace, &raw mut url, &raw mut value) }.then_some(value)
    }
}

/// Whether there are no namespaces.
pub(super) fn is_empty(filter: Filter, number: u32) -> bool {
    envoy().http_get_metadata_namespaces_count.is_none_or(|count| {
        // SAFETY: a filter of this worker.
        unsafe { count(filter, number) == 0 }
    })
}

/// Metadata, or what is below.
pub(super) fn find(filter: Filter, number: u32, rest: &[&[u8]]) -> Lookup {
    let source = Source { filter, number };
    match rest {
        [] => Ok(Found::Value(Value::Bytes(proto::metadata(&source.all())))),
        [b"filter_metadata"] => Ok(Found::Value(Value::Map(source.all()))),
        [b"filter_metadata", namespace] => {
            if !source.has(namespace) {
                return Err(Status::NotFound);
            }
            Ok(Found::Value(source.fields(Bytes::new(namespace))))
        }
        [b"filter_metadata", namespace, key, path @ ..] => {
            let (namespace, key) = (Bytes::new(namespace), Bytes::new(key));
            if path.is_empty()
                && let Some(text) = source.text(namespace, key)
            {
                return Ok(Found::Text(text));
            }
            let value = source.value(namespace, key).ok_or(Status::NotFound)?;
            walk(value, path)
        }
        [b"typed_filter_metadata", namespace] => {
            source.typed(namespace).map(Found::Raw).ok_or(Status::NotFound)
        }
        _ => Err(Status::NotFound),
    }
}

/// Goes down into a value. Lists take an index in decimal.
pub(super) fn walk(value: Value, path: &[&[u8]]) -> Lookup {
    let mut at = value;
    for part in path {
        at = match at {
            Value::Map(entries) => entries.into_iter().find(|(k, _)| k == part).map(|(_, v)| v),
            Value::List(items) => std::str::from_utf8(part)
                .ok()
                .and_then(|n| n.parse::<usize>().ok())
                .and_then(|n| items.into_iter().nth(n)),
            _ => None,
        }
        .ok_or(Status::NotFound)?;
    }
    if is_serializable(&at) { Ok(Found::Value(at)) } else { Err(UNSERIALIZABLE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &[&[u8]]) -> Result<Value, Status> {
        let tree = Value::Map(vec![
            (b"l".to_vec(), Value::List(vec![Value::Bool(true), Value::Double(2.0)])),
            (b"n".to_vec(), Value::Null),
        ]);
        walk(tree, path).map(Found::into_value)
    }

    #[test]
    fn walking() {
        assert_eq!(at(&[b"l", b"1"]), Ok(Value::Double(2.0)));
        for path in [&[b"x" as &[u8]][..], &[b"l", b"2"], &[b"l", b"-1"], &[b"l", b"0", b"x"]] {
            assert_eq!(at(path), Err(Status::NotFound));
        }
        assert_eq!(at(&[b"n"]), Err(Status::SerializationFailure));
        assert_eq!(at(&[]), Err(Status::SerializationFailure), "a null within");
    }
}
