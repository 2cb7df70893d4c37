//! The process, which a plugin is not.

use super::{constant, trace};
use crate::guest::Guest;
use crate::hostcalls::Answer;

/// Tells the host and returns: nothing ends. Compiled programs follow the call with `unreachable`.
pub fn proc_exit<G: Guest>(guest: &mut G, _code: u32) -> Answer {
    trace(guest, "the plugin called proc_exit");
    Ok(0)
}

constant! {
    /// Raises no signal.
    fn proc_raise(_signal: u32) = NotSup;
    /// There is nobody to yield to.
    fn sched_yield() = Success;
}
