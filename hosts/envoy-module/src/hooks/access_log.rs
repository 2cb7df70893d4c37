//! The hooks of an access logger (`envoy_dynamic_module_on_access_logger_*`).
//!
//! As in Envoy's Wasm access logger, an entry is `proxy_on_log` of the plugin's root context, during which the header maps
//! can be read. A logger may go on any thread.

use super::configured::{Configured, workers};
use crate::abi::{AccessLog, Bytes, Config, Family, Logger, log_type};
use crate::vm::Hook;
use crate::vm::group::Threads;
use std::sync::Arc;

/// A logger configuration, as Envoy holds it; shared with its loggers, which may outlive it.
pub struct LoggerConfig {
    configured: Arc<Configured>,
    abi: &'static AccessLog,
}

/// The logger of a thread, as Envoy holds it.
pub struct ThreadLogger {
    configured: Arc<Configured>,
    worker: u32,
}

/// A configuration is being loaded. Null to refuse it. Main thread.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_access_logger_config_new(
    config: Config,
    name: Bytes,
    bytes: Bytes,
) -> *const LoggerConfig {
    let made = AccessLog::require().and_then(|abi| {
        let threads = Threads::WorkersAndMain(workers());
        let configured = Configured::new(Family::AccessLogger, config, name, bytes, threads)?;
        Ok(LoggerConfig { configured: Arc::new(configured), abi })
    });
    Configured::boxed(name, made)
}

/// A configuration goes away, on the thread that used it last.
///
/// # Safety
/// What `config_new` gave, for the last time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_access_logger_config_destroy(config: *mut LoggerConfig) {
    // SAFETY: by contract.
    let config = unsafe { Box::from_raw(config) };
    if Arc::strong_count(&config.configured) > 1 {
        config.configured.end();
    }
}

/// A thread gets its logger.
///
/// # Safety
/// What `config_new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_access_logger_new(
    config: *const LoggerConfig,
    logger: Logger,
) -> *const ThreadLogger {
    // SAFETY: by contract.
    let config = unsafe { &*config };
    // SAFETY: Envoy's logger, on its thread. The main thread has the number after the last worker's.
    let worker = unsafe { (config.abi.access_logger_get_worker_index)(logger) };
    Box::into_raw(Box::new(ThreadLogger { configured: config.configured.clone(), worker }))
}

/// A thread's logger goes.
///
/// # Safety
/// What `new` gave, for the last time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_access_logger_destroy(logger: *mut ThreadLogger) {
    // SAFETY: by contract.
    drop(unsafe { Box::from_raw(logger) });
}

/// An entry. Those in the midst of a stream are left out, as by Envoy's Wasm access logger.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_access_logger_log(
    envoy: Logger,
    logger: *const ThreadLogger,
    kind: u32,
) {
    // SAFETY: by contract.
    let logger = unsafe { &*logger };
    if !log_type::is_end(kind) {
        return;
    }
    if let Some(vm) = logger.configured.vm(logger.worker) {
        vm.run_in(Hook::Worker, |vm| vm.log_entry(&logger.configured.plugin, envoy));
    }
}

/// Nothing is kept back.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_access_logger_flush(_logger: *const ThreadLogger) {}
