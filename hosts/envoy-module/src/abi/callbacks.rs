//! The functions that Envoy offers to modules, looked up by name when the module is loaded.
//!
//! Nothing of them is linked: a module with an undefined symbol would be refused as a whole by every Envoy that lacks it
//! (since 1.40 all symbols are bound at load). Required ones are in all releases from 1.38 on; without an optional one
//! something is missing, and whoever calls it says what.

use super::table::{callbacks, find};
use super::{Bytes, Config, Filter, Pair, Scheduler};
use core::ffi::c_void;
use std::sync::OnceLock;

callbacks! {
    /// What Envoy offers to every module, and to HTTP filters.
    Callbacks
    required {
        fn log(level: u32, message: Bytes);
        fn log_enabled(level: u32) -> bool;
        fn get_concurrency() -> u32;

        fn http_get_header(filter: Filter, map: u32, key: Bytes, out: *mut Bytes, index: usize, total: *mut usize) -> bool;
        fn http_get_headers_size(filter: Filter, map: u32) -> usize;
        fn http_get_headers(filter: Filter, map: u32, out: *mut Pair) -> bool;
        fn http_add_header(filter: Filter, map: u32, key: Bytes, value: Bytes) -> bool;
        fn http_set_header(filter: Filter, map: u32, key: Bytes, value: Bytes) -> bool;
        fn http_send_response(filter: Filter, code: u32, headers: *const Pair, count: usize, body: Bytes, details: Bytes);
        fn http_get_body_size(filter: Filter, body: u32) -> usize;
        fn http_get_body_chunks_size(filter: Filter, body: u32) -> usize;
        fn http_get_body_chunks(filter: Filter, body: u32, out: *mut Bytes) -> bool;
        fn http_append_body(filter: Filter, body: u32, data: Bytes) -> bool;
        fn http_drain_body(filter: Filter, body: u32, count: usize) -> bool;

        fn http_filter_continue_decoding(filter: Filter);
        fn http_filter_continue_encoding(filter: Filter);
        fn http_clear_route_cache(filter: Filter);
        fn http_filter_get_worker_index(filter: Filter) -> u32;
        fn http_filter_get_attribute_string(filter: Filter, id: u32, out: *mut Bytes) -> bool;
        fn http_filter_get_attribute_int(filter: Filter, id: u32, out: *mut u64) -> bool;

        fn http_filter_scheduler_new(filter: Filter) -> Scheduler;
        fn http_filter_scheduler_commit(scheduler: Scheduler, event: u64);
        fn http_filter_scheduler_delete(scheduler: Scheduler);
        fn http_filter_config_scheduler_new(config: Config) -> Scheduler;
        fn http_filter_config_scheduler_commit(scheduler: Scheduler, event: u64);
        fn http_filter_config_scheduler_delete(scheduler: Scheduler);

        fn http_filter_config_define_counter(config: Config, name: Bytes, labels: *const Bytes, count: usize, id: *mut usize) -> u32;
        fn http_filter_config_define_gauge(config: Config, name: Bytes, labels: *const Bytes, count: usize, id: *mut usize) -> u32;
        fn http_filter_config_define_histogram(config: Config, name: Bytes, labels: *const Bytes, count: usize, id: *mut usize) -> u32;
    }
    optional {
        fn log_v2(level: u32, message: Bytes, file: Bytes, line: u32);
        fn get_log_level() -> u32;
        fn register_shared_data(key: Bytes, data: *mut c_void) -> bool;
        fn get_shared_data(key: Bytes, out: *mut *mut c_void) -> bool;

        fn http_filter_get_attribute_bool(filter: Filter, id: u32, out: *mut bool) -> bool;
        fn http_filter_reset_stream(filter: Filter, reason: u32, details: Bytes);
        fn http_filter_start_http_stream(filter: Filter, id: *mut u64, cluster: Bytes, headers: *const Pair, count: usize, body: Bytes, end: bool, timeout_ms: u64) -> u32;
        fn http_filter_reset_http_stream(filter: Filter, id: u64);
        fn http_stream_send_data(filter: Filter, id: u64, data: Bytes, end: bool) -> bool;
        fn http_stream_send_trailers(filter: Filter, id: u64, trailers: *const Pair, count: usize) -> bool;
        fn http_filter_config_start_http_stream(config: Config, id: *mut u64, cluster: Bytes, headers: *const Pair, count: usize, body: Bytes, end: bool, timeout_ms: u64) -> u32;
        fn http_filter_config_reset_http_stream(config: Config, id: u64);
        fn http_filter_config_stream_send_data(config: Config, id: u64, data: Bytes, end: bool) -> bool;
        fn http_filter_config_stream_send_trailers(config: Config, id: u64, trailers: *const Pair, count: usize) -> bool;

        fn http_filter_config_increment_counter(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_config_increment_gauge(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_config_decrement_gauge(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_config_set_gauge(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_config_record_histogram_value(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_increment_counter(filter: Filter, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_increment_gauge(filter: Filter, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_decrement_gauge(filter: Filter, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_set_gauge(filter: Filter, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn http_filter_record_histogram_value(filter: Filter, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;

        fn http_get_timing_info(filter: Filter, out: *mut c_void);
        fn http_get_filter_state_bytes(filter: Filter, key: Bytes, out: *mut Bytes) -> bool;
        fn http_set_filter_state_bytes(filter: Filter, key: Bytes, value: Bytes) -> bool;
        fn http_get_filter_state_typed(filter: Filter, key: Bytes, out: *mut Bytes) -> bool;
        fn http_set_filter_state_typed(filter: Filter, key: Bytes, value: Bytes) -> bool;
        fn http_set_filter_state_value(filter: Filter, key: Bytes, value: Bytes, life_span: u32, sharing: u32) -> bool;
        fn http_get_metadata_string(filter: Filter, source: u32, namespace: Bytes, key: Bytes, out: *mut Bytes) -> bool;
        fn http_get_metadata_number(filter: Filter, source: u32, namespace: Bytes, key: Bytes, out: *mut f64) -> bool;
        fn http_get_metadata_bool(filter: Filter, source: u32, namespace: Bytes, key: Bytes, out: *mut bool) -> bool;
        fn http_get_metadata_keys_count(filter: Filter, source: u32, namespace: Bytes) -> usize;
        fn http_get_metadata_keys(filter: Filter, source: u32, namespace: Bytes, out: *mut Bytes) -> bool;
        fn http_get_metadata_namespaces_count(filter: Filter, source: u32) -> usize;
        fn http_get_metadata_namespaces(filter: Filter, source: u32, out: *mut Bytes) -> bool;
        fn http_get_metadata_list_size(filter: Filter, source: u32, namespace: Bytes, key: Bytes, out: *mut usize) -> bool;
        fn http_get_metadata_list_string(filter: Filter, source: u32, namespace: Bytes, key: Bytes, index: usize, out: *mut Bytes) -> bool;
        fn http_get_metadata_list_number(filter: Filter, source: u32, namespace: Bytes, key: Bytes, index: usize, out: *mut f64) -> bool;
        fn http_get_metadata_list_bool(filter: Filter, source: u32, namespace: Bytes, key: Bytes, index: usize, out: *mut bool) -> bool;
        fn http_get_typed_metadata(filter: Filter, source: u32, namespace: Bytes, type_url: *mut Bytes, value: *mut Bytes) -> bool;
    }
}

static CALLBACKS: OnceLock<Callbacks> = OnceLock::new();

/// Looks everything up in the running process.
///
/// # Errors
/// The names of required callbacks that this Envoy does not have.
pub fn resolve() -> Result<(), Vec<&'static str>> {
    // SAFETY: symbols of these names are Envoy's, which keeps the signatures of released callbacks.
    let callbacks = unsafe { Callbacks::load(find)? };
    let _ = CALLBACKS.set(callbacks);
    Ok(())
}

/// The optional callbacks that this Envoy does not have.
pub fn missing() -> Vec<&'static str> {
    CALLBACKS.get().map(Callbacks::missing).unwrap_or_default()
}

/// Envoy. `program_init` has run before anything else is called.
#[inline]
pub fn envoy() -> &'static Callbacks {
    match CALLBACKS.get() {
        Some(callbacks) => callbacks,
        None => unreachable!("Envoy calls program_init first"),
    }
}

/// A table for tests: what `find` does not know aborts when it is called, if it is required, and is missing otherwise.
/// The first one stays.
#[cfg(test)]
pub fn install_for_tests(find: impl Fn(&str) -> Option<*mut c_void>) {
    extern "C" fn absent() {
        std::process::abort();
    }
    // SAFETY: nothing is found, so nothing is made.
    let required = unsafe { Callbacks::load(|_| core::ptr::null_mut()) }.err().unwrap_or_default();
    // SAFETY: functions of tests have the signatures of those they stand for; `absent` does not return.
    let callbacks = unsafe {
        Callbacks::load(|name| {
            let unknown =
                if required.contains(&name) { absent as *mut c_void } else { core::ptr::null_mut() };
            find(name).unwrap_or(unknown)
        })
    };
    if let Ok(callbacks) = callbacks {
        let _ = CALLBACKS.set(callbacks);
    }
}
