//! `cargo xtask bench-load` and `bench-compile`: benches that print their part of `docs/benchmarks.md` by themselves.

use crate::page;
use std::path::Path;
use std::process::Command;

/// Runs `bench` and writes what it printed as `part`.
pub fn run(root: &Path, bench: &str, part: &str) -> Result<(), String> {
    let output = Command::new("cargo")
        .args(["bench", "--workspace", "--exclude", "nullvm-shim-staticlib", "--bench", bench])
        .current_dir(root)
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("the bench failed: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let page = format!(
        "{}\n\nWritten by `cargo xtask {part}`; do not edit. wasmtime 48.0.8, Envoy 1.40.\n\nMachine: {}\n",
        text.trim_end(),
        page::machine()
    );
    page::write(root, part, &page)
}
