//! Foreign functions: what a host offers plugins by name beyond the specification.

use nullvm_host_common::foreign;
use nullvm_shim::host::Status;
use std::collections::BTreeMap;

/// A foreign function: arguments in, results out.
pub type ForeignFunction = fn(&[u8]) -> Result<Vec<u8>, Status>;

/// Foreign functions by name. Those that act on a context (`clear_route_cache`, `expr_create` and its kin) are the
/// host table's.
#[derive(Clone, Debug)]
pub struct Registry {
    functions: BTreeMap<String, ForeignFunction>,
}

impl Default for Registry {
    fn default() -> Self {
        let mut registry = Self { functions: BTreeMap::new() };
        registry.register("compress", foreign::compress);
        registry.register("uncompress", foreign::uncompress);
        registry.register("verify_signature", foreign::verify_signature);
        registry
    }
}

impl Registry {
    /// Offers a function under a name, in place of one that has it.
    pub fn register(&mut self, name: &str, function: ForeignFunction) {
        self.functions.insert(name.to_owned(), function);
    }

    /// The function of this name.
    pub fn get(&self, name: &str) -> Option<ForeignFunction> {
        self.functions.get(name).copied()
    }
}
