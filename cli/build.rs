//! Builds the runtime shim and the Envoy adapter that nullvmc carries, with a cargo of its own: a no_std crate with its own
//! panic handler cannot be built together with the rest, and both want a profile of their own.

use std::path::PathBuf;

fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let out = PathBuf::from(variable("OUT_DIR"));
    let target = variable("TARGET");
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("..");
    println!("cargo::rustc-env=NULLVM_SHIM_TARGET={target}");
    for watched in [
        "runtime-shim/src",
        "runtime-shim/staticlib",
        "runtime-shim/archive/src",
        "runtime-shim/include",
        "plugin-abi",
        "hosts/common",
        "hosts/envoy-module",
        "Cargo.toml",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(watched).display());
    }
    println!("cargo::rerun-if-changed=build.rs");

    let header = workspace.join("runtime-shim/include/nullvm.h");
    std::fs::copy(&header, out.join("nullvm.h"))
        .unwrap_or_else(|e| panic!("cannot copy {}: {e}", header.display()));

    // A nullvmc for another machine finds the shim of its own beside itself.
    let libraries = [&nullvm_shim_archive::SHIM, &nullvm_shim_archive::ENVOY_MODULE];
    let own = target == variable("HOST");
    if !own {
        println!(
            "cargo::warning=the runtime shim and the Envoy adapter for {target} are not built in; `cargo xtask shim --target \
             {target}` makes them"
        );
    }
    let toolchain = nullvm_shim_archive::Toolchain::of(&PathBuf::from(variable("CARGO")));
    // Of both, and of every nullvmc of this target directory and profile, whatever its features are: OUT_DIR is
    // <profile>/build/<package>/out.
    let nested = out.ancestors().nth(3).unwrap_or(&out).join("nullvm-archives");
    for library in libraries {
        // Empty for another machine, and where there is no Envoy to adapt to.
        let archive = match own && library.is_for(&target) {
            true => {
                nullvm_shim_archive::build(library, &toolchain, &workspace, &nested, None)
                    .unwrap_or_else(|e| panic!("cannot build {}: {e}", library.what))
                    .archive
            }
            false => Vec::new(),
        };
        std::fs::write(out.join(library.archive), archive).expect("OUT_DIR is writable");
    }
}
