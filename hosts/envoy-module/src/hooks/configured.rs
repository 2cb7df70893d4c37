//! A configuration of any kind: what is made when Envoy loads it, and taken down when it goes.

use super::slice;
use crate::abi::{Bytes, Config, Family};
use crate::config::PluginConfig;
use crate::context::PluginInfo;
use crate::log;
use crate::main_thread::Mailbox;
use crate::metrics::ConfigMetrics;
use crate::stats;
use crate::vm::Vm;
use crate::vm::group::{self, Group, Threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Envoy's side.
struct Handle(Config);

// SAFETY: only passed back to Envoy, to callbacks that take a configuration on the thread that they are called on.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// See the module. Dropping it ends the plugin.
pub struct Configured {
    family: Family,
    envoy: Handle,
    /// The plugin.
    pub plugin: Arc<PluginInfo>,
    /// Its VMs; none while it is made and when it has ended.
    pub group: Option<Arc<Group>>,
    ended: AtomicBool,
}

impl Configured {
    /// Starts the plugin that a configuration describes. Main thread.
    ///
    /// # Errors
    /// One line: what is wrong with the configuration, or why the plugin does not run.
    pub fn new(
        family: Family,
        envoy: Config,
        name: Bytes,
        bytes: Bytes,
        threads: Threads,
    ) -> Result<Self, String> {
        let name = String::from_utf8_lossy(slice(name)).into_owned();
        let config = PluginConfig::parse(&name, slice(bytes))?;
        let plugin = Arc::new(PluginInfo {
            log_prefix: config.log_prefix(),
            metrics: ConfigMetrics::new(family, envoy),
            main: Mailbox::new(family, envoy),
            config,
        });
        stats::attach(family, envoy);
        // From here on dropping takes everything back.
        let mut configured =
            Self { family, envoy: Handle(envoy), plugin, group: None, ended: AtomicBool::new(false) };
        let plugin = &configured.plugin;
        // A plugin that does not start is refused also where it fails open, as by Envoy's Wasm filter: whoever configures it is
        // there to read why.
        let code = super::plugins().plugin(&plugin.config)?;
        let group = group::join(&code, super::store(), &plugin.config, plugin, threads)?;
        configured.group = Some(group);
        Ok(configured)
    }

    /// As [`Self::new`], boxed for Envoy; null, with a line in the log, when it failed.
    pub fn boxed<T>(name: Bytes, made: Result<T, String>) -> *const T {
        match made {
            Ok(config) => Box::into_raw(Box::new(config)),
            Err(error) => {
                log::error(&format!("nullvm: {}: {error}", String::from_utf8_lossy(slice(name))));
                core::ptr::null()
            }
        }
    }

    /// Envoy's side.
    pub fn envoy(&self) -> Config {
        self.envoy.0
    }

    /// The VM of a worker.
    pub fn vm(&self, worker: u32) -> Option<Arc<Vm>> {
        self.group.as_ref()?.vm(worker, &self.plugin.config)
    }

    /// The VM of a worker, for a stream; see [`Group::lend`].
    pub fn lend(&self, worker: u32) -> Option<&Vm> {
        self.group.as_ref()?.lend(worker, &self.plugin.config)
    }

    /// The plugin ends, while Envoy still has the configuration.
    pub fn leave(&self) {
        if let Some(group) = &self.group {
            group.leave(&self.plugin);
        }
    }

    /// Takes everything down, once.
    pub fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.leave();
            self.plugin.main.close();
            self.plugin.metrics.close();
            stats::detach(self.family, self.envoy.0);
        }
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        // VMs that nobody else has go now, while that can still be counted.
        self.leave();
        self.group = None;
        self.end();
    }
}

/// How many workers Envoy has. Main thread.
pub fn workers() -> u32 {
    // SAFETY: on the main thread.
    unsafe { (crate::abi::envoy().get_concurrency)() }.max(1)
}
