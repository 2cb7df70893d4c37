//! Lines for Envoy's log. Plugins' lines read as Envoy's Wasm filter writes them; they come out under the logger
//! `dynamic_modules` and follow its level (the ABI gives no other).

use crate::abi::{Bytes, envoy};
// The same numbers as Envoy's.
pub use nullvm_host_common::abi::Level;

/// Whether lines of this level are written.
pub fn shows(level: Level) -> bool {
    // SAFETY: a callback without preconditions.
    unsafe { (envoy().log_enabled)(level as u32) }
}

/// Writes a line.
pub fn line(level: Level, text: &[u8]) {
    if !shows(level) {
        return;
    }
    // SAFETY: Envoy copies the text within the call.
    unsafe {
        match envoy().log_v2 {
            Some(log) => log(level as u32, Bytes::new(text), Bytes::new(b"nullvm"), 1),
            None => (envoy().log)(level as u32, Bytes::new(text)),
        }
    }
}

/// Writes an error for the operator.
pub fn error(text: &str) {
    line(Level::Error, text.as_bytes());
}
