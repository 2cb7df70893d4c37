//! `libnullvm_envoy_module.a` before its symbols are made local: the adapter, the shim, and what keeps the module from asking
//! for more than the C library that Envoy runs on.
//!
//! Nothing else lives here. A crate of its own, because only one that is nothing but a static library is optimised as a
//! whole. Built with the profile `shim` by `nullvm-shim-archive`; under a profile that unwinds (a check of the whole workspace)
//! it has no contents of its own.

pub use nullvm_envoy_module::*;
pub use nullvm_shim::*;

#[cfg(panic = "abort")]
mod linked;
#[cfg(panic = "abort")]
mod runtime;
