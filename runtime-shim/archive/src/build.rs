//! Having cargo build a static library.

use crate::{ArchiveError, Library, localize, write_archive};
use std::path::Path;
use std::process::Command;

/// A library, ready to be linked.
#[derive(Clone, Debug)]
pub struct Built {
    /// Relocatable objects: ours, and those of the compiler's arithmetic that it calls.
    pub objects: Vec<Vec<u8>>,
    /// An archive of them.
    pub archive: Vec<u8>,
}

/// Builds a library of the workspace at `workspace` with this `cargo`, in a target directory of its own (a build script must
/// not wait for the one that its own cargo holds). Libraries may share that directory. `target` is a target triple, or `None`
/// for the host.
///
/// # Errors
/// [`ArchiveError`].
pub fn build(
    library: &'static Library,
    cargo: &Path,
    workspace: &Path,
    target_dir: &Path,
    target: Option<&str>,
) -> Result<Built, ArchiveError> {
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace)
        .args(["build", "--package", library.package, "--profile", "shim", "--target-dir"])
        .arg(target_dir);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    // What was set for the code that calls us (sanitizers, coverage, lints) is not for it.
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
        return Err(ArchiveError::Cargo(library.what, String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let directory = target.map_or_else(|| target_dir.to_path_buf(), |t| target_dir.join(t));
    let path = directory.join("shim").join(library.file);
    let bytes = std::fs::read(&path).map_err(|e| ArchiveError::Io(path, e))?;
    let objects = localize(library, &bytes)?;
    let names: Vec<String> = (0..objects.len())
        .map(|i| match i {
            0 => library.object.to_owned(),
            _ => library.object.replace(".o", &format!("_{i}.o")),
        })
        .collect();
    let members: Vec<(&str, &[u8])> =
        names.iter().map(String::as_str).zip(objects.iter().map(Vec::as_slice)).collect();
    let archive = write_archive(&members)?;
    Ok(Built { objects, archive })
}
