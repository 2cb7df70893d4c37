//! What nullvmc emits links into C programs (`tests/link/`) and runs: with GNU ld and with lld, as a program and as a shared
//! library, from one archive and from two objects with one shim, beside another Rust static library.
//!
//! Needs `cc`, binutils and `ld.lld`; `cargo xtask test` installs them.

mod common;

use common::{Dir, filter, nullvmc};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/link").join(name)
}

fn run(command: &mut Command) -> String {
    let output: Output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// A folder with the shim, its header, and the objects of both plugins.
fn workbench(name: &str) -> Dir {
    let dir = Dir::new(name);
    nullvmc(["shim", "-o", &dir.path("")]).ok();
    for plugin in ["add_header", "trap"] {
        nullvmc([
            "compile",
            &filter(plugin),
            "--quiet",
            "--emit",
            "object",
            "-o",
            &dir.path(&format!("{plugin}.o")),
        ])
        .ok();
    }
    dir
}

const PARTS: [&str; 3] = ["add_header.o", "trap.o", "libnullvm_shim.a"];

fn cc(dir: &Dir, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new("cc");
    command.current_dir(dir.path("")).args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-I."]);
    command.arg("-I").arg(source("")).arg(source(program)).args(args);
    command
}

fn check_add_header(out: &str) {
    for line in ["add_header header 2: header_1: somevalue", "add_header metric 1 += 1"] {
        assert!(out.contains(line), "{line:?} is missing in:\n{out}");
    }
    assert!(out.contains("add_header log 2: "), "no log line in:\n{out}");
}

fn check_both(out: &str) {
    check_add_header(out);
    assert_eq!(out.matches("out of bounds memory access").count(), 3, "{out}");
    assert!(out.contains("in-VM backtrace"), "{out}");
}

#[test]
fn one_archive() {
    let dir = workbench("one-archive");
    let archive = dir.path("libadd_header.a");
    nullvmc(["compile", &filter("add_header"), "--quiet", "--emit", "archive", "-o", &archive]).ok();
    run(&mut cc(&dir, "one_archive.c", &["-L.", "-ladd_header", "-o", "one_archive"]));
    check_add_header(&run(&mut Command::new(dir.path("one_archive"))));
}

/// The other processor, under an emulator, in both modes.
#[test]
#[ignore = "needs an emulator: cargo xtask test-aarch64"]
fn two_plugins_on_aarch64() {
    let target = "aarch64-unknown-linux-gnu";
    let sysroot = format!("{}/../target/sysroot", env!("CARGO_MANIFEST_DIR"));
    let dir = Dir::new("aarch64");
    nullvmc(["shim", "--target", target, "--sysroot", &sysroot, "-o", &dir.path("")]).ok();
    for (bounds, traps, cpu) in [("guard", "signal", "baseline"), ("explicit", "call", "neoverse-n1")] {
        for plugin in ["add_header", "trap"] {
            let out = dir.path(&format!("{plugin}.o"));
            let mode = ["--bounds", bounds, "--traps", traps, "--cpu", cpu];
            let compile =
                ["compile", &filter(plugin), "-q", "--emit", "object", "--target", target, "-o", &out];
            nullvmc(compile.iter().chain(&mode)).ok();
        }
        for more in [&["-static"][..], &["-Wl,-z,text"]] {
            let mut compiler = Command::new("aarch64-linux-gnu-gcc");
            compiler
                .current_dir(dir.path(""))
                .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-I."]);
            compiler.arg("-I").arg(source("")).arg(source("two_plugins.c"));
            run(compiler.args(PARTS).args(more).args(["-o", "program"]));
            let emulator = ["-L", "/usr/aarch64-linux-gnu"];
            check_both(&run(Command::new("qemu-aarch64").args(emulator).arg(dir.path("program"))));
        }
    }
}

#[test]
fn two_plugins_with_both_linkers() {
    let dir = workbench("two-plugins");
    for linker in ["bfd", "lld"] {
        let fuse = format!("-fuse-ld={linker}");
        let program = format!("two_plugins_{linker}");
        run(cc(&dir, "two_plugins.c", &PARTS).args([&fuse, "-Wl,-z,text", "-o", &program]));
        check_both(&run(&mut Command::new(dir.path(&program))));

        let library = format!("libtwo_{linker}.so");
        let shared = ["-DSHARED", "-fPIC", "-shared", "-Wl,-z,text", "-Wl,--no-undefined"];
        run(cc(&dir, "two_plugins.c", &PARTS).args(shared).args([&fuse, "-o", &library]));
        let loader = format!("dlopen_{linker}");
        run(cc(&dir, "dlopen.c", &[]).args([&fuse, "-ldl", "-o", &loader]));
        check_both(&run(Command::new(dir.path(&loader)).arg(dir.path(&library))));
    }
}

/// Names of functions are symbols, for perf, gdb and a proxy's own backtrace, and every function has unwind information.
#[test]
fn functions_are_symbols() {
    let dir = workbench("symbols");
    run(cc(&dir, "two_plugins.c", &PARTS).args(["-o", "program"]));
    let symbols = run(Command::new("nm").arg(dir.path("program")));
    for plugin in ["add_header", "trap"] {
        let local = format!(" t {plugin}.");
        assert!(symbols.lines().any(|l| l.contains(&local) && l.contains("proxy_on_request_headers")));
    }
    let functions = run(Command::new("nm").arg(dir.path("add_header.o")));
    let functions = functions.lines().filter(|l| l.contains(" t ")).count();
    let frames = run(Command::new("readelf").arg("--debug-dump=frames").arg(dir.path("add_header.o")));
    assert_eq!(frames.matches(" FDE ").count(), functions);
}

#[test]
fn the_shim_shows_nothing_but_itself() {
    let dir = workbench("shim-symbols");
    let symbols = run(Command::new("nm").args(["-g", "--defined-only"]).arg(dir.path("libnullvm_shim.a")));
    let names: Vec<&str> = symbols
        .lines()
        .filter(|l| l.split_whitespace().count() == 3)
        .filter_map(|l| l.split_whitespace().last())
        .collect();
    for name in &names {
        assert!(name.starts_with("nullvm_"), "{name} is global in libnullvm_shim.a");
    }
    assert!(names.len() > 100, "only {} symbols", names.len());
}

#[test]
fn beside_another_rust_static_library() {
    let dir = workbench("neighbour");
    dir.write(
        "neighbour.rs",
        "#[unsafe(no_mangle)] pub extern \"C\" fn neighbour(n: i32) -> i32 {\n\
         std::thread::spawn(move || std::panic::catch_unwind(move || if n > 0 { panic!(\"caught\") })\n\
         .is_err() as i32 + n).join().unwrap() }\n",
    );
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    run(command.current_dir(dir.path("")).args([
        "--edition",
        "2024",
        "--crate-type",
        "staticlib",
        "neighbour.rs",
    ]));
    for linker in ["-fuse-ld=bfd", "-fuse-ld=lld"] {
        let parts = ["add_header.o", "trap.o", "libneighbour.a", "libnullvm_shim.a"];
        run(cc(&dir, "two_plugins.c", &["-DNEIGHBOUR"]).args(parts).args([
            linker,
            "-lpthread",
            "-ldl",
            "-lm",
            "-o",
            "program",
        ]));
        let out = run(&mut Command::new(dir.path("program")));
        check_both(&out);
        assert!(out.contains("neighbour says 42"), "{out}");
    }
}

#[test]
fn another_abi_version_fails_at_link() {
    let dir = workbench("abi-mismatch");
    let mut object = std::fs::read(dir.path("add_header.o")).expect("the object");
    let (ours, theirs) = (b"nullvm_abi_2\0", b"nullvm_abi_9\0");
    let at = object.windows(ours.len()).position(|w| w == ours).expect("the object names its ABI version");
    object[at..at + theirs.len()].copy_from_slice(theirs);
    std::fs::write(dir.path("add_header.o"), object).expect("writable");
    let output = cc(&dir, "two_plugins.c", &PARTS).args(["-o", "program"]).output().expect("cc runs");
    assert!(!output.status.success(), "a plugin of another ABI version links");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nullvm_abi_9"));
    assert!(!Path::new(&dir.path("program")).exists());
}
