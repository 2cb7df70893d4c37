//! From a file to a plugin that runs: read, verified, chosen for this processor, taken from the cache or compiled.
//!
//! [`Policy`] says what may run, [`Loader::load`] does nothing else. Whatever fails, fails with one line and leaves nothing behind;
//! code that is damaged or not trusted is never replaced by something else without a word. The caller decides on which
//! thread: reading and compiling take their time.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

#[cfg(feature = "compile")]
mod compile;
mod load;
mod policy;

#[cfg(feature = "compile")]
pub use compile::{Compile, cache_key};
pub use load::{Loaded, Loader, Origin, Timings, read};
pub use policy::{Code, Policy};

use std::io;
use std::path::PathBuf;

/// The target that this process runs on, as sections are named.
pub const TARGET: &str =
    if cfg!(target_arch = "x86_64") { "x86_64-unknown-linux-gnu" } else { "aarch64-unknown-linux-gnu" };

/// Why a plugin was not loaded. Displays as one line: what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More than any plugin has.
    #[error("{} has more than {} MiB", path.display(), limit >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes.
        limit: u64,
    },
    /// The file has another hash than the configuration says.
    #[error(
        "{name} has the SHA-256 {found}, the configuration says {wanted}: it is another file, or damaged"
    )]
    Sha256 {
        /// The file.
        name: String,
        /// Its hash.
        found: String,
        /// The configured one.
        wanted: String,
    },
    /// No trusted key signed it.
    #[error("{name} is refused: {source}")]
    Signature {
        /// The file.
        name: String,
        /// Why.
        source: nullvm_trust::SignatureError,
    },
    /// The deny list names it.
    #[error("{name} is refused: {what} is on the deny list ({entry}); {remedy}")]
    Denied {
        /// The file.
        name: String,
        /// What of it.
        what: String,
        /// The entry.
        entry: String,
        /// What to do.
        remedy: &'static str,
    },
    /// It is no module, or its sections make no sense.
    #[error("{name}: {source}")]
    Bundle {
        /// The file.
        name: String,
        /// Why.
        source: nullvm_artifact::BundleError,
    },
    /// The code within does not run here, or is damaged.
    #[error("{name}: {source}; {remedy}")]
    Code {
        /// The file.
        name: String,
        /// Why.
        source: nullvm_shim::BundleError,
        /// What to do.
        remedy: String,
    },
    /// The code within cannot be stopped, and calls have a deadline.
    #[error(
        "{name}: its code cannot be stopped at the deadline that is configured; `nullvmc bundle --replace --interruptible` \
         makes code that can be, or allow compiling"
    )]
    NotInterruptible {
        /// The file.
        name: String,
    },
    /// There is no code for this machine, and nothing may be compiled.
    #[error("{name}: {reason}; {remedy}")]
    NoCode {
        /// The file.
        name: String,
        /// Why there is none.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The compiler refused it.
    #[error("cannot compile {name}: {message}")]
    Compile {
        /// The file.
        name: String,
        /// Why.
        message: String,
    },
    /// The shim refused it.
    #[error("{name}: {source}")]
    Plugin {
        /// The file.
        name: String,
        /// Why.
        source: nullvm_shim::LoadError,
    },
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
