//! Where the Envoy binaries are.

use super::repository;
use std::path::PathBuf;

/// The version that the suite is for.
pub const VERSION: &str = "1.40.0";

/// Older versions that the modules are tried on.
pub const OLDER: [&str; 2] = ["1.38.3", "1.39.3"];

/// The binary of [`VERSION`]: `NULLVM_ENVOY`, or what `cargo xtask envoy` installed.
///
/// # Panics
/// When there is none: these tests are never skipped.
pub fn envoy() -> PathBuf {
    match std::env::var_os("NULLVM_ENVOY") {
        Some(path) => {
            let path = PathBuf::from(path);
            assert!(path.is_file(), "NULLVM_ENVOY is {}, which is no file", path.display());
            path
        }
        None => installed(VERSION),
    }
}

/// The installed binary of a version.
///
/// # Panics
/// When it is not installed.
pub fn installed(version: &str) -> PathBuf {
    let path = repository().join("target/envoy").join(version).join("envoy/_bin/envoy");
    assert!(
        path.is_file(),
        "Envoy {version} is not installed: there is no {}\nrun: cargo xtask envoy\n(or set NULLVM_ENVOY to a binary of {VERSION})",
        path.display()
    );
    path
}
