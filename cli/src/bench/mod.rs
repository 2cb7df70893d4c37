//! `nullvmc bench`: what a plugin costs per request, natively, under a JIT and under an interpreter.
//!
//! The reference host drives every engine through the same streams, without a network. Before anything is timed all engines must
//! have done the same with every request.

mod html;
mod measure;
mod report;
mod stats;
mod traffic;

use crate::flags::{CodeArgs, EngineArg, LimitArgs, PluginArgs};
use crate::input::Input;
use crate::output::{self, Output};
use crate::serve::plugin_config;
use crate::{CliError, Console};
use clap::{Args, ValueEnum};
use nullvm_host::EngineKind;
use nullvm_host::engine::LoadOptions;
use std::path::PathBuf;
use traffic::TrafficArgs;

/// Measure what a plugin costs per request, in native code and in other engines
///
/// Runs the plugin in the host of `nullvmc serve`, without a network, one request after the other, and times whole requests: all
/// callbacks from the request's headers to the end of the stream. Engines take turns in short slices. Plugins that pause a
/// request for a call to another service see that call fail.
#[derive(Args)]
pub struct BenchArgs {
    /// The plugin, or - for standard input
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    /// Engines to compare [default: all of this build]
    #[arg(long, value_enum, value_delimiter = ',')]
    engine: Vec<EngineArg>,

    /// How long to measure, in seconds per engine
    #[arg(long, default_value = "3", value_parser = seconds)]
    seconds: f64,

    /// Write a report with plots to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// For people or for programs
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    #[command(flatten)]
    traffic: TrafficArgs,

    #[command(flatten)]
    plugin: PluginArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    code: CodeArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if (0.05..=3600.0).contains(&n) => Ok(n),
        _ => Err("give 0.05 to 3600 seconds".to_owned()),
    }
}

/// Runs the command.
pub fn run(args: BenchArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let input = Input::read(&args.file)?;
    if let Some(path) = &args.html {
        output::check(std::slice::from_ref(path), input.path.as_deref())?;
    }
    let exchanges = args.traffic.exchanges()?;
    let engines = engines(&args.engine)?;
    let name = args.plugin.name.clone().or_else(|| input.stem()).unwrap_or_else(|| "plugin".to_owned());
    let setup = measure::Setup {
        wasm: &input.bytes,
        load: LoadOptions { interruptible: args.limits.deadline.is_some(), ..args.code.load_options() },
        plugin: plugin_config(name, args.plugin)?,
        limits: args.limits.guest(),
        seconds: args.seconds,
    };
    let failed = |message: String| CliError::Bench { file: input.name.clone(), message };
    let measured = measure::run(&setup, &engines, &exchanges).map_err(failed)?;
    let report = report::Report::new(&input, &exchanges, &measured);
    match args.format {
        Format::Text => console.out.write_all(report.text().as_bytes())?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&report).expect("numbers and text");
            writeln!(console.out, "{text}")?;
        }
    }
    console.out.flush()?;
    if let Some(path) = &args.html {
        let bytes = html::page(&report, &measured).map_err(failed)?.into_bytes();
        output::write_all(&[Output { path: path.clone(), bytes }])?;
        writeln!(console.err, "wrote {}", path.display())?;
    }
    Ok(())
}

/// Each once, in the order in which they were asked for.
fn engines(asked: &[EngineArg]) -> Result<Vec<EngineKind>, CliError> {
    if asked.is_empty() {
        return Ok(EngineKind::available().to_vec());
    }
    let mut engines = Vec::new();
    for arg in asked {
        let kind = arg.kind()?;
        if !engines.contains(&kind) {
            engines.push(kind);
        }
    }
    Ok(engines)
}
