//! Lines for Envoy's log. Plugins' lines read as Envoy's Wasm filter writes them; they come out under the logger
//! `dynamic_modules` and follow its level (the ABI gives no other).

use crate::abi::{Bytes, envoy};

/// `proxy_log_level_t`, the same numbers as Envoy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[allow(missing_docs)]
pub enum Level {
    Trace = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
    Critical = 5,
}

impl Level {
    /// The level of this number.
    pub fn from_u32(n: u32) -> Option<Self> {
        Some(match n {
            0 => Self::Trace,
            1 => Self::Debug,
            2 => Self::Info,
            3 => Self::Warn,
            4 => Self::Error,
            5 => Self::Critical,
            _ => return None,
        })
    }
}

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
