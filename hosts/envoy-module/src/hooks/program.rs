//! Loading the module: what is there before any configuration.

use crate::abi::{self, ABI_VERSION, envoy};
use crate::config::PluginConfig;
use crate::log;
use core::ffi::{c_char, c_void};
use nullvm_host_common::shared::SharedStore;
use nullvm_shim::Plugin;
use std::sync::{Arc, OnceLock};

static STORE: OnceLock<SharedStore> = OnceLock::new();

/// Where a module has its plugins from: linked in, or loaded as their configurations say.
pub trait Plugins: Sync {
    /// The plugin of a configuration. Main thread.
    ///
    /// # Errors
    /// One line: why it cannot be run here.
    fn plugin(&self, config: &PluginConfig) -> Result<Arc<Plugin>, String>;
}

#[cfg(not(test))]
unsafe extern "Rust" {
    /// Defined by the crate that makes the module.
    safe fn nullvm_envoy_plugins() -> &'static dyn Plugins;
}

/// Those of this module.
#[cfg(not(test))]
pub fn plugins() -> &'static dyn Plugins {
    nullvm_envoy_plugins()
}

#[cfg(test)]
pub use super::for_tests::plugins;

/// Shared data and queues of the whole proxy.
pub fn store() -> &'static SharedStore {
    STORE.get_or_init(SharedStore::default)
}

/// Keeps this module loaded for good, whatever `do_not_close` says: signal handlers and threads of ours stay behind.
fn stay() {
    // SAFETY: asks for the file that this function is in, and opens it again, which only counts.
    unsafe {
        let mut info: libc::Dl_info = core::mem::zeroed();
        let here = stay as fn() as *const c_void;
        if libc::dladdr(here, &raw mut info) != 0 && !info.dli_fname.is_null() {
            libc::dlopen(info.dli_fname, libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE);
        }
    }
}

fn join_store() -> SharedStore {
    let limits = nullvm_host_common::shared::Limits::default();
    let (Some(get), Some(register)) = (envoy().get_shared_data, envoy().register_shared_data) else {
        log::line(
            log::Level::Warn,
            b"nullvm: this Envoy has no data shared between modules: plugins of other modules do not see this one's",
        );
        return SharedStore::local(limits);
    };
    let lookup = |key: &str| {
        let mut found: *mut c_void = core::ptr::null_mut();
        // SAFETY: Envoy writes a pointer when it says so.
        let there = unsafe { get(abi::Bytes::new(key.as_bytes()), &raw mut found) };
        (there && !found.is_null()).then_some(found.cast_const())
    };
    let publish = |key: &str, data: *const c_void| {
        // SAFETY: the data lives as long as the process.
        unsafe { register(abi::Bytes::new(key.as_bytes()), data.cast_mut()) }
    };
    // SAFETY: called on the main thread; what modules register under the key is an exchange, and no module is unloaded.
    let (store, error) = unsafe { SharedStore::join(limits, lookup, publish) };
    if let Some(error) = error {
        log::error(&format!("nullvm: {error}"));
    }
    store
}

/// Envoy has loaded the module. The version of the ABI, or null to be refused. Main thread.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    if let Err(missing) = abi::resolve() {
        // There is no logger to speak of without Envoy's callbacks.
        eprintln!(
            "nullvm: this Envoy does not offer {}: modules need Envoy 1.38 or newer",
            missing.join(", ")
        );
        return core::ptr::null();
    }
    stay();
    if STORE.get().is_none() {
        let _ = STORE.set(join_store());
    }
    let missing = abi::missing();
    if !missing.is_empty() {
        log::line(
            log::Level::Warn,
            format!(
                "nullvm: this Envoy does not offer {}: what depends on it is not there",
                missing.join(", ")
            )
            .as_bytes(),
        );
    }
    ABI_VERSION.as_ptr()
}
