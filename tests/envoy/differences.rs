//! The checked-in list of known differences, `differences.toml`.

use super::compare::Difference;
use serde::Deserialize;

/// Differences that are known, and why they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// One entry each.
    #[serde(default)]
    pub difference: Vec<Entry>,
}

/// A known difference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The filter; `*` stands for any text, here and below.
    pub filter: String,
    /// The case, where it is not all of the filter's.
    #[serde(default = "any")]
    pub case: String,
    /// The scenario: its name, `start`, `end` or `prometheus`.
    pub scenario: String,
    /// What differs, as the report words it.
    pub field: String,
    /// Why: a gap of the module ABI (`G1` ...), or a bug of Envoy.
    pub reason: String,
    /// How often it was met in this run.
    #[serde(skip)]
    pub met: std::cell::Cell<usize>,
}

fn any() -> String {
    "*".to_owned()
}

impl Known {
    /// Reads the list.
    ///
    /// # Panics
    /// When it is malformed.
    pub fn load() -> Self {
        Self::parse("differences.toml", include_str!("differences.toml"))
    }

    /// Reads the list of what older Envoys lack besides.
    ///
    /// # Panics
    /// When it is malformed.
    pub fn older() -> Self {
        Self::parse("differences-older.toml", include_str!("differences-older.toml"))
    }

    fn parse(file: &str, text: &str) -> Self {
        let known: Self = toml::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
        for entry in &known.difference {
            let good = entry.reason.starts_with('G') || entry.reason.starts_with("Envoy");
            assert!(good, "{file}: the reason {:?} names neither a G number nor Envoy", entry.reason);
        }
        known
    }

    /// Entries that nothing was found for are out of date.
    ///
    /// # Panics
    /// With the entry that differs no longer.
    pub fn all_met(&self) {
        for entry in &self.difference {
            let (filter, scenario, field) = (&entry.filter, &entry.scenario, &entry.field);
            assert!(
                entry.met.get() > 0,
                "{filter} / {scenario} / {field} differs no longer: take the entry out of the list"
            );
        }
    }

    /// Whether a difference is known; notes that it was met.
    pub fn covers(&self, filter: &str, case: &str, scenario: &str, difference: &Difference) -> bool {
        let mut covered = false;
        for entry in &self.difference {
            if matches(&entry.filter, filter)
                && matches(&entry.case, case)
                && matches(&entry.scenario, scenario)
                && matches(&entry.field, &difference.field)
            {
                entry.met.set(entry.met.get() + 1);
                covered = true;
            }
        }
        covered
    }
}

/// Whether `pattern`, in which `*` stands for any text, matches.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(rest, &tail[at..]))
        }),
    }
}

#[test]
fn patterns() {
    assert!(matches("*", "") && matches("a*c", "abc") && matches("a*", "a") && matches("*b*", "abc"));
    assert!(!matches("a*c", "ab") && !matches("", "a") && !matches("ab", "abc"));
}
