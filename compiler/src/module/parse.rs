//! wasmparser's payloads into a [`Module`].

use super::const_expr::{ConstValue, evaluate};
use super::{
    Body, CustomSection, Data, Element, ElementKind, Export, ExportKind, FuncType, Global, Import, Memory,
    Module, Table, names,
};
use crate::CompileError;
use plugin_abi::ValType;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use wasmparser::{
    ElementItems, ExternalKind, HeapType, Parser, Payload, RefType, TypeRef, ValidPayload, Validator,
    WasmFeatures,
};

/// WebAssembly 2.0 with extended constants, tail calls and relaxed SIMD.
pub(crate) fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::FLOATS
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::GC_TYPES
}

fn value_type(ty: wasmparser::ValType) -> Result<ValType, CompileError> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(r) => ref_type(r)?,
    })
}

fn ref_type(ty: RefType) -> Result<ValType, CompileError> {
    match ty {
        RefType::FUNCREF => Ok(ValType::FuncRef),
        RefType::EXTERNREF => Ok(ValType::ExternRef),
        other => Err(CompileError::Unsupported(format!("the reference type {other}"))),
    }
}

/// The value type of a block type's or a local's type.
pub(crate) fn translate_type(ty: wasmparser::ValType) -> Result<ValType, CompileError> {
    value_type(ty)
}

/// The reference type of `ref.null`.
pub(crate) fn translate_heap_type(ty: HeapType) -> Result<ValType, CompileError> {
    match ty {
        HeapType::FUNC => Ok(ValType::FuncRef),
        HeapType::EXTERN => Ok(ValType::ExternRef),
        other => Err(CompileError::Unsupported(format!("the heap type {other:?}"))),
    }
}

#[derive(Default)]
struct Types {
    types: Vec<FuncType>,
    known: HashMap<FuncType, u32>,
    index: Vec<u32>,
}

impl Types {
    fn add(&mut self, ty: FuncType) {
        let next = self.types.len() as u32;
        let index = *self.known.entry(ty.clone()).or_insert_with(|| {
            self.types.push(ty);
            next
        });
        self.index.push(index);
    }
}

fn reject_preamble(wasm: &[u8]) -> Result<(), CompileError> {
    let not = |what: &str| Err(CompileError::NotWasm(what.to_owned()));
    match wasm {
        [] => not("the file is empty"),
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {
            not("this is a WebAssembly component; Proxy-Wasm plugins are core modules")
        }
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', rest @ ..] if rest.len() >= 4 => {
            not(&format!("unknown binary version {:02x?}", &rest[..4]))
        }
        _ if b"\0asm\x01\0\0\0".starts_with(wasm) => not("the file ends within its first 8 bytes"),
        _ if wasm.starts_with(b"\x7fELF") => not("this is an ELF file"),
        _ if wasm.starts_with(b"(module") || wasm.starts_with(b"(;") || wasm.starts_with(b";;") => {
            not("this is WebAssembly text; convert it with wat2wasm first")
        }
        _ => not("it does not start with \\0asm"),
    }
}

pub(super) fn parse(wasm: &[u8]) -> Result<Module<'_>, CompileError> {
    reject_preamble(wasm)?;
    let mut validator = Validator::new_with_features(features());
    let mut types = Types::default();
    let mut module = Module {
        wasm,
        // What the walk takes exception to, the validator does below.
        sha256: nullvm_artifact::module_sha256(wasm).unwrap_or_else(|_| Sha256::digest(wasm).into()),
        types: Vec::new(),
        type_index: Vec::new(),
        imports: Vec::new(),
        functions: Vec::new(),
        bodies: Vec::new(),
        tables: Vec::new(),
        memory: None,
        globals: Vec::new(),
        exports: Vec::new(),
        start: None,
        data: Vec::new(),
        elements: Vec::new(),
        names: Vec::new(),
        referenced: Vec::new(),
        custom: Vec::new(),
    };
    let mut references: Vec<u32> = Vec::new();
    let mut name_section = None;

    let mut parser = Parser::new(0);
    parser.set_features(features());
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        match &payload {
            // Ours is the better message, and it must come before the validator's.
            Payload::ImportSection(reader) => reject_imports(reader.clone())?,
            Payload::MemorySection(reader) => {
                for memory in reader.clone() {
                    let memory = memory?;
                    if memory.memory64 {
                        return Err(CompileError::Unsupported(
                            "a 64-bit memory (wasm64); build the plugin for wasm32".to_owned(),
                        ));
                    }
                    if memory.shared {
                        return Err(CompileError::Unsupported("a shared memory (threads)".to_owned()));
                    }
                }
            }
            _ => {}
        }
        let valid = validator.payload(&payload)?;
        if let ValidPayload::Func(func, body) = valid {
            module.bodies.push(Body { validator: func, body });
            continue;
        }
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader {
                    for ty in group?.into_types() {
                        let wasmparser::CompositeInnerType::Func(f) = &ty.composite_type.inner else {
                            return Err(CompileError::Unsupported(
                                "a type that is no function type".to_owned(),
                            ));
                        };
                        let list = |types: &[wasmparser::ValType]| {
                            types.iter().map(|t| value_type(*t)).collect::<Result<Box<[_]>, _>>()
                        };
                        types.add(FuncType { params: list(f.params())?, results: list(f.results())? });
                    }
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import?;
                    let TypeRef::Func(ty) = import.ty else { continue };
                    let ty = types.index[ty as usize];
                    module.functions.push(ty);
                    module.imports.push(Import {
                        module: import.module.into(),
                        name: import.name.into(),
                        ty,
                    });
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    module.functions.push(types.index[ty? as usize]);
                }
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    let table = table?;
                    let init = match &table.init {
                        wasmparser::TableInit::RefNull => 0,
                        wasmparser::TableInit::Expr(e) => match evaluate(e, |_| None)? {
                            ConstValue::Ref(n) => n,
                            _ => return Err(CompileError::Unsupported("an initialised table".to_owned())),
                        },
                    };
                    if init != 0 {
                        references.push(init - 1);
                    }
                    let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
                    module.tables.push(Table {
                        min: narrow(table.ty.initial),
                        max: table.ty.maximum.map(narrow),
                        element: ref_type(table.ty.element_type)?,
                        init,
                    });
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader {
                    let memory = memory?;
                    module.memory =
                        Some(Memory { min: memory.initial as u32, max: memory.maximum.map(|n| n as u32) });
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader {
                    let global = global?;
                    let init =
                        evaluate(&global.init_expr, |i| module.globals.get(i as usize).map(|g| g.init))?;
                    if let ConstValue::Ref(n @ 1..) = init {
                        references.push(n - 1);
                    }
                    let ty = value_type(global.ty.content_type)?;
                    module.globals.push(Global { ty, mutable: global.ty.mutable, init });
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    let kind = match export.kind {
                        ExternalKind::Func => {
                            references.push(export.index);
                            ExportKind::Function(export.index)
                        }
                        ExternalKind::Table => ExportKind::Table(export.index),
                        ExternalKind::Memory => ExportKind::Memory,
                        ExternalKind::Global => ExportKind::Global(export.index),
                        other => {
                            return Err(CompileError::Unsupported(format!("an export of kind {other:?}")));
                        }
                    };
                    module.exports.push(Export { name: export.name.into(), kind });
                }
            }
            Payload::StartSection { func, .. } => {
                references.push(func);
                module.start = Some(func);
            }
            Payload::ElementSection(reader) => {
                for element in reader {
                    let element = element?;
                    let kind = match element.kind {
                        wasmparser::ElementKind::Passive => ElementKind::Passive,
                        wasmparser::ElementKind::Declared => ElementKind::Declared,
                        wasmparser::ElementKind::Active { table_index, offset_expr } => ElementKind::Active {
                            table: table_index.unwrap_or(0),
                            offset: offset(&offset_expr, &module)?,
                        },
                    };
                    let mut items = Vec::new();
                    match element.items {
                        ElementItems::Functions(reader) => {
                            for f in reader {
                                items.push(f? + 1);
                            }
                        }
                        ElementItems::Expressions(_, reader) => {
                            for e in reader {
                                let value =
                                    evaluate(&e?, |i| module.globals.get(i as usize).map(|g| g.init))?;
                                let ConstValue::Ref(n) = value else {
                                    return Err(CompileError::Unsupported(
                                        "an element that is no reference".into(),
                                    ));
                                };
                                items.push(n);
                            }
                        }
                    }
                    references.extend(items.iter().filter(|n| **n != 0).map(|n| n - 1));
                    module.elements.push(Element { kind, items });
                }
            }
            Payload::DataSection(reader) => {
                for data in reader {
                    let data = data?;
                    let address = match data.kind {
                        wasmparser::DataKind::Passive => None,
                        wasmparser::DataKind::Active { offset_expr, .. } => {
                            Some(offset(&offset_expr, &module)?)
                        }
                    };
                    module.data.push(Data { offset: address, bytes: data.data });
                }
            }
            Payload::CustomSection(section) => {
                if section.name() == "name" {
                    name_section = Some((section.data(), section.data_offset()));
                }
                module.custom.push(CustomSection {
                    name: section.name().into(),
                    offset: section.data_offset(),
                    data: section.data(),
                });
            }
            _ => {}
        }
    }

    module.names = match name_section {
        Some((data, offset)) => names::function_names(data, offset, module.functions.len()),
        None => vec![None; module.functions.len()],
    };
    // An export's name beats nothing, and imports are known by theirs.
    for (i, import) in module.imports.iter().enumerate() {
        module.names[i].get_or_insert_with(|| format!("{}.{}", import.module, import.name));
    }
    for export in &module.exports {
        if let ExportKind::Function(f) = export.kind {
            module.names[f as usize].get_or_insert_with(|| names::display(&export.name));
        }
    }
    module.referenced = vec![false; module.functions.len()];
    for f in references {
        module.referenced[f as usize] = true;
    }
    module.types = types.types;
    module.type_index = types.index;
    Ok(module)
}

fn offset(expr: &wasmparser::ConstExpr<'_>, module: &Module<'_>) -> Result<u32, CompileError> {
    evaluate(expr, |i| module.globals.get(i as usize).map(|g| g.init))?
        .as_u32()
        .ok_or_else(|| CompileError::Unsupported("a segment offset that is no i32".to_owned()))
}

/// Only functions are imported: Proxy-Wasm hosts give nothing else.
fn reject_imports(reader: wasmparser::ImportSectionReader<'_>) -> Result<(), CompileError> {
    let mut problems = Vec::new();
    for import in reader.into_imports() {
        let import = import?;
        let kind = match import.ty {
            TypeRef::Func(_) => continue,
            TypeRef::Memory(_) => "a memory",
            TypeRef::Table(_) => "a table",
            TypeRef::Global(_) => "a global",
            _ => "something that is no function",
        };
        problems.push(crate::ImportProblem {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            problem: format!("{kind} is imported, but Proxy-Wasm hosts offer functions only"),
            stubbable: false,
        });
    }
    if problems.is_empty() { Ok(()) } else { Err(CompileError::Imports(problems)) }
}
