//! Runs a plugin that `nullvmc` compiled inside a stock Envoy: Envoy's dynamic-module ABI on one side, the runtime shim on
//! the other.
//!
//! The static library of this crate, the plugin's object and the shim are linked to one `.so` (`--emit envoy-module`).
//! Envoy calls [`hooks`]; they run the guest through [`vm`]; the guest's host functions ([`host_table`]) ask Envoy through
//! [`abi`]. Nothing here may panic: there is nobody to catch it, and the proxy would go down.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod calls;
pub mod config;
mod context;
pub mod hooks;
mod host_table;
mod log;
mod main_thread;
mod metrics;
mod stats;
mod timer;
mod vm;

pub use abi::ABI_VERSION;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Writes a line for the operator into Envoy's log, from any thread.
pub fn note(text: &str) {
    log::line(log::Level::Info, text.as_bytes());
}

/// Locks; a panic elsewhere would have ended the process.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
