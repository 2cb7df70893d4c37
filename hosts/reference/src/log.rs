//! Log lines, in the shape that Envoy prints them.

pub use nullvm_host_common::abi::Level;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSink {
    /// Standard error.
    Stderr,
    /// Kept in memory; see [`Logger::lines`].
    Capture,
    /// Both.
    Both,
    /// Nowhere.
    None,
}

/// A captured line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its level.
    pub level: Level,
    /// Everything behind the brackets.
    pub text: String,
}

/// The log of a host.
#[derive(Debug)]
pub struct Logger {
    level: AtomicU8,
    sink: LogSink,
    lines: Mutex<Vec<Line>>,
}

impl Logger {
    /// A log that shows `level` and what is worse.
    pub fn new(level: Level, sink: LogSink) -> Self {
        Self { level: AtomicU8::new(level as u8), sink, lines: Mutex::default() }
    }

    /// What is shown now.
    pub fn level(&self) -> Level {
        Level::from_u32(u32::from(self.level.load(Ordering::Relaxed))).unwrap_or(Level::Info)
    }

    /// Shows `level` and what is worse from now on.
    pub fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Whether a line of this level is shown.
    pub fn shows(&self, level: Level) -> bool {
        level as u8 >= self.level.load(Ordering::Relaxed)
    }

    /// Writes a line.
    pub fn log(&self, level: Level, text: &str) {
        if !self.shows(level) {
            return;
        }
        if matches!(self.sink, LogSink::Capture | LogSink::Both) {
            lock(&self.lines).push(Line { level, text: text.to_owned() });
        }
        if matches!(self.sink, LogSink::Stderr | LogSink::Both) {
            let line = format!(
                "[{}][{}][{}][wasm] [nullvm-host] {text}\n",
                timestamp(SystemTime::now()),
                thread_id(),
                level.as_str()
            );
            // Whoever closed standard error does not want to read of it.
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
        }
    }

    /// The captured lines so far.
    pub fn lines(&self) -> Vec<Line> {
        lock(&self.lines).clone()
    }

    /// The captured texts so far.
    pub fn texts(&self) -> Vec<String> {
        lock(&self.lines).iter().map(|l| l.text.clone()).collect()
    }

    /// Forgets the captured lines, and gives them.
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *lock(&self.lines))
    }
}

/// A lock that a panic elsewhere does not take away.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What stands between `wasm log` and the message: name, root id and VM id, those that are not empty.
pub fn prefix(name: &str, root_id: &str, vm_id: &str) -> String {
    [name, root_id, vm_id].iter().filter(|s| !s.is_empty()).flat_map(|s| [" ", s]).collect()
}

fn thread_id() -> u64 {
    use std::sync::atomic::AtomicU64;
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static ID: u64 = NEXT.fetch_add(1, Ordering::Relaxed));
    ID.with(|id| *id)
}

/// `2026-01-02 03:04:05.678`, UTC.
pub fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days as i64);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{:03}",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

/// Year, month and day of a number of days since 1970-01-01. Years are counted from March so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timestamps() {
        let at = |s| timestamp(UNIX_EPOCH + Duration::from_millis(s));
        assert_eq!(at(0), "1970-01-01 00:00:00.000");
        assert_eq!(at(951_782_400_123), "2000-02-29 00:00:00.123");
        assert_eq!(at(1_767_323_045_678), "2026-01-02 03:04:05.678");
    }

    #[test]
    fn prefixes() {
        assert_eq!(prefix("", "", ""), "");
        assert_eq!(prefix("n", "", "v"), " n v");
    }
}
