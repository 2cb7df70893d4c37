//! Scalar arithmetic, comparisons and conversions.

use super::Translator;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, InstructionData, MemFlagsData, Opcode, Type, Value, types};
use wasmparser::Operator;

/// `self.push(self.b.ins().OP(a))`
macro_rules! unary {
    ($self:ident, $op:ident) => {{
        let a = $self.pop();
        let value = $self.b.ins().$op(a);
        $self.push(value);
    }};
    ($self:ident, $op:ident -> $ty:expr) => {{
        let a = $self.pop();
        let value = $self.b.ins().$op($ty, a);
        $self.push(value);
    }};
}

/// `self.push(self.b.ins().OP(a, b))`
macro_rules! binary {
    ($self:ident, $op:ident) => {{
        let (a, b) = $self.pop2();
        let value = $self.b.ins().$op(a, b);
        $self.push(value);
    }};
}

impl Translator<'_, '_> {
    pub(super) fn numeric(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        use types::{F32, F64, I8, I16, I32, I64};
        match *op {
            O::I32Const { value } => {
                let value = self.b.ins().iconst(I32, i64::from(value as u32));
                self.push(value);
            }
            O::I64Const { value } => {
                let value = self.b.ins().iconst(I64, value);
                self.push(value);
            }
            O::F32Const { value } => {
                let value = self.b.ins().f32const(Ieee32::with_bits(value.bits()));
                self.push(value);
            }
            O::F64Const { value } => {
                let value = self.b.ins().f64const(Ieee64::with_bits(value.bits()));
                self.push(value);
            }

            O::I32Eqz | O::I64Eqz => {
                let a = self.pop();
                let value = self.b.ins().icmp_imm_s(IntCC::Equal, a, 0);
                self.boolean(value);
            }
            O::I32Eq | O::I64Eq => self.int_compare(IntCC::Equal),
            O::I32Ne | O::I64Ne => self.int_compare(IntCC::NotEqual),
            O::I32LtS | O::I64LtS => self.int_compare(IntCC::SignedLessThan),
            O::I32LtU | O::I64LtU => self.int_compare(IntCC::UnsignedLessThan),
            O::I32GtS | O::I64GtS => self.int_compare(IntCC::SignedGreaterThan),
            O::I32GtU | O::I64GtU => self.int_compare(IntCC::UnsignedGreaterThan),
            O::I32LeS | O::I64LeS => self.int_compare(IntCC::SignedLessThanOrEqual),
            O::I32LeU | O::I64LeU => self.int_compare(IntCC::UnsignedLessThanOrEqual),
            O::I32GeS | O::I64GeS => self.int_compare(IntCC::SignedGreaterThanOrEqual),
            O::I32GeU | O::I64GeU => self.int_compare(IntCC::UnsignedGreaterThanOrEqual),
            O::F32Eq | O::F64Eq => self.float_compare(FloatCC::Equal),
            O::F32Ne | O::F64Ne => self.float_compare(FloatCC::NotEqual),
            O::F32Lt | O::F64Lt => self.float_compare(FloatCC::LessThan),
            O::F32Gt | O::F64Gt => self.float_compare(FloatCC::GreaterThan),
            O::F32Le | O::F64Le => self.float_compare(FloatCC::LessThanOrEqual),
            O::F32Ge | O::F64Ge => self.float_compare(FloatCC::GreaterThanOrEqual),

            O::I32Clz | O::I64Clz => unary!(self, clz),
            O::I32Ctz | O::I64Ctz => unary!(self, ctz),
            O::I32Popcnt | O::I64Popcnt => unary!(self, popcnt),
            O::I32Add | O::I64Add => binary!(self, iadd),
            O::I32Sub | O::I64Sub => self.subtract(),
            O::I32Mul | O::I64Mul => binary!(self, imul),
            O::I32And | O::I64And => self.and(),
            O::I32Or | O::I64Or => binary!(self, bor),
            O::I32Xor | O::I64Xor => binary!(self, bxor),
            O::I32Shl | O::I64Shl => binary!(self, ishl),
            O::I32ShrS | O::I64ShrS => binary!(self, sshr),
            O::I32ShrU | O::I64ShrU => binary!(self, ushr),
            O::I32Rotl | O::I64Rotl => binary!(self, rotl),
            O::I32Rotr | O::I64Rotr => binary!(self, rotr),
            O::I32DivS | O::I64DivS => self.division(Division::Signed),
            O::I32DivU | O::I64DivU => self.division(Division::Unsigned),
            O::I32RemS | O::I64RemS => self.division(Division::SignedRemainder),
            O::I32RemU | O::I64RemU => self.division(Division::UnsignedRemainder),

            O::F32Abs | O::F64Abs => unary!(self, fabs),
            O::F32Neg | O::F64Neg => unary!(self, fneg),
            O::F32Ceil | O::F64Ceil => unary!(self, ceil),
            O::F32Floor | O::F64Floor => unary!(self, floor),
            O::F32Trunc | O::F64Trunc => unary!(self, trunc),
            O::F32Nearest | O::F64Nearest => unary!(self, nearest),
            O::F32Sqrt | O::F64Sqrt => unary!(self, sqrt),
            O::F32Add | O::F64Add => binary!(self, fadd),
            O::F32Sub | O::F64Sub => binary!(self, fsub),
            O::F32Mul | O::F64Mul => binary!(self, fmul),
            O::F32Div | O::F64Div => binary!(self, fdiv),
            O::F32Min | O::F64Min => binary!(self, fmin),
            O::F32Max | O::F64Max => binary!(self, fmax),
            O::F32Copysign | O::F64Copysign => binary!(self, fcopysign),

            O::I32WrapI64 => unary!(self, ireduce -> I32),
            O::I64ExtendI32S => unary!(self, sextend -> I64),
            O::I64ExtendI32U => unary!(self, uextend -> I64),
            O::I32Extend8S => self.extend_low(I8, I32),
            O::I32Extend16S => self.extend_low(I16, I32),
            O::I64Extend8S => self.extend_low(I8, I64),
            O::I64Extend16S => self.extend_low(I16, I64),
            O::I64Extend32S => self.extend_low(I32, I64),
            O::F32DemoteF64 => unary!(self, fdemote -> F32),
            O::F64PromoteF32 => unary!(self, fpromote -> F64),
            O::F32ConvertI32S | O::F32ConvertI64S => unary!(self, fcvt_from_sint -> F32),
            O::F32ConvertI32U | O::F32ConvertI64U => unary!(self, fcvt_from_uint -> F32),
            O::F64ConvertI32S | O::F64ConvertI64S => unary!(self, fcvt_from_sint -> F64),
            O::F64ConvertI32U | O::F64ConvertI64U => unary!(self, fcvt_from_uint -> F64),
            O::I32TruncF32S | O::I32TruncF64S => self.truncation(I32, true),
            O::I32TruncF32U | O::I32TruncF64U => self.truncation(I32, false),
            O::I64TruncF32S | O::I64TruncF64S => self.truncation(I64, true),
            O::I64TruncF32U | O::I64TruncF64U => self.truncation(I64, false),
            O::I32TruncSatF32S | O::I32TruncSatF64S => unary!(self, fcvt_to_sint_sat -> I32),
            O::I32TruncSatF32U | O::I32TruncSatF64U => unary!(self, fcvt_to_uint_sat -> I32),
            O::I64TruncSatF32S | O::I64TruncSatF64S => unary!(self, fcvt_to_sint_sat -> I64),
            O::I64TruncSatF32U | O::I64TruncSatF64U => unary!(self, fcvt_to_uint_sat -> I64),
            O::I32ReinterpretF32 => self.reinterpret(I32),
            O::I64ReinterpretF64 => self.reinterpret(I64),
            O::F32ReinterpretI32 => self.reinterpret(F32),
            O::F64ReinterpretI64 => self.reinterpret(F64),
            _ => return false,
        }
        true
    }

    fn int_compare(&mut self, cc: IntCC) {
        let (a, b) = self.pop2();
        let value = self.b.ins().icmp(cc, a, b);
        self.boolean(value);
    }

    fn float_compare(&mut self, cc: FloatCC) {
        let (a, b) = self.pop2();
        let value = self.b.ins().fcmp(cc, a, b);
        self.boolean(value);
    }

    fn division(&mut self, division: Division) {
        let (a, b) = self.pop2();
        self.check_division(a, b, division == Division::Signed);
        let value = match division {
            Division::Signed => self.b.ins().sdiv(a, b),
            Division::Unsigned => self.b.ins().udiv(a, b),
            Division::SignedRemainder => self.b.ins().srem(a, b),
            Division::UnsignedRemainder => self.b.ins().urem(a, b),
        };
        self.push(value);
    }

    fn extend_low(&mut self, from: Type, to: Type) {
        let a = self.pop();
        let low = self.b.ins().ireduce(from, a);
        let value = self.b.ins().sextend(to, low);
        self.push(value);
    }

    fn truncation(&mut self, to: Type, signed: bool) {
        let a = self.pop();
        let value: Value = self.truncate(a, to, signed);
        self.push(value);
    }

    fn reinterpret(&mut self, to: Type) {
        let a = self.pop();
        let value = self.b.ins().bitcast(to, MemFlagsData::new(), a);
        self.push(value);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Division {
    Signed,
    Unsigned,
    SignedRemainder,
    UnsignedRemainder,
}

/// Forms of an operation that the code generator does better with, all of them what the operator means.
impl Translator<'_, '_> {
    /// The value if it is a constant.
    pub(super) fn known(&self, value: Value) -> Option<i64> {
        let dfg = &self.b.func.dfg;
        match dfg.insts[dfg.value_def(dfg.resolve_aliases(value)).inst()?] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
            _ => None,
        }
    }

    /// A constant is added negated: sums are part of an address, differences take an instruction of their own, in every block that
    /// uses them. Every function that has a frame in the linear memory begins so.
    fn subtract(&mut self) {
        let (a, b) = self.pop2();
        let value = match self.known(b) {
            Some(n) => {
                let ty = self.type_of(b);
                let negated = if ty == types::I32 {
                    i64::from((n as i32).wrapping_neg() as u32)
                } else {
                    n.wrapping_neg()
                };
                let negated = self.b.ins().iconst(ty, negated);
                self.b.ins().iadd(a, negated)
            }
            None => self.b.ins().isub(a, b),
        };
        self.push(value);
    }

    /// Masks of whole low parts are conversions: those are hoisted out of loops, where a bitwise operation with a constant is done
    /// again in every block, and a mask of 32 bits needs no constant in memory.
    fn and(&mut self) {
        let (a, b) = self.pop2();
        let ty = self.type_of(a);
        let part = match self.known(b) {
            Some(0xff) => Some(types::I8),
            Some(0xffff) => Some(types::I16),
            Some(0xffff_ffff) if ty == types::I64 => Some(types::I32),
            _ => None,
        };
        let value = match part {
            Some(part) => {
                let low = self.b.ins().ireduce(part, a);
                self.b.ins().uextend(ty, low)
            }
            None => self.b.ins().band(a, b),
        };
        self.push(value);
    }
}
