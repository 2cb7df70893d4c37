//! What the Proxy-Wasm hosts of nullvm have in common, whatever proxy they sit in: the formats of property values,
//! the foreign functions, expressions over attributes, shared data and shared queues.
//!
//! It never talks to a network or a proxy, starts no thread, and calls into no guest: hosts do that. What it gets from
//! guests (expressions, keys, queue items, protobuf messages) it treats as hostile.

#![warn(missing_docs)]

pub mod abi;
pub mod buffers;
pub mod cel;
pub mod foreign;
pub mod framing;
pub mod grpc;
pub mod ids;
pub mod shared;
pub mod value;

pub use nullvm_shim::host::Status;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; a thread that panicked under the lock left nothing half done that matters to others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
