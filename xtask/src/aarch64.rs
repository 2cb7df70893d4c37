//! `cargo xtask test-aarch64`: code, shim and adapter for aarch64, under qemu's user-mode emulation.
//!
//! Code is compiled here. What runs there is small: the shim in a program that takes images (`tests/remote`), C programs, the
//! Null-VM adapter. Emulation shows that the code is right, not how it behaves on a real processor (memory ordering, caches, speed).

use crate::test::step;
use nullvm_shim_archive::Toolchain;
use std::path::Path;
use std::time::Instant;

/// The target.
pub const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Builds what runs there, and runs the tests that are for it.
pub fn run(root: &Path) -> Result<(), String> {
    crate::shim::run(root, TARGET, &root.join("target/sysroot"))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let toolchain = Toolchain::find(Path::new(&cargo), TARGET).map_err(|e| e.to_string())?;
    let target_dir = root.join("target/cross");
    let mut build = toolchain.command(root, true);
    build
        .args(["build", "--release", "--package", "nullvm-test-remote", "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    println!("==> a program that runs images on {TARGET}: {build:?}");
    let start = Instant::now();
    let status = build.status().map_err(|e| format!("cannot run {}: {e}", toolchain.cargo.display()))?;
    if !status.success() {
        return Err(format!("the program for {TARGET} was not built: {status}"));
    }
    println!("==> built in {:.0} s", start.elapsed().as_secs_f64());
    let program = target_dir.join(TARGET).join("release/nullvm-test-remote");
    let remote = format!("qemu-aarch64 -L /usr/aarch64-linux-gnu {}", program.display());
    // The same packages as the other tests, so that nothing is built anew.
    let test = [
        "test",
        "--release",
        "--workspace",
        "--exclude",
        "nullvm-shim-staticlib",
        "--test",
        "spec",
        "--test",
        "c_programs",
        "--test",
        "null_vm",
        "--",
        "--ignored",
        "--nocapture",
        "aarch64",
    ];
    step(root, "tests under qemu", "cargo", &test, &[("NULLVM_REMOTE_AARCH64", &remote)])
}
