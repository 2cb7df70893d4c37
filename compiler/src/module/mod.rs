//! A validated module with everything that the later phases ask for.
//!
//! [`Module::parse`] is the only door: whoever holds a [`Module`] may rely on the WebAssembly rules. Function bodies are
//! validated while they are translated, each by the validator that came with it.

mod const_expr;
mod names;
mod parse;

pub use const_expr::ConstValue;
use plugin_abi::ValType;
use wasmparser::{FuncToValidate, FunctionBody, ValidatorResources};

/// A function signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// Parameters.
    pub params: Box<[ValType]>,
    /// Results.
    pub results: Box<[ValType]>,
}

impl std::fmt::Display for FuncType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |types: &[ValType]| types.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(", ");
        write!(f, "({}) -> ({})", list(&self.params), list(&self.results))
    }
}

/// An imported function.
#[derive(Clone, Debug)]
pub struct Import {
    /// Module name.
    pub module: String,
    /// Name.
    pub name: String,
    /// Index in [`Module::types`].
    pub ty: u32,
}

/// The linear memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Initial pages of 64 KiB.
    pub min: u32,
    /// Maximum pages.
    pub max: Option<u32>,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Initial elements.
    pub min: u32,
    /// Maximum elements.
    pub max: Option<u32>,
    /// [`ValType::FuncRef`] or [`ValType::ExternRef`].
    pub element: ValType,
    /// Initial value of the elements: function index plus 1, or 0.
    pub init: u32,
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub struct Global {
    /// Its type.
    pub ty: ValType,
    /// Whether it can change.
    pub mutable: bool,
    /// Its first value.
    pub init: ConstValue,
}

/// What an export names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// Function index.
    Function(u32),
    /// Table index.
    Table(u32),
    /// The memory.
    Memory,
    /// Global index.
    Global(u32),
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it names.
    pub kind: ExportKind,
}

/// A data segment.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Address of an active segment, `None` for a passive one.
    pub offset: Option<u32>,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Where an element segment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementKind {
    /// Waits for `table.init`.
    Passive,
    /// Into this table from this element on.
    Active {
        /// Table index.
        table: u32,
        /// First element.
        offset: u32,
    },
    /// Only declares functions for `ref.func`.
    Declared,
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct Element {
    /// Where it goes.
    pub kind: ElementKind,
    /// Function index plus 1, or 0 for null.
    pub items: Vec<u32>,
}

/// A custom section.
#[derive(Clone, Debug)]
pub struct CustomSection<'a> {
    /// Its name.
    pub name: String,
    /// Offset of its contents in the file.
    pub offset: usize,
    /// Its contents.
    pub data: &'a [u8],
}

/// A function body and the validator that has to see it.
pub struct Body<'a> {
    /// The validator.
    pub validator: FuncToValidate<ValidatorResources>,
    /// The code.
    pub body: FunctionBody<'a>,
}

/// A module.
pub struct Module<'a> {
    /// The file.
    pub wasm: &'a [u8],
    /// SHA-256 of the file without a signature and without sections of ours, as [`nullvm_artifact::module_sha256`].
    pub sha256: [u8; 32],
    /// Signatures; equal ones have one entry.
    pub types: Vec<FuncType>,
    /// Index in `types` of each type of the module's type section.
    pub type_index: Vec<u32>,
    /// Imported functions.
    pub imports: Vec<Import>,
    /// Index in `types` of every function, imported ones first.
    pub functions: Vec<u32>,
    /// Bodies of the defined functions.
    pub bodies: Vec<Body<'a>>,
    /// Tables.
    pub tables: Vec<Table>,
    /// The memory.
    pub memory: Option<Memory>,
    /// Globals.
    pub globals: Vec<Global>,
    /// Exports.
    pub exports: Vec<Export>,
    /// The `start` section.
    pub start: Option<u32>,
    /// Data segments.
    pub data: Vec<Data<'a>>,
    /// Element segments.
    pub elements: Vec<Element>,
    /// Names of the functions, demangled, where the name section has them.
    pub names: Vec<Option<String>>,
    /// For every function whether a reference to it can exist: it stands in an element segment, a global, or an export.
    pub referenced: Vec<bool>,
    /// Custom sections.
    pub custom: Vec<CustomSection<'a>>,
}

impl<'a> Module<'a> {
    /// Parses and validates a module.
    ///
    /// # Errors
    /// What is wrong with it and where.
    pub fn parse(wasm: &'a [u8]) -> Result<Self, crate::CompileError> {
        parse::parse(wasm)
    }

    /// The signature of a function.
    pub fn function_type(&self, function: u32) -> &FuncType {
        &self.types[self.functions[function as usize] as usize]
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<ExportKind> {
        self.exports.iter().find(|e| e.name == name).map(|e| e.kind)
    }

    /// The exported function of this name.
    pub fn exported_function(&self, name: &str) -> Option<u32> {
        match self.export(name)? {
            ExportKind::Function(f) => Some(f),
            _ => None,
        }
    }

    /// A function's name for people and symbols.
    pub fn function_name(&self, function: u32) -> Option<&str> {
        self.names.get(function as usize)?.as_deref()
    }
}

pub(crate) use parse::{translate_heap_type, translate_type};
