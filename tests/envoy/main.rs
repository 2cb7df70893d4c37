//! The filters in the real Envoy: under its own Wasm filter (V8), and as modules.
//!
//! `parity` runs the same requests through both and compares what can be seen; `load`, `other_hooks`, `policy` and `tutorial` look at what has
//! no counterpart. The binary comes from `cargo xtask envoy`, which `cargo xtask test` runs; without one these tests fail.

mod cases;
mod compare;
mod differences;
mod fleet;
mod generic;
mod load;
mod other_hooks;
mod parity;
mod policy;
mod scenarios;
mod side;
mod tutorial;

use nullvm::envoy::module::Compiler;
use nullvm_cli::{Console, main_with_args};

/// The compiler under test.
fn compiler() -> Compiler {
    Compiler::new(run)
}

fn run(args: &[String]) -> Result<(), String> {
    outcome(args).map(drop)
}

/// What a command printed, or its error.
fn outcome(args: &[String]) -> Result<String, String> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console { out: &mut out, err: &mut err, progress: false };
    let program = std::iter::once("nullvmc".to_owned());
    match main_with_args(program.chain(args.iter().cloned()), &mut console) {
        0 => Ok(String::from_utf8_lossy(&out).into_owned()),
        code => Err(format!("exit code {code}: {}", String::from_utf8_lossy(&err))),
    }
}

/// Runs `nullvmc`, in this process.
fn nullvmc(args: &[&str]) {
    printed(args);
}

/// Runs `nullvmc`, in this process: what it printed.
fn printed(args: &[&str]) -> String {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    outcome(&args).unwrap_or_else(|e| panic!("nullvmc {}: {e}", args.join(" ")))
}
