//! The functions that a plugin calls (`nullvm_host_t`), one file per chapter of the Proxy-Wasm specification. Each acts on
//! the effective context of the VM behind the host pointer.
//!
//! What is handed out lies in Envoy's own memory or in the state's scratch areas, and stays there until the next call other
//! than `log` and the clocks, which touch neither.

mod buffers;
mod calls;
mod foreign;
mod headers;
mod logging;
mod metrics;
mod properties;
mod shared;
mod streams;

pub use properties::RootProperties;

use crate::vm::HostCell;
use core::ffi::c_void;
use nullvm_shim::host::{Bytes, HostTable, Pairs, Status};

/// The one table.
pub static HOST_TABLE: HostTable = HostTable {
    size: size_of::<HostTable>(),
    log: Some(logging::log),
    get_log_level: Some(logging::get_log_level),
    // The shim reads the system's clocks.
    time: None,
    monotonic_time: None,
    capability_error: Some(logging::capability_error),
    get_status: Some(calls::get_status),
    set_tick_period: Some(streams::set_tick_period),
    get_configuration: Some(buffers::get_configuration),
    continue_stream: Some(streams::continue_stream),
    close_stream: Some(streams::close_stream),
    clear_route_cache: Some(streams::clear_route_cache),
    send_local_response: Some(streams::send_local_response),
    get_property: Some(properties::get_property),
    set_property: Some(properties::set_property),
    get_header: Some(headers::get_header),
    add_header: Some(headers::add_header),
    replace_header: Some(headers::replace_header),
    remove_header: Some(headers::remove_header),
    get_headers: Some(headers::get_headers),
    set_headers: Some(headers::set_headers),
    get_headers_size: Some(headers::get_headers_size),
    get_buffer_status: Some(buffers::get_buffer_status),
    read_buffer: Some(buffers::read_buffer),
    set_buffer: Some(buffers::set_buffer),
    http_call: Some(calls::http_call),
    grpc_call: Some(calls::grpc_call),
    grpc_stream: Some(calls::grpc_stream),
    grpc_send: Some(calls::grpc_send),
    grpc_close: Some(calls::grpc_close),
    grpc_cancel: Some(calls::grpc_cancel),
    get_shared_data: Some(shared::get_shared_data),
    set_shared_data: Some(shared::set_shared_data),
    register_shared_queue: Some(shared::register_shared_queue),
    resolve_shared_queue: Some(shared::resolve_shared_queue),
    enqueue_shared_queue: Some(shared::enqueue_shared_queue),
    dequeue_shared_queue: Some(shared::dequeue_shared_queue),
    define_metric: Some(metrics::define_metric),
    increment_metric: Some(metrics::increment_metric),
    record_metric: Some(metrics::record_metric),
    get_metric: Some(metrics::get_metric),
    set_effective_context: Some(streams::set_effective_context),
    done: Some(streams::done),
    call_foreign_function: Some(foreign::call_foreign_function),
    // Envoy's module ABI has neither Redis nor a resolver.
    redis_init: None,
    redis_call: None,
    resolve_dns: None,
    call_import: None,
};

/// The VM behind a host pointer.
///
/// # Safety
/// `host` is the pointer that a VM gave its instance, and the VM lives.
pub(crate) unsafe fn cell<'a>(host: *mut c_void) -> &'a HostCell {
    // SAFETY: the caller's promise; the cell is only ever shared.
    unsafe { &*host.cast::<HostCell>() }
}

/// The bytes of an argument.
pub(crate) fn slice<'a>(bytes: Bytes) -> &'a [u8] {
    // SAFETY: slices passed in are readable during the host call, and nothing of theirs is kept beyond it.
    unsafe { bytes.as_slice() }
}

/// The pairs of an argument.
pub(crate) fn pairs<'a>(pairs: Pairs) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    // SAFETY: as in `slice`.
    unsafe { pairs.as_slice() }.iter().map(|p| (slice(p.key), slice(p.value)))
}

/// The number that a guest gets, and what it asked for where it was successful.
///
/// # Safety
/// `out` may be written.
pub(crate) unsafe fn answer<T>(result: Result<T, Status>, out: *mut T) -> u32 {
    match result {
        Ok(value) => {
            // SAFETY: the caller's promise.
            unsafe { out.write(value) };
            Status::Ok as u32
        }
        Err(status) => status as u32,
    }
}

/// Declares host functions: arguments, then what a success is stored in; the body answers `Result<out, Status>`.
macro_rules! host_functions {
    ($( $(#[$doc:meta])* fn $name:ident($state:ident $(, $arg:ident: $ty:ty)*) $(-> ($out:ident: $out_ty:ty))? $body:block )*) => {
        $(
            $(#[$doc])*
            pub(super) unsafe extern "C" fn $name(
                host: *mut core::ffi::c_void $(, $arg: $ty)* $(, $out: *mut $out_ty)?
            ) -> u32 {
                // SAFETY: the shim passes the pointer that the instance was made with.
                let cell = unsafe { super::cell(host) };
                let result: Result<_, nullvm_shim::host::Status> =
                    cell.with(|$state: &mut crate::vm::state::State| $body);
                host_functions!(@answer result $($out)?)
            }
        )*
    };
    (@answer $result:ident) => {
        $result.map_or_else(|status| status as u32, |()| nullvm_shim::host::Status::Ok as u32)
    };
    // SAFETY: out-parameters point at host memory of their types.
    (@answer $result:ident $out:ident) => { unsafe { super::answer($result, $out) } };
}
use host_functions;
