//! What it takes to load a precompiled plugin, and what its instances take of memory: bundle and cache against wasmtime's `.cwasm`,
//! and the generic module against V8 in Envoy. `cargo xtask bench-load` runs this and writes its part of `docs/benchmarks.md`.
//!
//! Times are medians of many loads in one process. Memory is that of a process of its own per figure: this program runs itself.

use nullvm::envoy::binary;
use nullvm::envoy::config::{Engine, HttpListener, Plugin as Configured, To, bootstrap};
use nullvm::envoy::module::{generic, wasm};
use nullvm::envoy::process::{Envoy, Launch};
use nullvm_artifact::bundle;
use nullvm_cache::{FileStore, Store};
use nullvm_compiler::{Options, compile, emit};
use nullvm_loader::{Code, Loader, Policy, TARGET, cache_key};
use nullvm_shim::host::HostTable;
use nullvm_shim::{HashCheck, Image, Instance, Limits, Plugin};
use plugin_abi::CallbackId;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Threads that have instances of each plugin, like an Envoy's workers.
const WORKERS: usize = 4;
/// Instances whose memory is measured: alone, a few, those of 1, 10 and 100 plugins on all workers, and many.
const COUNTS: [usize; 6] = [1, WORKERS, 10, 10 * WORKERS, 100 * WORKERS, 1000];

fn module(name: &str) -> Vec<u8> {
    std::fs::read(wasm(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Milliseconds of the work; what it made is dropped behind the clock.
fn time<T>(runs: usize, mut work: impl FnMut() -> T) -> f64 {
    drop(black_box(work()));
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        let made = black_box(work());
        let time = start.elapsed().as_secs_f64() * 1e3;
        drop(made);
        time
    });
    median(times.collect())
}

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        use std::os::unix::fs::DirBuilderExt;
        let path = std::env::temp_dir().join(format!("nullvm-bench-load-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::DirBuilder::new().mode(0o700).create(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn load_times(name: &str, dir: &Path) {
    let wasm = module(name);
    let options = Options { target: Some(TARGET.to_owned()), ..Options::default() };
    let image = emit::image(&compile(&wasm, &options).expect("it compiles")).expect("an image");
    let images = BTreeMap::from([(TARGET.to_owned(), vec![image.clone()])]);
    let key = nullvm_trust::KeyPair::generate();
    let bundle = bundle::attach(&wasm, &images).expect("a bundle");
    let signed = nullvm_trust::sign(&bundle, &key).expect("it signs");
    let path = dir.join(format!("{name}.bundle.wasm"));
    std::fs::write(&path, &signed).expect("writable");
    let store = FileStore::open(&dir.join("cache"), None).expect("a cache");
    let module_sha = nullvm_artifact::module_sha256(&wasm).expect("a module");
    let cache = cache_key(&module_sha, &options).expect("a key");
    store.put(&cache, &image).expect("room");

    let engine = wasmtime::Engine::default();
    let cwasm = dir.join(format!("{name}.cwasm"));
    std::fs::write(&cwasm, engine.precompile_module(&wasm).expect("it compiles")).expect("writable");
    let cwasm_len = std::fs::metadata(&cwasm).expect("written").len();

    let run = |image: Image| Plugin::from_image(image).expect("it loads");
    let cached = |hash| {
        let entry = store.get(&cache).expect("readable").expect("there");
        run(Image::map_file(entry.file.as_raw_fd(), entry.len as usize, hash).expect("it maps"))
    };
    let policy = Policy { allow_precompiled: true, keys: vec![key.public.clone()], ..Policy::default() };
    let loader = Loader::new(policy);
    let code = Code::File(path);
    println!(
        "\n### {name}: {} KB of Wasm, image {} KB, `.cwasm` {} KB\n",
        wasm.len() / 1000,
        image.len() / 1000,
        cwasm_len / 1000
    );
    println!("| | ms |\n|---|---|");
    let row = |what: &str, ms: f64| println!("| {what} | {ms:.3} |");
    row(
        "image of a bundle, in memory: copied into a sealed file, mapped, metadata read; hash apart",
        time(200, || run(Image::map_with(&image, HashCheck::Skip).expect("it maps"))),
    );
    row("the same with its hash", time(100, || run(Image::map(&image).expect("it maps"))));
    row(
        "entry of the cache: found, mapped in place, metadata read; hash apart",
        time(200, || cached(HashCheck::Skip)),
    );
    row("the same with its hash", time(100, || cached(HashCheck::Check)));
    row(
        "signature of the bundle, with the hash of the whole file",
        time(100, || nullvm_trust::verify(&signed, std::slice::from_ref(&key.public)).expect("signed").id()),
    );
    row("SHA-256 of the image alone", time(100, || Sha256::digest(&image)));
    row(
        "everything: signed bundle from a file, by the loader",
        time(50, || loader.load(&code, None).expect("it loads")),
    );
    // SAFETY: a file that this program wrote a moment ago.
    row(
        "wasmtime: `Module::deserialize_file` (no hash, no signature)",
        time(200, || unsafe { wasmtime::Module::deserialize_file(&engine, &cwasm) }.expect("it loads")),
    );
    row(
        "wasmtime: compiled from the Wasm",
        time(3, || wasmtime::Module::new(&engine, &wasm).expect("it compiles")),
    );
    let limits = Limits::default();
    let create = |plugin: &Arc<Plugin>| {
        Instance::new(plugin, &HostTable::EMPTY, std::ptr::null_mut(), &limits).expect("an instance")
    };
    let start = |plugin: &Arc<Plugin>| {
        let instance = create(plugin);
        instance.start().expect("it starts");
        instance
    };
    let call = |plugin: &Arc<Plugin>| {
        let instance = start(plugin);
        instance.call(CallbackId::OnContextCreate, &[1, 0]).expect("a root context");
        instance
    };
    let plugin = cached(HashCheck::Skip);
    row("an instance of it, created", time(200, || create(&plugin)));
    // What a module that is initialised when it is compiled would save, once per worker.
    row("the same, started (`_initialize` or `_start`)", time(200, || start(&plugin)));
    row("the same, with its first callback (`proxy_on_context_create`)", time(200, || call(&plugin)));
    row(
        "from the entry of the cache, hash apart, to the end of that callback, and both dropped",
        time(200, || drop(call(&cached(HashCheck::Skip)))),
    );
    let (count, begin) = (20_000, Instant::now());
    (0..count).for_each(|_| drop(black_box(create(&plugin))));
    let rate = f64::from(count) / begin.elapsed().as_secs_f64();
    println!("\nInstances created and dropped, one after the other: {:.0},000 per second.", rate / 1000.0);
}

/// Proportional set size of this process in KiB: shared pages count in part.
fn pss() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux");
    let line = text.lines().find(|l| l.starts_with("Pss:")).expect("there");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

/// Memory of a plugin with so many instances: printed, in KiB. Run in a process of its own.
fn memory(engine: &str, name: &str, count: usize, path: &Path) {
    let before = pss();
    match engine {
        "nullvm" => {
            let image = std::fs::read(path).expect("an image");
            let plugin = Plugin::from_image(Image::map(&image).expect("it maps")).expect("it loads");
            drop(image);
            let one = |plugin: &Arc<Plugin>| {
                let limits = Limits::default();
                let instance = Instance::new(plugin, &HostTable::EMPTY, std::ptr::null_mut(), &limits);
                instance.expect("an instance")
            };
            let all: Vec<_> = (0..count).map(|_| one(&plugin)).collect();
            println!("{}", pss().saturating_sub(before));
            drop(all);
        }
        "wasmtime" => {
            let engine = wasmtime::Engine::default();
            // SAFETY: a file that the parent wrote.
            let module = unsafe { wasmtime::Module::deserialize_file(&engine, path) }.expect("it loads");
            let mut linker = wasmtime::Linker::new(&engine);
            linker.define_unknown_imports_as_traps(&module).expect("functions");
            let all: Vec<_> = (0..count)
                .map(|_| {
                    let mut store = wasmtime::Store::new(&engine, ());
                    linker.instantiate(&mut store, &module).expect("an instance");
                    store
                })
                .collect();
            println!("{}", pss().saturating_sub(before));
            drop(all);
        }
        other => panic!("{other} {name}"),
    }
}

fn memory_of(engine: &str, name: &str, count: usize, path: &Path) -> u64 {
    let output = Command::new(std::env::current_exe().expect("a program"))
        .args(["--memory", engine, name, &count.to_string()])
        .arg(path)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim().parse().unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn instances(name: &str, dir: &Path) {
    let wasm = module(name);
    let image = dir.join("memory.nvm");
    std::fs::write(
        &image,
        emit::image(&compile(&wasm, &Options::default()).expect("it compiles")).expect("an image"),
    )
    .expect("writable");
    let cwasm = dir.join("memory.cwasm");
    std::fs::write(&cwasm, wasmtime::Engine::default().precompile_module(&wasm).expect("it compiles"))
        .expect("writable");
    println!("\n### Memory of instances of {name} in one process, KiB (Pss) more than before loading\n");
    println!("| instances | nullvm | wasmtime, `.cwasm` |\n|---|---|---|");
    for count in COUNTS {
        let (ours, theirs) =
            (memory_of("nullvm", name, count, &image), memory_of("wasmtime", name, count, &cwasm));
        println!("| {count} | {ours} | {theirs} |");
    }
}

/// An Envoy with so many plugins, each with VMs of its own; milliseconds until it serves, and its resident memory in KiB.
fn envoy(engine: Engine, name: &str, count: usize, file: &Path) -> (f64, u64) {
    let plugins = (0..count).map(|i| {
        let mut more = serde_json::Map::new();
        let code =
            serde_json::json!({ "code": { "local": { "filename": file } }, "allow_precompiled": true });
        more.insert("vm_config".to_owned(), code);
        more.insert("loading".to_owned(), serde_json::json!({ "compile": false }));
        Configured {
            name: format!("p{i}"),
            root_id: String::new(),
            vm_id: format!("vm{i}"),
            wasm: wasm(name),
            module: generic(),
            vm_configuration: String::new(),
            configuration: String::new(),
            environment: Vec::new(),
            failure: None,
            module_only: more,
        }
    });
    let listeners = plugins.map(|plugin| {
        let mut listener = HttpListener::new(&plugin, engine, "");
        listener.to = To::Respond("Hello world".to_owned());
        listener.to_json()
    });
    let config = bootstrap(listeners.collect(), Vec::new());
    let start = Instant::now();
    let launch = Launch { binary: &binary::envoy(), config: &config, concurrency: WORKERS as u32 };
    let envoy = Envoy::start(&launch).unwrap_or_else(|e| panic!("{e:?}"));
    (start.elapsed().as_secs_f64() * 1e3, envoy.resident_kib())
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, engine, name, count, path] = args.as_slice()
        && flag == "--memory"
    {
        return memory(engine, name, count.parse().expect("a number"), Path::new(path));
    }
    let scratch = Scratch::new();
    println!(
        "## Loading precompiled plugins\n\nMedians of 50 to 200 loads in one process; the files are in the page cache, and unloading is not in the time."
    );
    for name in ["add_header", "add_header_go"] {
        load_times(name, &scratch.0);
    }
    for name in ["add_header", "add_header_go"] {
        instances(name, &scratch.0);
    }
    let name = "add_header";
    let bundle = scratch.0.join(format!("{name}.bundle.wasm"));
    println!(
        "\n### Envoy with plugins from the generic module and under V8, {WORKERS} workers, VMs of their own\n"
    );
    println!("Time until Envoy serves, and resident memory; without any plugin the first row.\n");
    println!("| plugins | nullvm: ms | MiB | V8: ms | MiB |\n|---|---|---|---|---|");
    for count in [0, 1, 10, 100] {
        let ((ms, kib), (v8_ms, v8_kib)) =
            (envoy(Engine::Module, name, count, &bundle), envoy(Engine::V8, name, count, &bundle));
        let mib = |kib: u64| kib as f64 / 1024.0;
        println!("| {count} | {ms:.0} | {:.1} | {v8_ms:.0} | {:.1} |", mib(kib), mib(v8_kib));
    }
}
