//! `nullvmc inspect`: what a file holds. Reports; what makes a module unusable as a plugin is part of the report, not an error.

mod artifact;
mod bundle;
mod envoy;
mod sdk;
mod text;
mod wasm;

use crate::input::Input;
use crate::{CliError, Console};
use clap::{Args, ValueEnum};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Show what a plugin (.wasm) or an artifact (bundle, object, archive, image, Envoy module) holds
///
/// Fails for files that are none of these or damaged. Imports that no host offers, wrong signatures and the like are reported.
#[derive(Args)]
pub struct InspectArgs {
    /// The file, or - for standard input
    file: PathBuf,

    /// For people or for programs; the keys of the JSON object stay as they are
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The report. `kind` tells which: `wasm`, `image`, `object`, `linked`, `archive`, `envoy_module`.
#[derive(Serialize)]
struct Report {
    file: String,
    size: usize,
    sha256: String,
    #[serde(flatten)]
    content: Content,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Content {
    Wasm(Box<wasm::WasmReport>),
    Image(artifact::ImageReport),
    Object(artifact::ElfReport),
    Linked(artifact::ElfReport),
    Archive(artifact::ArchiveReport),
    EnvoyModule(envoy::EnvoyModuleReport),
}

/// Runs the command.
pub fn run(args: &InspectArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let input = Input::read(&args.file)?;
    let failed = |message: String| CliError::Inspect { file: input.name.clone(), message };
    let content = match artifact::report(&input.bytes) {
        Some(report) => report,
        None => wasm::report(&input.bytes).map(|r| Content::Wasm(Box::new(r))).map_err(|e| e.to_string()),
    }
    .map_err(failed)?;
    let report = Report {
        file: input.name.clone(),
        size: input.bytes.len(),
        sha256: hex(&Sha256::digest(&input.bytes)),
        content,
    };
    match args.format {
        Format::Text => console.out.write_all(text::render(&report).as_bytes())?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *console.out, &report).map_err(std::io::Error::from)?;
            writeln!(console.out)?;
        }
    }
    console.out.flush()?;
    // The report is out; a script must notice all the same.
    match &report.content {
        Content::Image(image) if image.hash.status == artifact::HashStatus::Mismatch => Err(failed(
            "its content hash does not match: it is damaged or was changed, no host will load it".to_owned(),
        )),
        Content::Wasm(wasm) => match &wasm.bundle.problem {
            Some(problem) => {
                Err(failed(format!("the native code in it is damaged or cannot be read: {problem}")))
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

pub(crate) use envoy::plugin_note;

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A linear memory, in pages of 64 KiB.
#[derive(Serialize)]
struct MemoryPlan {
    min_pages: u32,
    max_pages: Option<u32>,
}
