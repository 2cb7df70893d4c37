//! Clocks and waiting.

use super::{Errno, answer};
use crate::guest::Guest;
use crate::hostcalls::{Answer, monotonic_time, wall_clock};

/// `CLOCKID_REALTIME`
const REALTIME: u32 = 0;

/// `CLOCKID_MONOTONIC`
const MONOTONIC: u32 = 1;

/// Stores the time of a clock, realtime or monotonic, in nanoseconds.
pub fn clock_time_get<G: Guest>(guest: &mut G, clock: u32, _precision: u64, return_time: u32) -> Answer {
    answer((|| {
        let now = match clock {
            REALTIME => wall_clock(guest)?,
            MONOTONIC => monotonic_time(guest)?,
            _ => return Err(Errno::NotSup),
        };
        Ok(guest.memory().write_u64(return_time, now)?)
    })())
}

/// Stores a clock's resolution: a nanosecond.
pub fn clock_res_get<G: Guest>(guest: &mut G, clock: u32, return_resolution: u32) -> Answer {
    answer(match clock {
        REALTIME | MONOTONIC => guest.memory().write_u64(return_resolution, 1).map_err(Errno::from),
        _ => Err(Errno::NotSup),
    })
}

/// Waits for nothing and reports no events. Go's runtime needs the success.
pub fn poll_oneoff<G: Guest>(
    guest: &mut G,
    _subscriptions: u32,
    _events: u32,
    _count: u32,
    return_count: u32,
) -> Answer {
    answer(guest.memory().write_u32(return_count, 0).map_err(Errno::from))
}
