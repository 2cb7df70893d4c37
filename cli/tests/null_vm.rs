//! `--emit null-vm`: packages are made, compiled and run. By default on the stand-in for proxy-wasm-cpp-host
//! (`hosts/envoy-null-vm/tests/stand_in`), and with `NULLVM_CPP_HOST` also on the real one: its compiler and linker
//! arguments, as in
//!
//! ```text
//! NULLVM_CPP_HOST="-I/src/proxy-wasm-cpp-host -I/src/proxy-wasm-cpp-sdk /src/libhost.a -lssl -lcrypto"
//! ```
//!
//! With `-DNULLVM_TEST_WASMTIME` among them, and its library, the host's wasmtime engine is compared too, and
//! `cargo test --release -p nullvmc --test null_vm -- --ignored --nocapture` measures.
//!
//! Needs `g++` and `python3`; clang with libc++ is PyPI's `ziglang`, without which that part says that it is left out.

mod common;

use common::{Dir, filter, nullvmc, wat};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const FILTERS: [&str; 22] = [
    "add_header",
    "add_header_cpp",
    "headers",
    "body",
    "local_response",
    "http_call",
    "grpc_call",
    "properties",
    "shared_data",
    "queue",
    "metrics",
    "foreign",
    "tick",
    "effective_context",
    "tcp",
    "env_cpp",
    "abi_0_1_0_cpp",
    "lifecycle",
    "trap",
    "memory_grow",
    "empty",
    "get_add",
];

/// Modules of these tests, as text.
const TEXTS: [&str; 4] = ["phases", "edges", "bad_init", "start"];

const TARGET: &str = "x86_64-unknown-linux-gnu";

const AARCH64: &str = "aarch64-unknown-linux-gnu";

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts/envoy-null-vm/tests")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// A package of all plugins, and beside it each module, its bundle, and the section of this platform in it.
struct Bench {
    dir: Dir,
    /// `NAME=REGISTERED`
    names: Vec<String>,
}

/// Made once: every compiler builds from the same one.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| Bench::new(TARGET))
}

/// For the other processor, with the shim of `cargo xtask test-aarch64`.
fn bench_aarch64() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| Bench::new(AARCH64))
}

/// Where `cargo xtask shim` writes to.
fn sysroot() -> String {
    format!("{}/../target/sysroot", env!("CARGO_MANIFEST_DIR"))
}

impl Bench {
    fn new(target: &str) -> Self {
        let dir = Dir::new(&format!("null-vm-{target}"));
        for name in FILTERS {
            dir.write(&format!("{name}.wasm"), std::fs::read(filter(name)).expect("a filter"));
        }
        for name in TEXTS {
            let text = std::fs::read_to_string(sources().join(format!("wat/{name}.wat"))).expect("a text");
            dir.write(&format!("{name}.wasm"), wat(&text));
        }
        let mut names = Vec::new();
        for name in FILTERS.iter().chain(&TEXTS) {
            let module = dir.path(&format!("{name}.wasm"));
            // The same directory each time: plugins stand beside each other.
            let package = ["compile", &module, "-q", "--emit", "null-vm", "-o", &dir.path("package")];
            let sysroot = sysroot();
            let other: &[&str] =
                if target == TARGET { &[] } else { &["--target", target, "--sysroot", &sysroot] };
            nullvmc(package.iter().chain(other)).ok();
            let bundle = format!("{name}.bundle.wasm");
            nullvmc(["bundle", &module, "-q", "--target", target, "-o", &dir.path(&bundle)]).ok();
            let bundle = dir.read(&bundle);
            let section = nullvm_artifact::container::sections(&bundle)
                .expect("a module")
                .into_iter()
                .find(|s| s.target() == Some(target))
                .expect("code for this platform");
            dir.write(&format!("{name}.section"), section.data);
            let registration =
                std::fs::read_to_string(dir.path(&format!("package/plugins/{name}/plugin.cc")))
                    .expect("registration");
            let start = registration.find(&format!("\"{name}@")).expect("a registered name") + 1;
            let end = start + registration[start..].find('"').expect("its end");
            names.push(format!("{name}={}", &registration[start..end]));
        }
        Self { dir, names }
    }
}

/// A compiler, a standard and a host.
struct Build<'a> {
    name: &'a str,
    compiler: &'a [&'a str],
    flags: &'a [&'a str],
    /// Arguments for compiling and linking; the stand-in if empty.
    host: Vec<String>,
    bench: &'static Bench,
    target: &'a str,
    /// What programs are run by.
    emulator: &'a [&'a str],
}

impl<'a> Build<'a> {
    /// For this machine.
    fn here(name: &'a str, compiler: &'a [&'a str], flags: &'a [&'a str], host: Vec<String>) -> Self {
        Self { name, compiler, flags, host, bench: bench(), target: TARGET, emulator: &[] }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.compiler[0]);
        command.args(&self.compiler[1..]).args(self.flags).args(["-Wall", "-Wextra", "-Werror"]);
        command.arg("-I").arg(self.bench.dir.path("package/nullvm")).arg("-I").arg(sources());
        if self.host.is_empty() {
            command.arg("-I").arg(sources().join("stand_in"));
        }
        // Warnings in headers that are not ours are not ours to mend.
        command.args(self.host.iter().filter_map(|a| match a.strip_prefix("-I") {
            Some(directory) => Some(format!("-isystem{directory}")),
            None => a.starts_with("-D").then(|| a.clone()),
        }));
        command
    }

    /// Compiles the adapter, the registrations of `plugins` and these test files, two at a time, and links.
    fn program(&self, name: &str, files: &[&str], adapter: bool, plugins: &[&str]) -> String {
        let (dir, target) = (&self.bench.dir, self.target);
        let folder = dir.path(&format!("{}-{name}", self.name));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut units: Vec<PathBuf> = files.iter().map(|f| sources().join(f)).collect();
        if self.host.is_empty() {
            units.push(sources().join("stand_in/stand_in.cc"));
        }
        if adapter {
            for part in ["guest", "host_table", "plugin", "engine"] {
                units.push(dir.path(&format!("package/nullvm/nullvm_{part}.cc")).into());
            }
        }
        if !plugins.is_empty() {
            // One unit for all registrations saves a third of the time; `cmake_builds` compiles them as they are.
            let mut all = String::new();
            for plugin in plugins {
                let source = dir.path(&format!("package/plugins/{plugin}/plugin.cc"));
                let _ = writeln!(
                    all,
                    "#define registered registered_{plugin}\n#include \"{source}\"\n#undef registered"
                );
            }
            let unit = PathBuf::from(format!("{folder}/plugins.cc"));
            std::fs::write(&unit, all).expect("writable");
            units.push(unit);
        }
        let objects: Vec<String> = (0..units.len()).map(|i| format!("{folder}/{i}.o")).collect();
        let next = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some(unit) = units.get(i) else { return };
                        run(self.command().arg("-c").arg(unit).arg("-o").arg(&objects[i]));
                    }
                });
            }
        });
        let program = format!("{folder}/program");
        let mut link = Command::new(self.compiler[0]);
        link.args(&self.compiler[1..])
            .args(self.flags)
            .args(&objects)
            .args(plugins.iter().map(|p| dir.path(&format!("package/plugins/{p}/{target}/{p}.o"))));
        if adapter {
            link.arg(dir.path(&format!("package/nullvm/{target}/libnullvm_shim.a")));
        }
        run(link.args(&self.host).args(["-lpthread", "-o", &program]));
        program
    }

    /// A program, by the emulator if there is one.
    fn start(&self, program: &str) -> Command {
        let mut words = self.emulator.iter().copied().chain([program]);
        let mut command = Command::new(words.next().unwrap_or(program));
        command.args(words);
        command
    }

    fn test(&self) -> String {
        let dir = &self.bench.dir;
        let plugins: Vec<&str> = FILTERS.iter().chain(&TEXTS).copied().collect();
        let program = self.program("adapter", &["adapter_test.cc", "scenarios.cc"], true, &plugins);
        let expected = sources().join("scenarios.txt");
        let out = run(self.start(&program).arg(dir.path("")).arg(&expected).args(&self.bench.names));
        assert!(out.contains("ok nullvm refusals"), "{out}");
        if self.host.iter().any(|a| a == "-DNULLVM_TEST_WASMTIME") {
            let lines = run(self
                .start(&program)
                .env("NULLVM_TEST_PRINT_WASMTIME", "1")
                .arg(dir.path(""))
                .arg(&expected)
                .args(&self.bench.names));
            let expected = std::fs::read_to_string(&expected).expect("scenarios.txt");
            for (i, (found, expected)) in lines.lines().zip(expected.lines()).enumerate() {
                assert_eq!(found, expected, "line {} under wasmtime", i + 1);
            }
            assert_eq!(lines, expected);
        }
        out + &run(&mut self.start(&self.program("facts", &["facts_test.cc"], false, &[])))
    }
}

fn real_host() -> Option<Vec<String>> {
    let arguments = std::env::var("NULLVM_CPP_HOST").ok()?;
    Some(arguments.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn cpp17() {
    if cfg!(not(target_arch = "x86_64")) {
        eprintln!("LEFT OUT: packages for x86-64 do not run here");
        return;
    }
    let build = Build::here("17", &["g++"], &["-std=c++17"], Vec::new());
    build.test();
    // The adapter overrides through the host's list of types, whatever is in it.
    for part in ["guest", "host_table", "plugin", "engine"] {
        let unit = bench().dir.path(&format!("package/nullvm/nullvm_{part}.cc"));
        run(build.command().args(["-DSTAND_IN_OLD_LIST", "-fsyntax-only", &unit]));
    }
}

#[test]
fn cpp20() {
    if cfg!(not(target_arch = "x86_64")) {
        eprintln!("LEFT OUT: packages for x86-64 do not run here");
        return;
    }
    let build = Build::here("20", &["g++"], &["-std=c++20"], Vec::new());
    build.test();
}

#[test]
fn clang_and_libcxx() {
    let zig = Command::new("python3").args(["-m", "ziglang", "version"]).output();
    if !zig.is_ok_and(|o| o.status.success()) || cfg!(not(target_arch = "x86_64")) {
        eprintln!("LEFT OUT: no clang with libc++ here; `python3 -m pip install ziglang` brings it");
        return;
    }
    let compiler = ["python3", "-m", "ziglang", "c++"];
    let flags = ["-std=c++20", "-g0", "-fno-sanitize=undefined"];
    Build::here("libcxx", &compiler, &flags, Vec::new()).test();
}

#[test]
#[ignore = "needs an emulator: cargo xtask test-aarch64"]
fn aarch64() {
    let build = Build {
        name: "aarch64",
        compiler: &["aarch64-linux-gnu-g++"],
        flags: &["-std=c++17", "-static"],
        host: Vec::new(),
        bench: bench_aarch64(),
        target: AARCH64,
        emulator: &["qemu-aarch64"],
    };
    build.test();
}

#[test]
fn the_real_host() {
    let Some(host) = real_host() else {
        eprintln!("LEFT OUT: NULLVM_CPP_HOST names no proxy-wasm-cpp-host");
        return;
    };
    let out = Build::here("real", &["g++"], &["-std=c++20", "-O1"], host).test();
    eprintln!("{out}");
}

#[test]
#[ignore = "measures, on the real host"]
fn measure() {
    let host = real_host().expect("NULLVM_CPP_HOST names the real host");
    let dir = &bench().dir;
    // The SDK's headers want the macro and have warnings of their own.
    let flags = ["-std=c++20", "-O2", "-DNULL_PLUGIN=1", "-w"];
    let build = Build::here("bench", &["g++"], &flags, host);
    let program = build.program("bench", &["bench.cc"], true, &["phases", "empty", "get_add"]);
    println!("{}", run(Command::new(program).arg(dir.path("")).args(&bench().names)));
}

/// A syntax check: Starlark's expressions are Python's. Nothing here runs Bazel.
#[test]
fn build_files_parse() {
    let bazel = bench().dir.path("package/BUILD.bazel");
    let check = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
    run(Command::new("python3").args(["-c", check, &bazel]));
}

/// `CMakeLists.txt` finds the plugins and keeps their registrations.
#[test]
fn cmake_builds() {
    let cmake = Command::new("cmake").arg("--version").output();
    if !cmake.is_ok_and(|o| o.status.success()) || cfg!(not(target_arch = "x86_64")) {
        eprintln!("LEFT OUT: no cmake here");
        return;
    }
    let dir = Dir::new("null-vm-cmake");
    for name in ["empty", "trap"] {
        nullvmc(["compile", &filter(name), "-q", "--emit", "null-vm", "-o", &dir.path("package")]).ok();
    }
    dir.write("main.cc", include_str!("../../hosts/envoy-null-vm/tests/cmake/main.cc"));
    dir.write("CMakeLists.txt", include_str!("../../hosts/envoy-null-vm/tests/cmake/CMakeLists.txt"));
    let stand_in = format!("-DSTAND_IN={}", sources().join("stand_in").display());
    run(Command::new("cmake").args(["-S", &dir.path(""), "-B", &dir.path("build"), &stand_in]));
    run(Command::new("cmake").args(["--build", &dir.path("build")]));
    let names = ["empty", "trap"].map(|name| {
        let entry = bench().names.iter().find(|n| n.starts_with(&format!("{name}="))).expect("a plugin");
        entry[name.len() + 1..].to_owned()
    });
    run(Command::new(dir.path("build/host")).args(names));
}

#[test]
fn another_plugin_changes_nothing_of_the_first() {
    let dir = Dir::new("null-vm-two");
    let emit = |name: &str| {
        nullvmc(["compile", &filter(name), "--emit", "null-vm", "-o", &dir.path("out/package")]).ok().err
    };
    let told = emit("empty");
    assert!(told.contains("registered as empty@"), "{told}");
    let shared =
        ["README.md", "BUILD.bazel", "CMakeLists.txt", "nullvm/nullvm_guest.cc", "plugins/empty/plugin.cc"];
    let before = shared.map(|f| dir.read(&format!("out/package/{f}")));
    dir.write("out/package/plugins/mine.txt", "kept");
    emit("trap");
    assert_eq!(shared.map(|f| dir.read(&format!("out/package/{f}"))), before);
    assert_eq!(dir.read("out/package/plugins/mine.txt"), b"kept");
    assert!(dir.read(&format!("out/package/plugins/trap/{TARGET}/trap.o")).starts_with(b"\x7fELF"));
}

#[test]
fn all_or_nothing() {
    let dir = Dir::new("null-vm-nothing");
    let empty = filter("empty");
    // The directory of a file is a file.
    dir.write("file", "x");
    nullvmc(["compile", &empty, "-q", "--emit", "null-vm", "-o", &dir.path("file/package")])
        .error("cannot write");
    // One of the files cannot be written: what was made on the way goes again.
    std::fs::create_dir_all(dir.path("package/plugins/empty/plugin.cc")).expect("a directory in the way");
    nullvmc(["compile", &empty, "-q", "--emit", "null-vm", "-o", &dir.path("package")]).error("plugin.cc");
    assert!(!Path::new(&dir.path("package/nullvm")).exists());
    assert!(!Path::new(&dir.path("package/README.md")).exists());
    // A shim that is not there.
    let other = ["compile", &empty, "-q", "--emit", "null-vm", "--target", "aarch64-unknown-linux-gnu"];
    nullvmc(other.iter().copied().chain(["-o", &dir.path("arm")])).error("no runtime shim");
    assert!(!Path::new(&dir.path("arm")).exists());
    for (arguments, what) in [
        (vec!["--emit", "null-vm,object", "-o", "x"], "goes with no other form"),
        (vec!["--emit", "null-vm", "-o", "-"], "writes a directory"),
        (
            vec!["--emit", "object", "--target", "x86_64-unknown-linux-gnu,aarch64-unknown-linux-gnu"],
            "several targets",
        ),
        (vec!["--emit", "null-vm", "--target", "x86_64-unknown-linux-musl"], "its build files know"),
    ] {
        let outcome = nullvmc(["compile", &empty, "-q"].into_iter().chain(arguments));
        assert_eq!(outcome.code, 2, "{}", outcome.err);
        assert!(outcome.err.contains(what), "{what:?} is not in: {}", outcome.err);
    }
}

/// With the runtime of another target at hand, one package serves both, under one name.
#[test]
fn two_targets() {
    let dir = Dir::new("null-vm-targets");
    let other = "aarch64-unknown-linux-gnu";
    for target in [TARGET, other] {
        std::fs::create_dir_all(dir.path(&format!("lib/nullvm/{target}"))).expect("a sysroot");
        let archive = format!("lib/nullvm/{target}/libnullvm_shim.a");
        dir.write(&archive, format!("!<arch>\n{target}"));
    }
    let both = format!("{TARGET},{other}");
    for (target, out) in [(both.as_str(), "both"), (TARGET, "one")] {
        let output = dir.path(out);
        let command = [
            "compile",
            &filter("empty"),
            "-q",
            "--emit",
            "null-vm",
            "--sysroot",
            &dir.path(""),
            "-o",
            &output,
        ];
        nullvmc(command.into_iter().chain(["--target", target])).ok();
    }
    let mut machines = String::new();
    for target in [TARGET, other] {
        let object = dir.read(&format!("both/plugins/empty/{target}/empty.o"));
        let _ = write!(machines, "{} ", u16::from_le_bytes([object[18], object[19]]));
        assert!(dir.read(&format!("both/nullvm/{target}/libnullvm_shim.a")).ends_with(target.as_bytes()));
    }
    assert_eq!(machines, "62 183 ");
    assert_eq!(dir.read("both/plugins/empty/plugin.cc"), dir.read("one/plugins/empty/plugin.cc"));
}
