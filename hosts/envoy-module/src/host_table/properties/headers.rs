//! Header maps as attributes: a map of texts by name, where values of the same name are one text, joined by commas.
//!
//! The order is Envoy's order of headers; in its Wasm filter it is that of a hash table.

use super::{Found, Lookup, View};
use crate::abi::{Filter, envoy, header_type};
use crate::context::root::Headers;
use nullvm_host_common::value::AttributeValue;
use nullvm_shim::host::{Bytes, Pair, Status};
use std::borrow::Cow;

/// A map that may be read now.
enum Map<'a> {
    Envoy(Filter),
    Own(&'a Headers),
}

fn map<'a>(view: &View<'a>, number: u32) -> Option<Map<'a>> {
    let http = view.http?;
    match http.synthetic() {
        Some(own) if number == header_type::RESPONSE => {
            http.response.headers_open.then_some(Map::Own(&own.headers))
        }
        Some(_) if number == header_type::RESPONSE_TRAILERS => None,
        _ => http.map_open(number).then_some(Map::Envoy(view.filter)),
    }
}

/// One value of a name, and how many there are.
fn nth(filter: Filter, map: u32, name: &[u8], index: usize) -> Option<(Bytes, usize)> {
    let (mut value, mut total) = (Bytes::EMPTY, 0);
    let key = Bytes::new(name);
    // SAFETY: a filter of this worker.
    unsafe { (envoy().http_get_header)(filter, map, key, &raw mut value, index, &raw mut total) }
        .then_some((value, total))
}

fn pairs(filter: Filter, map: u32) -> Vec<Pair> {
    let mut out = Vec::new();
    // SAFETY: a filter of this worker; Envoy fills as many pairs as it said.
    unsafe {
        let count = (envoy().http_get_headers_size)(filter, map);
        out.reserve(count);
        if count > 0 && (envoy().http_get_headers)(filter, map, out.as_mut_ptr()) {
            out.set_len(count);
        }
    }
    out
}

fn bytes<'a>(text: Bytes) -> &'a [u8] {
    // SAFETY: Envoy's, or of a map that nobody changes during the host call.
    unsafe { text.as_slice() }
}

/// The first value of a name, of a map that may be read.
pub(super) fn first<'a>(view: &View<'a>, number: u32, name: &[u8]) -> Option<Cow<'a, [u8]>> {
    match map(view, number)? {
        Map::Envoy(filter) => {
            nth(filter, number, name, 0).map(|(value, _)| Cow::Owned(bytes(value).to_vec()))
        }
        Map::Own(headers) => headers.get(name).map(Cow::Borrowed),
    }
}

/// Bytes of all names and values; 0 for a map that may not be read.
pub(super) fn size(view: &View<'_>, number: u32) -> u64 {
    match map(view, number) {
        Some(Map::Envoy(filter)) => envoy_size(filter, number),
        Some(Map::Own(headers)) => headers.byte_size() as u64,
        None => 0,
    }
}

/// The same of one of Envoy's, whether or not the guest may read it.
pub(super) fn envoy_size(filter: Filter, number: u32) -> u64 {
    pairs(filter, number).iter().map(|p| (p.key.len + p.value.len) as u64).sum()
}

fn joined<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for (n, value) in values.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value);
    }
    out
}

/// Each name once, in the place of its first value.
fn entries<'a>(all: &[(&'a [u8], &'a [u8])]) -> Vec<(Vec<u8>, AttributeValue)> {
    let mut out = Vec::with_capacity(all.len());
    for (at, (name, _)) in all.iter().enumerate() {
        let same = |(other, _): &&(&'a [u8], &'a [u8])| other == name;
        if !all[..at].iter().any(|pair| same(&pair)) {
            let value = joined(all[at..].iter().filter(same).map(|(_, value)| *value));
            out.push((name.to_vec(), AttributeValue::String(value)));
        }
    }
    out
}

/// A map, or a value of it.
pub(super) fn find(view: &View<'_>, number: u32, rest: &[&[u8]]) -> Lookup {
    let map = map(view, number);
    match rest {
        [] => {
            let entries = match map {
                Some(Map::Envoy(filter)) => {
                    let pairs = pairs(filter, number);
                    entries(&pairs.iter().map(|p| (bytes(p.key), bytes(p.value))).collect::<Vec<_>>())
                }
                Some(Map::Own(headers)) => {
                    entries(&headers.0.iter().map(|(k, v)| (&k[..], &v[..])).collect::<Vec<_>>())
                }
                None => Vec::new(),
            };
            Ok(Found::Value(AttributeValue::Map(entries)))
        }
        [name] => match map.ok_or(Status::NotFound)? {
            Map::Envoy(filter) => {
                let (value, total) = nth(filter, number, name, 0).ok_or(Status::NotFound)?;
                if total <= 1 {
                    return Ok(Found::Text(value));
                }
                let values =
                    (0..total).filter_map(|n| nth(filter, number, name, n)).map(|(value, _)| bytes(value));
                Ok(Found::Value(AttributeValue::String(joined(values))))
            }
            Map::Own(headers) => {
                let mut values = headers.0.iter().filter(|(k, _)| k.eq_ignore_ascii_case(name)).peekable();
                values.peek().ok_or(Status::NotFound)?;
                Ok(Found::Value(AttributeValue::String(joined(values.map(|(_, v)| &v[..])))))
            }
        },
        _ => Err(Status::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_two_values_is_one_entry() {
        let all: &[(&[u8], &[u8])] = &[(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"")];
        let map = AttributeValue::Map(entries(all));
        assert_eq!(map, AttributeValue::headers([("a", "1,3"), ("b", "2"), ("c", "")]));
        assert!(entries(&[]).is_empty());
    }
}
