//! What can go wrong in a command, in the words that its user reads.

use nullvm_compiler::CompileError;
use std::io;
use std::path::PathBuf;

/// Why a command failed. Displays as one message: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The input could not be read.
    #[error("cannot read {file}: {}", reason(.source))]
    Read {
        /// The input as it was named.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The input is larger than anything that can be compiled.
    #[error("cannot read {file}: it has more than {} MiB", limit >> 20)]
    InputTooLarge {
        /// The input as it was named.
        file: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The compiler refused the module.
    #[error("cannot compile {file}: {source}")]
    Compile {
        /// The input as it was named.
        file: String,
        /// Why.
        source: CompileError,
    },
    /// A bundle could not be read or made.
    #[error("{file}: {source}")]
    Bundle {
        /// The input as it was named.
        file: String,
        /// Why.
        source: nullvm_artifact::BundleError,
    },
    /// A plugin could not be measured.
    #[cfg(feature = "bench")]
    #[error("cannot measure {file}: {message}")]
    Bench {
        /// The plugin as it was named.
        file: String,
        /// Why.
        message: String,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] nullvm_trust::KeyError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] nullvm_cache::CacheError),
    /// A plugin could not be loaded as hosts load it.
    #[error(transparent)]
    Load(#[from] Box<nullvm_loader::LoadError>),
    /// Nothing could be fetched or pushed.
    #[cfg(feature = "fetch")]
    #[error(transparent)]
    Fetch(#[from] nullvm_fetch::FetchError),
    /// Something is not what it should be; the report says what.
    #[error("{failed} of {of} did not pass")]
    Verify {
        /// How many.
        failed: usize,
        /// Of all.
        of: usize,
    },
    /// The file could not be understood.
    #[error("cannot inspect {file}: {message}")]
    Inspect {
        /// The input as it was named.
        file: String,
        /// Why.
        message: String,
    },
    /// An output could not be written; none was.
    #[error("cannot write {}: {}", path.display(), reason(.source))]
    Write {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An output would replace the input.
    #[error("{} is the input, it would be overwritten; give another name with -o", .0.display())]
    OverwritesInput(PathBuf),
    /// Two outputs would be the same file.
    #[error("two outputs would be written to {}", .0.display())]
    SameOutput(PathBuf),
    /// An option's value makes no sense together with another one.
    #[error("{0}")]
    Usage(String),
    /// There is no runtime for the target of an archive or a module.
    #[error(
        "no {what} for {target}: looked for {}; build it there with `cargo xtask shim --target {target}`, name the directory \
         that holds lib/nullvm/{target}/{file} with --sysroot, or use --emit object and link by yourself",
        list(.tried)
    )]
    ShimMissing {
        /// What is missing.
        what: &'static str,
        /// Its file.
        file: &'static str,
        /// The target.
        target: String,
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// There is no linker.
    #[error(
        "cannot link: no linker on the PATH (looked for {}); install one (Debian and Ubuntu: gcc or lld, Fedora: gcc or lld, \
         Alpine: build-base or lld), or name one with --linker or the variable NULLVM_LINKER",
        tried.join(", ")
    )]
    NoLinker {
        /// What was looked for.
        tried: Vec<&'static str>,
    },
    /// The linker could not be run.
    #[error("cannot run the linker {}: {}; name another one with --linker", linker.display(), reason(.source))]
    Linker {
        /// The linker.
        linker: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The linker failed.
    #[error("the linker failed ({status}); name another one with --linker\n{command}\n{}", message.trim_end())]
    Link {
        /// The whole command.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        message: String,
    },
    /// Standard output or error is gone.
    #[error("cannot write to standard output: {0}")]
    Print(#[from] io::Error),
    /// The server did not start or ended with an error.
    #[error("cannot serve {file}: {message}")]
    Serve {
        /// The plugin.
        file: String,
        /// Why.
        message: String,
    },
    /// The system gives no thread to work in.
    #[error("cannot start a thread: {0}; raise the limit of processes or of memory")]
    Thread(io::Error),
}

impl CliError {
    /// The exit code that goes with it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::OverwritesInput(_) | Self::SameOutput(_) => 2,
            _ => 1,
        }
    }
}

/// What the system says, without its number, and what to do where that is plain.
fn reason(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => {
            let text = e.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" and ")
}
