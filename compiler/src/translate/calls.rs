//! Calls: of the module's functions, of the host's, indirect ones and tail calls.

use super::names::{FunctionRef, user_name};
use super::{Translator, abi_type, host_signature};
use crate::module::FuncType;
use crate::proxy_abi::ImportBinding;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, ExtFuncData, ExternalName, InstBuilder, MemFlagsData, SigRef, StackSlotData, StackSlotKind, Value,
    types,
};
use plugin_abi::{HOST_FUNCTIONS, LIBCALLS, Libcall, TrapCode};
use wasmparser::Operator;

/// What to call.
enum Callee {
    Function(u32),
    Pointer(Value),
}

impl<'m> Translator<'_, 'm> {
    /// The type of a function, at the module's lifetime.
    fn callee_type(&self, function: u32) -> &'m FuncType {
        let module: &'m crate::Module<'m> = self.env.module;
        module.function_type(function)
    }

    /// Declares a direct callee, colocated: otherwise Cranelift loads its address from the GOT and calls indirectly.
    pub(super) fn func_ref(&mut self, function: FunctionRef) -> ir::FuncRef {
        if let Some(known) = self.func_refs.get(&function) {
            return *known;
        }
        let call_conv = self.env.isa.default_call_conv();
        let signature = match function {
            FunctionRef::Wasm(n) | FunctionRef::Guarded(n) => self.env.wasm_signature(self.callee_type(n)),
            FunctionRef::Host(n) => {
                let host = &HOST_FUNCTIONS[n as usize];
                host_signature(host.params, host.result, call_conv)
            }
            FunctionRef::Libcall(n) => {
                let (_, _, params, result) = LIBCALLS[n as usize];
                host_signature(params, result, call_conv)
            }
        };
        let signature = self.b.import_signature(signature);
        let name = self.b.func.declare_imported_user_function(user_name(function));
        let name = ExternalName::user(name);
        let func_ref =
            self.b.import_function(ExtFuncData { name, signature, colocated: true, patchable: false });
        self.func_refs.insert(function, func_ref);
        func_ref
    }

    /// The signature of a type of the module.
    fn sig_ref(&mut self, ty: u32) -> SigRef {
        if let Some(known) = self.sig_refs.get(&ty) {
            return *known;
        }
        let signature = self.env.wasm_signature(&self.env.module.types[ty as usize]);
        let sig_ref = self.b.import_signature(signature);
        self.sig_refs.insert(ty, sig_ref);
        sig_ref
    }

    pub(super) fn calls(&mut self, op: &Operator<'_>) -> bool {
        match *op {
            Operator::Call { function_index } => {
                let ty = self.callee_type(function_index);
                let args = self.popn(ty.params.len());
                let results = if let Some(binding) = self.import_binding(function_index) {
                    self.call_import(function_index, binding, &args)
                } else {
                    self.call_wasm(Callee::Function(function_index), ty, None, &args)
                };
                self.stack.extend(results);
            }
            Operator::ReturnCall { function_index } => {
                let ty = self.callee_type(function_index);
                let args = self.popn(ty.params.len());
                if let Some(binding) = self.import_binding(function_index) {
                    let results = self.call_import(function_index, binding, &args);
                    self.emit_return(&results);
                } else {
                    self.tail_call(Callee::Function(function_index), None, &args);
                }
                self.reachable = false;
            }
            Operator::CallIndirect { type_index, table_index } => {
                let (ty, index) = self.indirect_type(type_index);
                let code = self.indirect_callee(table_index, index);
                let args = self.popn(ty.params.len());
                let results = self.call_wasm(Callee::Pointer(code), ty, Some(index), &args);
                self.stack.extend(results);
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                let (ty, index) = self.indirect_type(type_index);
                let code = self.indirect_callee(table_index, index);
                let args = self.popn(ty.params.len());
                self.tail_call(Callee::Pointer(code), Some(index), &args);
                self.reachable = false;
            }
            _ => return false,
        }
        true
    }

    fn import_binding(&self, function: u32) -> Option<ImportBinding> {
        self.env.bindings.imports.get(function as usize).copied()
    }

    fn indirect_type(&self, type_index: u32) -> (&'m FuncType, u32) {
        let module: &'m crate::Module<'m> = self.env.module;
        let index = module.type_index[type_index as usize];
        (&module.types[index as usize], index)
    }

    /// Checks the index on the stack against the table and the element against the type, and gives the code's address.
    fn indirect_callee(&mut self, table: u32, ty: u32) -> Value {
        let index = self.pop();
        let element = self.element_address(table, index);
        let flags = self.element_flags();
        let found = self.b.ins().load(types::I32, flags, element, 8);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, found, i64::from(ty) + 1);
        let mismatch = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(mismatch);
        self.b.ins().brif(differs, mismatch, &[], next, &[]);
        self.b.seal_block(mismatch);
        self.b.seal_block(next);
        self.b.switch_to_block(mismatch);
        let null = self.b.ins().icmp_imm_s(IntCC::Equal, found, 0);
        self.trap_if(null, TrapCode::IndirectCallToNull);
        self.trap(TrapCode::BadSignature);
        self.b.switch_to_block(next);
        self.b.ins().load(types::I64, flags, element, 0)
    }

    fn call_wasm(&mut self, callee: Callee, ty: &FuncType, index: Option<u32>, args: &[Value]) -> Vec<Value> {
        let mut all = vec![self.ctx];
        all.extend(self.canonical_all(args));
        let area = self.env.returns_in_area(ty).then(|| self.value_area(ty.results.len()));
        all.extend(area);
        let call = match callee {
            Callee::Function(f) => {
                let func = self.func_ref(FunctionRef::Wasm(f));
                self.b.ins().call(func, &all)
            }
            Callee::Pointer(code) => {
                let sig = self.sig_ref(index.expect("an indirect call has a type"));
                self.b.ins().call_indirect(sig, code, &all)
            }
        };
        match area {
            Some(area) => (ty.results.iter().enumerate())
                .map(|(i, t)| self.b.ins().load(abi_type(*t), MemFlagsData::trusted(), area, (i * 16) as i32))
                .collect(),
            None => self.b.inst_results(call).to_vec(),
        }
    }

    fn tail_call(&mut self, callee: Callee, index: Option<u32>, args: &[Value]) {
        let mut all = vec![self.ctx];
        all.extend(self.canonical_all(args));
        // Caller and callee have the same results, so the callee can fill the area that we were given.
        all.extend(self.return_area);
        match callee {
            Callee::Function(f) => {
                let func = self.func_ref(FunctionRef::Wasm(f));
                self.b.ins().return_call(func, &all);
            }
            Callee::Pointer(code) => {
                let sig = self.sig_ref(index.expect("an indirect call has a type"));
                self.b.ins().return_call_indirect(sig, code, &all);
            }
        }
    }

    /// Room on the stack for values of 16 bytes each.
    fn value_area(&mut self, values: usize) -> Value {
        let size = (values.max(1) * 16) as u32;
        let slot = self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4));
        self.b.ins().stack_addr(types::I64, slot, 0)
    }

    /// Calls an imported function: directly, by the symbol of the shim.
    pub(super) fn call_import(
        &mut self,
        function: u32,
        binding: ImportBinding,
        args: &[Value],
    ) -> Vec<Value> {
        let ty = self.callee_type(function);
        let number = self.b.ins().iconst(types::I32, i64::from(function));
        match binding {
            ImportBinding::Host(id) => {
                let callee = self.func_ref(FunctionRef::Host(id as u32));
                let all: Vec<Value> = std::iter::once(self.ctx).chain(args.iter().copied()).collect();
                let call = self.b.ins().call(callee, &all);
                self.b.inst_results(call).to_vec()
            }
            ImportBinding::Stub => {
                self.libcall(Libcall::StubImport, &[number]);
                ty.results.iter().map(|t| self.zero(*t)).collect()
            }
            ImportBinding::Embedder => {
                let area = self.value_area(ty.params.len().max(ty.results.len()));
                // What the embedder leaves out must not show what was on the stack.
                let zero = self.vector_constant([0; 16]);
                for i in 0..ty.params.len().max(ty.results.len()) {
                    self.b.ins().store(MemFlagsData::trusted(), zero, area, (i * 16) as i32);
                }
                for (i, value) in self.canonical_all(args).into_iter().enumerate() {
                    self.b.ins().store(MemFlagsData::trusted(), value, area, (i * 16) as i32);
                }
                self.libcall(Libcall::CallImport, &[number, area]);
                (ty.results.iter().enumerate())
                    .map(|(i, t)| {
                        self.b.ins().load(abi_type(*t), MemFlagsData::trusted(), area, (i * 16) as i32)
                    })
                    .collect()
            }
        }
    }
}

/// Translates the guard of a function whose frame is too large to be taken before the stack is checked: compares, then
/// goes on in the function.
pub(crate) fn translate_stack_guard(
    env: &super::Env<'_>,
    function: u32,
    frame: u32,
    func: &mut ir::Function,
    builder_context: &mut cranelift_frontend::FunctionBuilderContext,
) {
    func.signature = env.wasm_signature(env.module.function_type(function));
    let builder = cranelift_frontend::FunctionBuilder::new(func, builder_context);
    let mut t = Translator::new(env, builder, function);
    let entry = t.b.current_block().expect("the entry block");
    let args = t.b.block_params(entry).to_vec();
    t.check_stack_for(frame);
    let callee = t.func_ref(FunctionRef::Guarded(function));
    t.b.ins().return_call(callee, &args);
    t.b.seal_all_blocks();
    t.b.finalize(env.isa.frontend_config());
}

/// Translates the adapter of an imported function to which a reference can exist: the `tail` convention on the outside, a
/// host call inside.
pub(crate) fn translate_import_adapter(
    env: &super::Env<'_>,
    import: u32,
    func: &mut ir::Function,
    builder_context: &mut cranelift_frontend::FunctionBuilderContext,
) {
    let ty = env.module.function_type(import);
    func.signature = env.wasm_signature(ty);
    super::context::declare_stack_limit(func, env.options);
    let builder = cranelift_frontend::FunctionBuilder::new(func, builder_context);
    let mut t = Translator::new(env, builder, import);
    let entry = t.b.current_block().expect("the entry block");
    let args = t.b.block_params(entry)[1..=ty.params.len()].to_vec();
    let results = t.call_import(import, env.bindings.imports[import as usize], &args);
    t.emit_return(&results);
    t.b.seal_all_blocks();
    t.b.finalize(env.isa.frontend_config());
}
