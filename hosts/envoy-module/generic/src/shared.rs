//! Plugins that are in use, so that the same code is loaded once however often it is configured.

use nullvm_shim::Plugin;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What decides a loaded plugin: the hash of its file, and everything that the configuration says about loading it.
pub type Key = ([u8; 32], String);

static IN_USE: Mutex<Option<HashMap<Key, Weak<Plugin>>>> = Mutex::new(None);

/// One that is in use.
pub fn find(key: &Key) -> Option<Arc<Plugin>> {
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(key)?.upgrade()
}

/// Notes one, unless another thread was faster: then that one's.
pub fn keep(key: Key, plugin: Arc<Plugin>) -> Arc<Plugin> {
    let mut all = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    if let Some(there) = all.get(&key).and_then(Weak::upgrade) {
        return there;
    }
    all.retain(|_, plugin| plugin.strong_count() > 0);
    all.insert(key, Arc::downgrade(&plugin));
    plugin
}
