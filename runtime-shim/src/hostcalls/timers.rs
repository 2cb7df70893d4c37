//! Timers.

use super::{Answer, OK, call};
use crate::guest::Guest;

/// Has `proxy_on_tick` called every `period` milliseconds; 0 stops it.
pub fn proxy_set_tick_period_milliseconds<G: Guest>(guest: &mut G, period: u32) -> Answer {
    call!(guest, set_tick_period, period)?;
    OK
}
