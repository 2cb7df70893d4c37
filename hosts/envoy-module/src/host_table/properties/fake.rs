//! An Envoy for tests: one stream per thread.

use super::View;
use crate::abi::install_for_tests;
use crate::abi::{Bytes, Filter, Pair};
use crate::config::PluginConfig;
use crate::context::http::Http;
use core::ffi::c_void;
use std::cell::RefCell;
use std::sync::Once;

type Text = &'static [u8];

/// What the stream of this thread has.
#[derive(Clone, Default)]
pub(super) struct Stream {
    pub texts: Vec<(u32, Text)>,
    pub numbers: Vec<(u32, u64)>,
    pub headers: [Vec<(Text, Text)>; 4],
    pub state: Vec<(Text, Text)>,
    /// Life spans that were asked for.
    pub spans: Vec<u32>,
}

thread_local! {
    pub(super) static STREAM: RefCell<Stream> = RefCell::default();
}

fn with<R>(f: impl FnOnce(&mut Stream) -> R) -> R {
    STREAM.with_borrow_mut(f)
}

/// Kept for as long as the tests run.
fn kept(bytes: Bytes) -> Text {
    Box::leak(super::slice(bytes).to_vec().into_boxed_slice())
}

/// Writes what was found.
fn found<T>(value: Option<T>, out: *mut T) -> bool {
    let there = value.is_some();
    if let Some(value) = value {
        // SAFETY: out-parameters of the code under test.
        unsafe { out.write(value) };
    }
    there
}

fn of<T: Copy>(items: &[(u32, T)], id: u32) -> Option<T> {
    items.iter().find(|(i, _)| *i == id).map(|(_, value)| *value)
}

unsafe extern "C" fn text(_: Filter, id: u32, out: *mut Bytes) -> bool {
    found(with(|s| of(&s.texts, id)).map(Bytes::new), out)
}

unsafe extern "C" fn number(_: Filter, id: u32, out: *mut u64) -> bool {
    found(with(|s| of(&s.numbers, id)), out)
}

unsafe extern "C" fn header(
    _: Filter,
    map: u32,
    key: Bytes,
    out: *mut Bytes,
    index: usize,
    total: *mut usize,
) -> bool {
    let key = super::slice(key);
    let values: Vec<Text> = with(|s| {
        s.headers[map as usize].iter().filter(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| *v).collect()
    });
    found(Some(values.len()), total) && found(values.get(index).map(|v| Bytes::new(v)), out)
}

unsafe extern "C" fn headers_size(_: Filter, map: u32) -> usize {
    with(|s| s.headers[map as usize].len())
}

unsafe extern "C" fn headers(_: Filter, map: u32, out: *mut Pair) -> bool {
    with(|s| {
        for (at, (key, value)) in s.headers[map as usize].iter().enumerate() {
            // SAFETY: room for as many as there are.
            unsafe { out.add(at).write(Pair { key: Bytes::new(key), value: Bytes::new(value) }) };
        }
    });
    true
}

unsafe extern "C" fn state(_: Filter, key: Bytes, out: *mut Bytes) -> bool {
    let key = super::slice(key);
    found(with(|s| s.state.iter().rev().find(|(k, _)| *k == key).map(|(_, v)| Bytes::new(v))), out)
}

unsafe extern "C" fn set_state(_: Filter, key: Bytes, value: Bytes) -> bool {
    let entry = (kept(key), kept(value));
    with(|s| s.state.push(entry));
    true
}

unsafe extern "C" fn set_value(filter: Filter, key: Bytes, value: Bytes, span: u32, _: u32) -> bool {
    with(|s| s.spans.push(span));
    // SAFETY: as called.
    unsafe { set_state(filter, key, value) }
}

fn find(name: &str) -> Option<*mut c_void> {
    Some(match name {
        "http_filter_get_attribute_string" => text as *mut c_void,
        "http_filter_get_attribute_int" => number as *mut c_void,
        "http_get_header" => header as *mut c_void,
        "http_get_headers_size" => headers_size as *mut c_void,
        "http_get_headers" => headers as *mut c_void,
        "http_get_filter_state_bytes" => state as *mut c_void,
        "http_set_filter_state_bytes" => set_state as *mut c_void,
        "http_set_filter_state_value" => set_value as *mut c_void,
        _ => return None,
    })
}

/// What a stream context sees of a stream; `change` makes the context.
pub(super) fn view<R>(stream: Stream, change: impl FnOnce(&mut Http), look: impl FnOnce(View<'_>) -> R) -> R {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| install_for_tests(find));
    with(|s| *s = stream);
    let filter = core::ptr::dangling_mut::<c_void>();
    let mut http = Http::new(filter, core::ptr::null());
    change(&mut http);
    let text = br#"{"nullvm": {"root_id": "rid", "node": {"id": "nid"}}}"#;
    let config = PluginConfig::parse("name", text).unwrap_or_else(|error| panic!("{error}"));
    look(View {
        vm_id: "vid",
        config: &config,
        root: None,
        is_root: false,
        http: Some(&http),
        tcp: None,
        filter,
        entry: None,
    })
}
