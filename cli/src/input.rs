//! The file that a command works on.

use crate::CliError;
use nullvm_trust::DenyList;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More than the largest plugin by far; what stops `/dev/zero`.
const LARGEST: u64 = 1 << 30;

/// A file, or standard input for `-`.
pub struct Input {
    /// As it was named, for messages.
    pub name: String,
    /// Its path, unless it is standard input.
    pub path: Option<PathBuf>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Input {
    /// Reads it whole.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        let stdin = path.as_os_str() == "-";
        let name = if stdin { "standard input".to_owned() } else { path.display().to_string() };
        let bytes = match if stdin { read(io::stdin().lock()) } else { open(path).and_then(read) } {
            Ok(bytes) => bytes,
            Err(source) => return Err(CliError::Read { file: name, source }),
        };
        if bytes.len() as u64 > LARGEST {
            return Err(CliError::InputTooLarge { file: name, limit: LARGEST });
        }
        Ok(Self { name, path: (!stdin).then(|| path.to_owned()), bytes })
    }

    /// The name without directories and suffixes, for what is made of it.
    pub fn stem(&self) -> Option<String> {
        stem(self.path.as_ref()?)
    }
}

/// The name of a plugin's file, without `.wasm` and without the `.bundle` that bundles have before it.
pub fn stem(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_string_lossy();
    Some(stem.strip_suffix(".bundle").unwrap_or(&stem).to_owned())
}

fn open(path: &Path) -> io::Result<std::fs::File> {
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The deny list of a flag; without one nothing is denied.
pub fn deny_list(path: Option<&Path>) -> Result<DenyList, CliError> {
    let Some(path) = path else { return Ok(DenyList::default()) };
    let input = Input::read(path)?;
    DenyList::parse(&String::from_utf8_lossy(&input.bytes))
        .map_err(|e| CliError::Usage(format!("{}: {e}", input.name)))
}
