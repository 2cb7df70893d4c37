//! Makes `libnullvm_shim.a` out of the static library that cargo builds.
//!
//! A static library of Rust code shows symbols of its runtime (`rust_eh_personality`, `__rust_alloc`, ...) that collide with
//! those of any other one in the same program. Here the one object with all of the shim's code is taken out, everything in it
//! but `nullvm_*` is made local, and what remains undefined is checked against the list of C library functions that a
//! program must have anyway. No linker and no binutils are needed, so that a build script can do it.

mod ar;
mod build;
mod localize;

pub use ar::write_archive;
pub use build::{Shim, build};
pub use localize::{LIBC_SYMBOLS, localize};

use std::path::PathBuf;

/// Name of the shim's object within an archive.
pub const OBJECT_NAME: &str = "nullvm_shim.o";

/// Why there is no archive.
#[derive(Debug)]
pub enum ArchiveError {
    /// A file could not be read, or cargo not be run.
    Io(PathBuf, std::io::Error),
    /// cargo failed; what it printed.
    Cargo(String),
    /// The static library or an object in it cannot be read or written.
    Object(String),
    /// No member of the static library defines the shim's symbols, or more than one does: it was not built with the profile
    /// `shim`.
    NotOneObject(usize),
    /// The shim needs symbols that are not on the list of C library functions.
    Undefined(Vec<String>),
}

impl std::fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Cargo(text) => write!(f, "cargo could not build the runtime shim:\n{text}"),
            Self::Object(text) => write!(f, "the runtime shim's static library: {text}"),
            Self::NotOneObject(n) => {
                write!(
                    f,
                    "{n} objects of the static library define the shim, not one: build it with `--profile shim`"
                )
            }
            Self::Undefined(names) => write!(
                f,
                "the runtime shim needs {}: add what the C library has to LIBC_SYMBOLS, and remove the rest from the shim",
                names.join(", ")
            ),
        }
    }
}

impl std::error::Error for ArchiveError {}
