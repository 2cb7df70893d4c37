//! What the bench runs: Envoy, the filter as Wasm and as module, and the hand-written module.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The filter.
pub const FILTER: &str = "get_add";

/// The files that Envoy loads, and Envoy.
pub struct Files {
    pub envoy: PathBuf,
    pub wasm: PathBuf,
    pub module: PathBuf,
    pub hand_written: PathBuf,
    /// What runs a module without Envoy.
    pub driver: PathBuf,
}

/// Builds what has to be built; `module` is a compiled filter that is there already.
pub fn build(root: &Path, module: Option<&Path>) -> Result<Files, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let cargo = || Command::new(&cargo);
    let dir = root.join("target/bench-envoy");
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;

    let source = root.join("benches/envoy/hand_written");
    let target = dir.join("hand_written");
    let manifest = source.join("Cargo.toml");
    command(
        cargo()
            .args(["build", "--quiet", "--release", "--locked", "--manifest-path"])
            .arg(&manifest)
            .arg("--target-dir")
            .arg(&target),
    )?;
    let hand_written = target.join("release/libhand_written.so");

    let driver = dir.join("driver");
    command(
        Command::new("cc")
            .args(["-O2", "-Wall", "-Wextra", "-rdynamic", "-o"])
            .arg(&driver)
            .arg(root.join("benches/envoy/driver.c"))
            .arg("-ldl"),
    )?;

    let wasm = root.join("filters/prebuilt").join(FILTER).with_extension("wasm");
    let module = match module {
        Some(module) => module.canonicalize().map_err(|e| format!("{}: {e}", module.display()))?,
        None => {
            command(
                cargo().args(["build", "--quiet", "--release", "--package", "nullvmc"]).current_dir(root),
            )?;
            let module = dir.join(format!("lib{FILTER}.so"));
            let nullvmc = root.join("target/release/nullvmc");
            command(
                Command::new(nullvmc)
                    .arg("compile")
                    .arg(&wasm)
                    .args(["--quiet", "--emit", "envoy-module", "--output"])
                    .arg(&module),
            )?;
            module
        }
    };
    Ok(Files { envoy: envoy(root)?, wasm, module, hand_written, driver })
}

/// The binary that `NULLVM_ENVOY` names, or the one that the tests use, installed if it is not there.
fn envoy(root: &Path) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("NULLVM_ENVOY") {
        return Ok(path.into());
    }
    let version = crate::envoy::VERSIONS[0];
    crate::envoy::install(root, &[version])?;
    Ok(crate::envoy::binary(root, version))
}

fn command(command: &mut Command) -> Result<(), String> {
    println!("==> {command:?}");
    let status =
        command.status().map_err(|e| format!("cannot run {}: {e}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
