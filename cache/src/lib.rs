//! A content-addressed store of compiled artifacts, shared by all processes of a machine.
//!
//! It keeps bytes and knows nothing of what is in them. An entry is published whole or not at all, never changes afterwards, and
//! is found only by exactly what it was made of; so a reader may map it in place. Whoever can write to the store decides what runs:
//! a directory that others can write to is refused.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod directory;
mod entry;
mod file_store;
mod files;
mod key;
#[cfg(test)]
mod tests;

pub use directory::default_directory;
pub use file_store::{FileStore, Info, Lock, Pruned};
pub use key::{Difference, Key};

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The directory cannot be trusted.
    #[error("the cache {} is refused: {} {problem}; {remedy}", cache.display(), at.display())]
    Refused {
        /// The cache's directory.
        cache: PathBuf,
        /// What is wrong: the directory itself or one above it.
        at: PathBuf,
        /// How it is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// The system refused.
    #[error("the cache cannot {what} {}: {}", path.display(), reason(what, .source))]
    Io {
        /// What was being done.
        what: &'static str,
        /// With this file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Neither `HOME` nor anything else says where the cache is.
    #[error("there is no place for a cache: set NULLVM_CACHE_DIR, XDG_CACHE_HOME or HOME, or name one")]
    NoPlace,
    /// The artifact alone is larger than all may be together.
    #[error("an artifact of {size} bytes does not go into a cache of {limit}")]
    TooLarge {
        /// Its bytes.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Somebody else makes the same entry and does not come to an end.
    #[error("another process has been making the cache entry {key} for {}: waited {waited:?}", path.display())]
    Locked {
        /// The entry.
        key: String,
        /// The lock.
        path: PathBuf,
        /// How long.
        waited: Duration,
    },
}

fn reason(what: &str, e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::StorageFull => {
            "the disk is full: make room, or a smaller limit (`nullvmc cache prune --max-size`)".to_owned()
        }
        io::ErrorKind::PermissionDenied if matches!(what, "read" | "look at") => {
            "permission denied: let this user read it (`chmod -R go+rX`), or name another directory"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => e.to_string(),
    }
}

/// An artifact that was found.
#[derive(Debug)]
pub struct Entry {
    /// Open for reading. Its first [`Entry::len`] bytes are the artifact; they do not change, also when the entry is removed.
    pub file: File,
    /// Bytes of the artifact.
    pub len: u64,
}

/// Where artifacts are kept. The file system is one such place ([`FileStore`]); one that machines share can be another.
pub trait Store: Send + Sync {
    /// The artifact that was made of exactly this.
    ///
    /// # Errors
    /// When the store cannot be used. An entry that is damaged or of another make is none.
    fn get(&self, key: &Key) -> Result<Option<Entry>, CacheError>;

    /// Keeps an artifact.
    ///
    /// # Errors
    /// When it is not kept; what was there before still is.
    fn put(&self, key: &Key, artifact: &[u8]) -> Result<(), CacheError>;

    /// Waits until nobody else in the process or on the machine makes this artifact; it may be there then. Given back when dropped
    /// or when the process ends, however it does.
    ///
    /// # Errors
    /// [`CacheError::Locked`] after the time given.
    fn lock(&self, key: &Key, timeout: Duration) -> Result<Lock, CacheError>;

    /// What distinguishes this from the most similar entry made of the same module; `None` when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn nearest(&self, key: &Key) -> Result<Option<Vec<Difference>>, CacheError>;
}
