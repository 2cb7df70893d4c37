//! Calling conventions.
//!
//! Wasm functions use `tail`, which tail calls need on both sides; the shim is called by the platform's C convention. Both
//! take the context pointer first. Results beyond [`Env::direct_results`] go through an area that the caller gives as the
//! last parameter, 16 bytes each: the conventions run out of registers at different numbers.

use super::Env;
use crate::module::FuncType;
use cranelift_codegen::ir::{AbiParam, ArgumentPurpose, Signature, Type, types};
use cranelift_codegen::isa::CallConv;
use plugin_abi::ValType;

/// The type of a value in CLIF. References are scalars: function index plus 1, or the host's number.
pub(crate) fn abi_type(ty: ValType) -> Type {
    match ty {
        ValType::I32 => types::I32,
        ValType::I64 | ValType::FuncRef | ValType::ExternRef => types::I64,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::V128 => types::I8X16,
    }
}

fn with_context(call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    signature.params.push(AbiParam::special(types::I64, ArgumentPurpose::VMContext));
    signature
}

impl Env<'_> {
    /// Whether a function's results go through an area of its caller's.
    pub(crate) fn returns_in_area(&self, ty: &FuncType) -> bool {
        ty.results.len() > self.direct_results
    }

    /// The signature of a Wasm function.
    pub(crate) fn wasm_signature(&self, ty: &FuncType) -> Signature {
        let mut signature = with_context(CallConv::Tail);
        signature.params.extend(ty.params.iter().map(|t| AbiParam::new(abi_type(*t))));
        if self.returns_in_area(ty) {
            signature.params.push(AbiParam::new(types::I64));
        } else {
            signature.returns.extend(ty.results.iter().map(|t| AbiParam::new(abi_type(*t))));
        }
        signature
    }
}

/// The signature of one of the shim's functions.
pub(crate) fn host_signature(params: &[ValType], result: Option<ValType>, call_conv: CallConv) -> Signature {
    let mut signature = with_context(call_conv);
    signature.params.extend(params.iter().map(|t| AbiParam::new(abi_type(*t))));
    signature.returns.extend(result.map(|t| AbiParam::new(abi_type(t))));
    signature
}

/// The signature of an entry adapter: `extern "C" fn(context, code, values)`.
pub(crate) fn entry_signature(call_conv: CallConv) -> Signature {
    let mut signature = with_context(call_conv);
    signature.params.extend([AbiParam::new(types::I64), AbiParam::new(types::I64)]);
    signature
}
