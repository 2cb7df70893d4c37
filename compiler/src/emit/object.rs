//! The relocatable object: one `.text`, one read-only blob of metadata, an `.eh_frame`, one global symbol.
//!
//! cranelift-object opens the file for the target (format, architecture flags, `.note.GNU-stack`); the text goes in as one
//! piece, since the trap table counts on it. Everything is addressed relative to its own place, but for the
//! descriptor, which lies in `.data.rel.ro`.

use super::note::{self, Note};
use crate::codegen::COMPILER;
use crate::{CompileError, CompiledModule};
use cranelift_codegen::binemit::Reloc;
use cranelift_object::{ObjectBuilder, ObjectModule};
use object::write::{
    Object, Relocation, SectionId, StandardSection, Symbol, SymbolFlags, SymbolId, SymbolSection,
};
use object::{
    BinaryFormat, FileFlags, RelocationEncoding, RelocationFlags, RelocationKind, SectionFlags, SectionKind,
    SymbolKind, SymbolScope,
};
use plugin_abi::{ABI_SYMBOL, ABI_VERSION, PLUGIN_SYMBOL_PREFIX, PluginDescriptor};
use std::sync::Arc;

fn failed(e: impl std::fmt::Display) -> CompileError {
    CompileError::Emit { form: "object", message: e.to_string() }
}

/// Writes the object.
///
/// # Errors
/// A target without an object format of ours, or what the object writer says.
pub fn object(module: &CompiledModule) -> Result<Vec<u8>, CompileError> {
    let builder = ObjectBuilder::new(
        Arc::clone(&module.target.isa),
        module.name.as_str(),
        cranelift_module::default_libcall_names(),
    )
    .map_err(failed)?;
    let mut object = ObjectModule::new(builder).finish().object;

    if object.format() == BinaryFormat::MachO {
        // The text must stay in one piece: without this flag linkers may not take it apart by symbols.
        object.flags = FileFlags::MachO { flags: 0 };
    }

    let text = object.section_id(StandardSection::Text);
    object.append_section_data(text, &module.text, 64);
    let text_symbol = object.section_symbol(text);
    for function in &module.functions {
        add_symbol(
            &mut object,
            &function.name,
            SymbolSection::Section(text),
            function.offset.into(),
            function.size.into(),
            SymbolKind::Text,
            SymbolScope::Compilation,
        );
    }
    let meta = object.section_id(StandardSection::ReadOnlyData);
    let meta_offset = object.append_section_data(meta, &module.meta, 64);
    let meta_name = format!("{}.meta", module.name);
    let meta_symbol = add_symbol(
        &mut object,
        &meta_name,
        SymbolSection::Section(meta),
        meta_offset,
        module.meta.len() as u64,
        SymbolKind::Data,
        SymbolScope::Compilation,
    );

    let symbols: Vec<SymbolId> =
        module.symbols.iter().map(|name| undefined(&mut object, name, SymbolKind::Text)).collect();
    for reloc in &module.relocations {
        let generic = |kind, encoding, size| RelocationFlags::Generic { kind, encoding, size };
        let flags = match reloc.kind {
            Reloc::X86CallPCRel4 | Reloc::X86CallPLTRel4 => {
                generic(RelocationKind::PltRelative, RelocationEncoding::X86Branch, 32)
            }
            Reloc::Arm64Call => generic(RelocationKind::PltRelative, RelocationEncoding::AArch64Call, 26),
            Reloc::RiscvCallPlt => RelocationFlags::Elf { r_type: object::elf::R_RISCV_CALL_PLT },
            other => return Err(failed(format!("a reference of kind {other:?}"))),
        };
        add_relocation(
            &mut object,
            text,
            reloc.offset.into(),
            symbols[reloc.symbol as usize],
            reloc.addend,
            flags,
        )?;
    }
    // Both are ELF's ways. Mach-O has another unwind table, which nobody here could try.
    if object.format() == BinaryFormat::Elf {
        add_eh_frame(&mut object, module, text_symbol)?;
        add_comment(&mut object, module);
        let section = object.add_section(vec![], note::SECTION.into(), SectionKind::Note);
        // So that a linker keeps it in what can be loaded.
        object.section_mut(section).flags = SectionFlags::Elf { sh_flags: u64::from(object::elf::SHF_ALLOC) };
        object.append_section_data(section, &Note::new(module).section(), 4);
    }
    add_descriptor(&mut object, module, text_symbol, meta_symbol)?;
    let mut bytes = object.write().map_err(failed)?;
    note::seal(&mut bytes);
    Ok(bytes)
}

fn add_symbol(
    object: &mut Object<'_>,
    name: &str,
    section: SymbolSection,
    value: u64,
    size: u64,
    kind: SymbolKind,
    scope: SymbolScope,
) -> SymbolId {
    object.add_symbol(Symbol {
        name: name.into(),
        value,
        size,
        kind,
        scope,
        weak: false,
        section,
        flags: SymbolFlags::None,
    })
}

fn undefined(object: &mut Object<'_>, name: &str, kind: SymbolKind) -> SymbolId {
    add_symbol(object, name, SymbolSection::Undefined, 0, 0, kind, SymbolScope::Dynamic)
}

fn add_relocation(
    object: &mut Object<'_>,
    section: SectionId,
    offset: u64,
    symbol: SymbolId,
    addend: i64,
    flags: RelocationFlags,
) -> Result<(), CompileError> {
    object.add_relocation(section, Relocation { offset, symbol, addend, flags }).map_err(failed)
}

fn add_eh_frame(
    object: &mut Object<'_>,
    module: &CompiledModule,
    text: SymbolId,
) -> Result<(), CompileError> {
    let Some(eh_frame) = module.unwind.eh_frame().map_err(failed)? else { return Ok(()) };
    // The linker adds its own terminator behind all inputs; ours would end the table early.
    let bytes = &eh_frame.bytes[..eh_frame.bytes.len() - 4];
    let section = object.add_section(vec![], b".eh_frame".to_vec(), SectionKind::ReadOnlyData);
    object.append_section_data(section, bytes, 8);
    let flags = RelocationFlags::Generic {
        kind: RelocationKind::Relative,
        encoding: RelocationEncoding::Generic,
        size: 32,
    };
    for (place, target) in eh_frame.references {
        add_relocation(object, section, place.into(), text, target.into(), flags)?;
    }
    Ok(())
}

/// What `readelf -p .comment` and `nullvmc inspect` say of the object: nothing else in it names the compiler and the CPU.
fn add_comment(object: &mut Object<'_>, module: &CompiledModule) {
    let section = object.add_section(vec![], b".comment".to_vec(), SectionKind::OtherString);
    let text = format!("{COMPILER}; {}; {}\0", module.target.triple, module.target.features.join(","));
    object.append_section_data(section, text.as_bytes(), 1);
}

/// The `PluginDescriptor`, field by field: pointers are relocations.
fn add_descriptor(
    object: &mut Object<'_>,
    module: &CompiledModule,
    text: SymbolId,
    meta: SymbolId,
) -> Result<(), CompileError> {
    use std::mem::offset_of;
    let rodata = object.section_id(StandardSection::ReadOnlyData);
    let name_offset = object.append_section_data(rodata, format!("{}\0", module.name).as_bytes(), 1);
    let name_symbol = format!("{}.name", module.name);
    let name = add_symbol(
        object,
        &name_symbol,
        SymbolSection::Section(rodata),
        name_offset,
        0,
        SymbolKind::Data,
        SymbolScope::Compilation,
    );
    let abi = undefined(object, ABI_SYMBOL, SymbolKind::Data);

    let mut bytes = [0u8; size_of::<PluginDescriptor>()];
    let mut put = |offset: usize, value: &[u8]| bytes[offset..offset + value.len()].copy_from_slice(value);
    put(offset_of!(PluginDescriptor, version), &ABI_VERSION.to_le_bytes());
    put(offset_of!(PluginDescriptor, size), &(size_of::<PluginDescriptor>() as u32).to_le_bytes());
    put(offset_of!(PluginDescriptor, text_len), &(module.text.len() as u64).to_le_bytes());
    put(offset_of!(PluginDescriptor, meta_len), &(module.meta.len() as u64).to_le_bytes());
    let section = object.section_id(StandardSection::ReadOnlyDataWithRel);
    let base = object.append_section_data(section, &bytes, 16);
    let flags = RelocationFlags::Generic {
        kind: RelocationKind::Absolute,
        encoding: RelocationEncoding::Generic,
        size: 64,
    };
    for (offset, symbol) in [
        (offset_of!(PluginDescriptor, abi), abi),
        (offset_of!(PluginDescriptor, name), name),
        (offset_of!(PluginDescriptor, text), text),
        (offset_of!(PluginDescriptor, meta), meta),
    ] {
        add_relocation(object, section, base + offset as u64, symbol, 0, flags)?;
    }
    let symbol = format!("{PLUGIN_SYMBOL_PREFIX}{}", module.name);
    add_symbol(
        object,
        &symbol,
        SymbolSection::Section(section),
        base,
        bytes.len() as u64,
        SymbolKind::Data,
        SymbolScope::Dynamic,
    );
    Ok(())
}
