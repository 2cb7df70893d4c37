//! Callbacks of network filters.

use super::table::family_callbacks;
use super::{Bytes, Config, Filter, Pair, Scheduler};

family_callbacks! {
    /// What Envoy offers to network filters.
    Network for "network filters"
    required {
        fn network_filter_get_worker_index(filter: Filter) -> u32;
        fn network_filter_get_read_buffer_size(filter: Filter) -> usize;
        fn network_filter_get_read_buffer_chunks_size(filter: Filter) -> usize;
        fn network_filter_get_read_buffer_chunks(filter: Filter, out: *mut Bytes) -> bool;
        fn network_filter_drain_read_buffer(filter: Filter, count: usize) -> bool;
        fn network_filter_append_read_buffer(filter: Filter, data: Bytes) -> bool;
        fn network_filter_get_write_buffer_size(filter: Filter) -> usize;
        fn network_filter_get_write_buffer_chunks_size(filter: Filter) -> usize;
        fn network_filter_get_write_buffer_chunks(filter: Filter, out: *mut Bytes) -> bool;
        fn network_filter_drain_write_buffer(filter: Filter, count: usize) -> bool;
        fn network_filter_append_write_buffer(filter: Filter, data: Bytes) -> bool;
        fn network_filter_continue_reading(filter: Filter);
        fn network_filter_close_with_details(filter: Filter, kind: u32, details: Bytes);
        fn network_filter_scheduler_new(filter: Filter) -> Scheduler;
        fn network_filter_scheduler_commit(scheduler: Scheduler, event: u64);
        fn network_filter_scheduler_delete(scheduler: Scheduler);
        fn network_filter_config_scheduler_new(config: Config) -> Scheduler;
        fn network_filter_config_scheduler_commit(scheduler: Scheduler, event: u64);
        fn network_filter_config_scheduler_delete(scheduler: Scheduler);
    }
    optional {
        fn network_filter_http_callout(filter: Filter, id: *mut u64, cluster: Bytes, headers: *const Pair, count: usize, body: Bytes, timeout_ms: u64) -> u32;
        fn network_filter_get_cluster_host_count(filter: Filter, cluster: Bytes, priority: u32, total: *mut usize, healthy: *mut usize, degraded: *mut usize) -> bool;

        fn network_filter_get_attribute_string(filter: Filter, id: u32, out: *mut Bytes) -> bool;
        fn network_filter_get_attribute_int(filter: Filter, id: u32, out: *mut u64) -> bool;
        fn network_filter_get_attribute_bool(filter: Filter, id: u32, out: *mut bool) -> bool;
        fn network_get_filter_state_bytes(filter: Filter, key: Bytes, out: *mut Bytes) -> bool;
        fn network_set_filter_state_bytes(filter: Filter, key: Bytes, value: Bytes) -> bool;
        fn network_get_filter_state_typed(filter: Filter, key: Bytes, out: *mut Bytes) -> bool;
        fn network_set_filter_state_typed(filter: Filter, key: Bytes, value: Bytes) -> bool;

        fn network_filter_config_define_counter(config: Config, name: Bytes, id: *mut usize) -> u32;
        fn network_filter_config_define_gauge(config: Config, name: Bytes, id: *mut usize) -> u32;
        fn network_filter_config_define_histogram(config: Config, name: Bytes, id: *mut usize) -> u32;
        fn network_filter_config_increment_counter(config: Config, id: usize, value: u64) -> u32;
        fn network_filter_config_increment_gauge(config: Config, id: usize, value: u64) -> u32;
        fn network_filter_config_decrement_gauge(config: Config, id: usize, value: u64) -> u32;
        fn network_filter_config_set_gauge(config: Config, id: usize, value: u64) -> u32;
        fn network_filter_config_record_histogram_value(config: Config, id: usize, value: u64) -> u32;
    }
}
