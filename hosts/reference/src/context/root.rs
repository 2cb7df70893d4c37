//! The state of a root context: its calls, and what their events show while they are delivered.

use crate::maps::HeaderMap;

/// A response to an HTTP call.
#[derive(Clone, Debug, Default)]
pub struct HttpResponse {
    /// With `:status`.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
    /// Trailers, possibly none.
    pub trailers: HeaderMap,
}

/// A root context.
#[derive(Debug, Default)]
pub struct Root {
    /// Whether the plugin's configuration may be read: while it is configured.
    pub configuring: bool,
    /// Whether `proxy_on_done` was answered with "not yet".
    pub pending_done: bool,
    /// During `proxy_on_http_call_response` of a call that did not fail.
    pub http_response: Option<HttpResponse>,
    /// During `proxy_on_grpc_receive_initial_metadata`.
    pub grpc_initial: Option<HeaderMap>,
    /// During `proxy_on_grpc_receive`.
    pub grpc_message: Option<Vec<u8>>,
    /// During `proxy_on_grpc_receive_trailing_metadata`.
    pub grpc_trailing: Option<HeaderMap>,
    /// For `proxy_get_status`: the code and message of the last call that failed.
    pub status: (u32, String),
}
