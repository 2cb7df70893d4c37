//! Development tasks: `cargo xtask help`.
#![forbid(unsafe_code)]

mod aarch64;
mod bench;
mod bench_envoy;
mod bench_kernels;
mod bench_printed;
mod envoy;
mod page;
mod shim;
mod test;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need, then run everything that has to hold
    Test,
    /// Build the shim for aarch64 and run the tests that are for it, under qemu
    TestAarch64,
    /// Install the Envoy binaries that the tests run
    Envoy {
        /// Versions [default: all that the tests use]
        versions: Vec<String>,
    },
    /// Run the benches and write their part of docs/benchmarks.md
    Bench {
        /// Do not run them: write the page from what the last run left
        #[arg(long)]
        last: bool,
    },
    /// Compare the code of the kernels with other engines' and with C compilers', and write that part of docs/benchmarks.md
    BenchKernels,
    /// Compare time, memory and code of the compiler with wasmtime's, and write that part of docs/benchmarks.md
    BenchCompile,
    /// Measure loading and the memory of instances, and write that part of docs/benchmarks.md
    BenchLoad,
    /// Measure in Envoy what a filter costs (CPU, memory, latency), and write that part of docs/benchmarks.md
    BenchEnvoy(bench_envoy::Options),
    /// Build the runtime shim and the Envoy adapter for a target, for a --sysroot of nullvmc
    Shim {
        /// Target triple
        #[arg(long, value_name = "TRIPLE")]
        target: String,
        /// The sysroot: they go to lib/nullvm/TRIPLE below it
        #[arg(long, value_name = "DIR", default_value = "target/sysroot")]
        sysroot: PathBuf,
    },
    /// Write the modules with extreme sizes that the compiler is tested with
    Extremes {
        /// Directory for them; made if it does not exist
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Write these only
        names: Vec<String>,
    },
    /// Rebuild the example filters from their sources (filters/build.py)
    Filters {
        /// Passed on to the script
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Test => test::run(root()),
        Task::TestAarch64 => aarch64::run(root()),
        Task::Envoy { versions } => envoys(&versions),
        Task::Bench { last } => bench::run(root(), last),
        Task::BenchKernels => bench_kernels::run(root()),
        Task::BenchLoad => bench_printed::run(root(), "loading", "bench-load"),
        Task::BenchCompile => bench_printed::run(root(), "compiling", "bench-compile"),
        Task::BenchEnvoy(options) => bench_envoy::run(root(), &options),
        Task::Shim { target, sysroot } => shim::run(root(), &target, &sysroot),
        Task::Extremes { out, names } => extremes(&out, &names),
        Task::Filters { args } => filters(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

fn envoys(versions: &[String]) -> Result<(), String> {
    let asked: Vec<&str> = versions.iter().map(String::as_str).collect();
    envoy::install(root(), if asked.is_empty() { envoy::VERSIONS } else { &asked })
}

fn extremes(out: &Path, names: &[String]) -> Result<(), String> {
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let known = xtask::extremes::EXTREMES;
    if let Some(unknown) = names.iter().find(|n| known.iter().all(|e| e.name != **n)) {
        let all: Vec<_> = known.iter().map(|e| e.name).collect();
        return Err(format!("there is no {unknown:?}; there are {}", all.join(", ")));
    }
    std::fs::create_dir_all(out).map_err(|e| failed(out, e))?;
    for extreme in known.iter().filter(|e| names.is_empty() || names.iter().any(|n| n == e.name)) {
        let wasm = extreme.wasm();
        let path = out.join(extreme.name).with_extension("wasm");
        std::fs::write(&path, &wasm).map_err(|e| failed(&path, e))?;
        println!("{:>10} bytes  {}: {}", wasm.len(), path.display(), extreme.reach);
    }
    Ok(())
}

fn filters(args: &[String]) -> Result<(), String> {
    let script = root().join("filters/build.py");
    let status = Command::new("python3")
        .arg(&script)
        .args(args)
        .status()
        .map_err(|e| format!("cannot run python3 {}: {e}", script.display()))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", script.display())) }
}
