//! Lays the pieces of code out as one text and resolves what they say of each other.

use super::functions::{Compiled, Piece};
use super::{Relocation, TextSymbol, UnwindTable};
use crate::CompileError;
use crate::translate::{Env, FunctionRef};
use cranelift_codegen::control::ControlPlane;
use plugin_abi::{NONE, TrapCode};
use std::collections::HashMap;

/// The text with its tables.
pub(super) struct Layout {
    pub text: Vec<u8>,
    pub relocations: Vec<Relocation>,
    pub symbols: Vec<&'static str>,
    pub functions: Vec<TextSymbol>,
    /// Offset and size of every function, imported ones first; [`NONE`] for an import without an adapter.
    pub places: Vec<(u32, u32)>,
    /// Offset of the entry adapter of every type, or [`NONE`].
    pub entries: Vec<u32>,
    /// Trapping instructions, ascending.
    pub traps: Vec<(u32, TrapCode)>,
    pub unwind: UnwindTable,
}

/// Lays out.
pub(super) fn lay_out(env: &Env<'_>, compiled: Compiled) -> Result<Layout, CompileError> {
    let module = env.module;
    let plugin = &env.options.name;
    let imports = module.imports.len();
    let mut builder = env.isa.text_section_builder(compiled.pieces.len());
    let mut control = ControlPlane::default();
    let mut places = vec![(NONE, 0); module.functions.len()];
    let mut labels = vec![None; module.functions.len()];
    let mut behind_guard = HashMap::new();
    let mut entries = vec![NONE; module.types.len()];
    let mut functions = Vec::with_capacity(compiled.pieces.len());
    let mut traps = Vec::new();
    let mut unwind = UnwindTable::new(env.isa);
    let mut outgoing = Vec::new();

    for (label, (piece, code)) in compiled.pieces.into_iter().enumerate() {
        let offset = builder.append(true, &code.bytes, code.alignment, &mut control);
        let size = code.bytes.len() as u32;
        let offset = u32::try_from(offset)
            .ok()
            .filter(|o| o.checked_add(size).is_some_and(|end| end < NONE))
            .ok_or_else(|| CompileError::TooLarge("more than 4 GiB of machine code".to_owned()))?;
        let name = match piece {
            Piece::Function(i) => {
                let index = imports + i;
                if labels[index].is_some() {
                    // Its guard stands before it; together they are the function.
                    places[index].1 = offset + size - places[index].0;
                    behind_guard.insert(index as u32, label);
                } else {
                    places[index] = (offset, size);
                    labels[index] = Some(label);
                }
                match module.function_name(index as u32) {
                    Some(name) => format!("{plugin}.{index}.{name}"),
                    None => format!("{plugin}.{index}"),
                }
            }
            Piece::StackGuard(i, _) => {
                let index = imports + i;
                places[index] = (offset, size);
                labels[index] = Some(label);
                format!("{plugin}.{index}.guard")
            }
            Piece::ImportAdapter(i) => {
                places[i as usize] = (offset, size);
                labels[i as usize] = Some(label);
                format!("{plugin}.{i}.{}", module.function_name(i).unwrap_or("import"))
            }
            Piece::Entry(ty) => {
                entries[ty as usize] = offset;
                format!("{plugin}.entry.{ty}")
            }
        };
        traps.extend(code.traps.iter().map(|(o, c)| (offset + o, *c)));
        if let Some(info) = &code.unwind {
            unwind.add(offset, info);
        }
        outgoing.extend(code.relocations.into_iter().map(|r| (offset, r)));
        functions.push(TextSymbol { name, offset, size, clif: code.clif, asm: code.asm });
    }

    let mut symbols: Vec<&'static str> = outgoing.iter().filter_map(|(_, r)| r.target.symbol()).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let mut relocations = Vec::new();
    for (base, reloc) in outgoing {
        let offset = base + reloc.offset;
        match reloc.target {
            FunctionRef::Wasm(f) | FunctionRef::Guarded(f) => {
                let label = match reloc.target {
                    FunctionRef::Guarded(_) => behind_guard.get(&f).copied(),
                    _ => labels[f as usize],
                };
                let resolved = label.is_some_and(|label| {
                    builder.resolve_reloc(u64::from(offset), reloc.kind, reloc.addend, label)
                });
                if !resolved {
                    return Err(CompileError::Unsupported(format!(
                        "a reference of kind {:?} to function {f} on this target",
                        reloc.kind
                    )));
                }
            }
            external => {
                let symbol = external.symbol().expect("a function of the shim has a symbol");
                let symbol = symbols.binary_search(&symbol).expect("collected above") as u32;
                relocations.push(Relocation { offset, kind: reloc.kind, symbol, addend: reloc.addend });
            }
        }
    }
    let text = builder.finish(&mut control);
    Ok(Layout { text, relocations, symbols, functions, places, entries, traps, unwind })
}
