//! `libnullvm_envoy.so`: one Envoy module for all plugins.
//!
//! The adapter is that of modules with a plugin inside; here [`Generic`] loads what a configuration names. Nothing of it is on the
//! path of a request: loading happens on a thread of its own while Envoy's main thread waits, as it waits for V8's compiler, and
//! the workers go on with the configuration that they have.

mod load;
mod shared;

use nullvm_envoy_module::config::PluginConfig;
use nullvm_envoy_module::hooks::Plugins;
use nullvm_shim::Plugin;
use std::sync::Arc;

struct Generic;

impl Plugins for Generic {
    fn plugin(&self, config: &PluginConfig) -> Result<Arc<Plugin>, String> {
        load::plugin(config)
    }
}

static GENERIC: Generic = Generic;

#[unsafe(no_mangle)]
fn nullvm_envoy_plugins() -> &'static dyn Plugins {
    &GENERIC
}
