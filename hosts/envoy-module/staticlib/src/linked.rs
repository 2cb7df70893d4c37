//! The plugin that was linked in.

use nullvm_envoy_module::config::PluginConfig;
use nullvm_envoy_module::hooks::Plugins;
use nullvm_shim::Plugin;
use std::sync::{Arc, OnceLock};

unsafe extern "C" {
    /// The descriptor; the linker is told which it is.
    static nullvm_envoy_plugin: plugin_abi::PluginDescriptor;
}

struct Linked(OnceLock<Result<Arc<Plugin>, String>>);

impl Plugins for Linked {
    fn plugin(&self, config: &PluginConfig) -> Result<Arc<Plugin>, String> {
        if config.code.configured {
            return Err(
                "nullvm.loading: this module has its plugin linked in and loads nothing; leave it out, or use libnullvm_envoy.so"
                    .to_owned(),
            );
        }
        let load = || {
            // SAFETY: what `nullvmc` linked in, for as long as the process lives: the module stays loaded.
            unsafe { Plugin::from_descriptor(&nullvm_envoy_plugin) }.map_err(|e| e.to_string())
        };
        self.0.get_or_init(load).clone()
    }
}

static LINKED: Linked = Linked(OnceLock::new());

#[unsafe(no_mangle)]
fn nullvm_envoy_plugins() -> &'static dyn Plugins {
    &LINKED
}
