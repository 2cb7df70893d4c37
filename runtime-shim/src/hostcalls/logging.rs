//! Logging, and the status of the last failed call.

use super::results::give;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::{Bytes, Status};

/// The last level, critical.
const MAX_LEVEL: u32 = 5;

/// Logs a message: level 0 trace to 5 critical.
pub fn proxy_log<G: Guest>(guest: &mut G, level: u32, message: u32, message_size: u32) -> Answer {
    if level > MAX_LEVEL {
        return Err(Status::BadArgument.into());
    }
    let message = guest.memory().bytes(message, message_size)?;
    call!(guest, log, level, message)?;
    OK
}

/// Stores the level that the host logs now.
pub fn proxy_get_log_level<G: Guest>(guest: &mut G, return_level: u32) -> Answer {
    let mut level = 0;
    call!(guest, get_log_level, &mut level)?;
    guest.memory().write_u32(return_level, level)?;
    OK
}

/// Stores code and message of the last call that failed, of gRPC mostly.
pub fn proxy_get_status<G: Guest>(
    guest: &mut G,
    return_code: u32,
    return_message: u32,
    return_message_size: u32,
) -> Answer {
    let (mut code, mut message) = (0, Bytes::EMPTY);
    call!(guest, get_status, &mut code, &mut message)?;
    guest.memory().write_u32(return_code, code)?;
    give(guest, message, return_message, return_message_size)?;
    OK
}
