//! The runtime shim that nullvmc carries, where those of other targets are found, and `nullvmc shim`.

use crate::output::{self, Output};
use crate::{CliError, Console};
use clap::Args;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Built by build.rs for the target of nullvmc itself; empty where that was not possible.
const EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libnullvm_shim.a"));

/// The Envoy adapter, as [`EMBEDDED`].
const EMBEDDED_ADAPTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libnullvm_envoy_module.a"));

/// What these were built for.
pub const EMBEDDED_TARGET: &str = env!("NULLVM_SHIM_TARGET");

/// `nullvm.h`
pub const HEADER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/nullvm.h"));

const ARCHIVE_NAME: &str = "libnullvm_shim.a";

/// The Envoy adapter, with the shim inside.
pub const ADAPTER_NAME: &str = "libnullvm_envoy_module.a";

/// Write libnullvm_shim.a and nullvm.h, what a program needs to link and call compiled plugins
#[derive(Args)]
pub struct ShimArgs {
    /// Directory to write to
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,

    /// Target triple [default: this machine]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,

    /// Directory with lib/nullvm/TARGET/libnullvm_shim.a, for other targets
    #[arg(long, value_name = "DIR")]
    sysroot: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &ShimArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let shim = archive(args.target.as_deref().unwrap_or(EMBEDDED_TARGET), args.sysroot.as_deref())?;
    let outputs = [
        Output { path: args.output.join(ARCHIVE_NAME), bytes: shim.into_owned() },
        Output { path: args.output.join("nullvm.h"), bytes: HEADER.to_vec() },
    ];
    output::check(&outputs.each_ref().map(|o| o.path.clone()), None)?;
    output::write_all(&outputs)?;
    for output in &outputs {
        writeln!(console.out, "{}", output.path.display())?;
    }
    Ok(())
}

/// The shim's archive for a target.
pub fn archive(target: &str, sysroot: Option<&Path>) -> Result<Cow<'static, [u8]>, CliError> {
    find("runtime shim", ARCHIVE_NAME, EMBEDDED, target, sysroot)
}

/// The Envoy adapter's archive for a target.
pub fn envoy_adapter(target: &str, sysroot: Option<&Path>) -> Result<Cow<'static, [u8]>, CliError> {
    find("Envoy adapter", ADAPTER_NAME, EMBEDDED_ADAPTER, target, sysroot)
}

fn find(
    what: &'static str,
    file: &'static str,
    embedded: &'static [u8],
    target: &str,
    sysroot: Option<&Path>,
) -> Result<Cow<'static, [u8]>, CliError> {
    let below = |root: &Path| root.join("lib/nullvm").join(target).join(file);
    let mut tried = Vec::new();
    if let Some(sysroot) = sysroot {
        tried.push(below(sysroot));
    } else if target == EMBEDDED_TARGET && !embedded.is_empty() {
        return Ok(Cow::Borrowed(embedded));
    } else if let Some(directory) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        tried.push(below(directory));
        // An executable in bin/ has its libraries in lib/ beside it.
        if directory.file_name().is_some_and(|n| n == "bin")
            && let Some(prefix) = directory.parent()
        {
            tried.push(below(prefix));
        }
    }
    for path in &tried {
        match std::fs::read(path) {
            Ok(bytes) => return Ok(Cow::Owned(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(CliError::Read { file: path.display().to_string(), source }),
        }
    }
    Err(CliError::ShimMissing { what, file, target: target.to_owned(), tried })
}

/// Whether programs for this target are linked by this machine's `cc`.
pub fn is_own_target(target: &str) -> bool {
    target == EMBEDDED_TARGET
}

/// How a C program links with an artifact. `cli/tests/link.rs` runs these lines.
pub fn link_line(artifact: &str, needs_shim: bool) -> String {
    match needs_shim {
        true => format!(
            "cc main.c {artifact} {ARCHIVE_NAME} -o main   (`nullvmc shim` writes {ARCHIVE_NAME} and nullvm.h)"
        ),
        false => format!("cc main.c {artifact} -o main   (`nullvmc shim` writes nullvm.h)"),
    }
}
