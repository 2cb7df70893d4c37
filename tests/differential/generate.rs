//! Modules from seeds.

use crate::engine::Bits;
use wasm_smith::Config;
use wasmparser::{ExternalKind, FuncType, Operator, Parser, Payload, TypeRef, ValType};

/// A generated module with what the comparison needs to know of it.
pub struct Module {
    pub wasm: Vec<u8>,
    pub functions: Vec<Function>,
}

/// An exported function.
pub struct Function {
    pub name: String,
    pub ty: FuncType,
}

/// SplitMix64.
pub fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Function {
    /// Arguments: mixes of small, extreme and arbitrary values. No references but null.
    pub fn arguments(&self, seed: u64) -> Vec<Bits> {
        let mut state = seed ^ self.name.len() as u64;
        let mut value = |bits: u32| {
            let raw = u128::from(random(&mut state)) << 64 | u128::from(random(&mut state));
            let mask = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
            match random(&mut state) % 6 {
                0 => 0,
                1 => raw & 0xff,
                2 => mask,
                3 => 1 << (bits - 1),
                _ => raw & mask,
            }
        };
        self.ty
            .params()
            .iter()
            .map(|ty| match ty {
                ValType::I32 | ValType::F32 => value(32),
                ValType::I64 | ValType::F64 => value(64),
                ValType::V128 => value(128),
                ValType::Ref(_) => 0,
            })
            .collect()
    }
}

/// Functions that the modules may import.
const IMPORTS: &str = r#"(module
    (import "env" "a" (func))
    (import "env" "b" (func (param i32) (result i32)))
    (import "env" "c" (func (param i64 f32) (result i64)))
    (import "env" "d" (func (param f64 i32 i32) (result f64)))
    (import "env" "e" (func (param i32 i32 i32 i32 i64) (result i32 i64))))"#;

/// The module of a seed.
pub fn generate(seed: u64) -> Module {
    let mut state = seed;
    let config = Config {
        allow_start_export: true,
        available_imports: Some(wat::parse_str(IMPORTS).expect("the imports are valid")),
        bulk_memory_enabled: true,
        canonicalize_nans: true,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        export_everything: true,
        extended_const_enabled: true,
        gc_enabled: false,
        max_aliases: 0,
        max_memories: 1,
        max_memory32_bytes: 8 << 20,
        max_table_elements: 1000,
        max_tables: 3,
        memory64_enabled: false,
        memory_max_size_required: true,
        table_max_size_required: true,
        min_funcs: 2,
        min_memories: 1,
        min_tables: 1,
        multi_value_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: true,
        shared_everything_threads_enabled: false,
        sign_extension_ops_enabled: true,
        simd_enabled: !seed.is_multiple_of(3),
        tail_call_enabled: true,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        allow_floats: true,
        max_data_segments: 6,
        max_element_segments: 6,
        ..Config::default()
    };
    // A seed whose bytes run out gives a smaller module, not an error.
    let bytes: Vec<u8> = (0..2048).flat_map(|_| random(&mut state).to_le_bytes()).collect();
    let mut unstructured = arbitrary::Unstructured::new(&bytes);
    let mut module =
        wasm_smith::Module::new(config, &mut unstructured).expect("wasm-smith makes a module of any bytes");
    let _ = module.ensure_termination(2_000);
    let wasm = module.to_bytes();
    let functions = exported_functions(&wasm);
    Module { wasm, functions }
}

/// What a module exports.
pub fn exported_functions(wasm: &[u8]) -> Vec<Function> {
    let mut types: Vec<FuncType> = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    let mut exported = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("wasm-smith's modules parse") {
            Payload::TypeSection(reader) => {
                types.extend(reader.into_iter_err_on_gc_types().map(|t| t.expect("function types only")));
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    if let TypeRef::Func(ty) = import.expect("an import").ty {
                        functions.push(ty);
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                functions.extend(reader.into_iter().map(|f| f.expect("a function")))
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export.expect("an export");
                    if export.kind == ExternalKind::Func {
                        let ty = types[functions[export.index as usize] as usize].clone();
                        exported.push(Function { name: export.name.to_owned(), ty });
                    }
                }
            }
            _ => {}
        }
    }
    exported
}

/// The same module with its first `i32.add`, `i32.and` or `i64.add` turned into another operator, which keeps it valid.
pub fn plant(wasm: &[u8]) -> Option<Vec<u8>> {
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(Payload::CodeSectionEntry(body)) = payload else { continue };
        let mut reader = body.get_operators_reader().ok()?;
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset().ok()?;
            // i32.sub, i32.or, i64.sub
            let other = match op {
                Operator::I32Add => 0x6b,
                Operator::I32And => 0x72,
                Operator::I64Add => 0x7d,
                _ => continue,
            };
            let mut wrong = wasm.to_vec();
            wrong[offset] = other;
            return Some(wrong);
        }
    }
    None
}
