//! Compiles a Proxy-Wasm module to native code.
//!
//! Data flows one way: bytes -> [`Module`] -> [`CompiledModule`] -> one of [`emit`]'s forms. The translator never knows the
//! form that comes out, an emitter never compiles, and nothing here knows the runtime shim: what both agree on
//! is `plugin_abi`.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod codegen;
pub mod emit;
mod error;
pub mod identity;
pub mod module;
mod options;
pub mod proxy_abi;
mod translate;

pub use codegen::CompiledModule;
pub use error::{CompileError, ImportProblem};
pub use module::Module;
pub use options::{Bounds, OptLevel, Options, Progress, Traps};

/// Compiles a module: parses and validates it, checks it against the Proxy-Wasm ABI (unless [`Options::checks`] is off) and
/// translates all of its functions.
///
/// The result depends on `wasm` and `options` only, whatever the number of jobs.
///
/// # Errors
/// The first thing wrong with the module, or all of its unusable imports at once.
pub fn compile(wasm: &[u8], options: &Options) -> Result<CompiledModule, CompileError> {
    let module = Module::parse(wasm)?;
    let bindings = proxy_abi::bind(&module, options)?;
    codegen::compile(&module, &bindings, options)
}
