//! Locals: variables of the frontend, which makes SSA values of them, or places on the stack where those would cost too
//! much.
//!
//! Building SSA form takes memory for every pair of a variable and a block. For functions of 6,414 locals, or of 20,000
//! blocks, that is well; a function of both would take gigabytes, and toolchains without register allocation do write
//! such. Its first locals stay variables and the others live in its frame, which takes time linear in its size.

use super::{Translator, abi_type};
use crate::{CompileError, Traps};
use cranelift_codegen::ir::{
    AliasRegionData, InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Value, types,
};
use cranelift_frontend::Variable;
use plugin_abi::ValType;
use wasmparser::{FunctionBody, Operator};

/// Pairs of a variable and a block in one function: some hundred MiB at the most.
const MOST_PAIRS: u64 = 1 << 23;

/// So many locals are variables in any function.
const FEWEST_VARIABLES: u64 = 16;

/// Where a local is.
#[derive(Clone, Copy)]
pub(super) enum Local {
    Variable(Variable),
    Stack { slot: StackSlot, offset: i32 },
}

impl Translator<'_, '_> {
    /// Declares the parameters, with their values, and the other locals, which are zero.
    pub(super) fn declare_locals(
        &mut self,
        params: &[(ValType, Value)],
        body: &FunctionBody<'_>,
    ) -> Result<(), CompileError> {
        let mut groups = Vec::new();
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            groups.push((count, crate::module::translate_type(ty)?));
        }
        let count = params.len() as u64 + groups.iter().map(|(count, _)| u64::from(*count)).sum::<u64>();
        let variables = self.most_variables(count, body)?;
        let slot = (count > variables).then(|| {
            let size = (count - variables) as u32 * 16;
            self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4))
        });
        for (ty, value) in params {
            self.declare_local(*ty, *value, slot, variables);
        }
        for (count, ty) in groups {
            let zero = self.zero(ty);
            for _ in 0..count {
                self.declare_local(ty, zero, slot, variables);
            }
        }
        Ok(())
    }

    /// How many of a body's `count` locals can be variables.
    fn most_variables(&self, count: u64, body: &FunctionBody<'_>) -> Result<u64, CompileError> {
        // No operator makes more blocks than it has bytes, or very few do.
        if count * body.range().len() as u64 <= MOST_PAIRS {
            return Ok(count);
        }
        let mut blocks = 1;
        for op in body.get_operators_reader()? {
            blocks += match op? {
                Operator::If { .. } => 3,
                Operator::Loop { .. } => 2,
                Operator::Block { .. } | Operator::BrIf { .. } | Operator::CallIndirect { .. } => 1,
                // Comparisons before operators that may trap branch.
                _ => u64::from(self.env.options.traps == Traps::Call),
            };
        }
        Ok((MOST_PAIRS / blocks).clamp(FEWEST_VARIABLES, count.max(FEWEST_VARIABLES)))
    }

    fn declare_local(&mut self, ty: ValType, value: Value, slot: Option<StackSlot>, variables: u64) {
        let index = self.locals.len() as u64;
        let local = match slot {
            Some(slot) if index >= variables => {
                Local::Stack { slot, offset: ((index - variables) * 16) as i32 }
            }
            _ => Local::Variable(self.b.declare_var(abi_type(ty))),
        };
        self.locals.push((local, ty));
        self.write_local(local, value);
    }

    pub(super) fn get_local(&mut self, index: u32) -> Value {
        let (local, ty) = self.locals[index as usize];
        match local {
            Local::Variable(variable) => self.b.use_var(variable),
            Local::Stack { slot, offset } => {
                let address = self.b.ins().stack_addr(types::I64, slot, 0);
                let flags = self.local_flags();
                self.b.ins().load(abi_type(ty), flags, address, offset)
            }
        }
    }

    /// The value of a local, unless it lies on the stack.
    pub(super) fn variable_local(&mut self, index: u32) -> Option<Value> {
        match self.locals[index as usize].0 {
            Local::Variable(variable) => Some(self.b.use_var(variable)),
            Local::Stack { .. } => None,
        }
    }

    pub(super) fn set_local(&mut self, index: u32, value: Value) {
        let value = self.canonical(value);
        self.write_local(self.locals[index as usize].0, value);
    }

    fn write_local(&mut self, local: Local, value: Value) {
        match local {
            Local::Variable(variable) => self.b.def_var(variable, value),
            Local::Stack { slot, offset } => {
                let address = self.b.ins().stack_addr(types::I64, slot, 0);
                let flags = self.local_flags();
                self.b.ins().store(flags, value, address, offset);
            }
        }
    }

    fn local_flags(&mut self) -> MemFlagsData {
        let region = AliasRegionData { user_id: 5, description: "locals".into() };
        let region = self.b.func.dfg.alias_regions.insert(region);
        MemFlagsData::trusted().with_alias_region(Some(region))
    }
}
