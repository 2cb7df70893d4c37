//! What an operator can choose: the plugin, its limits, the world around it and the server's sockets.

use crate::engine::LoadOptions;
use crate::log::{Level, LogSink, Logger};
use crate::metrics::Metrics;
use nullvm_host_common::shared::SharedStore;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// What runs the plugin's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum EngineKind {
    /// Compiled by `nullvm-compiler`, run by the shim. Needs the cargo feature `native`.
    #[default]
    Native,
    /// The JIT. Needs the cargo feature `wasmtime`.
    Wasmtime,
    /// The interpreter.
    Wasmi,
}

impl EngineKind {
    /// The engines that this build holds.
    pub fn available() -> Vec<EngineKind> {
        let mut kinds = Vec::new();
        if cfg!(feature = "native") {
            kinds.push(Self::Native);
        }
        if cfg!(feature = "wasmtime") {
            kinds.push(Self::Wasmtime);
        }
        kinds.push(Self::Wasmi);
        kinds
    }

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Wasmtime => "wasmtime",
            Self::Wasmi => "wasmi",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for EngineKind {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        [Self::Native, Self::Wasmtime, Self::Wasmi]
            .into_iter()
            .find(|k| k.as_str() == s)
            .ok_or_else(|| format!("unknown engine \"{s}\": native, wasmtime or wasmi"))
    }
}

/// What an instance may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestLimits {
    /// Largest linear memory in bytes; `memory.grow` beyond it answers -1.
    pub memory: u64,
    /// Native stack of a guest in bytes, where the engine can limit it.
    pub stack: u64,
    /// Longest time of one entry into the guest, in milliseconds.
    pub deadline_ms: Option<u64>,
}

impl Default for GuestLimits {
    fn default() -> Self {
        Self { memory: 1 << 30, stack: 512 << 10, deadline_ms: None }
    }
}

/// One plugin: its code comes from elsewhere, this is what it is told.
#[derive(Clone, Debug, Default)]
pub struct PluginConfig {
    /// Its name in logs and properties.
    pub name: String,
    /// Tells root contexts of one module apart.
    pub root_id: String,
    /// Plugins of equal `vm_id`, VM configuration and code share a VM per worker, shared data and queues.
    pub vm_id: String,
    /// Given to `proxy_on_vm_start`.
    pub vm_config: Vec<u8>,
    /// Given to `proxy_on_configure`.
    pub plugin_config: Vec<u8>,
    /// WASI environment.
    pub env: Vec<(String, String)>,
    /// Whether requests pass when the plugin fails.
    pub fail_open: bool,
    /// Host functions and callbacks that the plugin may use; `None` for all.
    pub allowed_capabilities: Option<Vec<String>>,
}

/// The proxy's view of itself, as plugins read it from properties. Metadata are JSON objects: namespace, then keys.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// `node.id`
    pub node_id: String,
    /// `node.cluster`
    pub node_cluster: String,
    /// `node.metadata`
    pub node_metadata: Json,
    /// `listener_direction`: 0 unspecified, 1 inbound, 2 outbound.
    pub listener_direction: i64,
    /// `listener_metadata`
    pub listener_metadata: Json,
    /// `route_name`
    pub route_name: String,
    /// `route_metadata`
    pub route_metadata: Json,
    /// `cluster_name`: the upstream that requests go to.
    pub cluster_name: String,
    /// `cluster_metadata`
    pub cluster_metadata: Json,
    /// `upstream_host_metadata`
    pub upstream_host_metadata: Json,
}

impl Default for NodeConfig {
    fn default() -> Self {
        let empty = || Json::Object(Default::default());
        Self {
            node_id: String::new(),
            node_cluster: String::new(),
            node_metadata: empty(),
            listener_direction: 0,
            listener_metadata: empty(),
            route_name: "default".to_owned(),
            route_metadata: empty(),
            cluster_name: "upstream".to_owned(),
            cluster_metadata: empty(),
            upstream_host_metadata: empty(),
        }
    }
}

/// What all VMs of a host have in common.
#[derive(Clone)]
pub struct HostConfig {
    /// Limits of every instance.
    pub limits: GuestLimits,
    /// Names that `proxy_http_call` and gRPC calls may use.
    pub clusters: BTreeMap<String, Cluster>,
    /// See [`NodeConfig`].
    pub node: Arc<NodeConfig>,
    /// Shared data and queues. Hosts that should see each other's take clones of one.
    pub shared: SharedStore,
    /// Where metrics are kept.
    pub metrics: Arc<Metrics>,
    /// Where log lines go.
    pub logger: Arc<Logger>,
    /// Largest body that is held while a stream is stopped, in bytes.
    pub buffer_limit: usize,
    /// A clock for reproducible runs: starts at this many nanoseconds and advances by 1000 at each look. `None` for real time.
    pub fixed_clock: Option<u64>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            limits: GuestLimits::default(),
            clusters: BTreeMap::new(),
            node: Arc::default(),
            shared: SharedStore::default(),
            metrics: Arc::default(),
            logger: Arc::new(Logger::new(Level::Info, LogSink::Stderr)),
            buffer_limit: 1 << 20,
            fixed_clock: None,
        }
    }
}

/// An upstream: where it is and what it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// `HOST:PORT`
    pub authority: String,
    /// Whether it speaks HTTP/2 without negotiation; gRPC calls do so in any case.
    pub http2: bool,
}

impl std::str::FromStr for Cluster {
    type Err = ConfigError;

    /// `http://HOST[:PORT]`, `h2c://HOST[:PORT]` or `HOST:PORT`; a path is refused.
    fn from_str(url: &str) -> Result<Self, ConfigError> {
        let bad = |why: &str| ConfigError(format!("upstream \"{url}\": {why}"));
        let (http2, rest) = match url.split_once("://") {
            Some(("http" | "tcp", rest)) => (false, rest),
            Some(("h2c" | "http2" | "grpc", rest)) => (true, rest),
            Some(("https", _)) => return Err(bad("TLS is not supported, use http:// or h2c://")),
            Some(_) => return Err(bad("unknown scheme, use http:// or h2c://")),
            None => (false, url),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let parsed: http::uri::Authority = rest.parse().map_err(|_| bad("not HOST:PORT"))?;
        if parsed.host().is_empty() {
            return Err(bad("no host"));
        }
        let authority = match parsed.port_u16() {
            Some(_) => rest.to_owned(),
            None if rest.ends_with(':') => return Err(bad("no port")),
            None => format!("{rest}:80"),
        };
        Ok(Self { authority, http2 })
    }
}

/// Something wrong with the configuration, in one line.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// A server: one plugin between its clients and an upstream or a fixed answer.
#[derive(Clone)]
pub struct ServerConfig {
    /// The module's bytes.
    pub wasm: Vec<u8>,
    /// What runs it.
    pub engine: EngineKind,
    /// How the module is loaded. With a deadline it is made interruptible whatever this says.
    pub load: LoadOptions,
    /// The plugin.
    pub plugin: PluginConfig,
    /// What VMs have in common.
    pub host: HostConfig,
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// A fixed answer, when there is no upstream.
    pub respond: Option<(u16, String)>,
    /// Where requests (or, with `tcp`, connections) go.
    pub upstream: Option<Cluster>,
    /// Worker threads.
    pub workers: usize,
    /// Where `/stats` and `/ready` are served.
    pub admin: Option<SocketAddr>,
    /// Proxies bytes rather than HTTP.
    pub tcp: bool,
    /// An HTTP/1.1 or HTTP/2 request must be answered by the upstream within this time, in milliseconds.
    pub upstream_timeout_ms: u64,
}

impl ServerConfig {
    /// A server on any free port of the loopback interface that answers `200` and an empty body.
    pub fn new(name: &str, wasm: Vec<u8>) -> Self {
        Self {
            wasm,
            engine: EngineKind::default(),
            load: LoadOptions::default(),
            plugin: PluginConfig { name: name.to_owned(), ..PluginConfig::default() },
            host: HostConfig::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            respond: None,
            upstream: None,
            workers: 1,
            admin: None,
            tcp: false,
            upstream_timeout_ms: 15_000,
        }
    }
}

impl fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostConfig")
            .field("limits", &self.limits)
            .field("clusters", &self.clusters)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams() {
        let parse = |s: &str| s.parse::<Cluster>();
        assert_eq!(parse("http://a:81/").unwrap(), Cluster { authority: "a:81".into(), http2: false });
        assert_eq!(parse("h2c://[::1]:82").unwrap(), Cluster { authority: "[::1]:82".into(), http2: true });
        assert_eq!(parse("a").unwrap().authority, "a:80");
        for bad in ["https://a", "ftp://a", "http://a/path", "", "http://:80", "a:"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
