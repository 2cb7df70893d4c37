//! Ticks: what a root context asks of its driver.

use std::time::Duration;

/// A change of a root context's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerChange {
    /// The root context.
    pub root: u32,
    /// From now on `proxy_on_tick` is due at this period; `None` stops it.
    pub period: Option<Duration>,
}

impl TimerChange {
    /// Of `proxy_set_tick_period_milliseconds`.
    pub fn new(root: u32, period_ms: u32) -> Self {
        let period = (period_ms > 0).then(|| Duration::from_millis(u64::from(period_ms)));
        Self { root, period }
    }
}
