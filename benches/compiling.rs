//! Compilers side by side: time, peak memory and size of the code, over modules from some kilobytes to megabytes, on one thread and on two.
//! `cargo xtask bench-compile` runs this and writes its part of `docs/benchmarks.md`.
//!
//! Each figure is of processes of its own: this program runs itself. Times are the fastest of several processes' own, without
//! starting and reading; memory is the most that the process had.
//!
//! Besides, once, where Debian's wabt and clang are: the same modules by `wasm2c` and `clang -O3`. That is what an LLVM back end would
//! have to do, in its simplest form.

use nullvm_compiler::Options;
use object::{Object, ObjectSection};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const RUNS: usize = 5;

fn modules() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let filter =
        |name: &str| (name.to_owned(), root.join("filters/prebuilt").join(name).with_extension("wasm"));
    let kernels = ("kernels".to_owned(), root.join("benches/kernels/kernels.wasm"));
    vec![
        filter("add_header_as"),
        kernels,
        filter("get_add"),
        filter("add_header"),
        filter("add_header_cpp"),
        filter("add_header_go"),
    ]
}

/// One compilation: milliseconds, peak KiB above what the process had before, bytes of code.
fn compile(engine: &str, threads: usize, path: &Path) {
    let wasm = std::fs::read(path).expect("readable");
    let before = peak();
    let start = Instant::now();
    let code = match engine {
        "nullvm" => {
            let options = Options {
                jobs: threads,
                checks: false,
                stub_unknown_imports: true,
                // As wasmtime compiles: for this processor.
                cpu: Some("native".to_owned()),
                ..Options::default()
            };
            let module = nullvm_compiler::compile(&wasm, &options).expect("it compiles");
            module.text.len()
        }
        "wasmtime" => {
            let mut config = wasmtime::Config::new();
            config.parallel_compilation(threads > 1);
            let engine = wasmtime::Engine::new(&config).expect("an engine");
            let bytes = engine.precompile_module(&wasm).expect("it compiles");
            let file = object::File::parse(&*bytes).expect("an ELF file");
            file.section_by_name(".text").map_or(0, |s| s.size() as usize)
        }
        "wasm2c" => return by_llvm(path),
        other => panic!("{other}"),
    };
    println!("{} {} {code}", start.elapsed().as_secs_f64() * 1e3, peak().saturating_sub(before));
}

/// Where Debian has the runtime of wasm2c.
const WASM2C_RUNTIME: &str = "/usr/share/wabt/wasm2c";

fn has_llvm() -> bool {
    let there = |program| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    there("wasm2c") && there("clang") && Path::new(WASM2C_RUNTIME).exists()
}

/// As [`compile`], by way of C.
fn by_llvm(path: &Path) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("by-llvm");
    std::fs::create_dir_all(&dir).expect("a directory");
    let (c, out) = (dir.join("module.c"), dir.join("module.o"));
    let run = |command: &mut Command| {
        let status = command.status().expect("it runs");
        assert!(status.success(), "{command:?}: {status}");
    };
    let start = Instant::now();
    run(Command::new("wasm2c").arg(path).args(["-n", "module", "-o"]).arg(&c));
    let flags = ["-O3", "-fPIC", "-c", "-w", "-D_GNU_SOURCE", "-I", WASM2C_RUNTIME, "-o"];
    run(Command::new("clang").args(flags).arg(&out).arg(&c));
    let ms = start.elapsed().as_secs_f64() * 1e3;
    // SAFETY: fills in the structure.
    let children = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage), 0);
        usage
    };
    let object = std::fs::read(&out).expect("clang wrote it");
    let file = object::File::parse(&*object).expect("an ELF file");
    let code: u64 = file.sections().filter(|s| s.kind() == object::SectionKind::Text).map(|s| s.size()).sum();
    println!("{ms} {} {code}", children.ru_maxrss);
}

/// `VmHWM` in KiB.
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find(|l| l.starts_with("VmHWM:")).expect("there");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

struct Figures {
    ms: f64,
    kib: u64,
    code: u64,
}

fn measure(engine: &str, threads: usize, path: &Path, runs: usize) -> Figures {
    let mut best = Figures { ms: f64::INFINITY, kib: u64::MAX, code: 0 };
    for _ in 0..runs {
        let output = Command::new(std::env::current_exe().expect("a program"))
            .args(["--compile", engine, &threads.to_string()])
            .arg(path)
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [ms, kib, code] = numbers[..] else {
            panic!("{engine}, {}: {text}{}", path.display(), String::from_utf8_lossy(&output.stderr));
        };
        best = Figures { ms: best.ms.min(ms), kib: best.kib.min(kib as u64), code: code as u64 };
    }
    best
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, engine, threads, path] = args.as_slice()
        && flag == "--compile"
    {
        return compile(engine, threads.parse().expect("a number"), Path::new(path));
    }
    println!(
        "## Compiling\n\nnullvmc's compiler and wasmtime's (Cranelift both, full optimisation, for this processor), on one thread and on two. Each \
         figure is the best of {RUNS} processes: the time of the compilation alone, and the most memory that it took. Code is the machine code; \
         wasmtime's has its trampolines in it, ours its entry adapters.\n"
    );
    println!(
        "| module | KB | nullvm 1: ms | MB/s | MiB | wasmtime 1: ms | MiB | ratio | nullvm 2: ms | wasmtime 2: ms | ratio | code KB | wasmtime's KB | ratio |"
    );
    println!("|{}", "---|".repeat(14));
    let mut ratios = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let mut llvm = String::new();
    let has_llvm = has_llvm();
    for (name, path) in modules() {
        let bytes = std::fs::metadata(&path).expect("there").len() as f64;
        let [ours, theirs] = ["nullvm", "wasmtime"].map(|engine| measure(engine, 1, &path, RUNS));
        let [ours2, theirs2] = ["nullvm", "wasmtime"].map(|engine| measure(engine, 2, &path, RUNS));
        let mib = |kib: u64| kib as f64 / 1024.0;
        println!(
            "| {name} | {:.0} | {:.1} | {:.2} | {:.1} | {:.1} | {:.1} | {:.2} | {:.1} | {:.1} | {:.2} | {:.0} | {:.0} | {:.2} |",
            bytes / 1e3,
            ours.ms,
            bytes / 1e3 / ours.ms,
            mib(ours.kib),
            theirs.ms,
            mib(theirs.kib),
            ours.ms / theirs.ms,
            ours2.ms,
            theirs2.ms,
            ours2.ms / theirs2.ms,
            ours.code as f64 / 1e3,
            theirs.code as f64 / 1e3,
            ours.code as f64 / theirs.code as f64,
        );
        if has_llvm {
            let by_llvm = measure("wasm2c", 1, &path, 1);
            let _ = writeln!(
                llvm,
                "| {name} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} | {:.2} |",
                ours.ms,
                by_llvm.ms,
                by_llvm.ms / ours.ms,
                mib(by_llvm.kib),
                by_llvm.code as f64 / 1e3,
                by_llvm.code as f64 / ours.code as f64,
            );
        }
        ratios[0].push(ours.ms / theirs.ms);
        ratios[1].push(ours2.ms / theirs2.ms);
        ratios[2].push(ours.kib as f64 / theirs.kib as f64);
        ratios[3].push(ours.code as f64 / theirs.code as f64);
    }
    println!("\n| geometric mean over the modules | ratio to wasmtime | target | |\n|---|---|---|---|");
    let targets =
        [("time, 1 thread", 1.0), ("time, 2 threads", 1.0), ("peak memory", 1.0), ("size of the code", 1.05)];
    for ((what, most), ratios) in targets.into_iter().zip(&ratios) {
        let mean = (ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64).exp();
        let met = if mean <= most { "met" } else { "not met" };
        println!("| {what} | {mean:.2} | at most {most} | {met} |");
    }
    if has_llvm {
        println!(
            "\nThe same modules by wasm2c and `clang -O3`, once each: what an LLVM back end would cost ([decision \
             0015](decisions/0015-llvm.md)). Memory is that of clang, code is for the base x86-64. wasm2c's code relies on guard pages, as ours does, but has no \
             table of traps, no unwinding through the guest and no checks for interrupts.\n"
        );
        println!(
            "| module | nullvm 1: ms | wasm2c and clang: ms | times | MiB | code KB | times |\n|{}",
            "---|".repeat(7)
        );
        print!("{llvm}");
    }
}
