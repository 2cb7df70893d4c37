//! `cargo xtask bench-load`: what loading takes, written to `docs/benchmarks.md`.

use crate::page;
use std::path::Path;
use std::process::Command;

/// Runs the bench and writes its part.
pub fn run(root: &Path) -> Result<(), String> {
    let output = Command::new("cargo")
        .args(["bench", "--workspace", "--exclude", "nullvm-shim-staticlib", "--bench", "loading"])
        .current_dir(root)
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("the bench failed: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let page = format!(
        "{}\n\nWritten by `cargo xtask bench-load`; do not edit. wasmtime 48.0.8, Envoy 1.40.\n\nMachine: {}\n",
        text.trim_end(),
        page::machine()
    );
    page::write(root, "bench-load", &page)
}
