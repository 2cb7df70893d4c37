//! What may run, and where its code is.

use nullvm_cache::Store;
use nullvm_trust::{DenyList, PublicKey};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What may run.
#[derive(Clone, Default)]
pub struct Policy {
    /// Whether native code that comes with a module is used: `allow_precompiled` of Envoy's `VmConfig`.
    pub allow_precompiled: bool,
    /// Keys of which one must have signed the file; empty for no demand.
    pub keys: Vec<PublicKey>,
    /// What must not run whoever signed it.
    pub deny: DenyList,
    /// Whether calls of the guest have a deadline, which needs code that can be stopped (`--interruptible`).
    pub interruptible: bool,
    /// How to compile what has no code for this machine; `None` to refuse it.
    #[cfg(feature = "compile")]
    pub compile: Option<crate::Compile>,
    /// Where compiled code is kept.
    pub cache: Option<Arc<dyn Store>>,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Policy");
        debug
            .field("allow_precompiled", &self.allow_precompiled)
            .field("keys", &self.keys)
            .field("deny", &self.deny)
            .field("interruptible", &self.interruptible)
            .field("cache", &self.cache.is_some());
        #[cfg(feature = "compile")]
        debug.field("compile", &self.compile);
        debug.finish()
    }
}

/// Where a plugin's file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A path: a module, a bundle.
    File(PathBuf),
    /// The bytes themselves, and what they are called in messages.
    Bytes(String, Arc<[u8]>),
}

impl Code {
    /// For messages.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes(name, _) => name.clone(),
        }
    }
}
