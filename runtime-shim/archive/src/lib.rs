//! Makes `libnullvm_shim.a` and `libnullvm_envoy_module.a` out of the static libraries that cargo builds.
//!
//! A static library of Rust code shows symbols of its runtime (`rust_eh_personality`, `__rust_alloc`, ...) that collide with
//! those of any other one in the same program. Here the one object with all of our code is taken out (with those of the
//! compiler's arithmetic helpers that it calls), everything in it but our own interface is made local, and what remains
//! undefined is checked against the list of C library functions that a program must have anyway. No linker and no binutils
//! are needed, so that a build script can do it.

mod ar;
mod build;
mod localize;
mod symbols;

pub use ar::write_archive;
pub use build::{Built, Toolchain, build};
pub use localize::localize;
pub use symbols::{ENVOY_GLIBC, GLIBC_SYMBOLS, LIBC_SYMBOLS, WEAK_SYMBOLS};

use std::path::PathBuf;

/// A static library of the workspace, and what its archive may show and need.
#[derive(Debug)]
pub struct Library {
    /// What it is, for messages.
    pub what: &'static str,
    /// The package.
    pub package: &'static str,
    /// What cargo calls the result.
    pub file: &'static str,
    /// The archive.
    pub archive: &'static str,
    /// The archive's object.
    pub object: &'static str,
    /// Whether it has the standard library in it.
    pub std: bool,
    /// How the names of visible symbols start.
    pub visible: &'static [&'static str],
    /// Whether the code may leave this symbol to whoever links it.
    pub may_need: fn(&str) -> bool,
    /// Where the allowed symbols are listed, for messages.
    pub list: &'static str,
    /// The target triples that it can be built for; empty for whatever the code knows.
    pub targets: &'static [&'static str],
}

impl Library {
    /// Whether it can be built for this target triple.
    pub fn is_for(&self, target: &str) -> bool {
        self.targets.is_empty() || self.targets.contains(&target)
    }
}

/// The runtime shim.
pub const SHIM: Library = Library {
    what: "the runtime shim",
    package: "nullvm-shim-staticlib",
    file: "libnullvm_shim_static.a",
    archive: "libnullvm_shim.a",
    object: "nullvm_shim.o",
    std: false,
    visible: &["nullvm_"],
    may_need: |name| LIBC_SYMBOLS.binary_search(&name).is_ok(),
    list: "LIBC_SYMBOLS",
    targets: &[],
};

/// The adapter to Envoy's dynamic modules, with the shim inside.
pub const ENVOY_MODULE: Library = Library {
    what: "the Envoy adapter",
    package: "nullvm-envoy-module-staticlib",
    file: "libnullvm_envoy_module_static.a",
    archive: "libnullvm_envoy_module.a",
    object: "nullvm_envoy_module.o",
    std: true,
    visible: &["envoy_dynamic_module_on_", "nullvm_"],
    may_need: |name| {
        name == "nullvm_envoy_plugin" || GLIBC_SYMBOLS.binary_search_by_key(&name, |(name, _)| name).is_ok()
    },
    list: "GLIBC_SYMBOLS",
    targets: &["x86_64-unknown-linux-gnu"],
};

/// Why there is no archive.
#[derive(Debug)]
pub enum ArchiveError {
    /// A file could not be read, or cargo not be run.
    Io(PathBuf, std::io::Error),
    /// cargo failed; what of, and what it printed.
    Cargo(&'static str, String),
    /// There is no standard library for this target, and no sources of it.
    NoToolchain(String),
    /// The static library or an object in it cannot be read or written.
    Object(String),
    /// No member of the static library defines the visible symbols, or more than one does: it was not built with the
    /// profile `shim`.
    NotOneObject(&'static str, usize),
    /// The code needs symbols that are not on the list of C library functions.
    Undefined(&'static Library, Vec<String>),
}

impl std::fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Cargo(what, text) => write!(f, "cargo could not build {what}:\n{text}"),
            Self::NoToolchain(target) => write!(
                f,
                "no Rust toolchain here builds for {target}: `rustup target add {target}`, or on Debian \
                 `apt-get install rustc-web cargo-web rust-web-src`"
            ),
            Self::Object(text) => write!(f, "static library: {text}"),
            Self::NotOneObject(what, n) => {
                write!(
                    f,
                    "{n} objects of the static library define {what}, not one: build it with `--profile shim`"
                )
            }
            Self::Undefined(library, names) => write!(
                f,
                "{} needs {}: add what the C library has to {}, and remove the rest from the code",
                library.what,
                names.join(", "),
                library.list
            ),
        }
    }
}

impl std::error::Error for ArchiveError {}
