//! Entry adapters: how the host gets into the code.
//!
//! One per signature that the host calls: `extern "C" fn(context, code, values)`, with 16 bytes per value, arguments in and
//! results out. The shim's trampoline is the only caller.

use crate::translate::{Env, abi_type, entry_signature};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, UserFuncName};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

/// Builds the adapter of a type.
pub(super) fn build(
    env: &Env<'_>,
    ty: u32,
    func: &mut ir::Function,
    builder_context: &mut FunctionBuilderContext,
) {
    let wasm = &env.module.types[ty as usize];
    func.name = UserFuncName::user(3, ty);
    func.signature = entry_signature(env.isa.default_call_conv());
    let mut b = FunctionBuilder::new(func, builder_context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    b.seal_block(entry);
    let [context, code, values] = *b.block_params(entry) else { unreachable!("three parameters") };
    let flags = MemFlagsData::trusted();
    let mut args = vec![context];
    for (i, ty) in wasm.params.iter().enumerate() {
        args.push(b.ins().load(abi_type(*ty), flags, values, (i * 16) as i32));
    }
    let in_area = env.returns_in_area(wasm);
    if in_area {
        // The values' own place: the arguments have been read.
        args.push(values);
    }
    let signature = b.import_signature(env.wasm_signature(wasm));
    let call = b.ins().call_indirect(signature, code, &args);
    if !in_area {
        let results = b.inst_results(call).to_vec();
        for (i, result) in results.into_iter().enumerate() {
            b.ins().store(flags, result, values, (i * 16) as i32);
        }
    }
    b.ins().return_(&[]);
    b.finalize(env.isa.frontend_config());
}
