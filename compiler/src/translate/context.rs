//! The state below the memory base: globals, sizes, limits. Layout: `plugin_abi::context`.

use super::Translator;
use crate::module::ConstValue;
use crate::{Options, Traps};
use cranelift_codegen::ir::{
    self, AliasRegion, AliasRegionData, GlobalValueData, InstBuilder, MemFlagsData, Value, condcodes::IntCC,
    types,
};
use cranelift_frontend::FunctionBuilder;
use plugin_abi::{TrapCode, ValType, context};

/// Alias regions: accesses in different ones never touch the same bytes, so that a store to the linear memory does not
/// make the optimiser forget a global.
#[derive(Clone, Copy)]
pub(super) struct Regions {
    /// The linear memory.
    pub memory: AliasRegion,
    /// The header of the context.
    pub header: AliasRegion,
    /// Bases and lengths of the tables.
    pub tables: AliasRegion,
    /// Elements of the tables.
    pub elements: AliasRegion,
}

/// First number of the regions of globals.
const GLOBAL_REGION: u32 = 16;

/// Globals from this one on share a region: the optimiser's work per block grows with the number of regions, and a
/// function cannot have more than 65,535 kinds of access. Toolchains keep the busy ones (stack pointer, Go's registers) first.
const GLOBAL_REGIONS: u32 = 32;

impl Regions {
    pub(super) fn declare(b: &mut FunctionBuilder<'_>) -> Self {
        let mut region = |user_id, description: &'static str| {
            b.func.dfg.alias_regions.insert(AliasRegionData { user_id, description: description.into() })
        };
        Self {
            memory: region(1, "memory"),
            header: region(2, "context"),
            tables: region(3, "tables"),
            elements: region(4, "elements"),
        }
    }
}

/// Makes the prologue compare the stack pointer with the limit in the context; it counts the frame in. Without signals the
/// comparison stands in the function's first block instead, see [`Translator::check_stack`].
pub(super) fn declare_stack_limit(func: &mut ir::Function, options: &Options) {
    if options.traps != Traps::Signal {
        return;
    }
    let base = func.create_global_value(GlobalValueData::VMContext);
    let flags = func.dfg.mem_flags.insert(MemFlagsData::trusted()).expect("the first flags of a function");
    let limit = func.create_global_value(GlobalValueData::Load {
        base,
        offset: context::STACK_LIMIT.into(),
        global_type: types::I64,
        flags,
    });
    func.stack_limit = Some(limit);
}

impl Translator<'_, '_> {
    fn trusted(&self, region: AliasRegion) -> MemFlagsData {
        MemFlagsData::trusted().with_alias_region(Some(region))
    }

    /// The stack check of code without signals. The frame has been taken by then: the shim keeps room below the limit,
    /// and functions with frames too large for it have a guard.
    pub(super) fn check_stack(&mut self) {
        if self.env.options.traps == Traps::Call {
            self.check_stack_for(0);
        }
    }

    /// Traps unless this many bytes are left below the stack pointer.
    pub(super) fn check_stack_for(&mut self, bytes: u32) {
        let flags = self.trusted(self.regions.header);
        let limit = self.b.ins().load(types::I64, flags, self.ctx, context::STACK_LIMIT);
        let mut sp = self.b.ins().get_stack_pointer(types::I64);
        if bytes != 0 {
            sp = self.b.ins().iadd_imm_s(sp, -i64::from(bytes));
        }
        let over = self.b.ins().icmp(IntCC::UnsignedLessThan, sp, limit);
        self.trap_if(over, TrapCode::StackOverflow);
    }

    /// The check at a loop head: noted, to be inserted after the optimiser, or for code without signals, whose checks are branches,
    /// here. An atomic load then, because redundant-load elimination merges and hoists plain ones.
    pub(super) fn check_interrupt(&mut self) {
        if !self.env.options.interruptible {
            return;
        }
        if self.env.options.traps == Traps::Signal {
            self.polls.push(self.b.current_block().expect("code goes somewhere"));
            return;
        }
        let flags = self.trusted(self.regions.header);
        let address = self.b.ins().iadd_imm_s(self.ctx, i64::from(context::INTERRUPT));
        let interrupt = self.b.ins().atomic_load(types::I64, flags, address);
        self.trap_if(interrupt, TrapCode::Interrupt);
    }

    /// Current size of the linear memory in bytes.
    pub(super) fn memory_bytes(&mut self) -> Value {
        let flags = self.trusted(self.regions.header);
        self.b.ins().load(types::I64, flags, self.ctx, context::MEMORY_SIZE)
    }

    /// First element and number of elements of a table.
    pub(super) fn table_slot(&mut self, table: u32) -> (Value, Value) {
        let flags = self.trusted(self.regions.tables);
        let offset = context::table_offset(table);
        let base = self.b.ins().load(types::I64, flags, self.ctx, offset);
        let len = self.b.ins().load(types::I64, flags, self.ctx, offset + 8);
        (base, len)
    }

    /// Flags of an access to a table's elements.
    pub(super) fn element_flags(&self) -> MemFlagsData {
        self.trusted(self.regions.elements)
    }

    /// Flags of an access to the linear memory at an address from [`super::heap`].
    pub(super) fn memory_flags(&self) -> MemFlagsData {
        MemFlagsData::new()
            .with_endianness(ir::Endianness::Little)
            .with_alias_region(Some(self.regions.memory))
    }

    fn global_flags(&mut self, global: u32) -> MemFlagsData {
        let region = if global < GLOBAL_REGIONS {
            AliasRegionData {
                user_id: GLOBAL_REGION + global,
                description: format!("global {global}").into(),
            }
        } else {
            AliasRegionData { user_id: GLOBAL_REGION + GLOBAL_REGIONS, description: "other globals".into() }
        };
        let region = self.b.func.dfg.alias_regions.insert(region);
        self.trusted(region)
    }

    fn global_address(&self, global: u32) -> i32 {
        context::global_offset(self.env.module.tables.len() as u32, global)
    }

    pub(super) fn global_get(&mut self, index: u32) -> Value {
        let global = self.env.module.globals[index as usize];
        if !global.mutable {
            return self.constant(global.ty, global.init);
        }
        let flags = self.global_flags(index);
        let ty = super::abi_type(global.ty);
        let address = self.global_address(index);
        self.b.ins().load(ty, flags, self.ctx, address)
    }

    pub(super) fn global_set(&mut self, index: u32, value: Value) {
        let value = self.canonical(value);
        let flags = self.global_flags(index);
        let address = self.global_address(index);
        self.b.ins().store(flags, value, self.ctx, address);
    }

    fn constant(&mut self, ty: ValType, value: ConstValue) -> Value {
        let ins = self.b.ins();
        match value {
            ConstValue::I32(n) => ins.iconst(types::I32, i64::from(n)),
            ConstValue::I64(n) => ins.iconst(types::I64, n as i64),
            ConstValue::F32(n) => ins.f32const(ir::immediates::Ieee32::with_bits(n)),
            ConstValue::F64(n) => ins.f64const(ir::immediates::Ieee64::with_bits(n)),
            ConstValue::V128(bytes) => self.vector_constant(bytes),
            ConstValue::Ref(n) => ins.iconst(super::abi_type(ty), i64::from(n)),
        }
    }
}
