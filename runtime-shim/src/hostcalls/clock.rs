//! The clocks: the host's, or the system's where the host has none.

use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::Status;

/// Stores the wall clock in nanoseconds since the epoch.
pub fn proxy_get_current_time_nanoseconds<G: Guest>(guest: &mut G, return_time: u32) -> Answer {
    let now = wall_clock(guest)?;
    guest.memory().write_u64(return_time, now)?;
    OK
}

/// Nanoseconds since the epoch.
pub(crate) fn wall_clock<G: Guest>(guest: &mut G) -> Result<u64, Status> {
    let mut now = 0;
    match call!(guest, time, &mut now) {
        Err(Status::Unimplemented) => system_clock(libc::CLOCK_REALTIME),
        result => result.map(|()| now),
    }
}

/// Nanoseconds of a clock that never goes back.
pub(crate) fn monotonic_time<G: Guest>(guest: &mut G) -> Result<u64, Status> {
    let mut now = 0;
    match call!(guest, monotonic_time, &mut now) {
        Err(Status::Unimplemented) => system_clock(libc::CLOCK_MONOTONIC),
        result => result.map(|()| now),
    }
}

fn system_clock(clock: libc::clockid_t) -> Result<u64, Status> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is writable.
    if unsafe { libc::clock_gettime(clock, &mut now) } != 0 {
        return Err(Status::InternalFailure);
    }
    Ok((now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64))
}
