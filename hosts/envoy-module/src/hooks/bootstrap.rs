//! The hooks of a bootstrap extension (`envoy_dynamic_module_on_bootstrap_extension_*`): a plugin as service, with one VM on
//! the main thread.
//!
//! Envoy requires all of them; most have no counterpart in Proxy-Wasm.

use super::configured::Configured;
use super::{bodies, one_shot, pairs};
use crate::abi::{Bootstrap, Bytes, Config, Family, Pair};
use crate::vm::group::Threads;
use core::ffi::c_void;

/// A configuration, and the extension, of which there is one: as Envoy holds them.
pub struct Service {
    configured: Configured,
}

impl Service {
    /// Before Envoy is up, there are no clusters to call.
    fn run_jobs(&self) {
        let main = &self.configured.plugin.main;
        if main.is_ready() {
            main.run(self.configured.envoy());
        }
    }
}

/// The configuration is being loaded. Null to refuse it. Main thread, as all of these.
///
/// # Safety
/// Envoy's configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_bootstrap_extension_config_new(
    config: Config,
    name: Bytes,
    bytes: Bytes,
) -> *const Service {
    let made = Bootstrap::require().and_then(|abi| {
        let configured = Configured::new(Family::Bootstrap, config, name, bytes, Threads::Main)?;
        // Envoy takes no traffic before it is told this; plugins have no way to ask for more time.
        // SAFETY: the configuration is being loaded.
        unsafe { (abi.bootstrap_extension_config_signal_init_complete)(config) };
        Ok(Service { configured })
    });
    Configured::boxed(name, made)
}

/// The configuration goes away.
///
/// # Safety
/// What `config_new` gave, for the last time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_bootstrap_extension_config_destroy(service: *mut Service) {
    // SAFETY: by contract.
    drop(unsafe { Box::from_raw(service) });
}

/// The extension: the same thing as its configuration.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_bootstrap_extension_new(
    service: *const Service,
    _envoy: *mut c_void,
) -> *const Service {
    service
}

/// The extension goes; its configuration will follow.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_bootstrap_extension_destroy(_service: *const Service) {}

/// Envoy is up.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_bootstrap_extension_server_initialized(
    _envoy: *mut c_void,
    service: *const Service,
) {
    // SAFETY: by contract.
    let service = unsafe { &*service };
    service.configured.plugin.main.set_ready();
    service.run_jobs();
}

/// A worker is up.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_bootstrap_extension_worker_thread_initialized(
    _envoy: *mut c_void,
    _service: *const Service,
) {
}

/// Envoy begins to drain. The service goes on until Envoy ends.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_bootstrap_extension_drain_started(
    _envoy: *mut c_void,
    _service: *const Service,
) {
}

/// Envoy is about to end, and waits for `done`.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_bootstrap_extension_shutdown(
    _envoy: *mut c_void,
    service: *const Service,
    done: Option<unsafe extern "C" fn(*mut c_void)>,
    context: *mut c_void,
) {
    // SAFETY: by contract.
    let service = unsafe { &*service };
    service.configured.leave();
    if let Some(done) = done {
        // SAFETY: Envoy's function, with what it wants to have.
        unsafe { done(context) };
    }
}

/// Somebody left a job.
///
/// # Safety
/// What `config_new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_bootstrap_extension_config_scheduled(
    _config: Config,
    service: *const Service,
    _event: u64,
) {
    // SAFETY: by contract.
    let service = unsafe { &*service };
    service.run_jobs();
}

/// A call is over.
///
/// # Safety
/// What `config_new` gave, and arrays of as many elements as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_bootstrap_extension_http_callout_done(
    _config: Config,
    service: *const Service,
    id: u64,
    result: u32,
    headers: *const Pair,
    headers_count: usize,
    chunks: *const Bytes,
    chunks_count: usize,
) {
    // SAFETY: by contract.
    let service = unsafe { &*service };
    service.configured.plugin.main.on_call(id, true, |call| {
        one_shot(call, result, pairs(headers, headers_count), bodies(chunks, chunks_count))
    });
}

// Timers are the module's own; plugins watch no files and no clusters, and have no page in Envoy's admin interface.

/// No timers are made.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_bootstrap_extension_timer_fired(
    _config: Config,
    _service: *const Service,
    _timer: *mut c_void,
) {
}

/// No files are watched.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_bootstrap_extension_file_changed(
    _config: Config,
    _service: *const Service,
    _path: Bytes,
    _events: u32,
) {
}

macro_rules! resource_hooks {
    ($($name:ident)*) => {
        $(
            /// Nobody asked for it.
            #[unsafe(no_mangle)]
            pub extern "C" fn $name(_config: Config, _service: *const Service, _resource: Bytes) {}
        )*
    };
}

resource_hooks! {
    envoy_dynamic_module_on_bootstrap_extension_cluster_add_or_update
    envoy_dynamic_module_on_bootstrap_extension_cluster_removal
    envoy_dynamic_module_on_bootstrap_extension_listener_add_or_update
    envoy_dynamic_module_on_bootstrap_extension_listener_removal
}

/// No pages are offered: 404.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_bootstrap_extension_admin_request(
    _config: Config,
    _service: *const Service,
    _method: Bytes,
    _path: Bytes,
    _body: Bytes,
) -> u32 {
    404
}
