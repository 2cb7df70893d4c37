//! Properties that plugins set, and Envoy's filter state, where they are kept.
//!
//! As in Envoy's Wasm filter, the property `p` is the filter state object `wasm.p`. It is a string there, not the Wasm filter's own
//! kind of object (G8): other filters read the same text, but the type of a declared property is known to this plugin
//! only, and a read-only one is so for plugins only. Objects of `set_envoy_filter_state` live as long as the filter chain,
//! whatever life span was asked for.
//!
//! A root context has no filter state. What it sets is kept with it, for itself, as long as it lives.

use super::{Found, Lookup, UNSERIALIZABLE, View};
use crate::abi::envoy;
use crate::log::{self, Level};
use crate::vm::state::State;
use nullvm_host_common::foreign::{
    DeclarePropertyArguments, LifeSpan, SetEnvoyFilterStateArguments, WasmType,
};
use nullvm_shim::host::{Bytes, Status};

/// What a guest may have its root context keep: bytes of names and values.
const MAX_KEPT: usize = 1 << 20;

/// How a declared property is kept.
#[derive(Clone, Copy, Debug)]
struct Declared {
    readonly: bool,
    r#type: WasmType,
    span: LifeSpan,
}

/// What a root context knows of properties.
#[derive(Debug, Default)]
pub struct RootProperties {
    declared: Vec<(Vec<u8>, Declared)>,
    own: Vec<(Vec<u8>, Vec<u8>)>,
    kept: usize,
}

fn find<'a, T>(items: &'a [(Vec<u8>, T)], name: &[u8]) -> Option<&'a T> {
    items.iter().find(|(n, _)| n == name).map(|(_, item)| item)
}

impl RootProperties {
    fn declared(&self, name: &[u8]) -> Option<Declared> {
        find(&self.declared, name).copied()
    }

    /// As a text.
    #[cfg(test)]
    pub(super) fn declare_for_tests(&mut self, name: &[u8], readonly: bool, span: i32) {
        let span = LifeSpan::try_from(span).unwrap_or(LifeSpan::FilterChain);
        let declared = Declared { readonly, r#type: WasmType::String, span };
        self.declare(name.to_vec(), declared).unwrap_or_else(|status| panic!("{status:?}"));
    }

    /// A name is declared once.
    fn declare(&mut self, name: Vec<u8>, declared: Declared) -> Result<(), Status> {
        if self.declared(&name).is_some() {
            return Err(Status::BadArgument);
        }
        self.keep(0, name.len() + size_of::<Declared>())?;
        self.declared.push((name, declared));
        Ok(())
    }

    fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), Status> {
        match self.own.iter().position(|(n, _)| n == name) {
            Some(at) => {
                if self.declared(name).is_some_and(|d| d.readonly) {
                    return Err(Status::BadArgument);
                }
                self.keep(self.own[at].1.len(), value.len())?;
                self.own[at].1 = value.to_vec();
            }
            None => {
                self.keep(0, name.len() + value.len())?;
                self.own.push((name.to_vec(), value.to_vec()));
            }
        }
        Ok(())
    }

    /// Accounts for bytes in place of others.
    fn keep(&mut self, old: usize, new: usize) -> Result<(), Status> {
        let kept = (self.kept - old).saturating_add(new);
        if kept > MAX_KEPT {
            return Err(Status::InternalFailure);
        }
        self.kept = kept;
        Ok(())
    }
}

/// Calls with the filter state's name of a property.
fn with_key<R>(name: &[u8], f: impl FnOnce(Bytes) -> R) -> R {
    const PREFIX: &[u8] = b"wasm.";
    let mut short = [0; 128];
    let len = PREFIX.len() + name.len();
    match short.get_mut(..len) {
        Some(key) => {
            key[..PREFIX.len()].copy_from_slice(PREFIX);
            key[PREFIX.len()..].copy_from_slice(name);
            f(Bytes::new(key))
        }
        None => f(Bytes::new(&[PREFIX, name].concat())),
    }
}

impl View<'_> {
    fn filter_state_bytes(&self, key: Bytes) -> Option<Bytes> {
        let mut out = Bytes::EMPTY;
        let get = match self.tcp {
            Some(tcp) => tcp.network_get_filter_state_bytes?,
            None => envoy().http_get_filter_state_bytes?,
        };
        // SAFETY: a filter of this worker, of the kind that the function is for.
        (self.has_stream() && unsafe { get(self.filter, key, &raw mut out) }).then_some(out)
    }

    fn filter_state_typed(&self, key: Bytes) -> Option<Bytes> {
        let mut out = Bytes::EMPTY;
        let get = match self.tcp {
            Some(tcp) => tcp.network_get_filter_state_typed?,
            None => envoy().http_get_filter_state_typed?,
        };
        // SAFETY: a filter of this worker, of the kind that the function is for.
        (self.has_stream() && unsafe { get(self.filter, key, &raw mut out) }).then_some(out)
    }
}

/// A property that a plugin set.
pub(super) fn get(view: &View<'_>, name: &[u8]) -> Lookup {
    let found = if view.is_root {
        let own = view.root.and_then(|r| find(&r.own, name)).map(|value| Bytes::new(value));
        own.or_else(|| view.entry.and_then(|entry| with_key(name, |key| entry.filter_state(key))))
    } else {
        with_key(name, |key| view.filter_state_bytes(key))
    };
    let found = found.ok_or(Status::NotFound)?;
    match view.root.and_then(|r| r.declared(name)).map(|d| d.r#type) {
        Some(WasmType::String) => Ok(Found::Text(found)),
        _ => Ok(Found::Raw(found)),
    }
}

/// The property `filter_state`.
pub(super) fn filter_state(view: &View<'_>, rest: &[&[u8]]) -> Lookup {
    if !view.has_stream() && view.entry.is_none() {
        return Err(Status::NotFound);
    }
    match rest {
        [] => Err(UNSERIALIZABLE),
        [key] => {
            let key = Bytes::new(key);
            let found = match view.entry {
                Some(entry) => entry.filter_state(key),
                None => view.filter_state_typed(key).or_else(|| view.filter_state_bytes(key)),
            };
            found.map(Found::Raw).ok_or(Status::NotFound)
        }
        _ => Err(Status::NotFound),
    }
}

/// `proxy_set_property`
pub(super) fn set(state: &mut State, path: &[u8], value: Bytes) -> Result<(), Status> {
    let (id, root) = (state.effective_id(), state.root_id());
    if id == root
        && let Some(root) = state.root_of(root)
    {
        return root.properties.set(path, super::slice(value));
    }
    set_in_stream(&View::of(state).ok_or(Status::NotFound)?, path, value)
}

pub(super) fn set_in_stream(view: &View<'_>, path: &[u8], value: Bytes) -> Result<(), Status> {
    if !view.has_stream() {
        return Err(Status::NotFound);
    }
    let declared = view.root.and_then(|r| r.declared(path));
    let value = if value.data.is_null() { Bytes::new(b"") } else { value };
    with_key(path, |key| {
        if declared.is_some_and(|d| d.readonly) && view.filter_state_bytes(key).is_some() {
            return Err(Status::BadArgument);
        }
        let span = declared.map_or(LifeSpan::FilterChain, |d| d.span);
        let (set_value, set_bytes) = match view.tcp {
            Some(tcp) => (None, tcp.network_set_filter_state_bytes),
            None => (envoy().http_set_filter_state_value, envoy().http_set_filter_state_bytes),
        };
        // SAFETY (of both): a filter of this worker; Envoy copies.
        let done = match (span, set_value, set_bytes) {
            (LifeSpan::DownstreamRequest | LifeSpan::DownstreamConnection, Some(set), _) => unsafe {
                set(view.filter, key, value, span as u32, NOT_SHARED)
            },
            // Without the other callback, before Envoy 1.40 and for TCP, everything lives as long as the filter chain.
            (_, _, Some(set)) => unsafe { set(view.filter, key, value) },
            _ => return Err(Status::NotFound),
        };
        if done { Ok(()) } else { Err(Status::BadArgument) }
    })
}

/// `envoy_dynamic_module_type_filter_state_stream_sharing`: the upstream's streams do not see it.
const NOT_SHARED: u32 = 0;

/// The foreign function `declare_property`. As in Envoy, properties are the root context's: what a stream declares is
/// accepted, and changes nothing.
pub(in crate::host_table) fn declare(state: &mut State, arguments: &[u8]) -> Result<(), Status> {
    let arguments = DeclarePropertyArguments::parse(arguments)?;
    let (id, root) = (state.effective_id(), state.root_id());
    if id != root {
        return Ok(());
    }
    let declared =
        Declared { readonly: arguments.readonly, r#type: arguments.r#type(), span: arguments.span() };
    let root = state.root_of(root).ok_or(Status::NotFound)?;
    root.properties.declare(arguments.name.into_bytes(), declared)
}

/// The foreign function `set_envoy_filter_state`.
pub(in crate::host_table) fn set_envoy_filter_state(
    state: &mut State,
    arguments: &[u8],
) -> Result<(), Status> {
    let arguments = SetEnvoyFilterStateArguments::parse(arguments)?;
    let view = View::of(state).ok_or(Status::NotFound)?;
    if !view.has_stream() {
        return Err(Status::NotFound);
    }
    let set = match view.tcp {
        Some(tcp) => tcp.network_set_filter_state_typed,
        None => envoy().http_set_filter_state_typed,
    };
    let set = set.ok_or(Status::NotFound)?;
    let (path, value) = (Bytes::new(arguments.path.as_bytes()), Bytes::new(arguments.value.as_bytes()));
    // SAFETY: a filter of this worker; Envoy copies.
    if !unsafe { set(view.filter, path, value) } {
        return Err(Status::NotFound);
    }
    if arguments.span() != LifeSpan::FilterChain && log::shows(Level::Debug) {
        let prefix = state.context().map_or("", |c| c.plugin.log_prefix.as_str());
        let line = format!(
            "wasm log{prefix}: set_envoy_filter_state: {} lives as long as the filter chain, a module cannot ask for more",
            arguments.path
        );
        log::line(Level::Debug, line.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Declared =
        Declared { readonly: false, r#type: WasmType::Bytes, span: LifeSpan::FilterChain };

    #[test]
    fn a_name_is_declared_once() {
        let mut root = RootProperties::default();
        assert_eq!(root.declare(b"p".to_vec(), Declared { readonly: true, ..PLAIN }), Ok(()));
        assert_eq!(root.declare(b"p".to_vec(), PLAIN), Err(Status::BadArgument));
        assert!(root.declared(b"p").unwrap().readonly);
        assert!(root.declared(b"q").is_none());
    }

    #[test]
    fn a_root_context_keeps_what_it_set() {
        let mut root = RootProperties::default();
        root.declare(b"once".to_vec(), Declared { readonly: true, ..PLAIN }).unwrap();
        let declared = root.kept;
        assert_eq!(root.set(b"once", b"1"), Ok(()));
        assert_eq!(root.set(b"once", b"2"), Err(Status::BadArgument));
        assert_eq!(root.set(b"p", b"123"), Ok(()));
        assert_eq!(root.set(b"p", b"4"), Ok(()));
        assert_eq!(find(&root.own, b"p").unwrap(), b"4");
        assert_eq!(root.kept, declared + 5 + 2);
        assert_eq!(root.set(b"p", &vec![0; MAX_KEPT]), Err(Status::InternalFailure));
        assert_eq!(find(&root.own, b"p").unwrap(), b"4", "a refused one changes nothing");
    }

    #[test]
    fn names_in_the_filter_state() {
        let key = |name: &[u8]| with_key(name, |key| super::super::slice(key).to_vec());
        assert_eq!(key(b"p"), b"wasm.p");
        assert_eq!(key(&[b'x'; 300]), [&b"wasm."[..], &[b'x'; 300]].concat());
    }
}
