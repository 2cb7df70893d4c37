//! The functions that a plugin imports from `env`: one file per chapter of the Proxy-Wasm specification, every function
//! reachable as `hostcalls::NAME` with the import's own name and parameters.
//!
//! Statuses, their order and what is written when follow proxy-wasm-cpp-host (`src/exports.cc`), which plugins were tested
//! with. The common order is: numbers, then memory that is read, then the host, then memory that is written.
//!
//! - Guest memory is touched through [`GuestMemory`](crate::guest::GuestMemory) only.
//! - A view of it is never used again after [`allocate`](crate::guest::Guest::allocate), which runs the guest.
//! - A result costs one allocation in the guest and one copy; an empty one is pointer 0 and size 0 without an allocation.
//! - Capabilities and phases are none of these functions' business; see [`crate::dispatch::check`].

mod buffers;
mod clock;
mod configuration;
mod contexts;
mod extras;
mod foreign;
mod grpc;
mod headers;
mod http_call;
mod logging;
mod metrics;
mod pairs;
mod properties;
mod results;
mod shared_data;
mod shared_queue;
mod streams;
pub(crate) mod table;
mod timers;

pub use buffers::{proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_set_buffer_bytes};
pub use clock::proxy_get_current_time_nanoseconds;
pub use configuration::proxy_get_configuration;
pub use contexts::{proxy_done, proxy_set_effective_context};
pub use extras::{
    emscripten_notify_memory_growth, envoy_resolve_dns, proxy_redis_call, proxy_redis_init, pthread_equal,
};
pub use foreign::proxy_call_foreign_function;
pub use grpc::{proxy_grpc_call, proxy_grpc_cancel, proxy_grpc_close, proxy_grpc_send, proxy_grpc_stream};
pub use headers::{
    proxy_add_header_map_value, proxy_get_header_map_pairs, proxy_get_header_map_size,
    proxy_get_header_map_value, proxy_remove_header_map_value, proxy_replace_header_map_value,
    proxy_set_header_map_pairs,
};
pub use http_call::proxy_http_call;
pub use logging::{proxy_get_log_level, proxy_get_status, proxy_log};
pub use metrics::{proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric};
pub use properties::{proxy_get_property, proxy_set_property};
pub use shared_data::{proxy_get_shared_data, proxy_set_shared_data};
pub use shared_queue::{
    proxy_dequeue_shared_queue, proxy_enqueue_shared_queue, proxy_register_shared_queue,
    proxy_resolve_shared_queue,
};
pub use streams::{
    proxy_clear_route_cache, proxy_close_stream, proxy_continue_request, proxy_continue_response,
    proxy_continue_stream, proxy_send_local_response,
};
pub use timers::proxy_set_tick_period_milliseconds;

pub(crate) use clock::{monotonic_time, wall_clock};
pub(crate) use table::{call, entry};

use crate::guest::HostError;
use crate::host::Status;

/// What a host function answers: the status or errno, or what ended the call.
pub(crate) type Answer = Result<u32, HostError>;

/// Success.
const OK: Answer = Ok(Status::Ok as u32);
