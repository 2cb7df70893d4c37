//! Where tests have their plugin from: one at most.

use super::Plugins;
use crate::config::PluginConfig;
use nullvm_shim::Plugin;
use std::sync::{Arc, OnceLock};

struct One(OnceLock<Arc<Plugin>>);

impl Plugins for One {
    fn plugin(&self, _: &PluginConfig) -> Result<Arc<Plugin>, String> {
        self.0.get().cloned().ok_or_else(|| "tests have no plugin".to_owned())
    }
}

static ONE: One = One(OnceLock::new());

/// As for a module.
pub fn plugins() -> &'static dyn Plugins {
    &ONE
}

/// Sets the one plugin.
pub fn set_plugin(plugin: Arc<Plugin>) {
    let _ = ONE.0.set(plugin);
}
