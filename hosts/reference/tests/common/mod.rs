//! What the tests share: prebuilt filters, and the engines of this build.
#![allow(dead_code)]

use nullvm_host::engine::{LoadOptions, Module, load};
use nullvm_host::harness::HarnessError;
use nullvm_host::log::{Level, LogSink, Logger};
use nullvm_host::{EngineKind, Harness, HostConfig, PluginConfig};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

/// A module of `filters/prebuilt`.
pub fn filter(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../filters/prebuilt").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Runs a test on every engine of this build, or on those that `NULLVM_TEST_ENGINES` names.
pub fn on_engines(test: impl Fn(EngineKind)) {
    let wanted = std::env::var("NULLVM_TEST_ENGINES").unwrap_or_default();
    for kind in EngineKind::available() {
        if wanted.is_empty() || wanted.split(',').any(|w| w == kind.as_str()) {
            eprintln!("engine {kind}");
            test(kind);
        }
    }
}

/// A plugin of this name and configuration.
pub fn plugin(name: &str, config: &str) -> PluginConfig {
    PluginConfig {
        name: name.to_owned(),
        plugin_config: config.as_bytes().to_vec(),
        ..PluginConfig::default()
    }
}

/// A host whose log is kept.
pub fn host() -> HostConfig {
    HostConfig { logger: Arc::new(Logger::new(Level::Info, LogSink::Capture)), ..HostConfig::default() }
}

/// The texts of a log that hold `part`, with everything up to the message cut off.
pub fn messages(texts: &[String]) -> Vec<String> {
    texts
        .iter()
        .filter_map(|t| t.strip_prefix("wasm log")?.split_once(": ").map(|(_, m)| m.to_owned()))
        .collect()
}

type Modules = Mutex<HashMap<(EngineKind, String, bool), Arc<dyn Module>>>;

/// A filter on an engine, compiled once per process.
pub fn module(kind: EngineKind, name: &str, host: &HostConfig) -> Arc<dyn Module> {
    static MODULES: OnceLock<Modules> = OnceLock::new();
    let interruptible = host.limits.deadline_ms.is_some();
    let key = (kind, name.to_owned(), interruptible);
    let modules = MODULES.get_or_init(Modules::default);
    if let Some(module) = modules.lock().unwrap().get(&key) {
        return module.clone();
    }
    let options = LoadOptions { interruptible, ..LoadOptions::default() };
    let module = load(kind, name, &filter(name), options).unwrap_or_else(|e| panic!("{kind} {name}: {e}"));
    modules.lock().unwrap().insert(key, module.clone());
    module
}

/// A filter in a harness.
pub fn harness_of(
    kind: EngineKind,
    name: &str,
    plugin: PluginConfig,
    host: HostConfig,
) -> Result<Harness, HarnessError> {
    Ok(Harness::with_module(module(kind, name, &host), plugin, host)?)
}
