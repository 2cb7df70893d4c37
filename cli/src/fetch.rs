//! `nullvmc pull` and `nullvmc push`.

use crate::input::Input;
use crate::output::{self, Output};
use crate::{CliError, Console};
use clap::Args;
use nullvm_artifact::Bundle;
use nullvm_fetch::{Fetcher, Layout, Options, Sha256, Source, parse_reference};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Get a plugin or bundle from an HTTP server or an OCI registry
///
/// Over HTTP the file's SHA-256 must be given, as in Envoy's code.remote. Images are read in both layouts that Istio's WasmPlugin
/// reads; for them the SHA-256 is that of the manifest. Nothing is written that was not checked.
#[derive(Args)]
pub struct PullArgs {
    /// https://HOST/PATH, or oci://HOST/REPOSITORY[:TAG][@sha256:DIGEST]
    #[arg(value_name = "SOURCE")]
    source: String,

    /// SHA-256 of the file, or of the image's manifest
    #[arg(long, value_name = "HEX")]
    sha256: Option<Sha256>,

    /// Where to write
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,

    #[command(flatten)]
    network: NetworkArgs,
}

/// Put a plugin or bundle into an OCI registry
#[derive(Args)]
pub struct PushArgs {
    /// The plugin or bundle, or - for standard input
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    /// oci://HOST/REPOSITORY[:TAG]
    #[arg(value_name = "REFERENCE")]
    reference: String,

    /// As an ordinary container image with plugin.wasm in it, not as a Wasm artifact
    #[arg(long)]
    compat: bool,

    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Args)]
struct NetworkArgs {
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,

    /// Certificates (PEM) to trust besides the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Speak to registries without TLS that do not offer it
    #[arg(long)]
    insecure: bool,
}

impl NetworkArgs {
    fn fetcher(&self) -> Result<Fetcher, CliError> {
        let options =
            Options { ca_file: self.ca_file.clone(), insecure: self.insecure, ..Options::default() };
        Fetcher::new(options).map_err(|e| CliError::Usage(e.to_string()))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_secs(u64::from(self.timeout))
    }
}

/// Runs `pull`.
pub fn pull(args: &PullArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let source = Source::parse(&args.source, args.sha256).map_err(|e| CliError::Usage(e.to_string()))?;
    output::check(std::slice::from_ref(&args.output), None::<&Path>)?;
    let fetched = args.network.fetcher()?.fetch(&source, args.network.deadline())?;
    let text = format!("{} -> {} (sha256 {})\n", fetched.origin, args.output.display(), fetched.sha256);
    output::write_all(&[Output { path: args.output.clone(), bytes: fetched.bytes }])?;
    console.err.write_all(text.as_bytes())?;
    Ok(())
}

/// Runs `push`.
pub fn push(args: &PushArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let reference = parse_reference(&args.reference).map_err(|e| CliError::Usage(e.to_string()))?;
    let input = Input::read(&args.file)?;
    // What is no module, or a damaged one, would be found by hosts only.
    Bundle::parse(&input.bytes)
        .and_then(|bundle| bundle.verify_known())
        .map_err(|source| CliError::Bundle { file: input.name.clone(), source })?;
    let layout = if args.compat { Layout::Compat } else { Layout::Oci };
    let pushed = args.network.fetcher()?.push(&reference, &input.bytes, layout, args.network.deadline())?;
    writeln!(console.out, "{pushed}")?;
    Ok(())
}
