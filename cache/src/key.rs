//! What an artifact was made of.

use sha2::{Digest, Sha256};
use std::fmt;

/// Everything that decides an artifact's bytes: names and values. The first is the module that it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    fields: Vec<(String, String)>,
}

/// A field in which two keys differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub field: String,
    /// What an entry has.
    pub found: String,
    /// What was asked for.
    pub wanted: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {:?} there and {:?} here", self.field, self.found, self.wanted)
    }
}

impl Key {
    /// Of a module's hash and all else that decides.
    pub fn new<'a>(module_sha256: &[u8; 32], fields: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let module = module_sha256.iter().map(|b| format!("{b:02x}")).collect();
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self { fields: std::iter::once(("module".to_owned(), module)).chain(fields).collect() }
    }

    pub(crate) fn from_fields(fields: Vec<(String, String)>) -> Self {
        Self { fields }
    }

    /// Names and values.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// What entries are called: 64 hexadecimal digits, over each name and value with its length.
    pub fn name(&self) -> String {
        let mut hasher = Sha256::new();
        for text in self.fields.iter().flat_map(|(name, value)| [name, value]) {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Where an entry with the key `found` differs from this one.
    pub fn differences(&self, found: &Key) -> Vec<Difference> {
        let missing = |value: Option<&str>| value.unwrap_or("(nothing)").to_owned();
        let ours = self.fields.iter().filter(|(name, value)| found.field(name) != Some(value)).map(
            |(name, value)| Difference {
                field: name.clone(),
                found: missing(found.field(name)),
                wanted: value.clone(),
            },
        );
        let theirs =
            found.fields.iter().filter(|(name, _)| self.field(name).is_none()).map(|(name, value)| {
                Difference { field: name.clone(), found: value.clone(), wanted: missing(None) }
            });
        ours.chain(theirs).collect()
    }
}
