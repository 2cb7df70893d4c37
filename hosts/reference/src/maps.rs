//! Header maps: ordered, repeated names allowed, names in lower case, pseudo-headers inside.

use http::{HeaderName, HeaderValue};

/// `proxy_header_map_type_t`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MapType {
    /// Request headers.
    RequestHeaders = 0,
    /// Request trailers.
    RequestTrailers = 1,
    /// Response headers.
    ResponseHeaders = 2,
    /// Response trailers.
    ResponseTrailers = 3,
    /// Initial metadata of a gRPC call.
    GrpcInitialMetadata = 4,
    /// Trailing metadata of a gRPC call.
    GrpcTrailingMetadata = 5,
    /// Headers of the response to an HTTP call.
    HttpCallHeaders = 6,
    /// Trailers of the response to an HTTP call.
    HttpCallTrailers = 7,
}

impl MapType {
    /// The map with this number.
    pub const fn from_u32(n: u32) -> Option<Self> {
        Some(match n {
            0 => Self::RequestHeaders,
            1 => Self::RequestTrailers,
            2 => Self::ResponseHeaders,
            3 => Self::ResponseTrailers,
            4 => Self::GrpcInitialMetadata,
            5 => Self::GrpcTrailingMetadata,
            6 => Self::HttpCallHeaders,
            7 => Self::HttpCallTrailers,
            _ => return None,
        })
    }
}

/// A name and a value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Headers, trailers or metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMap {
    entries: Vec<Entry>,
}

impl HeaderMap {
    /// No headers.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Number of entries; a repeated name counts each time.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Bytes of all names and values.
    pub fn byte_size(&self) -> usize {
        self.entries.iter().map(|(k, v)| k.len() + v.len()).sum()
    }

    /// The first value of a name, which may be in any case. `host` is `:authority`.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let key = alias(key);
        self.entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v.as_slice())
    }

    /// As [`HeaderMap::get`], as text where it is text.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key.as_bytes()).and_then(|v| std::str::from_utf8(v).ok())
    }

    /// Adds an entry behind the others. A second value of a pseudo-header, which can stand once only, is appended to
    /// the first one.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        let key = alias(key);
        if key.first() == Some(&b':')
            && let Some((_, v)) = self.entries.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(key))
        {
            v.push(b',');
            v.extend_from_slice(value);
            return;
        }
        self.entries.push((key.to_ascii_lowercase(), value.to_vec()));
    }

    /// Sets the value of a name: the first entry keeps its place, further ones go; added where there is none.
    pub fn set(&mut self, key: &[u8], value: &[u8]) {
        let key = alias(key);
        let Some(first) = self.entries.iter().position(|(k, _)| k.eq_ignore_ascii_case(key)) else {
            self.entries.push((key.to_ascii_lowercase(), value.to_vec()));
            return;
        };
        self.entries[first].1 = value.to_vec();
        let mut i = 0;
        self.entries.retain(|(k, _)| {
            i += 1;
            i - 1 <= first || !k.eq_ignore_ascii_case(key)
        });
    }

    /// Removes every entry of a name.
    pub fn remove(&mut self, key: &[u8]) {
        let key = alias(key);
        self.entries.retain(|(k, _)| !k.eq_ignore_ascii_case(key));
    }

    /// Replaces everything.
    pub fn replace<'a>(&mut self, pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        self.entries.clear();
        for (key, value) in pairs {
            self.add(key, value);
        }
    }

    /// The entries as ordinary headers. Pseudo-headers, and what no HTTP message can carry, are left out.
    pub fn to_http(&self) -> http::HeaderMap {
        let mut map = http::HeaderMap::with_capacity(self.entries.len());
        for (key, value) in &self.entries {
            if key.first() == Some(&b':') {
                continue;
            }
            if let (Ok(key), Ok(value)) = (HeaderName::from_bytes(key), HeaderValue::from_bytes(value)) {
                map.append(key, value);
            }
        }
        map
    }

    /// Adds ordinary headers behind the entries.
    pub fn extend_http(&mut self, headers: &http::HeaderMap) {
        self.entries.reserve(headers.len());
        for (key, value) in headers {
            self.entries.push((key.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for HeaderMap {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut map = Self::new();
        for (key, value) in pairs {
            map.add(key.as_bytes(), value.as_bytes());
        }
        map
    }
}

fn alias(key: &[u8]) -> &[u8] {
    if key.eq_ignore_ascii_case(b"host") { b":authority" } else { key }
}

/// Headers that belong to one connection and are never passed on.
const HOP_BY_HOP: &[&str] = &["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// A map out of an HTTP request: pseudo-headers first, in the order Envoy has them.
pub fn of_request(parts: &http::request::Parts) -> HeaderMap {
    let mut map = HeaderMap::new();
    let authority = match parts.uri.authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => parts.headers.get(http::header::HOST).map_or(&b""[..], HeaderValue::as_bytes),
    };
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    map.add(b":authority", authority);
    map.add(b":path", path.as_bytes());
    map.add(b":method", parts.method.as_str().as_bytes());
    map.add(b":scheme", b"http");
    for (key, value) in &parts.headers {
        let hop = HOP_BY_HOP.contains(&key.as_str()) || key == http::header::HOST;
        let te = key == http::header::TE && value != "trailers";
        if !hop && !te {
            map.entries.push((key.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
    }
    map
}

/// A map out of the headers of an HTTP response.
pub fn of_response(parts: &http::response::Parts) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.add(b":status", parts.status.as_str().as_bytes());
    for (key, value) in &parts.headers {
        if !HOP_BY_HOP.contains(&key.as_str()) {
            map.entries.push((key.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_repeatable() {
        let mut map: HeaderMap = [(":path", "/"), ("A", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(map.len(), 4);
        assert_eq!(map.get(b"a"), Some(&b"1"[..]));
        map.set(b"A", b"x");
        assert_eq!(
            map.entries(),
            [(":path", "/"), ("a", "x"), ("b", "2")].into_iter().collect::<HeaderMap>().entries()
        );
        map.remove(b"B");
        map.add(b":path", b"z");
        assert_eq!(map.get(b":path"), Some(&b"/,z"[..]));
        assert_eq!(map.byte_size(), 5 + 3 + 2);
        map.add(b"Host", b"h");
        assert_eq!(map.get(b":authority"), Some(&b"h"[..]));
    }
}
