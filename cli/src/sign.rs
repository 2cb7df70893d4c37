//! `nullvmc keygen` and `nullvmc sign`.

use crate::input::Input;
use crate::output::{self, Output};
use crate::{CliError, Console};
use clap::Args;
use nullvm_artifact::Bundle;
use nullvm_trust::{KeyError, KeyPair};
use std::path::{Path, PathBuf};

/// Make a key pair to sign plugins with (Ed25519)
///
/// The secret key goes to a new file that only you can read, in the format of wasmsign2. Keep it where bundles are built; hosts get
/// the public one.
#[derive(Args)]
pub struct KeygenArgs {
    /// File for the secret key; never replaces one
    #[arg(short, long, value_name = "FILE", default_value = "nullvm.key")]
    output: PathBuf,

    /// File for the public key [default: the secret one's with .pub]
    #[arg(short, long, value_name = "FILE")]
    public: Option<PathBuf>,
}

/// Sign a plugin or a bundle of it (wasmsign2's format)
///
/// The signature covers every byte of the file, native code included, and goes in front of everything else; one that is there is
/// replaced. Hosts built on proxy-wasm-cpp-host check it as well as nullvm does.
#[derive(Args)]
pub struct SignArgs {
    /// The plugin or bundle, or - for standard input
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    /// Secret key: a file that nobody else can read
    #[arg(short, long, value_name = "FILE", required_unless_present = "key_env")]
    key: Option<PathBuf>,

    /// Secret key: an environment variable with PEM, or hexadecimal digits of the file's bytes
    #[arg(long, value_name = "VARIABLE", conflicts_with = "key")]
    key_env: Option<String>,

    /// Where to write [default: over the file]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Runs `keygen`.
pub fn keygen(args: &KeygenArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let public = args.public.clone().unwrap_or_else(|| args.output.with_extension("pub"));
    if public == args.output {
        return Err(CliError::SameOutput(public));
    }
    if let Some(there) = [&args.output, &public].into_iter().find(|path| path.exists()) {
        return Err(KeyError::Exists(there.clone()).into());
    }
    let pair = KeyPair::generate();
    pair.write_secret(&args.output)?;
    let written = output::write_all(&[Output { path: public.clone(), bytes: pair.public.to_bytes() }]);
    if let Err(e) = written {
        let _ = std::fs::remove_file(&args.output);
        return Err(e);
    }
    writeln!(console.out, "secret key  {}", args.output.display())?;
    writeln!(console.out, "public key  {}", public.display())?;
    writeln!(console.out, "key id      {}", pair.public.id())?;
    writeln!(console.out, "hex         {}", pair.public)?;
    Ok(())
}

/// Runs `sign`.
pub fn sign(args: &SignArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let key = match (&args.key, &args.key_env) {
        (Some(path), _) => KeyPair::from_file(path)?,
        (None, variable) => KeyPair::from_env(variable.as_deref().unwrap_or_default())?,
    };
    let input = Input::read(&args.file)?;
    let path = match (&args.output, &input.path) {
        (Some(path), _) | (None, Some(path)) => path.clone(),
        (None, None) => return Err(CliError::Usage("name a file to write to (-o)".to_owned())),
    };
    // Nobody should vouch for what is damaged.
    Bundle::parse(&input.bytes)
        .and_then(|bundle| bundle.verify_known())
        .map_err(|source| CliError::Bundle { file: input.name.clone(), source })?;
    let bytes = nullvm_trust::sign(&input.bytes, &key)
        .map_err(|source| CliError::Bundle { file: input.name.clone(), source: source.into() })?;
    output::check(std::slice::from_ref(&path), None::<&Path>)?;
    output::write_all(&[Output { path: path.clone(), bytes }])?;
    writeln!(console.err, "{} -> {} (signed by key {})", input.name, path.display(), key.public.id())?;
    Ok(())
}
