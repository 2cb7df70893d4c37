//! What operators want to know: VMs, traps, reloads, memory, load time. Counted for the process, reported through each
//! configuration as `nullvm.*` beneath its metrics namespace.

use crate::abi::{Config, Family, MetricChange};
use crate::lock;
use nullvm_host_common::abi::MetricType;
use plugin_abi::TrapCode;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// Things that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// VMs that were started.
    Created,
    /// A failed VM was replaced.
    ReloadSuccess,
    /// A failed VM was too young to be replaced.
    ReloadBackoff,
    /// A failed VM could not be replaced.
    ReloadFailure,
}

const COUNTERS: [&str; 4] =
    ["nullvm.created", "nullvm.vm_reload_success", "nullvm.vm_reload_backoff", "nullvm.vm_reload_failure"];
const GAUGES: [&str; 3] = ["nullvm.active", "nullvm.memory_bytes", "nullvm.load_time_us"];
/// The one among them that is not a sum of all modules, but of the last VM.
const LOAD_TIME: usize = 2;
const TRAPS: &str = "nullvm.traps";

struct Attached {
    family: Family,
    config: Config,
    counters: [Option<usize>; 4],
    gauges: [Option<usize>; 3],
    /// With a label that says which kind, where there are labels.
    traps: Option<usize>,
}

impl Attached {
    fn change(&self, id: Option<usize>, label: Option<&[u8]>, change: MetricChange) {
        if let Some(id) = id {
            // SAFETY: the configuration lives: it detaches itself before it goes.
            unsafe { self.family.change(self.config, id, label, change) };
        }
    }
}

// SAFETY: Envoy's metric callbacks take a configuration on any of its threads.
unsafe impl Send for Attached {}

#[derive(Default)]
struct Stats {
    gauges: [u64; 3],
    /// What was counted is reported through one configuration, the first that is alive: Envoy adds up what several report.
    attached: Vec<Attached>,
}

fn stats() -> &'static Mutex<Stats> {
    static STATS: OnceLock<Mutex<Stats>> = OnceLock::new();
    STATS.get_or_init(Mutex::default)
}

/// A configuration is being loaded: defines the names there.
pub fn attach(family: Family, config: Config) {
    let define = |ty, name: &str, label: Option<&[u8]>| {
        // SAFETY: the configuration is being loaded.
        unsafe { family.define(config, ty, name, label) }
    };
    let attached = Attached {
        family,
        config,
        counters: COUNTERS.map(|name| define(MetricType::Counter, name, None)),
        gauges: GAUGES.map(|name| define(MetricType::Gauge, name, None)),
        traps: define(MetricType::Counter, TRAPS, family.has_labels().then_some(b"kind")),
    };
    let mut stats = lock(stats());
    stats.attached.push(attached);
    if stats.attached.len() == 1 {
        stats.report(true);
    }
}

/// A configuration goes away.
pub fn detach(family: Family, config: Config) {
    let mut stats = lock(stats());
    let is = |a: &Attached| (a.family, a.config) == (family, config);
    if !stats.attached.first().is_some_and(is) {
        stats.attached.retain(|a| !is(a));
        return;
    }
    // What is left is told by the next one.
    stats.report(false);
    stats.attached.remove(0);
    stats.report(true);
}

impl Stats {
    fn add(&self, count: Count, n: u64) {
        if let Some(a) = self.attached.first() {
            a.change(a.counters[count as usize], None, MetricChange::Count(n));
        }
    }

    /// Reports the difference: other modules report to the same names.
    fn set(&mut self, gauge: usize, value: u64) {
        let before = std::mem::replace(&mut self.gauges[gauge], value);
        if let Some(a) = self.attached.first() {
            let change =
                if gauge == LOAD_TIME { MetricChange::Set(value) } else { difference(before, value) };
            a.change(a.gauges[gauge], None, change);
        }
    }

    /// Reports what there is through the first configuration, or takes it back there.
    fn report(&self, there: bool) {
        let Some(a) = self.attached.first() else { return };
        for (gauge, value) in self.gauges.into_iter().enumerate().take(LOAD_TIME).filter(|(_, v)| *v > 0) {
            let change = if there { difference(0, value) } else { difference(value, 0) };
            a.change(a.gauges[gauge], None, change);
        }
    }
}

fn difference(before: u64, now: u64) -> MetricChange {
    match now.checked_sub(before) {
        Some(more) => MetricChange::Up(more),
        None => MetricChange::Down(before - now),
    }
}

/// Counts something.
pub fn count(count: Count) {
    lock(stats()).add(count, 1);
}

/// A VM has started.
pub fn started() {
    let mut stats = lock(stats());
    stats.add(Count::Created, 1);
    let active = stats.gauges[0] + 1;
    stats.set(0, active);
}

/// A VM is gone, and the bytes that its memory had.
pub fn stopped(bytes: u64) {
    let mut stats = lock(stats());
    let (active, memory) = (stats.gauges[0].saturating_sub(1), stats.gauges[1].saturating_sub(bytes));
    stats.set(0, active);
    stats.set(1, memory);
}

/// A VM's linear memory has another size.
pub fn memory(before: u64, now: u64) {
    let mut stats = lock(stats());
    let total = (stats.gauges[1] + now).saturating_sub(before);
    stats.set(1, total);
}

/// How long a VM took to start, its plugins included.
pub fn loaded(time: Duration) {
    lock(stats()).set(LOAD_TIME, time.as_micros() as u64);
}

/// A guest trapped.
pub fn trap(code: Option<TrapCode>) {
    let kind = code.map_or_else(|| "other".to_owned(), |c| format!("{c:?}").to_ascii_lowercase());
    let stats = lock(stats());
    if let Some(a) = stats.attached.first() {
        a.change(a.traps, a.family.has_labels().then_some(kind.as_bytes()), MetricChange::Count(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_are_told_by_their_differences() {
        assert_eq!(difference(0, 3), MetricChange::Up(3));
        assert_eq!(difference(3, 3), MetricChange::Up(0));
        assert_eq!(difference(3, 1), MetricChange::Down(2));
    }
}
