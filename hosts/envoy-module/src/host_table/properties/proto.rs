//! `google.protobuf.Struct` and what holds one, written from values.

use nullvm_host_common::value::AttributeValue as Value;

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A field of bytes: text, message, or entry of a map.
pub(super) fn bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    varint(out, u64::from(field) << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// An entry of a map of messages by text.
fn entry(out: &mut Vec<u8>, field: u32, key: &[u8], value: &[u8]) {
    let mut message = Vec::new();
    bytes(&mut message, 1, key);
    bytes(&mut message, 2, value);
    bytes(out, field, &message);
}

/// `google.protobuf.Struct`; empty for what is no map.
pub(super) fn structure(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    if let Value::Map(entries) = value {
        for (key, item) in entries {
            entry(&mut out, 1, key, &self::value(item));
        }
    }
    out
}

/// `envoy.config.core.v3.Metadata`, of a map by namespace.
pub(super) fn metadata(namespaces: &[(Vec<u8>, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (namespace, fields) in namespaces {
        entry(&mut out, 1, namespace, &structure(fields));
    }
    out
}

/// `google.protobuf.Value`; null for what has no place in one.
fn value(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Double(n) => {
            out.push(2 << 3 | 1);
            out.extend_from_slice(&n.to_le_bytes());
        }
        Value::String(text) => bytes(&mut out, 3, text),
        Value::Bool(flag) => out.extend_from_slice(&[4 << 3, u8::from(*flag)]),
        Value::Map(_) => bytes(&mut out, 5, &structure(value)),
        Value::List(items) => {
            let mut list = Vec::new();
            for item in items {
                bytes(&mut list, 1, &self::value(item));
            }
            bytes(&mut out, 6, &list);
        }
        _ => out.extend_from_slice(&[1 << 3, 0]),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes are those that Envoy 1.40 gave for the same metadata.
    #[test]
    fn metadata_as_envoy_writes_it() {
        let fields = Value::Map(vec![(b"lk".to_vec(), Value::from("lv"))]);
        let bytes = metadata(&[(b"lns".to_vec(), fields)]);
        assert_eq!(bytes, b"\x0a\x13\x0a\x03lns\x12\x0c\x0a\x0a\x0a\x02lk\x12\x04\x1a\x02lv");
    }

    #[test]
    fn each_kind_of_value() {
        assert_eq!(value(&Value::Double(2.0)), b"\x11\0\0\0\0\0\0\0\x40");
        assert_eq!(value(&Value::Bool(false)), b"\x20\0");
        assert_eq!(value(&Value::Null), b"\x08\0");
        assert_eq!(value(&Value::List(vec![Value::from("a")])), b"\x32\x05\x0a\x03\x1a\x01a");
        let nested = Value::headers([("k", "v")]);
        assert_eq!(value(&nested), b"\x2a\x0a\x0a\x08\x0a\x01k\x12\x03\x1a\x01v");
        let long = Value::String(vec![b'x'; 200]);
        assert_eq!(value(&long)[..3], [0x1a, 0xc8, 0x01]);
    }
}
