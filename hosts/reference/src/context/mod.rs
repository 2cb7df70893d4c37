//! Contexts: a root context per plugin, a stream context per HTTP request or TCP connection.

pub mod http;
pub mod root;
pub mod tcp;

use crate::config::PluginConfig;
use crate::log;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Instant, SystemTime};

/// A plugin as its contexts know it.
#[derive(Debug)]
pub struct Plugin {
    /// What it was configured with.
    pub config: PluginConfig,
    /// See [`log::prefix`].
    pub log_prefix: String,
}

impl Plugin {
    /// Of a configuration.
    pub fn new(config: PluginConfig) -> Rc<Self> {
        let log_prefix = log::prefix(&config.name, &config.root_id, &config.vm_id);
        Rc::new(Self { config, log_prefix })
    }
}

/// What a context is.
#[derive(Debug)]
pub enum Kind {
    /// Of a plugin.
    Root(Box<root::Root>),
    /// Of an HTTP request and its response.
    Http(Box<http::Http>),
    /// Of a TCP connection.
    Tcp(Box<tcp::Tcp>),
}

/// A context that the guest knows by its number.
#[derive(Debug)]
pub struct Context {
    /// Its number, unique in the VM.
    pub id: u32,
    /// The root context; its own number for a root context.
    pub root: u32,
    /// The plugin that it belongs to.
    pub plugin: Rc<Plugin>,
    /// Whether the guest has heard of it.
    pub created: bool,
    /// What it is.
    pub kind: Kind,
}

/// Who talks to whom, for properties.
#[derive(Clone, Debug)]
pub struct StreamInfo {
    /// Number of the connection, unique in the process.
    pub connection_id: u64,
    /// The client.
    pub source: Option<SocketAddr>,
    /// The listener.
    pub destination: Option<SocketAddr>,
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`; empty for TCP.
    pub protocol: &'static str,
    /// When it began.
    pub start: SystemTime,
    /// The same, to measure durations.
    pub start_monotonic: Instant,
    /// How long it took, once it is over, in nanoseconds.
    pub duration: Option<u64>,
    /// The upstream's name, where there is one.
    pub cluster: Option<String>,
    /// The upstream's address, once connected.
    pub upstream: Option<SocketAddr>,
    /// The address towards the upstream.
    pub upstream_local: Option<SocketAddr>,
    /// What `proxy_set_property` set, by whole path.
    pub state: HashMap<Vec<u8>, Vec<u8>>,
}

impl Default for StreamInfo {
    fn default() -> Self {
        Self {
            connection_id: 0,
            source: None,
            destination: None,
            protocol: "",
            start: SystemTime::now(),
            start_monotonic: Instant::now(),
            duration: None,
            cluster: None,
            upstream: None,
            upstream_local: None,
            state: HashMap::new(),
        }
    }
}

/// Told when a stream has something for its driver.
#[derive(Clone, Default)]
pub struct Waker(Option<Rc<dyn Fn()>>);

impl Waker {
    /// Calls a function.
    pub fn new(f: impl Fn() + 'static) -> Self {
        Self(Some(Rc::new(f)))
    }

    /// Tells.
    pub fn wake(&self) {
        if let Some(f) = &self.0 {
            f();
        }
    }
}

impl std::fmt::Debug for Waker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waker")
    }
}
