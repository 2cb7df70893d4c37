//! Filters as modules: compiled once, kept below `target/`, shared by the processes of a test run.

use super::repository;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A prebuilt filter.
pub fn wasm(filter: &str) -> PathBuf {
    repository().join("filters/prebuilt").join(filter).with_extension("wasm")
}

/// The generic module, which cargo builds together with the tests.
///
/// # Panics
/// When it is not there.
pub fn generic() -> PathBuf {
    // <profile>/deps/TEST-HASH: cargo leaves libraries of dependencies there.
    let program = std::env::current_exe().expect("a running program");
    let deps = program.parent().expect("in a directory");
    let path = deps.join("libnullvm_envoy.so");
    path.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The names of all prebuilt filters.
///
/// # Panics
/// When there are none.
pub fn filters() -> Vec<String> {
    let dir = repository().join("filters/prebuilt");
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "wasm"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// Compiles, by `NULLVMC` if that names a binary, else by `compile`, which gets the arguments of `nullvmc`.
pub struct Compiler {
    nullvmc: Option<PathBuf>,
    compile: fn(&[String]) -> Result<(), String>,
    /// Hash of the compiler: of the binary, or of this test, which then holds the compiler.
    key: [u8; 32],
}

impl Compiler {
    /// A compiler.
    ///
    /// # Panics
    /// When it is not there.
    pub fn new(compile: fn(&[String]) -> Result<(), String>) -> Self {
        let nullvmc = std::env::var_os("NULLVMC").map(PathBuf::from);
        let program = nullvmc.clone().unwrap_or_else(|| std::env::current_exe().expect("a running program"));
        Self { nullvmc, compile, key: hash(&program) }
    }

    /// The module of a filter, with further options of `nullvmc compile`.
    ///
    /// # Panics
    /// When it cannot be compiled.
    pub fn module(&self, filter: &str, options: &[&str]) -> PathBuf {
        let wasm = wasm(filter);
        let mut hasher = Sha256::new();
        hasher.update(self.key);
        hasher.update(hash(&wasm));
        options.iter().for_each(|o| hasher.update(o));
        let name = hex(&hasher.finalize()[..12]);
        let dir = repository().join("target/envoy/modules");
        std::fs::create_dir_all(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let out = dir.join(format!("lib{filter}-{name}.so"));
        // Whoever comes first compiles, the others wait.
        let path = dir.join(format!("{filter}.lock"));
        let lock = std::fs::File::create(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        lock.lock().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        if !out.is_file() {
            remove_old(&dir, filter);
            let partial = out.with_extension("so.partial");
            let mut args: Vec<String> =
                ["compile", "--quiet", "--emit", "envoy-module", "--name", filter, "-o"]
                    .map(String::from)
                    .into();
            args.push(partial.display().to_string());
            args.extend(options.iter().map(ToString::to_string));
            args.push(wasm.display().to_string());
            self.run(&args).unwrap_or_else(|e| panic!("nullvmc {}: {e}", args.join(" ")));
            std::fs::rename(&partial, &out).unwrap_or_else(|e| panic!("{}: {e}", out.display()));
        }
        // As the kernel shows it in a process' maps.
        out.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", out.display()))
    }

    /// The modules of several filters, compiled side by side.
    pub fn modules(&self, filters: &[&str]) {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(filter) =
                        filters.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                    {
                        self.module(filter, &[]);
                    }
                });
            }
        });
    }

    fn run(&self, args: &[String]) -> Result<(), String> {
        let Some(nullvmc) = &self.nullvmc else { return (self.compile)(args) };
        let output = Command::new(nullvmc)
            .args(args)
            .output()
            .map_err(|e| format!("cannot run {}: {e}", nullvmc.display()))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

/// Removes modules of compilers that are gone: those a week old.
fn remove_old(dir: &Path, filter: &str) {
    let week = std::time::Duration::from_secs(7 * 24 * 3600);
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(&format!("lib{filter}-"));
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        if ours && age.is_some_and(|age| age > week) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn hash(path: &Path) -> [u8; 32] {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Sha256::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
