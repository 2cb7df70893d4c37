//! The metadata of a plugin: one position-independent blob of read-only data beside the machine code.
//!
//! It starts with a [`MetaHeader`]; every [`Span`] in it is a byte offset from the blob's start and a number of
//! elements. Elements are `repr(C)` structures of `u32`s, 4-byte aligned. A reader checks every span before it
//! uses it: [`Meta::parse`] does so once.

use crate::{AbiVersion, CALLBACKS, TrapCode};

/// First bytes of the metadata.
pub const META_MAGIC: [u8; 8] = *b"NULLVM\0m";

/// "No such thing" in every `u32` index of the metadata.
pub const NONE: u32 = u32::MAX;

/// The code was compiled for guard pages: no bounds checks, needs the 8 GiB reservation and the SIGSEGV handler.
pub const FLAG_BOUNDS_GUARD: u32 = 1 << 0;
/// Traps other than out-of-bounds accesses are hardware traps too, found by address in the trap table.
pub const FLAG_TRAPS_SIGNAL: u32 = 1 << 1;
/// Loop heads and function entries look at the interrupt fields of the context.
pub const FLAG_INTERRUPTIBLE: u32 = 1 << 2;
/// The module passed the Proxy-Wasm checks.
pub const FLAG_PROXY_WASM: u32 = 1 << 3;
/// The module has a linear memory.
pub const FLAG_MEMORY: u32 = 1 << 4;

/// Bytes of a WebAssembly page.
pub const WASM_PAGE: u64 = 64 * 1024;

/// Where the bytes of active segments may be mapped from, they start in the metadata and in the memory at multiples of this, and
/// are filled up to one with zeros. Hosts with larger pages copy them.
pub const DATA_PAGE: u64 = 4096;

/// A run of elements within the metadata.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Byte offset from the start of the blob.
    pub offset: u32,
    /// Number of elements.
    pub len: u32,
}

/// The start of the metadata.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MetaHeader {
    /// [`META_MAGIC`]
    pub magic: [u8; 8],
    /// [`crate::ABI_VERSION`]
    pub version: u32,
    /// Bytes of the whole blob.
    pub size: u32,
    /// `FLAG_*`
    pub flags: u32,
    /// [`AbiVersion`]
    pub abi: u32,
    /// Bytes of machine code that the blob belongs to.
    pub text_len: u32,
    /// Bytes of state below the memory base; [`crate::context::state_size`].
    pub state_size: u32,
    /// Initial pages of 64 KiB.
    pub memory_min: u32,
    /// Maximum pages, [`NONE`] when the module gives none.
    pub memory_max: u32,
    /// Function index of the `start` section, or [`NONE`].
    pub start_function: u32,
    /// Number of imported functions; defined functions have the indices from here on.
    pub imported_functions: u32,
    /// SHA-256 of the Wasm module that was compiled.
    pub wasm_sha256: [u8; 32],
    /// `u8`: text that other spans of [`Span`] type point into.
    pub strings: Span,
    /// [`FunctionType`]
    pub types: Span,
    /// `u8`: parameter types, then result types, of the [`FunctionType`]s; numbers of [`crate::ValType`].
    pub type_values: Span,
    /// [`FunctionRecord`], one per function, imported ones first.
    pub functions: Span,
    /// [`TableRecord`]
    pub tables: Span,
    /// [`GlobalRecord`]
    pub globals: Span,
    /// [`DataRecord`]
    pub data: Span,
    /// `u8`: the bytes of all data segments.
    pub data_bytes: Span,
    /// [`ElementRecord`]
    pub elements: Span,
    /// `u32`: items of all element segments, function index plus 1, or 0 for null.
    pub element_items: Span,
    /// [`ExportRecord`], sorted by name.
    pub exports: Span,
    /// [`ImportRecord`], one per imported function.
    pub imports: Span,
    /// `u32`: text offsets of trapping instructions, ascending.
    pub trap_offsets: Span,
    /// `u8`: [`TrapCode`] of each.
    pub trap_codes: Span,
    /// `u32`: function index of each callback by [`crate::CallbackId`], [`NONE`] where not exported. Empty without
    /// [`FLAG_PROXY_WASM`].
    pub callbacks: Span,
}

/// A function signature. Equal signatures have one entry.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FunctionType {
    /// First of its types in `type_values`.
    pub first_value: u32,
    /// Number of parameters.
    pub params: u16,
    /// Number of results, directly after the parameters.
    pub results: u16,
    /// Text offset of the entry adapter, `extern "C" fn(context, code, values)`, or [`NONE`]: `values` are 16 bytes
    /// each, parameters in, results out.
    pub entry: u32,
}

/// A function.
///
/// Callbacks are called as they are: their code takes the context and then up to five integers, and gives one result. On x86-64 in the
/// registers of the C convention, on aarch64 from x2 on, with the result in x2, which is Cranelift's `tail` convention on both. All
/// other functions are called through the entry adapter of their type. Upper halves of an `i32` mean nothing.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FunctionRecord {
    /// Text offset of its code; for an imported function that of its adapter, or [`NONE`] where it needs none.
    pub offset: u32,
    /// Bytes of code.
    pub size: u32,
    /// Index in `types`.
    pub type_index: u32,
    /// Offset of its name within `strings`.
    pub name_offset: u32,
    /// Bytes of its name, 0 where it has none.
    pub name_len: u32,
}

/// A table.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TableRecord {
    /// Initial elements.
    pub min: u32,
    /// Maximum elements, [`NONE`] when the module gives none.
    pub max: u32,
    /// [`crate::ValType`] number of the elements.
    pub element: u32,
    /// Initial value of every element: function index plus 1, or 0 for null.
    pub init: u32,
}

/// A global. Its initial value is known at compile time: only functions are imported.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GlobalRecord {
    /// The value's bytes, little-endian; references as in the context.
    pub value: [u32; 4],
    /// [`crate::ValType`] number.
    pub ty: u32,
    /// 1 if it can change.
    pub mutable: u32,
}

/// A data segment, or what several active ones left behind when they were laid over each other ([`DATA_PAGE`]). Segments that the
/// code names by number come first, active ones among them as empty passive ones.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DataRecord {
    /// 1 for an active segment.
    pub active: u32,
    /// Where an active segment goes in the memory.
    pub memory_offset: u32,
    /// First of its bytes in `data_bytes`.
    pub first: u32,
    /// Bytes.
    pub len: u32,
}

/// An element segment.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ElementRecord {
    /// 0 passive, 1 active, 2 declared.
    pub kind: u32,
    /// Table of an active segment.
    pub table: u32,
    /// First element that an active segment writes.
    pub table_offset: u32,
    /// First of its items in `element_items`.
    pub first: u32,
    /// Items.
    pub len: u32,
}

/// An export.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ExportRecord {
    /// Offset of its name within `strings`.
    pub name_offset: u32,
    /// Bytes of its name.
    pub name_len: u32,
    /// 0 function, 1 table, 2 memory, 3 global.
    pub kind: u32,
    /// Index in its space.
    pub index: u32,
}

/// An imported function.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ImportRecord {
    /// Offset of the module's name within `strings`.
    pub module_offset: u32,
    /// Bytes of the module's name.
    pub module_len: u32,
    /// Offset of the function's name within `strings`.
    pub name_offset: u32,
    /// Bytes of the function's name.
    pub name_len: u32,
    /// Index in `types`.
    pub type_index: u32,
}

const _: () = assert!(core::mem::size_of::<MetaHeader>().is_multiple_of(4));

/// Why a blob is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaError {
    /// Too short, misaligned or without the magic.
    NotMetadata,
    /// Written for another [`crate::ABI_VERSION`]; the number it carries.
    Version(u32),
    /// A span or an index points outside; the name of the field.
    OutOfRange(&'static str),
}

/// A checked view of the metadata. Every span lies within the blob, every text offset within the text and every index
/// within its table.
#[derive(Clone, Copy, Debug)]
pub struct Meta<'a> {
    /// The header.
    pub header: &'a MetaHeader,
    /// See the fields of [`MetaHeader`] with the same names.
    pub strings: &'a [u8],
    /// Signatures.
    pub types: &'a [FunctionType],
    /// Types of parameters and results.
    pub type_values: &'a [u8],
    /// Functions, imported ones first.
    pub functions: &'a [FunctionRecord],
    /// Tables.
    pub tables: &'a [TableRecord],
    /// Globals.
    pub globals: &'a [GlobalRecord],
    /// Data segments.
    pub data: &'a [DataRecord],
    /// Their bytes.
    pub data_bytes: &'a [u8],
    /// Element segments.
    pub elements: &'a [ElementRecord],
    /// Their items.
    pub element_items: &'a [u32],
    /// Exports.
    pub exports: &'a [ExportRecord],
    /// Imported functions.
    pub imports: &'a [ImportRecord],
    /// Text offsets of trapping instructions.
    pub trap_offsets: &'a [u32],
    /// Their codes.
    pub trap_codes: &'a [u8],
    /// Function indices of the callbacks.
    pub callbacks: &'a [u32],
}

fn span<'a, T>(blob: &'a [u8], span: Span, field: &'static str) -> Result<&'a [T], MetaError> {
    let bytes = (span.len as u64) * core::mem::size_of::<T>() as u64;
    let end = span.offset as u64 + bytes;
    if end > blob.len() as u64 || !(span.offset as usize).is_multiple_of(core::mem::align_of::<T>()) {
        return Err(MetaError::OutOfRange(field));
    }
    // SAFETY: in range and aligned (the blob is 16-byte aligned, checked by `parse`); T is one of the integer-only
    // `repr(C)` structures above, for which every bit pattern is valid.
    Ok(unsafe {
        core::slice::from_raw_parts(blob.as_ptr().add(span.offset as usize).cast::<T>(), span.len as usize)
    })
}

fn within(index: u32, len: usize) -> bool {
    (index as usize) < len
}

fn range_within(first: u32, len: u32, total: usize) -> bool {
    first as u64 + len as u64 <= total as u64
}

impl<'a> Meta<'a> {
    /// Checks a blob and gives its parts. `text_len` is the size of the machine code it must describe.
    ///
    /// # Errors
    /// The first thing found wrong. Never panics, whatever the bytes.
    pub fn parse(blob: &'a [u8], text_len: u64) -> Result<Self, MetaError> {
        if blob.len() < core::mem::size_of::<MetaHeader>() || !(blob.as_ptr() as usize).is_multiple_of(16) {
            return Err(MetaError::NotMetadata);
        }
        // SAFETY: long enough and aligned, and every bit pattern is a valid header.
        let header = unsafe { &*blob.as_ptr().cast::<MetaHeader>() };
        if header.magic != META_MAGIC {
            return Err(MetaError::NotMetadata);
        }
        if header.version != crate::ABI_VERSION {
            return Err(MetaError::Version(header.version));
        }
        if header.size as usize != blob.len() {
            return Err(MetaError::OutOfRange("size"));
        }
        if header.text_len as u64 != text_len {
            return Err(MetaError::OutOfRange("text_len"));
        }
        let meta = Meta {
            header,
            strings: span(blob, header.strings, "strings")?,
            types: span(blob, header.types, "types")?,
            type_values: span(blob, header.type_values, "type_values")?,
            functions: span(blob, header.functions, "functions")?,
            tables: span(blob, header.tables, "tables")?,
            globals: span(blob, header.globals, "globals")?,
            data: span(blob, header.data, "data")?,
            data_bytes: span(blob, header.data_bytes, "data_bytes")?,
            elements: span(blob, header.elements, "elements")?,
            element_items: span(blob, header.element_items, "element_items")?,
            exports: span(blob, header.exports, "exports")?,
            imports: span(blob, header.imports, "imports")?,
            trap_offsets: span(blob, header.trap_offsets, "trap_offsets")?,
            trap_codes: span(blob, header.trap_codes, "trap_codes")?,
            callbacks: span(blob, header.callbacks, "callbacks")?,
        };
        meta.check()?;
        Ok(meta)
    }

    fn check(&self) -> Result<(), MetaError> {
        let bad = |field| Err(MetaError::OutOfRange(field));
        let h = self.header;
        let in_text = |offset: u32| offset < h.text_len;
        let function_or_null = |n: u32| n as usize <= self.functions.len();
        if AbiVersion::from_u32(h.abi).is_none() {
            return bad("abi");
        }
        if h.memory_min > 65536 || (h.memory_max != NONE && h.memory_max > 65536) {
            return bad("memory");
        }
        if self.tables.len() + self.globals.len() > (1 << 24)
            || h.state_size != crate::context::state_size(self.tables.len() as u32, self.globals.len() as u32)
        {
            return bad("state_size");
        }
        if h.start_function != NONE && !within(h.start_function, self.functions.len()) {
            return bad("start_function");
        }
        if h.imported_functions as usize != self.imports.len() || self.imports.len() > self.functions.len() {
            return bad("imported_functions");
        }
        for t in self.types {
            if !range_within(t.first_value, t.params as u32 + t.results as u32, self.type_values.len())
                || (t.entry != NONE && !in_text(t.entry))
            {
                return bad("types");
            }
        }
        if self.type_values.iter().any(|v| crate::ValType::from_u8(*v).is_none()) {
            return bad("type_values");
        }
        for (i, f) in self.functions.iter().enumerate() {
            let code_ok = if f.offset == NONE {
                i < self.imports.len()
            } else {
                in_text(f.offset) && range_within(f.offset, f.size, h.text_len as usize)
            };
            if !code_ok
                || !within(f.type_index, self.types.len())
                || !range_within(f.name_offset, f.name_len, self.strings.len())
            {
                return bad("functions");
            }
        }
        for t in self.tables {
            if t.max < t.min || !function_or_null(t.init) || !matches!(t.element, 5 | 6) {
                return bad("tables");
            }
        }
        if self.globals.iter().any(|g| g.ty > 6 || g.mutable > 1) {
            return bad("globals");
        }
        if self.data.iter().any(|d| !range_within(d.first, d.len, self.data_bytes.len())) {
            return bad("data");
        }
        for e in self.elements {
            if e.kind > 2
                || (e.kind == 1 && !within(e.table, self.tables.len()))
                || !range_within(e.first, e.len, self.element_items.len())
            {
                return bad("elements");
            }
        }
        if !self.element_items.iter().all(|n| function_or_null(*n)) {
            return bad("element_items");
        }
        for e in self.exports {
            let limit = match e.kind {
                0 => self.functions.len(),
                1 => self.tables.len(),
                2 => 1,
                3 => self.globals.len(),
                _ => return bad("exports"),
            };
            if !within(e.index, limit) || !range_within(e.name_offset, e.name_len, self.strings.len()) {
                return bad("exports");
            }
        }
        for i in self.imports {
            if !range_within(i.module_offset, i.module_len, self.strings.len())
                || !range_within(i.name_offset, i.name_len, self.strings.len())
                || !within(i.type_index, self.types.len())
            {
                return bad("imports");
            }
        }
        if self.trap_offsets.len() != self.trap_codes.len()
            || !self.trap_offsets.is_sorted()
            || self.trap_codes.iter().any(|c| TrapCode::from_u8(*c).is_none())
        {
            return bad("traps");
        }
        if !self.callbacks.is_empty() && self.callbacks.len() != CALLBACKS.len() {
            return bad("callbacks");
        }
        for f in self.callbacks {
            if *f != NONE && !within(*f, self.functions.len()) {
                return bad("callbacks");
            }
        }
        Ok(())
    }

    /// The ABI version of the plugin.
    pub fn abi(&self) -> AbiVersion {
        AbiVersion::from_u32(self.header.abi).unwrap_or(AbiVersion::None)
    }

    /// A run of `strings`, lossless UTF-8 or the empty text.
    pub fn str(&self, offset: u32, len: u32) -> &'a str {
        self.strings
            .get(offset as usize..(offset as usize).saturating_add(len as usize))
            .and_then(|b| core::str::from_utf8(b).ok())
            .unwrap_or("")
    }

    /// The name of a function, empty where it has none.
    pub fn function_name(&self, index: u32) -> &'a str {
        self.functions.get(index as usize).map_or("", |f| self.str(f.name_offset, f.name_len))
    }

    /// The trap at a text offset.
    pub fn trap_at(&self, text_offset: u32) -> Option<TrapCode> {
        let i = self.trap_offsets.binary_search(&text_offset).ok()?;
        TrapCode::from_u8(*self.trap_codes.get(i)?)
    }

    /// The defined function whose code holds this text offset.
    pub fn function_at(&self, text_offset: u32) -> Option<u32> {
        let defined = &self.functions[self.imports.len()..];
        let i = defined.partition_point(|f| f.offset <= text_offset).checked_sub(1)?;
        let f = &defined[i];
        (text_offset.checked_sub(f.offset)? < f.size).then_some((self.imports.len() + i) as u32)
    }

    /// The export of this name and kind.
    pub fn export(&self, name: &str, kind: u32) -> Option<&'a ExportRecord> {
        let i = self
            .exports
            .binary_search_by(|e| self.str(e.name_offset, e.name_len).as_bytes().cmp(name.as_bytes()))
            .ok()?;
        Some(&self.exports[i]).filter(|e| e.kind == kind)
    }

    /// The function that a callback is bound to.
    pub fn callback(&self, id: crate::CallbackId) -> Option<u32> {
        self.callbacks.get(id as usize).copied().filter(|f| *f != NONE)
    }

    /// Parameter and result types of a signature, numbers of [`crate::ValType`].
    pub fn signature(&self, type_index: u32) -> (&'a [u8], &'a [u8]) {
        let t = &self.types[type_index as usize];
        let values = &self.type_values[t.first_value as usize..][..t.params as usize + t.results as usize];
        values.split_at(t.params as usize)
    }
}
