//! Having cargo build the shim's static library.

use crate::{ArchiveError, OBJECT_NAME, localize, write_archive};
use std::path::Path;
use std::process::Command;

/// The shim, ready to be linked.
#[derive(Clone, Debug)]
pub struct Shim {
    /// One relocatable object with nothing global but `nullvm_*`.
    pub object: Vec<u8>,
    /// `libnullvm_shim.a`: an archive of that object.
    pub archive: Vec<u8>,
}

/// Builds the shim of the workspace at `workspace` with this `cargo`, in a target directory of its own (a build script must
/// not wait for the one that its own cargo holds). `target` is a target triple, or `None` for the host.
///
/// # Errors
/// [`ArchiveError`].
pub fn build(
    cargo: &Path,
    workspace: &Path,
    target_dir: &Path,
    target: Option<&str>,
) -> Result<Shim, ArchiveError> {
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace)
        .args(["build", "--package", "nullvm-shim-staticlib", "--profile", "shim", "--target-dir"])
        .arg(target_dir);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    // What was set for the code that calls us (sanitizers, coverage, lints) is not for the shim.
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_PRIMARY_PACKAGE",
    ] {
        command.env_remove(variable);
    }
    let output = command.output().map_err(|e| ArchiveError::Io(cargo.into(), e))?;
    if !output.status.success() {
        return Err(ArchiveError::Cargo(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let directory = target.map_or_else(|| target_dir.to_path_buf(), |t| target_dir.join(t));
    let library = directory.join("shim/libnullvm_shim_static.a");
    let bytes = std::fs::read(&library).map_err(|e| ArchiveError::Io(library, e))?;
    let object = localize(&bytes)?;
    let archive = write_archive(&[(OBJECT_NAME, &object)])?;
    Ok(Shim { object, archive })
}
