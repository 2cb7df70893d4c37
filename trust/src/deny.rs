//! Deny lists: how a fleet reacts when a compiler turns out to have made unsafe code.
//!
//! One entry a line, `#` begins a comment:
//!
//! ```text
//! cranelift <0.135.9           # every artifact of these versions of the code generator
//! nullvmc =0.1.0               # of this compiler
//! sha256:9f86d081884c7d65...   # one artifact, or everything made of one module
//! ```

use crate::keys::{hex, unhex};
use semver::{Version, VersionReq};
use std::fmt;

/// What an artifact can say of its compiler. A list with another name would protect from nothing.
const PROGRAMS: [&str; 2] = ["nullvmc", "cranelift"];

/// Why a list cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the deny list: {message}")]
pub struct DenyError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Program { name: String, versions: VersionReq },
    Hash([u8; 32]),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { name, versions } => write!(f, "{name} {versions}"),
            Self::Hash(hash) => write!(f, "sha256:{}", hex(hash)),
        }
    }
}

/// What must not run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenyList(Vec<Entry>);

impl DenyList {
    /// Reads a list.
    ///
    /// # Errors
    /// The first line that makes no sense: a list that is read in part protects in part.
    pub fn parse(text: &str) -> Result<Self, DenyError> {
        let mut entries = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            let failed = |message: String| DenyError { line: i + 1, message };
            entries.push(match entry.strip_prefix("sha256:") {
                Some(digits) => Entry::Hash(
                    unhex(digits)
                        .ok_or_else(|| failed(format!("{digits:?} are not 64 hexadecimal digits")))?,
                ),
                None => {
                    let (name, versions) = entry.split_once(char::is_whitespace).ok_or_else(|| {
                        failed(format!(
                            "{entry:?} is neither a program and its versions (cranelift <0.135.9) nor sha256: and a hash"
                        ))
                    })?;
                    if !PROGRAMS.contains(&name) {
                        return Err(failed(format!(
                            "{name:?} is no program that makes code: artifacts name {}",
                            PROGRAMS.join(" and ")
                        )));
                    }
                    let versions = VersionReq::parse(versions.trim())
                        .map_err(|e| failed(format!("the versions of {name}: {e}")))?;
                    Entry::Program { name: name.to_owned(), versions }
                }
            });
        }
        Ok(Self(entries))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry that an artifact's compiler falls under. `compiler` is what artifacts carry: names and versions in turn, separated
    /// by spaces. One that cannot be read falls under any entry about programs.
    pub fn compiler(&self, compiler: &str) -> Option<String> {
        let words: Vec<&str> = compiler.split_whitespace().collect();
        let (pairs, rest) = words.as_chunks::<2>();
        let versions: Vec<(&str, Option<Version>)> =
            pairs.iter().map(|[name, version]| (*name, Version::parse(version).ok())).collect();
        let unreadable =
            versions.is_empty() || !rest.is_empty() || versions.iter().any(|(_, version)| version.is_none());
        self.0.iter().find_map(|entry| match entry {
            Entry::Hash(_) => None,
            Entry::Program { name, versions: denied } => {
                let hit = versions.iter().any(|(n, version)| {
                    n == name && version.as_ref().is_some_and(|v| falls_under(v, denied))
                });
                (unreadable || hit).then(|| entry.to_string())
            }
        })
    }

    /// The entry that names a hash.
    pub fn hash(&self, hash: &[u8; 32]) -> Option<String> {
        self.0.iter().find(|e| matches!(e, Entry::Hash(h) if h == hash)).map(Entry::to_string)
    }
}

/// As it is, or as the release that it comes before: requirements of ranges do not match versions such as `0.2.0-rc.1`.
fn falls_under(version: &Version, denied: &VersionReq) -> bool {
    let release = Version { pre: semver::Prerelease::EMPTY, ..version.clone() };
    denied.matches(version) || denied.matches(&release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_hashes() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let text = format!("# why\ncranelift <0.135.9, >=0.130.0\n\nnullvmc =0.2.0 # bad\nsha256:{hash}\n");
        let list = DenyList::parse(&text).unwrap();
        let of = |compiler| list.compiler(compiler);
        assert_eq!(of("nullvmc 0.1.0 cranelift 0.135.8").as_deref(), Some("cranelift <0.135.9, >=0.130.0"));
        assert_eq!(of("nullvmc 0.1.0 cranelift 0.135.9"), None);
        assert_eq!(of("nullvmc 0.2.0 cranelift 0.136.0").as_deref(), Some("nullvmc =0.2.0"));
        assert_eq!(of("nullvmc 0.2.1 cranelift 0.129.0"), None);
        assert!(of("nullvmc 0.1.0 cranelift 0.135.8-rc.1").is_some(), "before a release that is denied");
        assert!(of("nullvmc 0.2.0-rc.1 cranelift 0.136.0").is_some());
        // What cannot be read is not let through.
        for odd in ["", "nullvmc", "nullvmc x cranelift 0.140.0", "nullvmc 0.9.0 cranelift"] {
            assert!(of(odd).is_some(), "{odd:?}");
        }
        assert_eq!(list.hash(&unhex(hash).unwrap()), Some(format!("sha256:{hash}")));
        assert_eq!(list.hash(&[0; 32]), None);
        assert_eq!(DenyList::parse("# nothing").unwrap().compiler(""), None);
    }

    #[test]
    fn lists_that_make_no_sense() {
        for (text, line, part) in [
            ("cranelift", 1, "neither a program"),
            ("Cranelift <0.135.9", 1, "no program that makes code: artifacts name nullvmc and cranelift"),
            ("\ncranelift newest", 2, "the versions of cranelift"),
            ("sha256:12", 1, "64 hexadecimal digits"),
        ] {
            let error = DenyList::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.message.contains(part), "{error}");
        }
    }
}
