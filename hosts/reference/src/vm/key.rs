//! Which plugins share a VM.

use crate::config::PluginConfig;
use sha2::{Digest, Sha256};

/// Plugins of equal keys share a VM on each worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VmKey([u8; 32]);

impl VmKey {
    /// Of VM id, VM configuration and code. Whatever else makes a VM what it is counts too, so that no plugin gets
    /// the capabilities of another.
    pub fn new(plugin: &PluginConfig, wasm: &[u8]) -> Self {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(plugin.vm_id.as_bytes());
        part(&plugin.vm_config);
        part(wasm);
        for (key, value) in &plugin.env {
            part(key.as_bytes());
            part(value.as_bytes());
        }
        part(&[u8::from(plugin.allowed_capabilities.is_some())]);
        for name in plugin.allowed_capabilities.iter().flatten() {
            part(name.as_bytes());
        }
        Self(hash.finalize().into())
    }
}
