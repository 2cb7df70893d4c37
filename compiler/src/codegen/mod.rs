//! From a module to machine code: target selection, parallel compilation, layout, trap, unwind and metadata tables.

mod entry;
mod functions;
mod initial;
mod layout;
mod meta;
mod polls;
mod target;
mod unwind;

pub use target::{Target, baseline_help};
pub use unwind::UnwindTable;

use crate::identity::Recorded;
use crate::proxy_abi::Bindings;
use crate::{CompileError, Module, Options};
use cranelift_codegen::binemit::Reloc;
use std::sync::Arc;

/// What the compiler calls itself in artifacts.
pub const COMPILER: &str = concat!("nullvmc ", env!("CARGO_PKG_VERSION"), " cranelift 0.135.8");

/// A reference from the machine code to one of the shim's symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Offset in the text.
    pub offset: u32,
    /// How to write the address.
    pub kind: Reloc,
    /// Index in [`CompiledModule::symbols`].
    pub symbol: u32,
    /// Added to the symbol's address.
    pub addend: i64,
}

/// A function's place in the text.
#[derive(Clone, Debug)]
pub struct TextSymbol {
    /// `<plugin>.<index>.<name>`.
    pub name: String,
    /// Offset in the text.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
    /// Its CLIF, if it was asked for.
    pub clif: Option<String>,
    /// Its assembly, if it was asked for.
    pub asm: Option<String>,
}

/// A compiled module: what every form of output is made of.
pub struct CompiledModule {
    /// The plugin's name.
    pub name: String,
    /// [`Module::sha256`] of what was compiled.
    pub wasm_sha256: [u8; 32],
    /// What it was compiled for.
    pub target: Target,
    /// What was asked of the compiler.
    pub recorded: Recorded,
    /// All of the machine code, in one piece: functions, then adapters of imports, then entry adapters. References within
    /// it are resolved.
    pub text: Vec<u8>,
    /// References to the shim.
    pub relocations: Vec<Relocation>,
    /// The shim's symbols that the code calls, sorted.
    pub symbols: Vec<&'static str>,
    /// The functions in the text, ascending.
    pub functions: Vec<TextSymbol>,
    /// The metadata: a `plugin_abi::MetaHeader` and what it points at.
    pub meta: Vec<u8>,
    /// The unwind table.
    pub unwind: UnwindTable,
    /// Numbers for people.
    pub summary: Summary,
}

/// What a compilation did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Defined functions.
    pub functions: usize,
    /// Imports bound to host functions.
    pub imports_bound: usize,
    /// Imports that became traps.
    pub imports_stubbed: usize,
    /// Bytes of machine code.
    pub code_bytes: usize,
    /// Bytes of data segments.
    pub data_bytes: usize,
    /// Bytes of metadata, data segments included.
    pub meta_bytes: usize,
    /// Entries of the trap table.
    pub traps: usize,
}

/// Compiles a bound module.
///
/// # Errors
/// An unknown target, a name that makes no symbol, or a function that the code generator refuses.
pub fn compile(
    module: &Module<'_>,
    bindings: &Bindings,
    options: &Options,
) -> Result<CompiledModule, CompileError> {
    check_name(&options.name)?;
    let target = Target::select(options)?;
    let isa = Arc::clone(&target.isa);
    let env = crate::translate::Env {
        module,
        bindings,
        options,
        isa: isa.as_ref(),
        has_fma: target.has_fma(),
        direct_results: target.direct_results(),
    };
    let compiled = functions::compile_all(&env)?;
    let laid_out = layout::lay_out(&env, compiled)?;
    let meta = meta::build(&env, &laid_out)?;
    let summary = Summary {
        functions: module.bodies.len(),
        imports_bound: count(bindings, |b| matches!(b, crate::proxy_abi::ImportBinding::Host(_))),
        imports_stubbed: count(bindings, |b| *b == crate::proxy_abi::ImportBinding::Stub),
        code_bytes: laid_out.text.len(),
        data_bytes: module.data.iter().map(|d| d.bytes.len()).sum(),
        meta_bytes: meta.len(),
        traps: laid_out.traps.len(),
    };
    Ok(CompiledModule {
        name: options.name.clone(),
        wasm_sha256: module.sha256,
        recorded: Recorded::new(options, &target),
        target,
        text: laid_out.text,
        relocations: laid_out.relocations,
        symbols: laid_out.symbols,
        functions: laid_out.functions,
        meta,
        unwind: laid_out.unwind,
        summary,
    })
}

fn count(bindings: &Bindings, what: impl Fn(&crate::proxy_abi::ImportBinding) -> bool) -> usize {
    bindings.imports.iter().filter(|b| what(b)).count()
}

/// Functions of `nullvm.h` whose names are those of a plugin's symbol.
const RUNTIME_NAMES: &[&str] =
    &["abi", "descriptor_t", "exports", "free", "load", "load_image", "load_section", "t", "write_perf_map"];

fn check_name(name: &str) -> Result<(), CompileError> {
    let fits = !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if RUNTIME_NAMES.contains(&name) {
        return Err(CompileError::Option(format!(
            "the plugin name {name:?} is taken: nullvm_plugin_{name} is a function of the runtime (--name)"
        )));
    }
    if fits {
        return Ok(());
    }
    Err(CompileError::Option(format!(
        "the plugin name {name:?} cannot be part of a symbol: use letters, digits and underscores, at most 128, not starting with a digit (--name)"
    )))
}
