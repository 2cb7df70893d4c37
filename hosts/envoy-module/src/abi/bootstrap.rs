//! Callbacks of bootstrap extensions.

use super::table::family_callbacks;
use super::{Bytes, Config, Pair, Scheduler};

family_callbacks! {
    /// What Envoy offers to bootstrap extensions.
    Bootstrap for "bootstrap extensions"
    required {
        fn bootstrap_extension_config_signal_init_complete(config: Config);
        fn bootstrap_extension_config_scheduler_new(config: Config) -> Scheduler;
        fn bootstrap_extension_config_scheduler_commit(scheduler: Scheduler, event: u64);
        fn bootstrap_extension_config_scheduler_delete(scheduler: Scheduler);
    }
    optional {
        fn bootstrap_extension_http_callout(config: Config, id: *mut u64, cluster: Bytes, headers: *const Pair, count: usize, body: Bytes, timeout_ms: u64) -> u32;

        fn bootstrap_extension_config_define_counter(config: Config, name: Bytes, labels: *const Bytes, count: usize, id: *mut usize) -> u32;
        fn bootstrap_extension_config_define_gauge(config: Config, name: Bytes, labels: *const Bytes, count: usize, id: *mut usize) -> u32;
        fn bootstrap_extension_config_define_histogram(config: Config, name: Bytes, labels: *const Bytes, count: usize, id: *mut usize) -> u32;
        fn bootstrap_extension_config_increment_counter(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn bootstrap_extension_config_increment_gauge(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn bootstrap_extension_config_decrement_gauge(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn bootstrap_extension_config_set_gauge(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
        fn bootstrap_extension_config_record_histogram_value(config: Config, id: usize, labels: *const Bytes, count: usize, value: u64) -> u32;
    }
}
