//! The state of a TCP stream.

use crate::abi::{Filter, Network, Scheduler};
use crate::hooks::network::Stream;
use crate::vm::state::AfterCall;

/// See the module.
#[derive(Debug)]
pub struct Tcp {
    /// Envoy's network filter; null once the connection is gone.
    pub filter: Filter,
    /// What Envoy knows the stream by; null once it is gone.
    pub stream: *const Stream,
    /// What the client sent may be touched: in its callback, and as long as the guest keeps it.
    pub downstream_open: bool,
    /// What the upstream sent may be touched: in its callback only, afterwards Envoy may have dropped it.
    pub upstream_open: bool,
    /// The guest stopped what comes from the client.
    pub paused: bool,
    /// The guest was told that the upstream has closed.
    pub upstream_closed: bool,
    /// The stream was ended because its guest is gone.
    pub failed: bool,
    /// Made when the stream stops for the first time: other threads reach the worker through it. Null for none.
    pub scheduler: Scheduler,
    /// What has to wait until the stream's worker comes by.
    pub deferred: Vec<AfterCall>,
    /// Calls that live in the stream.
    pub calls: Vec<u32>,
}

impl Tcp {
    /// A stream that has seen nothing.
    pub fn new(filter: Filter, stream: *const Stream) -> Self {
        Self {
            filter,
            stream,
            downstream_open: false,
            upstream_open: false,
            paused: false,
            upstream_closed: false,
            failed: false,
            scheduler: core::ptr::null_mut(),
            deferred: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// Whether something waits for this stream to go on.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether calls can live in this stream.
    pub fn can_call(&self) -> bool {
        !self.filter.is_null() && Network::get().is_some_and(|t| t.network_filter_http_callout.is_some())
    }
}
