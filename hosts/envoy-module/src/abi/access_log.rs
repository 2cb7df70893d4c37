//! Callbacks of access loggers.

use super::table::family_callbacks;
use super::{Bytes, Config, Logger, Pair};
use core::ffi::c_void;

family_callbacks! {
    /// What Envoy offers to access loggers.
    AccessLog for "access loggers"
    required {
        fn access_logger_get_worker_index(logger: Logger) -> u32;
        fn access_logger_get_headers_size(logger: Logger, map: u32) -> usize;
        fn access_logger_get_headers(logger: Logger, map: u32, out: *mut Pair) -> bool;
        fn access_logger_get_header_value(logger: Logger, map: u32, key: Bytes, out: *mut Bytes, index: usize, total: *mut usize) -> bool;
    }
    optional {
        fn access_logger_get_attribute_string(logger: Logger, id: u32, out: *mut Bytes) -> bool;
        fn access_logger_get_attribute_int(logger: Logger, id: u32, out: *mut u64) -> bool;
        fn access_logger_get_attribute_bool(logger: Logger, id: u32, out: *mut bool) -> bool;
        fn access_logger_get_filter_state(logger: Logger, key: Bytes, out: *mut Bytes) -> bool;
        fn access_logger_get_timing_info_v2(logger: Logger, out: *mut c_void);

        fn access_logger_config_define_counter(config: Config, name: Bytes, id: *mut usize) -> u32;
        fn access_logger_config_define_gauge(config: Config, name: Bytes, id: *mut usize) -> u32;
        fn access_logger_config_define_histogram(config: Config, name: Bytes, id: *mut usize) -> u32;
        fn access_logger_increment_counter(config: Config, id: usize, value: u64) -> u32;
        fn access_logger_increment_gauge(config: Config, id: usize, value: u64) -> u32;
        fn access_logger_decrement_gauge(config: Config, id: usize, value: u64) -> u32;
        fn access_logger_set_gauge(config: Config, id: usize, value: u64) -> u32;
        fn access_logger_record_histogram_value(config: Config, id: usize, value: u64) -> u32;
    }
}
