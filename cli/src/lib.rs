//! `nullvmc`: compiles Proxy-Wasm plugins to native code, inspects and serves them.
//!
//! One module per command. A command reads its input whole, does its work and writes its outputs last, all or none. What
//! goes wrong is a [`CliError`], shown as one message; a panic is a bug and ends with exit code 101.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

#[cfg(feature = "bench")]
mod bench;
mod bundle;
mod cache;
mod compile;
#[cfg(feature = "serve")]
mod envoy_config;
mod envoy_module;
mod error;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "serve")]
mod flags;
mod input;
mod inspect;
mod null_vm;
mod output;
mod progress;
#[cfg(feature = "serve")]
mod serve;
mod shim;
mod sign;
mod verify;

pub use error::CliError;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

/// Where a command talks to people.
pub struct Console<'a> {
    /// What was asked for: reports, text forms.
    pub out: &'a mut (dyn Write + Send),
    /// Errors, summaries, progress.
    pub err: &'a mut (dyn Write + Send),
    /// Whether `err` is a terminal, so that progress may be shown.
    pub progress: bool,
}

/// Compiles Proxy-Wasm plugins (.wasm) ahead of time to sandboxed native code.
#[derive(Parser)]
#[command(name = "nullvmc", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Compile(Box<compile::CompileArgs>),
    Bundle(Box<bundle::BundleArgs>),
    Keygen(sign::KeygenArgs),
    Sign(sign::SignArgs),
    Verify(verify::VerifyArgs),
    Cache(cache::CacheArgs),
    #[cfg(feature = "fetch")]
    Pull(fetch::PullArgs),
    #[cfg(feature = "fetch")]
    Push(fetch::PushArgs),
    Inspect(inspect::InspectArgs),
    Shim(shim::ShimArgs),
    #[cfg(feature = "bench")]
    Bench(Box<bench::BenchArgs>),
    #[cfg(feature = "serve")]
    Serve(Box<serve::ServeArgs>),
    #[cfg(feature = "serve")]
    EnvoyConfig(Box<envoy_config::EnvoyConfigArgs>),
}

/// Exit code of a panic, as Rust's own.
const INTERNAL_ERROR: u8 = 101;

/// Runs a command. `args` starts with the program's name.
///
/// Returns the exit code: 0, 1 for an error, 2 for wrong usage, 101 for a bug.
pub fn main_with_args<I, T>(args: I, console: &mut Console<'_>) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            let out = if e.use_stderr() { &mut console.err } else { &mut console.out };
            let _ = write!(out, "{}", e.render());
            return u8::try_from(e.exit_code()).unwrap_or(2);
        }
    };
    let result = catch_unwind(AssertUnwindSafe(|| match cli.command {
        Command::Compile(args) => compile::run(&args, console),
        Command::Bundle(args) => bundle::run(&args, console),
        Command::Keygen(args) => sign::keygen(&args, console),
        Command::Sign(args) => sign::sign(&args, console),
        Command::Verify(args) => verify::run(&args, console),
        Command::Cache(args) => cache::run(&args, console),
        #[cfg(feature = "fetch")]
        Command::Pull(args) => fetch::pull(&args, console),
        #[cfg(feature = "fetch")]
        Command::Push(args) => fetch::push(&args, console),
        Command::Inspect(args) => inspect::run(&args, console),
        Command::Shim(args) => shim::run(&args, console),
        #[cfg(feature = "bench")]
        Command::Bench(args) => bench::run(*args, console),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(*args, console),
        #[cfg(feature = "serve")]
        Command::EnvoyConfig(args) => envoy_config::run(&args, console),
    }));
    match result {
        Ok(Ok(())) => 0,
        // Whoever reads our output has seen enough.
        Ok(Err(CliError::Print(e))) if e.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Ok(Err(e)) => {
            let _ = writeln!(console.err, "error: {e}");
            e.exit_code()
        }
        Err(_) => INTERNAL_ERROR,
    }
}

/// The panic hook of the binary: one line that says whose fault it is.
pub fn report_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("no message");
    // Its cause has been reported already.
    if message == "a scoped thread panicked" {
        return;
    }
    let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "error: internal error: {message}{place}; this is a bug in nullvmc, please report it with the command and its input"
    );
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|v| v != "0") {
        let _ = writeln!(std::io::stderr(), "{}", std::backtrace::Backtrace::force_capture());
    }
}
