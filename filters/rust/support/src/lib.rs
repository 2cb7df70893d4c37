//! What several filters need and what is not the point of any of them: the configuration format and text for headers.
//! Must never call the host.

/// A plugin configuration: lines `key=value`; blank lines, lines starting with `#` and lines without `=` are skipped.
#[derive(Clone, Default)]
pub struct Config(Vec<(String, String)>);

impl Config {
    /// Reads the configuration bytes as UTF-8; what is not UTF-8 becomes the replacement character.
    pub fn parse(bytes: Option<Vec<u8>>) -> Config {
        let bytes = bytes.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let pairs = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.trim().to_string(), value.trim().to_string()))
            .collect();
        Config(pairs)
    }

    /// The last value given for `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The last value given for `key`, or `default`.
    pub fn or<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.get(key).unwrap_or(default)
    }

    /// The last value given for `key` as a number, or `default` when it is absent or no number.
    pub fn number(&self, key: &str, default: u64) -> u64 {
        self.get(key).and_then(|v| v.parse().ok()).unwrap_or(default)
    }
}

/// The first `limit` bytes as text that is safe in a header: every byte that is not printable ASCII becomes `.`.
pub fn printable(bytes: &[u8], limit: usize) -> String {
    bytes
        .iter()
        .take(limit)
        .map(|&b| if (0x20..0x7f).contains(&b) { b as char } else { '.' })
        .collect()
}
