//! Values of properties and expressions, and the bytes that guests read them as: the one place of these formats.

/// A property on its way into a guest or an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// Known to have no value.
    Null,
    /// Text. Bytes, because header values need not be UTF-8; expressions see replacement characters there.
    String(Vec<u8>),
    /// Bytes, a serialized message among them.
    Bytes(Vec<u8>),
    /// 64 bits.
    Int(i64),
    /// 64 bits.
    Uint(u64),
    /// One byte.
    Bool(bool),
    /// 64 bits.
    Double(f64),
    /// Nanoseconds since the Unix epoch.
    Timestamp(i64),
    /// Nanoseconds.
    Duration(i64),
    /// Entries in their order. Header maps may repeat a key: guests see each one, expressions the first.
    Map(Vec<(Vec<u8>, AttributeValue)>),
    /// Items in their order.
    List(Vec<AttributeValue>),
}

impl AttributeValue {
    /// Text.
    pub fn str(text: impl AsRef<[u8]>) -> Self {
        Self::String(text.as_ref().to_vec())
    }

    /// A header map: texts by name.
    pub fn headers<K: AsRef<[u8]>, V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(entries.into_iter().map(|(k, v)| (k.as_ref().to_vec(), Self::str(v))).collect())
    }

    /// The bytes of `proxy_get_property` and `expr_evaluate`: texts and bytes as they are, numbers, timestamps and
    /// durations as 64 bits in little endian, a bool as one byte, nothing for null. A map is [`pairs`] of serialized
    /// values, a list is pairs of serialized items with nothing behind them.
    pub fn serialize(&self) -> Vec<u8> {
        match self {
            Self::Null => Vec::new(),
            Self::String(bytes) | Self::Bytes(bytes) => bytes.clone(),
            Self::Int(n) | Self::Timestamp(n) | Self::Duration(n) => n.to_le_bytes().to_vec(),
            Self::Uint(n) => n.to_le_bytes().to_vec(),
            Self::Double(n) => n.to_le_bytes().to_vec(),
            Self::Bool(b) => vec![u8::from(*b)],
            Self::Map(entries) => {
                let values: Vec<_> = entries.iter().map(|(k, v)| (k, v.serialize())).collect();
                pairs(values.iter().map(|(k, v)| (k.as_slice(), v.as_slice())))
            }
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::serialize).collect();
                pairs(items.iter().map(|v| (v.as_slice(), &b""[..])))
            }
        }
    }

    /// Walks down: maps by key, lists by index in decimal.
    pub fn walk(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |at, part| match at {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == part.as_bytes()).map(|(_, v)| v),
            Self::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Bytes that the value stands for, with what each part costs: a measure for limits, not a size in memory.
    pub fn weight(&self) -> usize {
        const PART: usize = 16;
        PART + match self {
            Self::String(bytes) | Self::Bytes(bytes) => bytes.len(),
            Self::Map(entries) => entries.iter().map(|(k, v)| PART + k.len() + v.weight()).sum(),
            Self::List(items) => items.iter().map(Self::weight).sum(),
            _ => 0,
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::str(text)
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::String(text.into_bytes())
    }
}

/// The Proxy-Wasm serialization of a header map: the number of pairs, the lengths of each key and value, all 32 bits
/// in little endian, then the texts with a NUL behind each.
pub fn pairs<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let (count, bytes) =
        pairs.clone().fold((0usize, 4usize), |(n, size), (k, v)| (n + 1, size + 10 + k.len() + v.len()));
    let mut out = Vec::with_capacity(bytes);
    out.extend_from_slice(&(count as u32).to_le_bytes());
    for (key, value) in pairs.clone() {
        out.extend_from_slice(&(key.len() as u32).to_le_bytes());
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    for (key, value) in pairs {
        for text in [key, value] {
            out.extend_from_slice(text);
            out.push(0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::AttributeValue as V;
    use super::*;

    #[test]
    fn scalars() {
        assert_eq!(V::Null.serialize(), b"");
        assert_eq!(V::str([0xff, 0]).serialize(), [0xff, 0]);
        assert_eq!(V::Bytes(vec![1]).serialize(), [1]);
        assert_eq!(V::Int(-2).serialize(), [0xfe, 255, 255, 255, 255, 255, 255, 255]);
        assert_eq!(V::Uint(u64::MAX).serialize(), [255; 8]);
        assert_eq!(V::Double(1.0).serialize(), [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        assert_eq!(V::Bool(true).serialize(), [1]);
        assert_eq!(V::Bool(false).serialize(), [0]);
        assert_eq!(V::Timestamp(258).serialize(), [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(V::Duration(-1).serialize(), [255; 8]);
    }

    #[test]
    fn maps_and_lists_are_pairs() {
        let map = V::headers([("a", "bc")]);
        assert_eq!(map.serialize(), b"\x01\0\0\0\x01\0\0\0\x02\0\0\0a\0bc\0");
        let list = V::List(vec![V::Bool(true), V::from("xy")]);
        assert_eq!(
            list.serialize(),
            b"\x02\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0xy\0\0",
            "items are keys without values"
        );
        let nested = V::Map(vec![(b"k".to_vec(), map)]);
        assert_eq!(nested.serialize()[..12], *b"\x01\0\0\0\x01\0\0\0\x11\0\0\0");
        assert_eq!(pairs(std::iter::empty()), [0; 4]);
        assert_eq!(list.serialize().capacity(), list.serialize().len(), "one allocation");
    }

    #[test]
    fn paths() {
        let tree = V::Map(vec![(b"a".to_vec(), V::List(vec![V::Int(7), V::headers([("k", "v")])]))]);
        assert_eq!(tree.walk(&["a", "0"]), Some(&V::Int(7)));
        assert_eq!(tree.walk(&["a", "1", "k"]), Some(&V::from("v")));
        assert_eq!(tree.walk(&[]), Some(&tree));
        for path in [&["b"][..], &["a", "2"], &["a", "-1"], &["a", "0", "x"], &["a", "x"]] {
            assert_eq!(tree.walk(path), None, "{path:?}");
        }
    }
}
