//! The state of a TCP stream.

use super::{StreamInfo, Waker};
pub use nullvm_host_common::abi::Peer;
use std::collections::VecDeque;

/// What the driver must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOutput {
    /// Send to the upstream; whether the client will send no more.
    ToUpstream(Vec<u8>, bool),
    /// Send to the client; whether the upstream will send no more.
    ToDownstream(Vec<u8>, bool),
    /// Close both, after what was sent so far.
    Close,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Flow {
    /// Held back, and what the guest sees during its callback.
    pub data: Vec<u8>,
    /// Whether `data` may be seen.
    pub visible: bool,
    /// Whether the sender is done.
    pub ended: bool,
}

/// A TCP stream.
#[derive(Debug, Default)]
pub struct Tcp {
    /// For properties.
    pub info: StreamInfo,
    /// From the client to the upstream.
    pub downstream: Flow,
    /// From the upstream to the client.
    pub upstream: Flow,
    /// Whether `proxy_on_new_connection` stopped the stream: nothing is read until it continues.
    pub stopped: bool,
    /// Whether the guest heard that the upstream closed.
    pub upstream_closed: bool,
    /// For the driver.
    pub out: VecDeque<TcpOutput>,
    /// See [`Waker`].
    pub waker: Waker,
}
