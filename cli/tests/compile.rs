//! `nullvmc compile` and `nullvmc shim`: forms, names, places.

mod common;

use common::{Dir, filter, nullvmc, plugin};
use std::process::{Command, Stdio};

#[test]
fn each_form_goes_to_its_place() {
    let dir = Dir::new("forms");
    for (form, name, start) in [
        ("object", "add_header.o", b"\x7fELF".as_slice()),
        ("archive", "libadd_header.a", b"!<arch>\n"),
        ("image", "add_header.nvm", b"NULLVM\0i"),
        ("clif", "add_header.clif", b";; add_header."),
        ("asm", "add_header.s", b";; add_header."),
    ] {
        let outcome = nullvmc(["compile", &filter("add_header"), "--emit", form, "-o", &dir.path("")]).ok();
        assert!(dir.read(name).starts_with(start), "{form}");
        assert!(outcome.out.is_empty());
        for word in ["functions", "of code", "of data", "34 imports bound", " s\n", name] {
            assert!(outcome.err.contains(word), "{word}: {}", outcome.err);
        }
        assert_eq!(
            outcome.err.contains("link with: cc"),
            ["object", "archive"].contains(&form),
            "{}",
            outcome.err
        );
    }
    let single: Vec<_> = dir.names().iter().map(|n| (n.clone(), dir.read(n))).collect();
    assert_eq!(single.len(), 5);
    // All at once, into a directory that is made: the same bytes.
    let outcome = nullvmc([
        "compile",
        &filter("add_header"),
        "--emit",
        "asm,clif,image",
        "--emit",
        "archive,object",
        "--quiet",
        "-o",
        &dir.path("all"),
    ]);
    assert_eq!(outcome.ok().err, "");
    for (name, bytes) in single {
        assert!(dir.read(&format!("all/{name}")) == bytes, "{name}");
    }
}

#[test]
fn names_and_symbols() {
    let dir = Dir::new("names");
    let file = dir.write("1-my filter.v2.wasm", plugin("", ""));
    nullvmc(["compile", &file, "-q", "-o", &dir.path("")]).ok();
    assert!(contains(&dir.read("_1_my_filter_v2.o"), b"nullvm_plugin__1_my_filter_v2"));
    nullvmc(["compile", &file, "--name", "other", "-q", "-o", &dir.path("x.o")]).ok();
    assert!(contains(&dir.read("x.o"), b"nullvm_plugin_other"));
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

#[test]
fn text_goes_to_standard_output() {
    let dir = Dir::new("text");
    let file = dir.write("p.wasm", plugin("", ""));
    let clif = nullvmc(["compile", &file, "--emit", "clif", "-o", "-"]).ok();
    assert!(clif.out.contains("function") && clif.err.contains("functions"), "{}", clif.out);
    assert!(nullvmc(["compile", &file, "--emit", "asm", "-o", "-", "-q"]).ok().out.contains("ret"));
    assert_eq!(dir.names(), ["p.wasm"]);
}

#[test]
fn options_reach_the_code() {
    let dir = Dir::new("options");
    let inspect = |options: &[&str]| {
        let out = dir.path("p.nvm");
        let file = filter("add_header");
        let mut args = vec!["compile", &file, "-q", "--emit", "image", "-o", &out];
        args.extend(options);
        nullvmc(args).ok();
        serde_json(&nullvmc(["inspect", &out, "--format", "json"]).ok().out)
    };
    let default = inspect(&[]);
    assert_eq!(default["plugin"]["bounds"], "guard");
    assert_eq!(default["plugin"]["traps"], "signal");
    assert_eq!(default["plugin"]["interruptible"], false);
    let other = inspect(&[
        "--bounds",
        "explicit",
        "--traps",
        "call",
        "--interruptible",
        "--opt",
        "none",
        "--jobs",
        "1",
    ]);
    assert_eq!(other["plugin"]["bounds"], "explicit");
    assert_eq!(other["plugin"]["traps"], "call");
    assert_eq!(other["plugin"]["interruptible"], true);
    assert!(other["plugin"]["code_bytes"].as_u64() > default["plugin"]["code_bytes"].as_u64());
    let arm = inspect(&["--target", "aarch64-unknown-linux-gnu", "--opt", "speed-and-size"]);
    assert_eq!(arm["target"], "aarch64-unknown-linux-gnu");
    assert_eq!(arm["machine"], 183);
    let v3 = inspect(&[
        "--target",
        "x86_64-unknown-linux-gnu",
        "--cpu",
        "x86-64-v3",
        "--cpu-features",
        "-fma,avx512f",
    ]);
    let features: Vec<_> =
        v3["cpu_features"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    assert!(
        features.contains(&"avx2") && features.contains(&"avx512f") && !features.contains(&"fma"),
        "{features:?}"
    );
}

fn serde_json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn stubbed_imports_are_counted() {
    let dir = Dir::new("stubs");
    let file = dir.write("p.wasm", plugin(r#"(import "env" "unheard_of" (func))"#, ""));
    let outcome = nullvmc(["compile", &file, "--stub-unknown-imports", "-v", "-o", &dir.path("p.o")]).ok();
    assert!(outcome.err.contains("0 imports bound, 1 stubbed"), "{}", outcome.err);
    assert!(outcome.err.contains("import env.unheard_of: stubbed: unknown function"), "{}", outcome.err);
}

#[test]
fn any_module_without_the_checks() {
    let dir = Dir::new("unchecked");
    let file =
        dir.write("p.wasm", common::wat(r#"(module (import "x" "y" (func)) (func (export "f") call 0))"#));
    nullvmc(["compile", &file, "-o", &dir.path("p.o")]).error("no ABI version");
    nullvmc(["compile", &file, "--no-proxy-wasm-checks", "-q", "-o", &dir.path("p.o")]).ok();
}

#[test]
fn a_missing_shim_says_where_it_belongs() {
    let dir = Dir::new("sysroot");
    let target = "aarch64-unknown-linux-gnu";
    let (file, root, out) = (filter("empty"), dir.path("root"), dir.path("out.a"));
    let args = ["compile", &file, "--emit", "archive", "--target", target, "--sysroot", &root, "-o", &out];
    let outcome = nullvmc(args).error("no runtime shim for aarch64-unknown-linux-gnu");
    assert!(
        outcome.err.contains("root/lib/nullvm/aarch64-unknown-linux-gnu/libnullvm_shim.a"),
        "{}",
        outcome.err
    );
    assert!(outcome.err.contains("--sysroot"));
    assert_eq!(dir.names(), [""; 0]);
    // With the file in its place the archive is made; what is in it is the caller's business.
    nullvmc(["shim", "-o", &dir.path("")]).ok();
    let place = format!("root/lib/nullvm/{target}");
    std::fs::create_dir_all(dir.path(&place)).unwrap();
    std::fs::rename(dir.path("libnullvm_shim.a"), dir.path(&format!("{place}/libnullvm_shim.a"))).unwrap();
    nullvmc(args).ok();
}

#[test]
fn the_shim_comes_out() {
    let dir = Dir::new("shim");
    let outcome = nullvmc(["shim", "-o", &dir.path("")]).ok();
    assert_eq!(dir.names(), ["libnullvm_shim.a", "nullvm.h"]);
    assert_eq!(outcome.out.lines().count(), 2);
    let report =
        serde_json(&nullvmc(["inspect", &dir.path("libnullvm_shim.a"), "--format", "json"]).ok().out);
    assert_eq!(report["kind"], "archive");
    assert_eq!(report["shim_abi_version"], plugin_abi::ABI_VERSION);
    assert!(contains(&dir.read("nullvm.h"), b"nullvm_plugin_load"));
}

/// The binary itself: exit codes, streams, standard input, a closed pipe.
#[test]
fn the_binary() {
    let dir = Dir::new("binary");
    let binary = env!("CARGO_BIN_EXE_nullvmc");
    let run = |args: &[&str]| Command::new(binary).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();

    let version = run(&["--version"]);
    assert!(version.status.success() && text(&version.stdout).starts_with("nullvmc "));
    for help in [&["--help"][..], &["compile", "--help"], &["inspect", "--help"], &["shim", "--help"]] {
        assert!(run(help).status.success());
    }
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(run(&["compile"]).status.code(), Some(2));

    let bad = dir.write("bad.wasm", "nonsense");
    let outcome = run(&["compile", &bad, "-o", &dir.path("x.o")]);
    assert_eq!(outcome.status.code(), Some(1));
    assert_eq!(text(&outcome.stdout), "");
    let err = text(&outcome.stderr);
    assert!(err.starts_with("error: cannot compile") && err.lines().count() == 1, "{err}");
    assert_eq!(dir.names(), ["bad.wasm"]);

    // Standard input.
    let mut child = Command::new(binary)
        .args(["compile", "-", "--emit", "image", "-o", &dir.path("stdin.nvm")])
        .stdin(std::fs::File::open(filter("empty")).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert!(contains(&dir.read("stdin.nvm")[..1000], b"plugin"));

    // A reader that goes away is no failure.
    let mut child = Command::new(binary)
        .args(["compile", &filter("add_header"), "--emit", "clif", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let outcome = child.wait_with_output().unwrap();
    assert!(outcome.status.success(), "{}", text(&outcome.stderr));
}
