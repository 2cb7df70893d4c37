//! Writes the metadata that goes with the code; its reader is `plugin_abi::Meta`.

use super::initial;
use super::layout::Layout;
use crate::module::{ElementKind, ExportKind};
use crate::translate::Env;
use crate::{Bounds, CompileError, Traps};
use plugin_abi::{
    ABI_VERSION, DATA_PAGE, FLAG_BOUNDS_GUARD, FLAG_INTERRUPTIBLE, FLAG_MEMORY, FLAG_PROXY_WASM,
    FLAG_TRAPS_SIGNAL, Libcall, META_MAGIC, MetaHeader, NONE, Span, context, libcall_symbol,
};
use std::collections::HashMap;

const HEADER: usize = size_of::<MetaHeader>();

/// The blob as it grows: the header's place, then the arrays.
struct Blob {
    bytes: Vec<u8>,
}

impl Blob {
    fn u32s(&mut self, len: usize, words: impl IntoIterator<Item = u32>) -> Span {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let offset = self.bytes.len() as u32;
        self.bytes.extend(words.into_iter().flat_map(u32::to_le_bytes));
        Span { offset, len: len as u32 }
    }

    fn records<const N: usize>(&mut self, records: &[[u32; N]]) -> Span {
        self.u32s(records.len(), records.iter().flatten().copied())
    }

    fn aligned(&mut self, bytes: &[u8], to: usize) -> Span {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
        self.raw(bytes)
    }

    fn raw(&mut self, bytes: &[u8]) -> Span {
        let offset = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Span { offset, len: bytes.len() as u32 }
    }
}

/// Text that several records point into; equal texts are stored once.
#[derive(Default)]
struct Strings {
    bytes: Vec<u8>,
    known: HashMap<String, u32>,
}

impl Strings {
    fn add(&mut self, text: &str) -> [u32; 2] {
        let offset = match self.known.get(text) {
            Some(known) => *known,
            None => {
                let offset = self.bytes.len() as u32;
                self.bytes.extend_from_slice(text.as_bytes());
                self.known.insert(text.to_owned(), offset);
                offset
            }
        };
        [offset, text.len() as u32]
    }
}

/// Builds the blob.
pub(super) fn build(env: &Env<'_>, layout: &Layout) -> Result<Vec<u8>, CompileError> {
    let module = env.module;
    let mut strings = Strings::default();
    let mut blob = Blob { bytes: vec![0; HEADER] };

    let mut type_values = Vec::new();
    let mut types = Vec::new();
    for (ty, entry) in module.types.iter().zip(&layout.entries) {
        let first = type_values.len() as u32;
        type_values.extend(ty.params.iter().chain(ty.results.iter()).map(|t| *t as u8));
        types.push([first, ty.params.len() as u32 | (ty.results.len() as u32) << 16, *entry]);
    }
    let functions: Vec<[u32; 5]> = (module.functions.iter().zip(&layout.places).enumerate())
        .map(|(i, (ty, (offset, size)))| {
            let [name, name_len] = strings.add(module.function_name(i as u32).unwrap_or(""));
            [*offset, *size, *ty, name, name_len]
        })
        .collect();
    let tables: Vec<[u32; 4]> =
        (module.tables.iter()).map(|t| [t.min, t.max.unwrap_or(NONE), t.element as u32, t.init]).collect();
    let globals: Vec<[u32; 6]> = (module.globals.iter())
        .map(|g| {
            let b = g.init.bytes();
            let word = |i: usize| u32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
            [word(0), word(4), word(8), word(12), g.ty as u32, u32::from(g.mutable)]
        })
        .collect();
    let indexed = layout.symbols.contains(&libcall_symbol(Libcall::MemoryInit));
    let data = initial::lay_out(&module.data, module.memory.map_or(0, |m| m.min), indexed);
    let mut element_items: Vec<u32> = Vec::new();
    let mut elements: Vec<[u32; 5]> = Vec::new();
    for element in &module.elements {
        let (kind, table, offset) = match element.kind {
            ElementKind::Passive => (0, 0, 0),
            ElementKind::Active { table, offset } => (1, table, offset),
            ElementKind::Declared => (2, 0, 0),
        };
        elements.push([kind, table, offset, element_items.len() as u32, element.items.len() as u32]);
        element_items.extend_from_slice(&element.items);
    }
    let mut sorted: Vec<_> = module.exports.iter().collect();
    sorted.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let exports: Vec<[u32; 4]> = (sorted.into_iter())
        .map(|e| {
            let (kind, index) = match e.kind {
                ExportKind::Function(i) => (0, i),
                ExportKind::Table(i) => (1, i),
                ExportKind::Memory => (2, 0),
                ExportKind::Global(i) => (3, i),
            };
            let [name, len] = strings.add(&e.name);
            [name, len, kind, index]
        })
        .collect();
    let imports: Vec<[u32; 5]> = (module.imports.iter())
        .map(|i| {
            let ([m, m_len], [n, n_len]) = (strings.add(&i.module), strings.add(&i.name));
            [m, m_len, n, n_len, i.ty]
        })
        .collect();

    let mut flags = 0;
    let mut flag = |on: bool, bit: u32| flags |= if on { bit } else { 0 };
    flag(env.options.bounds == Bounds::Guard, FLAG_BOUNDS_GUARD);
    flag(env.options.traps == Traps::Signal, FLAG_TRAPS_SIGNAL);
    flag(env.options.interruptible, FLAG_INTERRUPTIBLE);
    flag(env.options.checks, FLAG_PROXY_WASM);
    flag(module.memory.is_some(), FLAG_MEMORY);

    // The hot, small arrays first, the bulk of data and names last.
    let (trap_offsets, trap_codes): (Vec<u32>, Vec<u8>) =
        layout.traps.iter().map(|(offset, code)| (*offset, *code as u8)).unzip();
    let header = MetaHeader {
        magic: META_MAGIC,
        version: ABI_VERSION,
        size: 0,
        flags,
        abi: env.bindings.abi as u32,
        text_len: layout.text.len() as u32,
        state_size: context::state_size(tables.len() as u32, globals.len() as u32),
        memory_min: module.memory.map_or(0, |m| m.min),
        memory_max: module.memory.map_or(0, |m| m.max.unwrap_or(NONE)),
        start_function: module.start.unwrap_or(NONE),
        imported_functions: module.imports.len() as u32,
        wasm_sha256: module.sha256,
        types: blob.records(&types),
        functions: blob.records(&functions),
        tables: blob.records(&tables),
        globals: blob.records(&globals),
        data: blob.records(&data.records),
        elements: blob.records(&elements),
        element_items: blob.u32s(element_items.len(), element_items.iter().copied()),
        exports: blob.records(&exports),
        imports: blob.records(&imports),
        callbacks: blob.u32s(env.bindings.callbacks.len(), env.bindings.callbacks.iter().copied()),
        trap_offsets: blob.u32s(trap_offsets.len(), trap_offsets.iter().copied()),
        trap_codes: blob.raw(&trap_codes),
        type_values: blob.raw(&type_values),
        strings: blob.raw(&strings.bytes),
        data_bytes: blob.aligned(&data.bytes, if data.pages { DATA_PAGE as usize } else { 1 }),
    };
    blob.bytes.resize(blob.bytes.len().next_multiple_of(16), 0);
    let size = u32::try_from(blob.bytes.len())
        .map_err(|_| CompileError::TooLarge("more than 4 GiB of data and tables".to_owned()))?;
    write_header(&mut blob.bytes, &MetaHeader { size, ..header });
    Ok(blob.bytes)
}

/// The header's words, in the order of its declaration.
fn write_header(bytes: &mut [u8], h: &MetaHeader) {
    let mut out = Vec::with_capacity(HEADER);
    out.extend_from_slice(&h.magic);
    for word in [
        h.version,
        h.size,
        h.flags,
        h.abi,
        h.text_len,
        h.state_size,
        h.memory_min,
        h.memory_max,
        h.start_function,
        h.imported_functions,
    ] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&h.wasm_sha256);
    for span in [
        h.strings,
        h.types,
        h.type_values,
        h.functions,
        h.tables,
        h.globals,
        h.data,
        h.data_bytes,
        h.elements,
        h.element_items,
        h.exports,
        h.imports,
        h.trap_offsets,
        h.trap_codes,
        h.callbacks,
    ] {
        out.extend_from_slice(&span.offset.to_le_bytes());
        out.extend_from_slice(&span.len.to_le_bytes());
    }
    assert_eq!(out.len(), HEADER, "every field of the header is written");
    bytes[..HEADER].copy_from_slice(&out);
}
