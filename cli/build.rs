//! Builds the runtime shim that nullvmc carries, with a cargo of its own: a no_std crate with its own panic handler cannot be
//! built together with the rest.

use std::path::{Path, PathBuf};

fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let out = PathBuf::from(variable("OUT_DIR"));
    let target = variable("TARGET");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    println!("cargo::rustc-env=NULLVM_SHIM_TARGET={target}");
    for watched in [
        "runtime-shim/src",
        "runtime-shim/staticlib",
        "runtime-shim/archive/src",
        "runtime-shim/include",
        "plugin-abi",
        "Cargo.toml",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(watched).display());
    }
    println!("cargo::rerun-if-changed=build.rs");

    let header = workspace.join("runtime-shim/include/nullvm.h");
    std::fs::copy(&header, out.join("nullvm.h"))
        .unwrap_or_else(|e| panic!("cannot copy {}: {e}", header.display()));

    // A nullvmc for another machine finds the shim of its own beside itself.
    let mut archive = Vec::new();
    if target == variable("HOST") {
        let cargo = PathBuf::from(variable("CARGO"));
        let shim = nullvm_shim_archive::build(&cargo, &workspace, &out.join("shim"), None);
        archive = shim.unwrap_or_else(|e| panic!("cannot build the runtime shim: {e}")).archive;
    } else {
        println!(
            "cargo::warning=the runtime shim for {target} is not built in; `cargo xtask shim --target {target}` makes it"
        );
    }
    std::fs::write(out.join("libnullvm_shim.a"), archive).expect("OUT_DIR is writable");
}
