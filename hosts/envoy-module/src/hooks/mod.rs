//! What Envoy calls: one file per kind of extension.

pub mod access_log;
pub mod bootstrap;
mod configured;
pub mod http;
pub mod network;
mod program;
#[cfg(test)]
mod speed;

pub use program::{load_plugin, plugin, store};

use crate::abi::Bytes;

/// A buffer of Envoy's, readable during the hook that it was given to.
pub(crate) fn slice<'a>(bytes: Bytes) -> &'a [u8] {
    // SAFETY: Envoy gives readable memory, and callers copy what they keep.
    unsafe { bytes.as_slice() }
}

/// Pairs of Envoy's, readable during the hook.
pub(crate) fn pairs<'a>(first: *const crate::abi::Pair, count: usize) -> &'a [crate::abi::Pair] {
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: Envoy gives `count` pairs.
    unsafe { core::slice::from_raw_parts(first, count) }
}
