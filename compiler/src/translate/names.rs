//! What a call in CLIF can name, as Cranelift's two numbers.

use cranelift_codegen::ir::UserExternalName;
use plugin_abi::{HOST_FUNCTIONS, LIBCALLS, Libcall};

/// A function that compiled code calls directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FunctionRef {
    /// A defined function of the module, by function index.
    Wasm(u32),
    /// A defined function behind its stack guard, by function index.
    Guarded(u32),
    /// A host function, by its number in `HOST_FUNCTIONS`.
    Host(u32),
    /// A libcall, by its number in `LIBCALLS`.
    Libcall(u32),
}

impl FunctionRef {
    pub fn libcall(libcall: Libcall) -> Self {
        Self::Libcall(libcall as u32)
    }

    /// The shim's symbol; `None` for a function of the module.
    pub fn symbol(self) -> Option<&'static str> {
        match self {
            Self::Wasm(_) | Self::Guarded(_) => None,
            Self::Host(n) => Some(HOST_FUNCTIONS[n as usize].symbol),
            Self::Libcall(n) => Some(LIBCALLS[n as usize].1),
        }
    }
}

/// The name in CLIF.
pub(crate) fn user_name(function: FunctionRef) -> UserExternalName {
    let (namespace, index) = match function {
        FunctionRef::Wasm(n) => (0, n),
        FunctionRef::Host(n) => (1, n),
        FunctionRef::Libcall(n) => (2, n),
        FunctionRef::Guarded(n) => (4, n),
    };
    UserExternalName { namespace, index }
}

/// The function behind a name in CLIF.
pub(crate) fn reference(name: &UserExternalName) -> Option<FunctionRef> {
    match name.namespace {
        0 => Some(FunctionRef::Wasm(name.index)),
        1 => Some(FunctionRef::Host(name.index)),
        2 => Some(FunctionRef::Libcall(name.index)),
        4 => Some(FunctionRef::Guarded(name.index)),
        _ => None,
    }
}
