//! Code quality: the kernels of `benches/kernels`, one C source each, as native code and as Wasm in every engine that is there.
//!
//! `cargo xtask bench-kernels` runs this and writes its part of `docs/benchmarks.md`. Before anything is timed, all engines must
//! have given the same checksums. What this machine does not have (clang, wabt, node) is left out, and said to be.

#[path = "host/mod.rs"]
mod host;

use criterion::{Criterion, criterion_group, criterion_main};
use nullvm_compiler::{Bounds, Options, Traps};
use std::ffi::{CString, c_void};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Something that runs kernels.
trait Engine {
    /// The checksum of so many rounds.
    fn run(&mut self, kernel: &str, rounds: u32) -> u32;

    /// How long so many calls of one round each take.
    fn time(&mut self, kernel: &str, calls: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            std::hint::black_box(self.run(kernel, 1));
        }
        start.elapsed()
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/kernels")
}

fn module() -> Vec<u8> {
    std::fs::read(directory().join("kernels.wasm")).expect("benches/kernels/kernels.wasm is checked in")
}

/// Names of the kernels, as the module exports them.
fn kernels() -> Vec<String> {
    let module = module();
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&module) {
        if let Ok(wasmparser::Payload::ExportSection(exports)) = payload {
            names.extend(exports.into_iter().flatten().map(|e| e.name.to_owned()));
        }
    }
    names.retain(|name| name.starts_with("k_"));
    names
}

/// Machine code by a C compiler: of the sources, or of what `wasm2c` makes of the module.
struct Shared(*mut c_void);

impl Shared {
    /// Built by `build.py`; `None` where the tools for it are missing.
    fn build(form: &str, cc: &str) -> Option<Self> {
        let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !there(cc) || (form == "--wasm2c" && !there("wasm2c")) {
            return None;
        }
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kernels{form}-{cc}.so"));
        let mut build = Command::new("python3");
        build.arg(directory().join("build.py")).arg(form).arg(&out).args(["--cc", cc]);
        let output = build.output().expect("python3 is there");
        assert!(output.status.success(), "{build:?}: {}", String::from_utf8_lossy(&output.stderr));
        let path = CString::new(out.to_str().expect("UTF-8")).expect("no zero byte");
        // SAFETY: a library that was built a moment ago, without initialisers.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{} cannot be loaded", out.display());
        Some(Self(handle))
    }

    fn function(&self, kernel: &str) -> extern "C" fn(u32) -> u32 {
        let name = CString::new(kernel).expect("no zero byte");
        // SAFETY: the handle is never closed; all kernels have this signature.
        let symbol = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!symbol.is_null(), "{kernel} is not there");
        // SAFETY: as above.
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn(u32) -> u32>(symbol) }
    }
}

impl Engine for Shared {
    fn run(&mut self, kernel: &str, rounds: u32) -> u32 {
        self.function(kernel)(rounds)
    }

    fn time(&mut self, kernel: &str, calls: u64) -> Duration {
        let function = self.function(kernel);
        let start = Instant::now();
        for _ in 0..calls {
            std::hint::black_box(function(std::hint::black_box(1)));
        }
        start.elapsed()
    }
}

struct Ours(Box<nullvm_shim::Instance>);

impl Engine for Ours {
    fn run(&mut self, kernel: &str, rounds: u32) -> u32 {
        let mut values = [nullvm_shim::Value::from_u32(rounds)];
        self.0.invoke(kernel, &mut values).expect("no trap");
        values[0].u32()
    }
}

struct Wasmtime(wasmtime::Store<()>, wasmtime::Instance);

impl Wasmtime {
    fn new() -> Self {
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, module()).expect("it compiles");
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = wasmtime::Instance::new(&mut store, &module, &[]).expect("an instance");
        Self(store, instance)
    }
}

impl Engine for Wasmtime {
    fn run(&mut self, kernel: &str, rounds: u32) -> u32 {
        let function = self.1.get_typed_func::<u32, u32>(&mut self.0, kernel).expect("exported");
        function.call(&mut self.0, rounds).expect("no trap")
    }
}

struct Wasmi(wasmi::Store<()>, wasmi::Instance);

impl Wasmi {
    fn new() -> Self {
        let engine = wasmi::Engine::default();
        let module = wasmi::Module::new(&engine, module()).expect("it translates");
        let mut store = wasmi::Store::new(&engine, ());
        let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module);
        let instance = instance.expect("an instance");
        Self(store, instance)
    }
}

impl Engine for Wasmi {
    fn run(&mut self, kernel: &str, rounds: u32) -> u32 {
        let function = self.1.get_typed_func::<u32, u32>(&self.0, kernel).expect("exported");
        function.call(&mut self.0, rounds).expect("no trap")
    }
}

/// V8 in node, in a process of its own that times itself.
struct V8 {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl V8 {
    fn new() -> Option<Self> {
        // Optimised from the start, as the other engines are.
        let mut child = Command::new("node")
            .args(["--no-liftoff", "--no-wasm-lazy-compilation"])
            .arg(directory().join("v8.mjs"))
            .arg(directory().join("kernels.wasm"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (to, from) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Self { child, to, from })
    }

    fn ask(&mut self, kernel: &str, rounds: u32, calls: u64) -> (Duration, u32) {
        writeln!(self.to, "{} {rounds} {calls}", kernel.trim_start_matches("k_")).expect("node listens");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("node answers");
        let answer: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let number = |key: &str| answer[key].as_u64().unwrap_or_else(|| panic!("{line}"));
        (Duration::from_nanos(number("ns")), number("result") as u32)
    }
}

impl Engine for V8 {
    fn run(&mut self, kernel: &str, rounds: u32) -> u32 {
        self.ask(kernel, rounds, 1).1
    }

    fn time(&mut self, kernel: &str, calls: u64) -> Duration {
        self.ask(kernel, 1, calls).0
    }
}

impl Drop for V8 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn engines() -> Vec<(&'static str, Box<dyn Engine>)> {
    let ours = |options: Options| -> Box<dyn Engine> {
        Box::new(Ours(host::native(&module(), &Options { checks: false, ..options })))
    };
    let mut all: Vec<(&'static str, Box<dyn Engine>)> = Vec::new();
    let mut add = |name: &'static str, engine: Option<Box<dyn Engine>>| match engine {
        Some(engine) => all.push((name, engine)),
        None => eprintln!("{name}: left out, its tools are not on this machine"),
    };
    let shared = |form, cc| Shared::build(form, cc).map(|shared| -> Box<dyn Engine> { Box::new(shared) });
    add("clang", shared("--native", "clang"));
    add("gcc", shared("--native", "gcc"));
    add("nullvm", Some(ours(Options::default())));
    add("nullvm native", Some(ours(Options { cpu: Some("native".to_owned()), ..Options::default() })));
    let explicit = Options { bounds: Bounds::Explicit, traps: Traps::Call, ..Options::default() };
    add("nullvm explicit", Some(ours(Options { traps: Traps::Signal, ..explicit.clone() })));
    add("nullvm explicit, no signals", Some(ours(explicit)));
    add("nullvm interruptible", Some(ours(Options { interruptible: true, ..Options::default() })));
    add("wasmtime", Some(Box::new(Wasmtime::new())));
    add("wasm2c clang", shared("--wasm2c", "clang"));
    add("wasm2c gcc", shared("--wasm2c", "gcc"));
    add("V8", V8::new().map(|v8| -> Box<dyn Engine> { Box::new(v8) }));
    add("wasmi", Some(Box::new(Wasmi::new())));
    all
}

fn bench(c: &mut Criterion) {
    let mut engines = engines();
    for kernel in kernels() {
        for rounds in [1, 2, 1] {
            let mut results = engines.iter_mut().map(|(name, engine)| (*name, engine.run(&kernel, rounds)));
            let (first, expected) = results.next().expect("an engine");
            for (name, result) in results {
                assert_eq!(result, expected, "{kernel}, {rounds} rounds: {name} and {first} differ");
            }
        }
        let mut group = c.benchmark_group(format!("kernel {}", kernel.trim_start_matches("k_")));
        for (name, engine) in &mut engines {
            group.bench_function(*name, |b| b.iter_custom(|calls| engine.time(&kernel, calls)));
        }
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(250))
        .sample_size(15)
        // Its cost is more than that of the measurement.
        .nresamples(2000)
}

criterion_group! { name = benches; config = config(); targets = bench }
criterion_main!(benches);
