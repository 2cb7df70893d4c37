//! Having cargo build a static library.

use crate::{ArchiveError, Library, localize, write_archive};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A library, ready to be linked.
#[derive(Clone, Debug)]
pub struct Built {
    /// Relocatable objects: ours, and those of the compiler's arithmetic that it calls.
    pub objects: Vec<Vec<u8>>,
    /// An archive of them.
    pub archive: Vec<u8>,
}

/// A cargo, and what it needs to build for a target.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// The program.
    pub cargo: PathBuf,
    /// The compiler, where it is not the one that cargo takes by itself.
    pub rustc: Option<PathBuf>,
    /// Whether the standard library has to be built, too, from its sources: there is none for the target.
    pub build_std: bool,
}

/// Where Debian's packages `cargo-web` and `rustc-web` have their programs; the sources of the standard library come with
/// `rust-web-src`.
const DEBIAN: (&str, &str) = ("/usr/bin/cargo", "/usr/bin/rustc");

impl Toolchain {
    /// This cargo, with its own compiler.
    pub fn of(cargo: &Path) -> Self {
        Self { cargo: cargo.to_owned(), rustc: None, build_std: false }
    }

    /// One that builds for a target: this cargo, if its compiler has the target's standard library (`rustup target add`); else
    /// Debian's, which builds that from its sources.
    ///
    /// # Errors
    /// [`ArchiveError::NoToolchain`], with what to install.
    pub fn find(cargo: &Path, target: &str) -> Result<Self, ArchiveError> {
        let own = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
        if has_std(&own, target) {
            return Ok(Self::of(cargo));
        }
        let (cargo, rustc) = (PathBuf::from(DEBIAN.0), PathBuf::from(DEBIAN.1));
        let sources = print(&rustc, &["--print", "sysroot"])
            .map(|root| Path::new(&root).join("lib/rustlib/src/rust/library/core/Cargo.toml"));
        if cargo.is_file() && sources.is_some_and(|s| s.is_file()) {
            return Ok(Self { cargo, rustc: Some(rustc), build_std: true });
        }
        Err(ArchiveError::NoToolchain(target.to_owned()))
    }

    /// Its `cargo`, for a package of the workspace; `std` says whether the package needs all of the standard library.
    pub fn command(&self, workspace: &Path, std: bool) -> Command {
        let mut command = Command::new(&self.cargo);
        command.current_dir(workspace);
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
        if let Some(rustc) = &self.rustc {
            for variable in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTDOC"] {
                command.env_remove(variable);
            }
            command.env("RUSTC", rustc);
        }
        if self.build_std {
            // The option is not stable.
            command.env("RUSTC_BOOTSTRAP", "1");
            command.args(["-Z", if std { "build-std=std,panic_abort" } else { "build-std=core,alloc" }]);
        }
        command
    }
}

fn print(rustc: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(rustc).args(args).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn has_std(rustc: &Path, target: &str) -> bool {
    let Some(directory) = print(rustc, &["--print", "target-libdir", "--target", target]) else {
        return false;
    };
    std::fs::read_dir(directory).is_ok_and(|mut files| {
        files.any(|f| f.is_ok_and(|f| f.file_name().to_string_lossy().starts_with("libcore-")))
    })
}

/// Builds a library of the workspace at `workspace`, in a target directory of its own (a build script must not wait for the one
/// that its own cargo holds). Libraries may share that directory. `target` is a target triple, or `None` for the host.
///
/// # Errors
/// [`ArchiveError`].
pub fn build(
    library: &'static Library,
    toolchain: &Toolchain,
    workspace: &Path,
    target_dir: &Path,
    target: Option<&str>,
) -> Result<Built, ArchiveError> {
    let mut command = toolchain.command(workspace, library.std);
    command
        .args(["build", "--package", library.package, "--profile", "shim", "--target-dir"])
        .arg(target_dir);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    let output = command.output().map_err(|e| ArchiveError::Io(toolchain.cargo.clone(), e))?;
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
