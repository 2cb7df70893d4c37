//! Reports on a WebAssembly module.

use super::MemoryPlan;
use super::bundle::{self, BundleReport};
use super::sdk::{self, Sdk};
use nullvm_compiler::module::{ExportKind, FuncType};
use nullvm_compiler::{CompileError, Module, Options, proxy_abi};
use plugin_abi::{AbiVersion, CallbackId, ValType, callback_by_name, host_function_by_import};
use serde::Serialize;
use std::collections::BTreeSet;
use wasmparser::{FuncValidatorAllocations, Operator, Parser, Payload};

/// What a module holds.
#[derive(Serialize)]
pub struct WasmReport {
    /// Whether `nullvmc compile` takes it without further options.
    pub compiles: bool,
    /// Why not.
    pub problem: Option<String>,
    pub abi: Abi,
    pub sdk: Sdk,
    pub memory: Option<MemoryPlan>,
    pub data: DataPlan,
    pub tables: Vec<Table>,
    pub globals: Globals,
    pub functions: Functions,
    /// Index of the function of the `start` section.
    pub start: Option<u32>,
    /// Proposals beyond WebAssembly 1.0 that the module uses.
    pub features: Vec<String>,
    pub imports: Vec<Import>,
    pub exports: Vec<Export>,
    pub sections: Vec<Section>,
    pub custom_sections: Vec<Section>,
    /// Native code of ours within, and what else concerns bundles.
    pub bundle: BundleReport,
}

/// The Proxy-Wasm ABI.
#[derive(Serialize)]
pub struct Abi {
    /// The version that hosts would use, `0.2.1`.
    pub version: Option<&'static str>,
    /// Exports that declare a version.
    pub declared: Vec<String>,
}

/// Data segments.
#[derive(Serialize)]
pub struct DataPlan {
    pub segments: usize,
    pub passive: usize,
    pub bytes: usize,
}

/// A table.
#[derive(Serialize)]
pub struct Table {
    pub element: &'static str,
    pub min: u32,
    pub max: Option<u32>,
}

/// Globals.
#[derive(Serialize)]
pub struct Globals {
    pub count: usize,
    pub mutable: usize,
}

/// Functions.
#[derive(Serialize)]
pub struct Functions {
    pub imported: usize,
    pub defined: usize,
    /// Bytes of the bodies.
    pub body_bytes: usize,
    pub largest: Option<LargestFunction>,
    /// Most locals in one function, parameters not counted.
    pub most_locals: u32,
}

/// The function with the largest body.
#[derive(Serialize)]
pub struct LargestFunction {
    pub index: u32,
    pub name: Option<String>,
    pub bytes: usize,
}

/// What becomes of an import.
#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// Hosts offer it with this type.
    Bound,
    /// No host offers it.
    Unknown,
    /// Hosts of other ABI versions offer it.
    OtherAbi,
    /// Hosts offer it with another type.
    Mismatched,
}

impl ImportStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bound => "bound",
            Self::Unknown => "unknown",
            Self::OtherAbi => "other ABI",
            Self::Mismatched => "mismatched",
        }
    }
}

/// An imported function.
#[derive(Serialize)]
pub struct Import {
    pub module: String,
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
    pub status: ImportStatus,
    pub problem: Option<String>,
}

/// What an export is to a host.
#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Called on an event.
    Callback,
    /// Called once, when an instance is made.
    Entry,
    /// Gives room in the linear memory.
    Allocator,
    /// Declares the ABI version.
    AbiVersion,
    /// Looks like a callback, but hosts would refuse its type.
    Mismatched,
    /// Nothing.
    Other,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Entry => "entry",
            Self::Allocator => "allocator",
            Self::AbiVersion => "ABI version",
            Self::Mismatched => "mismatched",
            Self::Other => "",
        }
    }
}

/// An export.
#[derive(Serialize)]
pub struct Export {
    pub name: String,
    pub kind: &'static str,
    #[serde(rename = "type")]
    pub ty: String,
    pub role: Role,
    pub problem: Option<String>,
}

/// A section.
#[derive(Serialize)]
pub struct Section {
    pub name: String,
    /// Of its contents in the file.
    pub offset: usize,
    pub size: usize,
}

/// Validates the module and reports on it.
pub fn report(bytes: &[u8]) -> Result<WasmReport, CompileError> {
    let mut module = Module::parse(bytes)?;
    let problem = proxy_abi::bind(&module, &Options::default()).err().map(|e| e.to_string());
    let (known, declared) = proxy_abi::declared_abi(&module);
    // Without a version the names are looked up in what most hosts have.
    let abi = known.unwrap_or(AbiVersion::V0_2_1);
    let mut features = Features::default();
    features.of_module(&module);
    let (functions, validated) = functions(&mut module, &mut features);
    validated?;
    let (sections, custom_sections) = sections(bytes, &mut features)?;
    Ok(WasmReport {
        compiles: problem.is_none(),
        problem,
        abi: Abi { version: known.map(AbiVersion::as_str), declared },
        sdk: sdk::recognise(&module),
        memory: module.memory.map(|m| MemoryPlan { min_pages: m.min, max_pages: m.max }),
        data: DataPlan {
            segments: module.data.len(),
            passive: module.data.iter().filter(|d| d.offset.is_none()).count(),
            bytes: module.data.iter().map(|d| d.bytes.len()).sum(),
        },
        tables: module
            .tables
            .iter()
            .map(|t| Table { element: t.element.as_str(), min: t.min, max: t.max })
            .collect(),
        globals: Globals {
            count: module.globals.len(),
            mutable: module.globals.iter().filter(|g| g.mutable).count(),
        },
        functions,
        start: module.start,
        features: features.0.into_iter().map(str::to_owned).collect(),
        imports: module.imports.iter().map(|i| import(&module, i, abi)).collect(),
        exports: module.exports.iter().map(|e| export(&module, e, abi)).collect(),
        sections,
        custom_sections,
        bundle: bundle::report(bytes),
    })
}

fn import(module: &Module<'_>, import: &nullvm_compiler::module::Import, abi: AbiVersion) -> Import {
    let problem = proxy_abi::bind_import(module, import, abi).err();
    let status = match (&problem, host_function_by_import(&import.module, &import.name)) {
        (None, _) => ImportStatus::Bound,
        (Some(_), None) => ImportStatus::Unknown,
        (Some(p), Some(_)) if p.stubbable => ImportStatus::OtherAbi,
        (Some(_), Some(_)) => ImportStatus::Mismatched,
    };
    Import {
        module: import.module.clone(),
        name: import.name.clone(),
        ty: module.types[import.ty as usize].to_string(),
        status,
        problem: problem.map(|p| p.problem),
    }
}

fn export(module: &Module<'_>, export: &nullvm_compiler::module::Export, abi: AbiVersion) -> Export {
    let (kind, ty) = match export.kind {
        ExportKind::Function(f) => ("function", module.function_type(f).to_string()),
        ExportKind::Memory => ("memory", String::new()),
        ExportKind::Table(t) => ("table", module.tables[t as usize].element.as_str().to_owned()),
        ExportKind::Global(g) => {
            let global = &module.globals[g as usize];
            ("global", format!("{}{}", if global.mutable { "mut " } else { "" }, global.ty.as_str()))
        }
    };
    let (role, problem) = role(module, export, abi);
    Export { name: export.name.clone(), kind, ty, role, problem }
}

fn role(
    module: &Module<'_>,
    export: &nullvm_compiler::module::Export,
    abi: AbiVersion,
) -> (Role, Option<String>) {
    if let Some(callback) = callback_by_name(&export.name).filter(|c| c.abis.contains(abi)) {
        let expected = proxy_abi::callback_type(callback, abi);
        let found: Option<&FuncType> = match export.kind {
            ExportKind::Function(f) => Some(module.function_type(f)),
            _ => None,
        };
        return match callback.id {
            // Hosts ask for it by name and type.
            CallbackId::Main | CallbackId::MainVoid if found != Some(&expected) => (Role::Other, None),
            _ if found != Some(&expected) => (Role::Mismatched, Some(format!("expected {expected}"))),
            CallbackId::Initialize | CallbackId::Start | CallbackId::Main | CallbackId::MainVoid => {
                (Role::Entry, None)
            }
            CallbackId::Malloc | CallbackId::OnMemoryAllocate => (Role::Allocator, None),
            _ => (Role::Callback, None),
        };
    }
    if export.name.starts_with("proxy_abi_") && matches!(export.kind, ExportKind::Function(_)) {
        return (Role::AbiVersion, None);
    }
    (Role::Other, None)
}

/// Looks through all bodies; the second value is the first body that is invalid.
fn functions(module: &mut Module<'_>, features: &mut Features) -> (Functions, Result<(), CompileError>) {
    let mut all = Functions {
        imported: module.imports.len(),
        defined: module.bodies.len(),
        body_bytes: 0,
        largest: None,
        most_locals: 0,
    };
    let mut allocations = FuncValidatorAllocations::default();
    for (i, body) in std::mem::take(&mut module.bodies).into_iter().enumerate() {
        let bytes = body.body.range().len();
        all.body_bytes += bytes;
        if all.largest.as_ref().is_none_or(|l| bytes > l.bytes) {
            let index = (module.imports.len() + i) as u32;
            all.largest =
                Some(LargestFunction { index, name: module.function_name(index).map(str::to_owned), bytes });
        }
        let mut validator = body.validator.into_validator(std::mem::take(&mut allocations));
        if let Err(e) = validator.validate(&body.body) {
            return (all, Err(e.into()));
        }
        allocations = validator.into_allocations();
        if let Ok(locals) = body.body.get_locals_reader() {
            let count = locals.into_iter().flatten().fold(0u32, |sum, (n, _)| sum.saturating_add(n));
            all.most_locals = all.most_locals.max(count);
        }
        // Valid, so that every operator can be read.
        for operator in body.body.get_operators_reader().into_iter().flatten().flatten() {
            features.of_operator(&operator);
        }
    }
    (all, Ok(()))
}

fn sections(bytes: &[u8], features: &mut Features) -> Result<(Vec<Section>, Vec<Section>), CompileError> {
    let (mut sections, mut custom) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        features.of_section(&payload);
        if let Payload::CustomSection(section) = &payload {
            let size = section.data().len();
            custom.push(Section { name: section.name().to_owned(), offset: section.data_offset(), size });
        } else if let Some((id, range)) = payload.as_section() {
            sections.push(Section {
                name: section_name(id).to_owned(),
                offset: range.start,
                size: range.len(),
            });
        }
    }
    Ok((sections, custom))
}

fn section_name(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

macro_rules! proposals {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// The proposal that an operator came with; `mvp` for those of WebAssembly 1.0.
        fn proposal(operator: &Operator<'_>) -> &'static str {
            match operator {
                $( Operator::$op { .. } => stringify!($proposal), )*
                _ => "other",
            }
        }
    };
}
wasmparser::for_each_operator!(proposals);

/// Proposals in use.
#[derive(Default)]
struct Features(BTreeSet<&'static str>);

impl Features {
    fn of_module(&mut self, module: &Module<'_>) {
        if module.types.iter().any(|t| t.results.len() > 1) {
            self.0.insert("multi-value");
        }
        if module.types.iter().any(|t| t.params.iter().chain(&t.results).any(|t| *t == ValType::V128)) {
            self.0.insert("simd");
        }
        if module.tables.len() > 1 || module.tables.iter().any(|t| t.element == ValType::ExternRef) {
            self.0.insert("reference-types");
        }
        if module.data.iter().any(|d| d.offset.is_none()) {
            self.0.insert("bulk-memory");
        }
        let exported = |e: &nullvm_compiler::module::Export| matches!(e.kind, ExportKind::Global(g) if module.globals[g as usize].mutable);
        if module.exports.iter().any(exported) {
            self.0.insert("mutable-globals");
        }
    }

    fn of_operator(&mut self, operator: &Operator<'_>) {
        let name = match proposal(operator) {
            "mvp" => {
                // A block type that is an index has parameters or several results.
                if let Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } =
                    operator
                    && matches!(blockty, wasmparser::BlockType::FuncType(_))
                {
                    self.0.insert("multi-value");
                }
                if is_float(operator) {
                    self.0.insert("floating-point");
                }
                return;
            }
            "bulk_memory" => "bulk-memory",
            "reference_types" => "reference-types",
            "saturating_float_to_int" => "saturating-conversion",
            "sign_extension" => "sign-extension",
            "relaxed_simd" => "relaxed-simd",
            "tail_call" => "tail-calls",
            other => other,
        };
        self.0.insert(name);
    }

    /// Constant expressions with arithmetic.
    fn of_section(&mut self, payload: &Payload<'_>) {
        let extended =
            |e: &wasmparser::ConstExpr<'_>| e.get_operators_reader().into_iter().flatten().count() > 2;
        let found = match payload {
            Payload::GlobalSection(reader) => reader.clone().into_iter().flatten().any(|g| extended(&g.init_expr)),
            Payload::DataSection(reader) => reader.clone().into_iter().flatten().any(|d| {
                matches!(&d.kind, wasmparser::DataKind::Active { offset_expr, .. } if extended(offset_expr))
            }),
            Payload::ElementSection(reader) => reader.clone().into_iter().flatten().any(|e| {
                matches!(&e.kind, wasmparser::ElementKind::Active { offset_expr, .. } if extended(offset_expr))
            }),
            _ => false,
        };
        if found {
            self.0.insert("extended-const");
        }
    }
}

/// Not a proposal, but what people ask first when code is slow or not reproducible.
fn is_float(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::F32Const { .. }
            | Operator::F64Const { .. }
            | Operator::F32Load { .. }
            | Operator::F64Load { .. }
            | Operator::F32Store { .. }
            | Operator::F64Store { .. }
            | Operator::F32Add
            | Operator::F64Add
            | Operator::F32Mul
            | Operator::F64Mul
            | Operator::F32Div
            | Operator::F64Div
    )
}
