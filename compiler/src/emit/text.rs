//! Text for people: CLIF and assembly, a function after the other.

use crate::CompiledModule;
use std::fmt::Write;

fn all<'a>(
    module: &'a CompiledModule,
    text: impl Fn(&'a crate::codegen::TextSymbol) -> Option<&'a str>,
) -> String {
    let mut out = String::new();
    for function in &module.functions {
        if let Some(text) = text(function) {
            let _ = writeln!(
                out,
                ";; {} at {:#x}, {} bytes\n{}\n",
                function.name,
                function.offset,
                function.size,
                text.trim_end()
            );
        }
    }
    out
}

/// The CLIF of all functions as it was translated, before optimisation. Empty unless `keep_clif` was set.
pub fn clif(module: &CompiledModule) -> String {
    all(module, |f| f.clif.as_deref())
}

/// The machine code of all functions as assembly. Empty unless `keep_asm` was set.
pub fn asm(module: &CompiledModule) -> String {
    all(module, |f| f.asm.as_deref())
}
