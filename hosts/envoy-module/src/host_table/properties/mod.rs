//! Properties: `proxy_get_property` and `proxy_set_property`, and the same attributes for expressions.
//!
//! Which paths there are, when, and in what format follows Envoy 1.40's own Wasm filter. [`attributes`] is the table of
//! them. What it cannot serve, because the module ABI does not: nested metadata and that of listeners and virtual hosts
//! (G4), the node, which the operator gives in the configuration instead (G5), localities, the upstream's filter state.
//!
//! A stream is read through Envoy's filter and so on its own worker only. On the main thread, and in a root context,
//! there are the plugin's names and the node.

mod attributes;
mod entry;
mod headers;
mod metadata;
mod node;
mod proto;
mod stored;
mod timing;

use super::{host_functions, slice};
use crate::abi::{Filter, Network, envoy};
use crate::config::PluginConfig;
use crate::context::Kind;
use crate::context::http::Http;
use crate::vm::contexts::Contexts;
use crate::vm::group::VmInfo;
use crate::vm::state::State;
use entry::Entry;
use nullvm_host_common::cel::Attributes;
use nullvm_host_common::value::AttributeValue;
use nullvm_shim::host::{Bytes, Status};
pub use stored::RootProperties;
pub(super) use stored::{declare, set_envoy_filter_state};

/// Parts of a path. Longer ones lead nowhere.
const MAX_PARTS: usize = 16;

/// A property as it was found.
enum Found {
    /// Text in Envoy's memory, or ours, until the next call.
    Text(Bytes),
    /// As above, but bytes to expressions.
    Raw(Bytes),
    /// One that had to be made.
    Value(AttributeValue),
}

impl Found {
    fn into_value(self) -> AttributeValue {
        match self {
            Self::Text(bytes) => AttributeValue::String(slice(bytes).to_vec()),
            Self::Raw(bytes) => AttributeValue::Bytes(slice(bytes).to_vec()),
            Self::Value(value) => value,
        }
    }
}

type Lookup = Result<Found, Status>;

/// A whole that can be walked into, but has no serialization in Envoy either.
const UNSERIALIZABLE: Status = Status::SerializationFailure;

/// What a context can be asked for, for the time of one host call.
pub(super) struct View<'a> {
    vm_id: &'a str,
    config: &'a PluginConfig,
    root: Option<&'a RootProperties>,
    is_root: bool,
    /// An HTTP stream, where Envoy's side of it can be reached.
    http: Option<&'a Http>,
    /// The way to Envoy's side of a TCP stream, likewise.
    tcp: Option<&'static Network>,
    /// Envoy's HTTP or network filter; null with neither.
    filter: Filter,
    /// The access log entry that a root context is being told of.
    entry: Option<Entry>,
}

impl<'a> View<'a> {
    /// Of a context. It borrows parts of the state, so that the rest stays free.
    pub(super) fn new(info: &'a VmInfo, contexts: &'a Contexts, id: u32, on_worker: bool) -> Option<Self> {
        let context = contexts.get(id)?;
        let root = match contexts.get(context.root).map(|root| &root.kind) {
            Some(Kind::Root(root)) => Some(&root.properties),
            _ => None,
        };
        let (http, tcp, filter) = match &context.kind {
            Kind::Http(http) if on_worker && !http.filter.is_null() => (Some(http), None, http.filter),
            Kind::Tcp(tcp) if on_worker && !tcp.filter.is_null() => (None, Network::get(), tcp.filter),
            _ => (None, None, core::ptr::null_mut()),
        };
        Some(Self {
            vm_id: &info.vm_id,
            config: &context.plugin.config,
            root,
            is_root: matches!(context.kind, Kind::Root(_)),
            http,
            tcp,
            filter,
            entry: None,
        })
    }

    fn of(state: &'a State) -> Option<Self> {
        let view = Self::new(&state.info, &state.contexts, state.effective_id(), state.on_worker())?;
        Some(Self { entry: Entry::of(state), ..view })
    }

    fn has_stream(&self) -> bool {
        self.http.is_some() || self.tcp.is_some()
    }

    fn text(&self, id: u32) -> Option<Bytes> {
        let mut out = Bytes::EMPTY;
        let get = match self.tcp {
            Some(tcp) => tcp.network_filter_get_attribute_string?,
            None => envoy().http_filter_get_attribute_string,
        };
        // SAFETY: a filter of this worker, of the kind that the function is for.
        (self.has_stream() && unsafe { get(self.filter, id, &raw mut out) }).then_some(out)
    }

    fn number(&self, id: u32) -> Option<u64> {
        let mut out = 0;
        let get = match self.tcp {
            Some(tcp) => tcp.network_filter_get_attribute_int?,
            None => envoy().http_filter_get_attribute_int,
        };
        // SAFETY: as above.
        (self.has_stream() && unsafe { get(self.filter, id, &raw mut out) }).then_some(out)
    }

    fn flag(&self, id: u32) -> Option<bool> {
        let mut out = false;
        let get = match self.tcp {
            Some(tcp) => tcp.network_filter_get_attribute_bool?,
            None => envoy().http_filter_get_attribute_bool?,
        };
        // SAFETY: as above.
        (self.has_stream() && unsafe { get(self.filter, id, &raw mut out) }).then_some(out)
    }

    fn find(&self, parts: &[&[u8]]) -> Lookup {
        attributes::find(self, parts)
    }
}

impl Attributes for View<'_> {
    fn get(&self, path: &[&str]) -> Option<AttributeValue> {
        let mut parts = [&b""[..]; MAX_PARTS];
        for (part, text) in parts.get_mut(..path.len())?.iter_mut().zip(path) {
            *part = text.as_bytes();
        }
        self.find(&parts[..path.len()]).ok().map(Found::into_value)
    }
}

/// Splits a path at its NULs. One behind the last part says nothing: the C++ SDK sends it.
fn split<'a, 'p>(path: &'a [u8], out: &'p mut [&'a [u8]; MAX_PARTS]) -> Option<&'p [&'a [u8]]> {
    let path = path.strip_suffix(b"\0").unwrap_or(path);
    let mut count = 0;
    for part in path.split(|b| *b == 0) {
        *out.get_mut(count)? = part;
        count += 1;
    }
    Some(&out[..count])
}

/// Whether a value has bytes for the guest. Null has none, and neither has what holds one.
fn is_serializable(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::Null => false,
        AttributeValue::Map(entries) => entries.iter().all(|(_, v)| is_serializable(v)),
        AttributeValue::List(items) => items.iter().all(is_serializable),
        _ => true,
    }
}

/// Hands out a value from the scratch area. Scalars leave it where it is.
fn give(state: &mut State, value: &AttributeValue) -> Result<Bytes, Status> {
    let bytes: [u8; 8] = match value {
        AttributeValue::Int(n) | AttributeValue::Timestamp(n) | AttributeValue::Duration(n) => {
            n.to_le_bytes()
        }
        AttributeValue::Uint(n) => n.to_le_bytes(),
        AttributeValue::Double(n) => n.to_le_bytes(),
        AttributeValue::Bool(flag) => {
            state.scratch.clear();
            state.scratch.push(u8::from(*flag));
            return Ok(Bytes::new(&state.scratch));
        }
        value if is_serializable(value) => return Ok(state.give(value.serialize())),
        _ => return Err(UNSERIALIZABLE),
    };
    state.scratch.clear();
    state.scratch.extend_from_slice(&bytes);
    Ok(Bytes::new(&state.scratch))
}

host_functions! {
    /// `proxy_get_property`
    fn get_property(state, path: Bytes) -> (out: Bytes) {
        let mut parts = [&b""[..]; MAX_PARTS];
        let parts = split(slice(path), &mut parts).ok_or(Status::NotFound)?;
        let found = View::of(state).ok_or(Status::NotFound)?.find(parts)?;
        match found {
            Found::Text(bytes) | Found::Raw(bytes) => Ok(bytes),
            Found::Value(AttributeValue::String(bytes) | AttributeValue::Bytes(bytes)) => Ok(state.give(bytes)),
            Found::Value(value) => give(state, &value),
        }
    }

    /// `proxy_set_property`
    fn set_property(state, path: Bytes, value: Bytes) {
        stored::set(state, slice(path), value)
    }
}

#[cfg(test)]
mod fake;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut out = [&b""[..]; MAX_PARTS];
        split(path, &mut out).map(|parts| parts.iter().map(|p| p.to_vec()).collect())
    }

    #[test]
    fn paths_are_split_at_nul() {
        assert_eq!(parts(b"request\0path").unwrap(), [&b"request"[..], b"path"]);
        assert_eq!(parts(b"request\0path\0").unwrap(), [&b"request"[..], b"path"]);
        assert_eq!(parts(b"request\0\0path").unwrap(), [&b"request"[..], b"", b"path"]);
        assert_eq!(parts(b"a.b").unwrap(), [b"a.b"]);
        assert_eq!(parts(b"").unwrap(), [b""]);
        assert_eq!(parts(&[0; MAX_PARTS]).unwrap().len(), MAX_PARTS);
        assert_eq!(parts(&[0; MAX_PARTS + 1]), None);
    }

    #[test]
    fn null_has_no_bytes() {
        use AttributeValue as V;
        assert!(is_serializable(&V::List(vec![V::Bool(true)])));
        assert!(!is_serializable(&V::Null));
        assert!(!is_serializable(&V::Map(vec![(b"k".to_vec(), V::List(vec![V::Null]))])));
    }

    use crate::context::http::Synthetic;
    use crate::context::root::Headers;
    use nullvm_shim::host::Status::{NotFound, SerializationFailure};

    fn stream() -> fake::Stream {
        let headers: Vec<(&[u8], &[u8])> =
            vec![(b":path", b"/p"), (b"x-a", b"1"), (b"x-a", b"2"), (b"content-length", b"5")];
        fake::Stream {
            texts: vec![(0, b"/p"), (24, b"127.0.0.1:9"), (57, b"cl"), (16, b"dynamic_module")],
            numbers: vec![(14, 32), (15, 200), (21, 7), (25, 9), (28, 3)],
            headers: [
                headers,
                vec![],
                vec![(b":status", b"200"), (b"x-r", b"v")],
                vec![(b"grpc-status", b"4")],
            ],
            ..fake::Stream::default()
        }
    }

    fn at(view: &View<'_>, path: &str) -> Result<AttributeValue, Status> {
        let parts: Vec<&[u8]> = path.split('|').map(str::as_bytes).collect();
        view.find(&parts).map(Found::into_value)
    }

    #[test]
    fn what_an_open_request_shows() {
        use AttributeValue as V;
        fake::view(
            stream(),
            |http| http.request.headers_open = true,
            |view| {
                let at = |path| at(&view, path);
                assert_eq!(at("request|path"), Ok(V::from("/p")));
                assert_eq!(at("request|query"), Ok(V::from("")));
                assert_eq!(at("request|method"), Err(NotFound));
                assert_eq!(at("request|headers|X-A"), Ok(V::from("1,2")));
                assert_eq!(
                    at("request|headers"),
                    Ok(V::headers([(":path", "/p"), ("x-a", "1,2"), ("content-length", "5")]))
                );
                assert_eq!(at("request|size"), Ok(V::Int(5)));
                assert_eq!(at("request|total_size"), Ok(V::Int(32)));
                assert_eq!(at("response|headers"), Ok(V::Map(vec![])));
                assert_eq!(at("source|address"), Ok(V::from("127.0.0.1:9")));
                assert_eq!(at("source|port"), Ok(V::Int(9)));
                assert_eq!(at("connection|id"), Ok(V::Uint(3)));
                assert_eq!(at("connection_id"), Ok(V::Uint(3)));
                assert_eq!(at("connection|mtls"), Ok(V::Bool(false)));
                assert_eq!(at("upstream|transport_failure_reason"), Err(NotFound), "no upstream yet");
                assert_eq!(at("xds|cluster_name"), Ok(V::from("cl")));
                assert_eq!(at("xds|node|id"), Ok(V::from("nid")));
                assert_eq!(at("plugin_name"), Ok(V::from("name")));
                assert_eq!(at("plugin_root_id"), Ok(V::from("rid")));
                assert_eq!(at("plugin_vm_id"), Ok(V::from("vid")));
                assert_eq!(at("request|time"), Err(NotFound), "an Envoy without timing");
                for whole in ["request", "response", "connection", "xds", "filter_state"] {
                    assert_eq!(at(whole), Err(SerializationFailure), "{whole}");
                }
                for path in
                    ["", "no", "request|no", "request||path", "request|path|more", "cluster_name", "node|id"]
                {
                    assert_eq!(at(path), Err(NotFound), "{path}");
                }
            },
        );
    }

    #[test]
    fn a_request_that_has_gone_on_shows_no_headers() {
        use AttributeValue as V;
        fake::view(
            stream(),
            |http| http.response.trailers_open = true,
            |view| {
                let at = |path| at(&view, path);
                assert_eq!(at("request|path"), Err(NotFound));
                assert_eq!(at("request|headers"), Ok(V::Map(vec![])));
                assert_eq!(at("request|size"), Ok(V::Int(32 - 30)), "bytes of the body");
                assert_eq!(at("response|code"), Ok(V::Int(200)));
                assert_eq!(at("response|grpc_status"), Ok(V::Int(4)));
                assert_eq!(at("response|total_size"), Ok(V::Int(7 + 12)));
                assert_eq!(at("response|code_details"), Ok(V::from("dynamic_module")));
            },
        );
        fake::view(
            stream(),
            |http| http.replied = true,
            |view| {
                assert_eq!(at(&view, "response|code_details"), Ok(V::from("")));
                assert_eq!(at(&view, "response|grpc_status"), Ok(V::Int(2)), "of the HTTP status");
            },
        );
    }

    #[test]
    fn the_guests_own_response_shows_while_it_passes() {
        use AttributeValue as V;
        let own = |http: &mut Http| {
            let headers =
                Headers(vec![(b":status".to_vec(), b"403".to_vec()), (b"x".to_vec(), b"y".to_vec())]);
            http.rare().synthetic =
                Some(Box::new(Synthetic { headers, body: Vec::new(), details: b"d".to_vec() }));
            http.response.headers_open = true;
        };
        fake::view(stream(), own, |view| {
            let at = |path| at(&view, path);
            assert_eq!(at("response|code"), Ok(V::Int(403)));
            assert_eq!(at("response|code_details"), Ok(V::from("d")));
            assert_eq!(at("response|grpc_status"), Ok(V::Int(7)));
            assert_eq!(at("response|headers|X"), Ok(V::from("y")));
            assert_eq!(at("response|headers|x-r"), Err(NotFound));
            assert_eq!(at("response|headers"), Ok(V::headers([(":status", "403"), ("x", "y")])));
        });
    }

    #[test]
    fn properties_live_in_the_filter_state() {
        use AttributeValue as V;
        let (mut root, text) = (RootProperties::default(), |s: &'static str| Bytes::new(s.as_bytes()));
        root.declare_for_tests(b"once", true, 0);
        root.declare_for_tests(b"long", false, 2);
        fake::view(
            stream(),
            |_| {},
            |view| {
                let view = View { root: Some(&root), ..view };
                let set = |path: &[u8], value| stored::set_in_stream(&view, path, text(value));
                assert_eq!(at(&view, "p"), Err(NotFound));
                assert_eq!((set(b"p", "1"), set(b"p", "2")), (Ok(()), Ok(())));
                assert_eq!(at(&view, "p"), Ok(V::Bytes(b"2".to_vec())));
                assert_eq!(at(&view, "filter_state|wasm.p"), Ok(V::Bytes(b"2".to_vec())));
                assert_eq!(at(&view, "wasm.p"), Err(NotFound));
                assert_eq!((set(b"once", "1"), set(b"once", "2")), (Ok(()), Err(Status::BadArgument)));
                assert_eq!(at(&view, "once"), Ok(V::from("1")), "declared as text");
                assert_eq!(set(b"long", "x"), Ok(()));
                assert_eq!(fake::STREAM.with_borrow(|s| s.spans.clone()), [2]);
                assert_eq!(set(b"request", "x"), Ok(()));
                assert_eq!(at(&view, "request"), Err(SerializationFailure), "Envoy's names win");
                assert_eq!(view.get(&["p"]), Some(V::Bytes(b"2".to_vec())));
                assert_eq!(view.get(&["p"; MAX_PARTS + 1]), None);
            },
        );
    }

    #[test]
    fn out_of_reach_there_are_only_names_and_the_node() {
        use AttributeValue as V;
        fake::view(
            stream(),
            |_| {},
            |view| {
                let view = View { http: None, filter: core::ptr::null_mut(), ..view };
                for path in [
                    "request|path",
                    "source|port",
                    "metadata",
                    "filter_state|k",
                    "p",
                    "connection_id",
                    "request",
                ] {
                    assert_eq!(at(&view, path), Err(NotFound), "{path}");
                }
                assert_eq!(at(&view, "plugin_name"), Ok(V::from("name")));
                assert_eq!(at(&view, "xds|node|id"), Ok(V::from("nid")));
                assert_eq!(at(&view, "xds|cluster_name"), Err(NotFound));
                assert_eq!(stored::set_in_stream(&view, b"p", Bytes::new(b"1")), Err(NotFound));
            },
        );
    }
}
