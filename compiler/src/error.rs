//! What can go wrong, with what is needed to say where and what to do.

use std::fmt;

/// An import that cannot be bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// Module name of the import.
    pub module: String,
    /// Name of the import.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
    /// Whether `--stub-unknown-imports` would turn it into a trap.
    pub stubbable: bool,
}

/// Why a module was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The bytes are no WebAssembly module.
    #[error("not a WebAssembly module: {0}")]
    NotWasm(String),
    /// The module breaks a rule of WebAssembly or uses a feature that is not supported.
    #[error("invalid WebAssembly module at byte {offset:#x}: {message}")]
    Invalid {
        /// Offset in the file.
        offset: usize,
        /// What wasmparser says.
        message: String,
    },
    /// Something that is valid but not supported, with what to do about it.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The module is no Proxy-Wasm plugin, or one of a version that is not supported.
    #[error("not a Proxy-Wasm plugin that can be compiled: {0}")]
    NotProxyWasm(String),
    /// Imports that cannot be bound.
    #[error("{}", ImportList(.0))]
    Imports(Vec<ImportProblem>),
    /// An export that the host calls has another signature.
    #[error("bad signature of export \"{name}\": expected {expected}, found {found}")]
    ExportSignature {
        /// The export.
        name: String,
        /// Its signature in the ABI.
        expected: String,
        /// Its signature in the module.
        found: String,
    },
    /// The target or CPU is unknown or not supported.
    #[error("{0}")]
    Target(String),
    /// An option that makes no sense.
    #[error("{0}")]
    Option(String),
    /// The code generator refused a function.
    #[error("cannot compile function {index}{}: {message}", name.as_ref().map(|n| format!(" ({n})")).unwrap_or_default())]
    Function {
        /// Function index.
        index: u32,
        /// Its name.
        name: Option<String>,
        /// What the code generator says.
        message: String,
    },
    /// The result would break a limit of the format.
    #[error("too large: {0}")]
    TooLarge(String),
    /// Writing the artifact failed.
    #[error("cannot write {form}: {message}")]
    Emit {
        /// The form.
        form: &'static str,
        /// What went wrong.
        message: String,
    },
}

struct ImportList<'a>(&'a [ImportProblem]);

impl fmt::Display for ImportList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0.len();
        write!(f, "{n} import{} cannot be bound:", if n == 1 { "" } else { "s" })?;
        for p in self.0 {
            write!(f, "\n  {}.{}: {}", p.module, p.name, p.problem)?;
        }
        if self.0.iter().any(|p| p.stubbable) {
            write!(f, "\n  --stub-unknown-imports turns unknown functions into traps that name themselves")?;
        }
        Ok(())
    }
}

impl From<wasmparser::BinaryReaderError> for CompileError {
    fn from(e: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid { offset: e.offset(), message: e.message().to_owned() }
    }
}
