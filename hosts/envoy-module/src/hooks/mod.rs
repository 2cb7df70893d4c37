//! What Envoy calls: one file per kind of extension.

pub mod access_log;
pub mod bootstrap;
mod configured;
#[cfg(test)]
mod for_tests;
pub mod http;
pub mod network;
mod program;
#[cfg(test)]
mod speed;

pub use program::{Plugins, plugins, store};

use crate::abi::{Bytes, Pair, callout_result};
use crate::calls::{Event, Incoming};
use crate::context::root::Headers;

/// A buffer of Envoy's, readable during the hook that it was given to.
pub(crate) fn slice<'a>(bytes: Bytes) -> &'a [u8] {
    // SAFETY: Envoy gives readable memory, and callers copy what they keep.
    unsafe { bytes.as_slice() }
}

/// Pairs of Envoy's, readable during the hook.
pub(crate) fn pairs<'a>(first: *const Pair, count: usize) -> &'a [Pair] {
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: Envoy gives `count` pairs.
    unsafe { core::slice::from_raw_parts(first, count) }
}

/// The pieces of a body, readable during the hook.
pub(crate) fn bodies<'a>(chunks: *const Bytes, count: usize) -> impl Iterator<Item = &'a [u8]> {
    let count = if chunks.is_null() { 0 } else { count };
    // SAFETY: Envoy gives `count` buffers.
    (0..count).map(move |i| slice(unsafe { *chunks.add(i) }))
}

/// What a one-shot call came to.
fn one_shot<'a>(
    call: &mut Incoming,
    result: u32,
    headers: &[Pair],
    body: impl Iterator<Item = &'a [u8]>,
) -> Vec<Event> {
    if result == callout_result::SUCCESS { call.whole(Headers::copy(headers), body) } else { call.reset() }
}
