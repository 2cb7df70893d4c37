//! The note in objects, and in what is linked of them: what the code is made of, and a hash of the file.
//!
//! An ELF note `nullvm`, type 1, in a section of its own; its text is JSON. It stays when symbols are stripped. The hash is over the
//! whole file with its own digits as zeros, so that whoever changes the file last (here, or after linking) writes it.

use crate::CompiledModule;
use crate::codegen::COMPILER;
use crate::identity::Recorded;
use object::{Object as _, ObjectSection as _};
use plugin_abi::ABI_VERSION;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::ops::Range;

/// The section.
pub const SECTION: &str = ".note.nullvm.plugin";

/// Owner of the note, with its terminator.
pub const OWNER: &[u8] = b"nullvm\0";

/// What stands before the digits of the file's hash.
const FIELD: &[u8] = b"\"file_sha256\":\"";

/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// What the note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Name of the plugin.
    pub plugin: String,
    /// SHA-256 of the Wasm module.
    pub wasm_sha256: String,
    /// Version of what plugin and shim agree on.
    pub abi_version: u32,
    /// Compiler.
    pub compiler: String,
    /// Target triple.
    pub target: String,
    /// CPU features that the code needs.
    pub cpu_features: Vec<String>,
    /// What was asked of the compiler.
    pub options: Recorded,
    /// SHA-256 of the file with these digits as zeros.
    pub file_sha256: String,
}

impl Note {
    /// Of a module; the hash is that of a file that is still to be written.
    pub fn new(module: &CompiledModule) -> Self {
        Self {
            plugin: module.name.clone(),
            wasm_sha256: hex(&module.wasm_sha256),
            abi_version: ABI_VERSION,
            compiler: COMPILER.to_owned(),
            target: module.target.triple.to_string(),
            cpu_features: module.target.features.clone(),
            options: module.recorded.clone(),
            file_sha256: "0".repeat(DIGITS),
        }
    }

    /// The contents of the section.
    pub(super) fn section(&self) -> Vec<u8> {
        // Strings, numbers and truth values.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = Vec::new();
        for number in [OWNER.len() as u32, text.len() as u32, 1] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for part in [OWNER, &text] {
            bytes.extend_from_slice(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Where the digits are in an ELF file with one note.
fn digits(file: &[u8]) -> Option<Range<usize>> {
    let parsed = object::File::parse(file).ok()?;
    let (start, len) = parsed.section_by_name(SECTION)?.file_range()?;
    let (start, len) = (usize::try_from(start).ok()?, usize::try_from(len).ok()?);
    let section = file.get(start..start.checked_add(len)?)?;
    let mut found = section.windows(FIELD.len()).enumerate().filter(|(_, w)| *w == FIELD);
    let (at, _) = found.next()?;
    // Several plugins in one file: their hashes are of the objects that they came in.
    if found.next().is_some() {
        return None;
    }
    let start = start + at + FIELD.len();
    file.get(start..start + DIGITS).map(|_| start..start + DIGITS)
}

/// The hash that the note of a file must carry; `None` for a file without exactly one note.
pub fn file_sha256(file: &[u8]) -> Option<String> {
    let at = digits(file)?;
    let mut hasher = Sha256::new();
    hasher.update(file.get(..at.start)?);
    hasher.update([b'0'; DIGITS]);
    hasher.update(file.get(at.end..)?);
    Some(hex(&hasher.finalize()))
}

/// Writes the hash into the note of a finished file. Whether there is one.
pub fn seal(file: &mut [u8]) -> bool {
    let (Some(at), Some(hash)) = (digits(file), file_sha256(file)) else { return false };
    match file.get_mut(at) {
        Some(digits) => {
            digits.copy_from_slice(hash.as_bytes());
            true
        }
        None => false,
    }
}
