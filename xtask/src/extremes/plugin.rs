//! The frame around the bodies: a module that passes the Proxy-Wasm checks.

use super::body::{Rng, Scope};
use std::borrow::Cow;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, Module,
    RefType, TableSection, TableType, TypeSection, ValType,
};

/// Types that every module has, by index.
pub const CALLBACK: u32 = 0;
pub const ALLOCATOR: u32 = 1;
pub const PLAIN: u32 = 2;
pub const LOG: u32 = 3;

/// Imported functions: `proxy_log`, `proxy_get_current_time_nanoseconds`.
pub const IMPORTS: u32 = 2;

/// A module that grows.
pub struct Plugin {
    types: TypeSection,
    functions: FunctionSection,
    globals: GlobalSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
    data_end: u32,
    table: u32,
}

impl Plugin {
    pub fn new() -> Self {
        let i32s = |n: usize| vec![ValType::I32; n];
        let mut plugin = Self {
            types: TypeSection::new(),
            functions: FunctionSection::new(),
            globals: GlobalSection::new(),
            elements: ElementSection::new(),
            code: CodeSection::new(),
            data: DataSection::new(),
            data_end: 1024,
            table: 1,
        };
        plugin.function_type(&[], &[]);
        plugin.function_type(&i32s(1), &i32s(1));
        plugin.function_type(&i32s(2), &i32s(1));
        plugin.function_type(&i32s(3), &i32s(1));
        plugin.globals(2);

        let mut abi = Function::new([]);
        abi.instructions().end();
        plugin.add_typed(abi, CALLBACK);
        // A bump allocator.
        let mut malloc = Function::new([]);
        malloc.instructions().global_get(0).global_get(0).local_get(0).i32_add().global_set(0).end();
        plugin.add_typed(malloc, ALLOCATOR);
        plugin
    }

    /// Adds a type and gives its index.
    pub fn function_type(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        self.types.ty().function(params.iter().copied(), results.iter().copied());
        self.types.len() - 1
    }

    /// What bodies may refer to, in a module that will have `count` of them.
    pub fn scope(&self, count: u32) -> Scope {
        Scope { first: IMPORTS + self.functions.len(), count }
    }

    /// Adds a function of the type [`PLAIN`].
    pub fn add(&mut self, body: Function) {
        self.add_typed(body, PLAIN);
    }

    pub fn add_typed(&mut self, body: Function, ty: u32) {
        self.functions.function(ty);
        self.code.function(&body);
    }

    /// Adds mutable globals and gives the index of the first.
    pub fn globals(&mut self, count: u32) -> u32 {
        let first = self.globals.len();
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        for i in 0..count {
            self.globals.global(ty, &ConstExpr::i32_const(65536 + i as i32));
        }
        first
    }

    /// Fills the table with `count` functions, imported ones among them.
    pub fn elements(&mut self, count: u32) {
        let all = IMPORTS + self.functions.len();
        let functions: Vec<u32> = (0..count).map(|i| i % all).collect();
        self.table = count + 1;
        self.elements.active(None, &ConstExpr::i32_const(1), Elements::Functions(Cow::Owned(functions)));
    }

    /// Adds an active data segment.
    pub fn data_segment(&mut self, offset: u32, bytes: &[u8]) {
        self.data.active(0, &ConstExpr::i32_const(offset as i32), bytes.iter().copied());
        self.data_end = self.data_end.max(offset + bytes.len() as u32);
    }

    /// Adds data in segments of 64 KiB, words and zeroes mixed.
    pub fn data_bytes(&mut self, bytes: usize, rng: &mut Rng) {
        for start in (0..bytes).step_by(65536) {
            let segment: Vec<u8> = (0..65536.min(bytes - start))
                .map(|_| if rng.below(3) == 0 { 0 } else { b' ' + rng.below(90) as u8 })
                .collect();
            self.data_segment(self.data_end, &segment);
        }
    }

    /// The module's bytes.
    pub fn finish(self) -> Vec<u8> {
        let mut imports = ImportSection::new();
        imports.import("env", "proxy_log", EntityType::Function(LOG));
        imports.import("env", "proxy_get_current_time_nanoseconds", EntityType::Function(ALLOCATOR));
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: self.table.into(),
            maximum: None,
            shared: false,
        });
        let mut memories = MemorySection::new();
        let minimum = u64::from(self.data_end).div_ceil(65536) + 16;
        memories.memory(MemoryType {
            minimum,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        exports.export("proxy_abi_version_0_2_1", ExportKind::Func, IMPORTS);
        exports.export("malloc", ExportKind::Func, IMPORTS + 1);
        exports.export("proxy_on_vm_start", ExportKind::Func, IMPORTS + 2);

        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&imports)
            .section(&self.functions)
            .section(&tables)
            .section(&memories);
        module.section(&self.globals).section(&exports).section(&self.elements).section(&self.code);
        module.section(&self.data);
        module.finish()
    }
}
