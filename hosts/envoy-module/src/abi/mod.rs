//! Envoy's dynamic-module ABI (`source/extensions/dynamic_modules/abi/abi.h`, version 0.2.0): types, numbers and the table of
//! callbacks into Envoy.
//!
//! Envoy's buffers are a pointer and a length, as the shim's [`Bytes`]; its headers are two of them, as [`Pair`]. Both sides
//! use one type, so nothing is converted on the way.

mod access_log;
mod bootstrap;
mod callbacks;
mod family;
mod network;
mod table;

pub use access_log::AccessLog;
pub use bootstrap::Bootstrap;
#[cfg(test)]
pub use callbacks::install_for_tests;
pub use callbacks::{envoy, missing, resolve};
pub use family::{Family, MetricChange};
pub use network::Network;

use core::ffi::c_void;
pub use nullvm_shim::host::{Bytes, Pair};

// `envoy_dynamic_module_type_{envoy,module}_buffer` and `..._http_header`.
const _: () = assert!(size_of::<Bytes>() == 16 && size_of::<Pair>() == 32);

/// The version of the ABI that this adapter is written for. Envoy only warns when it is another one.
pub const ABI_VERSION: &core::ffi::CStr = c"v0.2.0";

/// Envoy's side of an HTTP or network filter; usable on the stream's worker only, until the filter is destroyed.
pub type Filter = *mut c_void;
/// Envoy's side of an access logger; during the hook that it was given to.
pub type Logger = *mut c_void;
/// Envoy's side of a filter configuration.
pub type Config = *mut c_void;
/// A scheduler, made by Envoy and deleted by us.
pub type Scheduler = *mut c_void;

/// `envoy_dynamic_module_type_http_header_type`: the numbers of the first four Proxy-Wasm maps.
pub mod header_type {
    /// Request headers.
    pub const REQUEST: u32 = 0;
    /// Request trailers.
    pub const REQUEST_TRAILERS: u32 = 1;
    /// Response headers.
    pub const RESPONSE: u32 = 2;
    /// Response trailers.
    pub const RESPONSE_TRAILERS: u32 = 3;
}

/// `envoy_dynamic_module_type_http_body_type`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum BodyType {
    /// The piece that the current hook is about.
    ReceivedRequest = 0,
    /// What Envoy has kept of earlier pieces.
    BufferedRequest = 1,
    /// As above, of the response.
    ReceivedResponse = 2,
    /// As above, of the response.
    BufferedResponse = 3,
}

/// `envoy_dynamic_module_type_on_http_filter_*_headers_status`
pub mod headers_status {
    /// Go on.
    pub const CONTINUE: u32 = 0;
    /// Stop this filter's headers, not its body.
    pub const STOP_ITERATION: u32 = 1;
    /// Stop everything until the stream is continued.
    pub const STOP_ALL_AND_WATERMARK: u32 = 4;
}

/// `envoy_dynamic_module_type_on_http_filter_*_body_status`
pub mod body_status {
    /// Go on.
    pub const CONTINUE: u32 = 0;
    /// Stop, and keep what came so far.
    pub const STOP_AND_BUFFER: u32 = 1;
    /// Stop, and drop the piece.
    pub const STOP_NO_BUFFER: u32 = 3;
}

/// `envoy_dynamic_module_type_on_network_filter_data_status`
pub mod network_status {
    /// Go on.
    pub const CONTINUE: u32 = 0;
    /// Stop until reading is continued; what came stays.
    pub const STOP: u32 = 1;
}

/// `envoy_dynamic_module_type_network_connection_close_type`: after what was written so far.
pub const CLOSE_FLUSH_WRITE: u32 = 0;

/// `envoy_dynamic_module_type_network_connection_event`
pub mod connection_event {
    /// The other side closed.
    pub const REMOTE_CLOSE: u32 = 0;
    /// This side closed.
    pub const LOCAL_CLOSE: u32 = 1;
}

/// `envoy_dynamic_module_type_access_log_type`
pub mod log_type {
    /// Whether an entry is about something that is over: not set, or the end of a TCP connection, a request, an upstream
    /// request or a UDP session.
    pub fn is_end(kind: u32) -> bool {
        matches!(kind, 0 | 3 | 6 | 9 | 13)
    }
}

/// `envoy_dynamic_module_type_http_callout_result`
pub mod callout_result {
    /// There is a response.
    pub const SUCCESS: u32 = 0;
}

/// `envoy_dynamic_module_type_http_callout_init_result`
pub mod callout_init {
    /// The call is on its way.
    pub const SUCCESS: u32 = 0;
    /// It cannot be made.
    pub const CANNOT_CREATE: u32 = 4;
}

#[cfg(test)]
mod tests {
    use super::log_type::is_end;

    #[test]
    fn entries_in_the_midst_of_something_are_none() {
        let ends: Vec<u32> = (0..16).filter(|kind| is_end(*kind)).collect();
        assert_eq!(ends, [0, 3, 6, 9, 13]);
    }
}
