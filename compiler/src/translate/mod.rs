//! WebAssembly operators to CLIF, one file per operator family.
//!
//! The translator sees one function at a time and knows nothing of the form that comes out. Everything the code reaches
//! outside of itself goes through three doors: [`heap`] computes every address in the linear memory, [`calls`] makes
//! every call, [`context`] touches the state below the memory base.

mod bulk;
mod calls;
mod context;
mod control;
mod dispatch;
mod heap;
mod locals;
mod memory;
mod names;
mod numeric;
mod signature;
mod simd;
mod table;
mod traps;

pub(crate) use calls::{translate_import_adapter, translate_stack_guard};
pub(crate) use names::{FunctionRef, reference, user_name};
pub(crate) use signature::{abi_type, entry_signature, host_signature};
pub(crate) use traps::{clif_code, trap_code};

use crate::module::{Body, Module};
use crate::proxy_abi::Bindings;
use crate::{CompileError, Options};
use context::Regions;
use control::Frame;
use cranelift_codegen::ir::{self, InstBuilder, Type, Value, types};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use dispatch::Beginning;
use locals::Local;
use plugin_abi::ValType;
use std::collections::HashMap;
use wasmparser::{FuncValidator, FuncValidatorAllocations, Operator, ValidatorResources};

/// What every function of a module is translated against.
pub(crate) struct Env<'m> {
    /// The module.
    pub module: &'m Module<'m>,
    /// What its imports are bound to.
    pub bindings: &'m Bindings,
    /// The user's choices.
    pub options: &'m Options,
    /// The target.
    pub isa: &'m dyn TargetIsa,
    /// Whether the CPU has a fused multiply-add, so that relaxed SIMD may use it.
    pub has_fma: bool,
    /// Most results of a function that come in registers.
    pub direct_results: usize,
}

/// Translates one defined function into `func`, which must be empty.
pub(crate) fn translate(
    env: &Env<'_>,
    defined: usize,
    func: &mut ir::Function,
    builder_context: &mut FunctionBuilderContext,
    allocations: FuncValidatorAllocations,
) -> Result<(FuncValidatorAllocations, Vec<ir::Block>), CompileError> {
    let Body { validator, body } = &env.module.bodies[defined];
    let index = (env.module.imports.len() + defined) as u32;
    let validator = wasmparser::FuncToValidate {
        resources: validator.resources.clone(),
        index: validator.index,
        ty: validator.ty,
        features: validator.features,
    };
    let mut validator = validator.into_validator(allocations);
    func.signature = env.wasm_signature(env.module.function_type(index));
    context::declare_stack_limit(func, env.options);
    let builder = FunctionBuilder::new(func, builder_context);
    let mut translator = Translator::new(env, builder, index);
    translator.run(&mut validator, body)?;
    translator.b.seal_all_blocks();
    translator.b.finalize(env.isa.frontend_config());
    Ok((validator.into_allocations(), translator.polls))
}

/// The translation of one function.
pub(crate) struct Translator<'a, 'm> {
    env: &'a Env<'m>,
    b: FunctionBuilder<'a>,
    /// Index of the function.
    index: u32,
    /// The context pointer, which is the memory base.
    ctx: Value,
    /// Where results go that are more than [`Env::direct_results`].
    return_area: Option<Value>,
    /// The operand stack. Vectors lie on it with whatever lane type they have.
    stack: Vec<Value>,
    frames: Vec<Frame<'m>>,
    /// A loop that was opened just now and may begin by dispatching.
    beginning: Option<Beginning<'m>>,
    /// Whether the code at the current position can run.
    reachable: bool,
    /// Blocks opened within unreachable code.
    unreachable_depth: usize,
    locals: Vec<(Local, ValType)>,
    regions: Regions,
    func_refs: HashMap<FunctionRef, ir::FuncRef>,
    sig_refs: HashMap<u32, ir::SigRef>,
    /// Blocks that are to start with a check for interrupts.
    polls: Vec<ir::Block>,
}

impl<'a, 'm> Translator<'a, 'm> {
    fn new(env: &'a Env<'m>, mut b: FunctionBuilder<'a>, index: u32) -> Self {
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let params = b.block_params(entry).to_vec();
        let ty = env.module.function_type(index);
        let return_area = env.returns_in_area(ty).then(|| params[params.len() - 1]);
        let regions = Regions::declare(&mut b);
        Self {
            env,
            b,
            index,
            ctx: params[0],
            return_area,
            stack: Vec::new(),
            frames: Vec::new(),
            beginning: None,
            reachable: true,
            unreachable_depth: 0,
            locals: Vec::new(),
            regions,
            func_refs: HashMap::new(),
            sig_refs: HashMap::new(),
            polls: Vec::new(),
        }
    }

    fn run(
        &mut self,
        validator: &mut FuncValidator<ValidatorResources>,
        body: &wasmparser::FunctionBody<'m>,
    ) -> Result<(), CompileError> {
        let mut locals = body.get_binary_reader();
        validator.read_locals(&mut locals)?;
        let entry = self.b.current_block().expect("the entry block");
        let values = self.b.block_params(entry)[1..].to_vec();
        let params: Vec<_> =
            self.env.module.function_type(self.index).params.iter().copied().zip(values).collect();
        self.declare_locals(&params, body)?;
        self.check_stack();
        self.push_function_frame();
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            validator.op(offset, &op)?;
            self.operator(&op)?;
        }
        let end = reader.get_binary_reader();
        end.finish_expression(&validator.visitor(end.original_position()))?;
        Ok(())
    }

    /// Zero, or null.
    fn zero(&mut self, ty: ValType) -> Value {
        match ty {
            ValType::I32 => self.b.ins().iconst(types::I32, 0),
            ValType::I64 | ValType::FuncRef | ValType::ExternRef => self.b.ins().iconst(types::I64, 0),
            ValType::F32 => self.b.ins().f32const(0.0),
            ValType::F64 => self.b.ins().f64const(0.0),
            ValType::V128 => self.vector_constant([0; 16]),
        }
    }

    fn vector_constant(&mut self, bytes: [u8; 16]) -> Value {
        let constant = self.b.func.dfg.constants.insert(bytes.to_vec().into());
        self.b.ins().vconst(types::I8X16, constant)
    }

    fn operator(&mut self, op: &Operator<'m>) -> Result<(), CompileError> {
        if !self.reachable {
            return self.unreachable_operator(op);
        }
        self.follow_beginning(op);
        self.reachable_operator(op)
    }

    /// Translates an operator where code can run.
    fn reachable_operator(&mut self, op: &Operator<'m>) -> Result<(), CompileError> {
        if self.numeric(op)
            || self.variable(op)
            || self.memory(op)
            || self.control(op)?
            || self.calls(op)
            || self.bulk(op)
            || self.table(op)?
            || self.simd(op)
        {
            return Ok(());
        }
        Err(CompileError::Function {
            index: self.index,
            name: self.env.module.function_name(self.index).map(str::to_owned),
            message: format!("the operator {op:?} is not supported"),
        })
    }

    fn variable(&mut self, op: &Operator<'_>) -> bool {
        match *op {
            Operator::LocalGet { local_index } => {
                let value = self.get_local(local_index);
                self.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.set_local(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.top();
                self.set_local(local_index, value);
            }
            Operator::GlobalGet { global_index } => {
                let value = self.global_get(global_index);
                self.push(value);
            }
            Operator::GlobalSet { global_index } => {
                let value = self.pop();
                self.global_set(global_index, value);
            }
            _ => return false,
        }
        true
    }

    // The operand stack. Validation has shown that nothing is popped off an empty one.

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().expect("a validated function never pops an empty stack")
    }

    fn pop2(&mut self) -> (Value, Value) {
        let b = self.pop();
        (self.pop(), b)
    }

    fn pop3(&mut self) -> (Value, Value, Value) {
        let c = self.pop();
        let (a, b) = self.pop2();
        (a, b, c)
    }

    fn top(&self) -> Value {
        *self.stack.last().expect("a validated function never reads an empty stack")
    }

    fn popn(&mut self, n: usize) -> Vec<Value> {
        self.stack.split_off(self.stack.len() - n)
    }

    fn type_of(&self, value: Value) -> Type {
        self.b.func.dfg.value_type(value)
    }

    /// A vector with the lanes `ty`; a no-op on the machine.
    fn as_lanes(&mut self, value: Value, ty: Type) -> Value {
        if self.type_of(value) == ty {
            return value;
        }
        let flags = ir::MemFlagsData::new().with_endianness(ir::Endianness::Little);
        self.b.ins().bitcast(ty, flags, value)
    }

    /// The value as locals, block parameters and calls want it: vectors as `i8x16`.
    fn canonical(&mut self, value: Value) -> Value {
        if self.type_of(value).is_vector() { self.as_lanes(value, types::I8X16) } else { value }
    }

    fn canonical_all(&mut self, values: &[Value]) -> Vec<Value> {
        values.iter().map(|v| self.canonical(*v)).collect()
    }
}
