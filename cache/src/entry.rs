//! The file of an entry.
//!
//! ```text
//!   +----------------------+ 0
//!   | artifact             |   at the beginning, so that it can be mapped
//!   +----------------------+ len
//!   | key, JSON            |
//!   +----------------------+ size - 56
//!   | Footer               |
//!   +----------------------+ size
//! ```

use crate::key::Key;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const MAGIC: [u8; 8] = *b"NULLVM\0c";
const FOOTER: usize = 8 + 8 + 8 + 32;

/// Bytes of a key, at most: more is no key.
const LARGEST_KEY: u64 = 1 << 20;

/// What stands behind the artifact. The hash is over artifact, key and the two lengths.
pub(crate) fn tail(key: &Key, artifact: &[u8]) -> Vec<u8> {
    // Pairs of strings.
    let mut out = serde_json::to_vec(key.fields()).unwrap_or_default();
    let lengths = [artifact.len() as u64, out.len() as u64].map(u64::to_le_bytes).concat();
    let mut hasher = Sha256::new();
    for part in [artifact, &out, &lengths] {
        hasher.update(part);
    }
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&lengths);
    out.extend_from_slice(&hasher.finalize());
    out
}

/// An entry's end, read.
pub(crate) struct Tail {
    pub(crate) key: Key,
    /// Bytes of the artifact.
    pub(crate) len: u64,
    sha256: [u8; 32],
    key_json: Vec<u8>,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Tail {
    /// Of a file of `size` bytes.
    ///
    /// # Errors
    /// `InvalidData` when it is no entry.
    pub(crate) fn read(file: &File, size: u64) -> io::Result<Self> {
        let mut footer = [0; FOOTER];
        let at = size.checked_sub(FOOTER as u64).ok_or_else(|| damaged("it is too short"))?;
        file.read_exact_at(&mut footer, at)?;
        let word = |at: usize| {
            let bytes = footer.get(at..at + 8).and_then(|b| b.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        if footer.get(..8) != Some(&MAGIC) {
            return Err(damaged("it does not end as it should"));
        }
        let (len, key_len) = (word(8), word(16));
        if key_len > LARGEST_KEY || len.checked_add(key_len) != Some(at) {
            return Err(damaged("its lengths make no sense"));
        }
        let mut key_json = vec![0; key_len as usize];
        file.read_exact_at(&mut key_json, len)?;
        let fields: Vec<(String, String)> =
            serde_json::from_slice(&key_json).map_err(|_| damaged("its key cannot be read"))?;
        let sha256 = footer.get(24..).and_then(|b| b.try_into().ok()).unwrap_or_default();
        Ok(Self { key: Key::from_fields(fields), len, sha256, key_json })
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// `InvalidData` when the hash is another one.
    pub(crate) fn verify(&self, file: &File) -> io::Result<()> {
        let mut hasher = Sha256::new();
        let mut room = vec![0; 1 << 16];
        let mut at = 0;
        while at < self.len {
            let n = room.len().min((self.len - at) as usize);
            let part = room.get_mut(..n).unwrap_or_default();
            file.read_exact_at(part, at)?;
            hasher.update(&*part);
            at += n as u64;
        }
        hasher.update(&self.key_json);
        hasher.update([self.len, self.key_json.len() as u64].map(u64::to_le_bytes).concat());
        if <[u8; 32]>::from(hasher.finalize()) == self.sha256 {
            Ok(())
        } else {
            Err(damaged("its hash does not match"))
        }
    }
}
