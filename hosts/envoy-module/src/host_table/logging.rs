//! Logging.

use super::{host_functions, slice};
use crate::abi::envoy;
use crate::log::{self, Level};
use core::ffi::c_void;
use nullvm_shim::host::{Bytes, Status};

host_functions! {
    /// `proxy_log`, and what is written to the standard streams.
    fn log(state, level: u32, message: Bytes) {
        let level = Level::from_u32(level).ok_or(Status::BadArgument)?;
        if log::shows(level) {
            let mut line = b"wasm log".to_vec();
            if let Some(context) = state.context() {
                line.extend_from_slice(context.plugin.log_prefix.as_bytes());
            } else if !state.info.vm_id.is_empty() {
                // The start of the module, before there is any plugin.
                line.push(b' ');
                line.extend_from_slice(state.info.vm_id.as_bytes());
            }
            line.extend_from_slice(b": ");
            line.extend_from_slice(slice(message));
            log::line(level, &line);
        }
        Ok(())
    }

    /// `proxy_get_log_level`
    fn get_log_level(_state) -> (out: u32) {
        if let Some(level) = envoy().get_log_level {
            // SAFETY: a callback without preconditions.
            return Ok(unsafe { level() });
        }
        // Older releases answer for one level at a time.
        const LEVELS: [Level; 6] =
            [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Critical];
        Ok(LEVELS.into_iter().find(|l| log::shows(*l)).map_or(6, |l| l as u32))
    }
}

/// The guest called a function that the operator does not allow.
pub(super) unsafe extern "C" fn capability_error(_host: *mut c_void, message: Bytes) {
    log::line(Level::Error, slice(message));
}
