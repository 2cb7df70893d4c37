//! Scalar loads and stores.

use super::Translator;
use cranelift_codegen::ir::{InstBuilder, Type, types};
use wasmparser::{MemArg, Operator};

impl Translator<'_, '_> {
    pub(super) fn memory(&mut self, op: &Operator<'_>) -> bool {
        use types::{F32, F64, I8, I16, I32, I64};
        match op {
            Operator::I32Load { memarg } => self.load(memarg, I32),
            Operator::I64Load { memarg } => self.load(memarg, I64),
            Operator::F32Load { memarg } => self.load(memarg, F32),
            Operator::F64Load { memarg } => self.load(memarg, F64),
            Operator::I32Load8S { memarg } => self.extending_load(memarg, I8, I32, true),
            Operator::I32Load8U { memarg } => self.extending_load(memarg, I8, I32, false),
            Operator::I32Load16S { memarg } => self.extending_load(memarg, I16, I32, true),
            Operator::I32Load16U { memarg } => self.extending_load(memarg, I16, I32, false),
            Operator::I64Load8S { memarg } => self.extending_load(memarg, I8, I64, true),
            Operator::I64Load8U { memarg } => self.extending_load(memarg, I8, I64, false),
            Operator::I64Load16S { memarg } => self.extending_load(memarg, I16, I64, true),
            Operator::I64Load16U { memarg } => self.extending_load(memarg, I16, I64, false),
            Operator::I64Load32S { memarg } => self.extending_load(memarg, I32, I64, true),
            Operator::I64Load32U { memarg } => self.extending_load(memarg, I32, I64, false),
            Operator::I32Store { memarg } => self.store(memarg, I32),
            Operator::I64Store { memarg } => self.store(memarg, I64),
            Operator::F32Store { memarg } => self.store(memarg, F32),
            Operator::F64Store { memarg } => self.store(memarg, F64),
            Operator::I32Store8 { memarg } | Operator::I64Store8 { memarg } => self.store(memarg, I8),
            Operator::I32Store16 { memarg } | Operator::I64Store16 { memarg } => self.store(memarg, I16),
            Operator::I64Store32 { memarg } => self.store(memarg, I32),
            _ => return false,
        }
        true
    }

    fn load(&mut self, memarg: &MemArg, ty: Type) {
        let index = self.pop();
        let a = self.address(index, memarg, ty.bytes());
        let value = self.b.ins().load(ty, a.flags, a.base, a.offset);
        self.push(value);
    }

    fn extending_load(&mut self, memarg: &MemArg, from: Type, to: Type, signed: bool) {
        let index = self.pop();
        let a = self.address(index, memarg, from.bytes());
        let ins = self.b.ins();
        let value = match (from.bytes(), signed) {
            (1, true) => ins.sload8(to, a.flags, a.base, a.offset),
            (1, false) => ins.uload8(to, a.flags, a.base, a.offset),
            (2, true) => ins.sload16(to, a.flags, a.base, a.offset),
            (2, false) => ins.uload16(to, a.flags, a.base, a.offset),
            (_, true) => ins.sload32(a.flags, a.base, a.offset),
            (_, false) => ins.uload32(a.flags, a.base, a.offset),
        };
        self.push(value);
    }

    /// Stores the value on the stack, or its low bytes if it is wider than `ty`.
    fn store(&mut self, memarg: &MemArg, ty: Type) {
        let (index, value) = self.pop2();
        let a = self.address(index, memarg, ty.bytes());
        let narrow = self.type_of(value) != ty;
        let ins = self.b.ins();
        match (narrow, ty.bytes()) {
            (false, _) => ins.store(a.flags, value, a.base, a.offset),
            (true, 1) => ins.istore8(a.flags, value, a.base, a.offset),
            (true, 2) => ins.istore16(a.flags, value, a.base, a.offset),
            (true, _) => ins.istore32(a.flags, value, a.base, a.offset),
        };
    }
}
