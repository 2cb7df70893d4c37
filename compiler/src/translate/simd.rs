//! Vectors: `v128` and relaxed SIMD.
//!
//! A vector lies on the operand stack with the lane type of the operator that made it and is recast, at no cost on the
//! machine, where an operator wants another. Relaxed operators have the results of their strict counterparts, and
//! a fused multiply-add where the target has one.

use super::Translator;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{ConstantData, InstBuilder, Type, Value, types};
use wasmparser::{MemArg, Operator};

macro_rules! unary {
    ($self:ident, $lanes:ident, $op:ident) => {{
        let a = $self.pop_lanes(types::$lanes);
        let value = $self.b.ins().$op(a);
        $self.push(value);
    }};
    ($self:ident, $lanes:ident, $op:ident -> $ty:ident) => {{
        let a = $self.pop_lanes(types::$lanes);
        let value = $self.b.ins().$op(types::$ty, a);
        $self.push(value);
    }};
}

macro_rules! binary {
    ($self:ident, $lanes:ident, $op:ident) => {{
        let (a, b) = $self.pop2_lanes(types::$lanes);
        let value = $self.b.ins().$op(a, b);
        $self.push(value);
    }};
}

/// A shift: its amount is a scalar.
macro_rules! shift {
    ($self:ident, $lanes:ident, $op:ident) => {{
        let amount = $self.pop();
        let a = $self.pop_lanes(types::$lanes);
        let value = $self.b.ins().$op(a, amount);
        $self.push(value);
    }};
}

/// Widens one half of both operands, then combines them.
macro_rules! widen2 {
    ($self:ident, $lanes:ident, $widen:ident, $op:ident) => {{
        let (a, b) = $self.pop2_lanes(types::$lanes);
        let a = $self.b.ins().$widen(a);
        let b = $self.b.ins().$widen(b);
        let value = $self.b.ins().$op(a, b);
        $self.push(value);
    }};
}

/// Adds neighbouring lanes after widening both halves.
macro_rules! pairwise {
    ($self:ident, $lanes:ident, $low:ident, $high:ident) => {{
        let a = $self.pop_lanes(types::$lanes);
        let low = $self.b.ins().$low(a);
        let high = $self.b.ins().$high(a);
        let value = $self.b.ins().iadd_pairwise(low, high);
        $self.push(value);
    }};
}

impl Translator<'_, '_> {
    pub(super) fn simd(&mut self, op: &Operator<'_>) -> bool {
        self.simd_memory(op)
            || self.simd_lanes(op)
            || self.simd_integer(op)
            || self.simd_float(op)
            || self.simd_relaxed(op)
    }

    fn simd_memory(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        use types::{I8, I8X16, I16, I32, I64};
        match op {
            O::V128Load { memarg } => {
                let value = self.load_lane(memarg, I8X16);
                self.push(value);
            }
            O::V128Store { memarg } => {
                let (index, value) = self.pop2();
                let a = self.address(index, memarg, 16);
                self.b.ins().store(a.flags, value, a.base, a.offset);
            }
            O::V128Load8x8S { memarg } => {
                let index = self.pop();
                let a = self.address(index, memarg, 8);
                let value = self.b.ins().sload8x8(a.flags, a.base, a.offset);
                self.push(value);
            }
            O::V128Load8x8U { memarg } => {
                let index = self.pop();
                let a = self.address(index, memarg, 8);
                let value = self.b.ins().uload8x8(a.flags, a.base, a.offset);
                self.push(value);
            }
            O::V128Load16x4S { memarg } => {
                let index = self.pop();
                let a = self.address(index, memarg, 8);
                let value = self.b.ins().sload16x4(a.flags, a.base, a.offset);
                self.push(value);
            }
            O::V128Load16x4U { memarg } => {
                let index = self.pop();
                let a = self.address(index, memarg, 8);
                let value = self.b.ins().uload16x4(a.flags, a.base, a.offset);
                self.push(value);
            }
            O::V128Load32x2S { memarg } => {
                let index = self.pop();
                let a = self.address(index, memarg, 8);
                let value = self.b.ins().sload32x2(a.flags, a.base, a.offset);
                self.push(value);
            }
            O::V128Load32x2U { memarg } => {
                let index = self.pop();
                let a = self.address(index, memarg, 8);
                let value = self.b.ins().uload32x2(a.flags, a.base, a.offset);
                self.push(value);
            }
            O::V128Load8Splat { memarg } => {
                let lane = self.load_lane(memarg, I8);
                let value = self.b.ins().splat(types::I8X16, lane);
                self.push(value);
            }
            O::V128Load8Lane { memarg, lane } => self.load_into_lane(memarg, types::I8X16, *lane),
            O::V128Store8Lane { memarg, lane } => self.store_lane(memarg, types::I8X16, *lane),
            O::V128Load16Splat { memarg } => {
                let lane = self.load_lane(memarg, I16);
                let value = self.b.ins().splat(types::I16X8, lane);
                self.push(value);
            }
            O::V128Load16Lane { memarg, lane } => self.load_into_lane(memarg, types::I16X8, *lane),
            O::V128Store16Lane { memarg, lane } => self.store_lane(memarg, types::I16X8, *lane),
            O::V128Load32Splat { memarg } => {
                let lane = self.load_lane(memarg, I32);
                let value = self.b.ins().splat(types::I32X4, lane);
                self.push(value);
            }
            O::V128Load32Lane { memarg, lane } => self.load_into_lane(memarg, types::I32X4, *lane),
            O::V128Store32Lane { memarg, lane } => self.store_lane(memarg, types::I32X4, *lane),
            O::V128Load64Splat { memarg } => {
                let lane = self.load_lane(memarg, I64);
                let value = self.b.ins().splat(types::I64X2, lane);
                self.push(value);
            }
            O::V128Load64Lane { memarg, lane } => self.load_into_lane(memarg, types::I64X2, *lane),
            O::V128Store64Lane { memarg, lane } => self.store_lane(memarg, types::I64X2, *lane),
            O::V128Load32Zero { memarg } => {
                let lane = self.load_lane(memarg, I32);
                let value = self.b.ins().scalar_to_vector(types::I32X4, lane);
                self.push(value);
            }
            O::V128Load64Zero { memarg } => {
                let lane = self.load_lane(memarg, I64);
                let value = self.b.ins().scalar_to_vector(types::I64X2, lane);
                self.push(value);
            }
            _ => return false,
        }
        true
    }

    fn simd_lanes(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        use types::{I8, I16, I32};
        match *op {
            O::V128Const { value } => {
                let value = self.vector_constant(*value.bytes());
                self.push(value);
            }
            O::I8x16Shuffle { lanes } => {
                let (a, b) = self.pop2_lanes(types::I8X16);
                let mask = self.b.func.dfg.immediates.push(ConstantData::from(&lanes[..]));
                let value = self.b.ins().shuffle(a, b, mask);
                self.push(value);
            }
            O::I8x16Swizzle => binary!(self, I8X16, swizzle),
            O::I8x16Splat => self.narrow_splat(I8, types::I8X16),
            O::I16x8Splat => self.narrow_splat(I16, types::I16X8),
            O::I32x4Splat => self.splat(types::I32X4),
            O::I64x2Splat => self.splat(types::I64X2),
            O::F32x4Splat => self.splat(types::F32X4),
            O::F64x2Splat => self.splat(types::F64X2),
            O::I8x16ExtractLaneS { lane } => {
                let value = self.extract_lane(types::I8X16, lane);
                let value = self.b.ins().sextend(I32, value);
                self.push(value);
            }
            O::I8x16ExtractLaneU { lane } => {
                let value = self.extract_lane(types::I8X16, lane);
                let value = self.b.ins().uextend(I32, value);
                self.push(value);
            }
            O::I16x8ExtractLaneS { lane } => {
                let value = self.extract_lane(types::I16X8, lane);
                let value = self.b.ins().sextend(I32, value);
                self.push(value);
            }
            O::I16x8ExtractLaneU { lane } => {
                let value = self.extract_lane(types::I16X8, lane);
                let value = self.b.ins().uextend(I32, value);
                self.push(value);
            }
            O::I32x4ExtractLane { lane } => {
                let value = self.extract_lane(types::I32X4, lane);
                self.push(value);
            }
            O::I64x2ExtractLane { lane } => {
                let value = self.extract_lane(types::I64X2, lane);
                self.push(value);
            }
            O::F32x4ExtractLane { lane } => {
                let value = self.extract_lane(types::F32X4, lane);
                self.push(value);
            }
            O::F64x2ExtractLane { lane } => {
                let value = self.extract_lane(types::F64X2, lane);
                self.push(value);
            }
            O::I8x16ReplaceLane { lane } => self.replace_lane(types::I8X16, lane),
            O::I16x8ReplaceLane { lane } => self.replace_lane(types::I16X8, lane),
            O::I32x4ReplaceLane { lane } => self.replace_lane(types::I32X4, lane),
            O::I64x2ReplaceLane { lane } => self.replace_lane(types::I64X2, lane),
            O::F32x4ReplaceLane { lane } => self.replace_lane(types::F32X4, lane),
            O::F64x2ReplaceLane { lane } => self.replace_lane(types::F64X2, lane),
            _ => return false,
        }
        true
    }

    fn simd_integer(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::V128Not => unary!(self, I8X16, bnot),
            O::V128And => binary!(self, I8X16, band),
            O::V128AndNot => binary!(self, I8X16, band_not),
            O::V128Or => binary!(self, I8X16, bor),
            O::V128Xor => binary!(self, I8X16, bxor),
            O::V128Bitselect => self.bit_select(types::I8X16),
            O::V128AnyTrue => {
                let a = self.pop_lanes(types::I8X16);
                let value = self.b.ins().vany_true(a);
                self.boolean(value);
            }
            O::I8x16Eq => self.vector_compare(types::I8X16, IntCC::Equal),
            O::I16x8Eq => self.vector_compare(types::I16X8, IntCC::Equal),
            O::I32x4Eq => self.vector_compare(types::I32X4, IntCC::Equal),
            O::I64x2Eq => self.vector_compare(types::I64X2, IntCC::Equal),
            O::I8x16Ne => self.vector_compare(types::I8X16, IntCC::NotEqual),
            O::I16x8Ne => self.vector_compare(types::I16X8, IntCC::NotEqual),
            O::I32x4Ne => self.vector_compare(types::I32X4, IntCC::NotEqual),
            O::I64x2Ne => self.vector_compare(types::I64X2, IntCC::NotEqual),
            O::I8x16LtS => self.vector_compare(types::I8X16, IntCC::SignedLessThan),
            O::I16x8LtS => self.vector_compare(types::I16X8, IntCC::SignedLessThan),
            O::I32x4LtS => self.vector_compare(types::I32X4, IntCC::SignedLessThan),
            O::I64x2LtS => self.vector_compare(types::I64X2, IntCC::SignedLessThan),
            O::I8x16LtU => self.vector_compare(types::I8X16, IntCC::UnsignedLessThan),
            O::I16x8LtU => self.vector_compare(types::I16X8, IntCC::UnsignedLessThan),
            O::I32x4LtU => self.vector_compare(types::I32X4, IntCC::UnsignedLessThan),
            O::I8x16GtS => self.vector_compare(types::I8X16, IntCC::SignedGreaterThan),
            O::I16x8GtS => self.vector_compare(types::I16X8, IntCC::SignedGreaterThan),
            O::I32x4GtS => self.vector_compare(types::I32X4, IntCC::SignedGreaterThan),
            O::I64x2GtS => self.vector_compare(types::I64X2, IntCC::SignedGreaterThan),
            O::I8x16GtU => self.vector_compare(types::I8X16, IntCC::UnsignedGreaterThan),
            O::I16x8GtU => self.vector_compare(types::I16X8, IntCC::UnsignedGreaterThan),
            O::I32x4GtU => self.vector_compare(types::I32X4, IntCC::UnsignedGreaterThan),
            O::I8x16LeS => self.vector_compare(types::I8X16, IntCC::SignedLessThanOrEqual),
            O::I16x8LeS => self.vector_compare(types::I16X8, IntCC::SignedLessThanOrEqual),
            O::I32x4LeS => self.vector_compare(types::I32X4, IntCC::SignedLessThanOrEqual),
            O::I64x2LeS => self.vector_compare(types::I64X2, IntCC::SignedLessThanOrEqual),
            O::I8x16LeU => self.vector_compare(types::I8X16, IntCC::UnsignedLessThanOrEqual),
            O::I16x8LeU => self.vector_compare(types::I16X8, IntCC::UnsignedLessThanOrEqual),
            O::I32x4LeU => self.vector_compare(types::I32X4, IntCC::UnsignedLessThanOrEqual),
            O::I8x16GeS => self.vector_compare(types::I8X16, IntCC::SignedGreaterThanOrEqual),
            O::I16x8GeS => self.vector_compare(types::I16X8, IntCC::SignedGreaterThanOrEqual),
            O::I32x4GeS => self.vector_compare(types::I32X4, IntCC::SignedGreaterThanOrEqual),
            O::I64x2GeS => self.vector_compare(types::I64X2, IntCC::SignedGreaterThanOrEqual),
            O::I8x16GeU => self.vector_compare(types::I8X16, IntCC::UnsignedGreaterThanOrEqual),
            O::I16x8GeU => self.vector_compare(types::I16X8, IntCC::UnsignedGreaterThanOrEqual),
            O::I32x4GeU => self.vector_compare(types::I32X4, IntCC::UnsignedGreaterThanOrEqual),
            O::I8x16Abs => unary!(self, I8X16, iabs),
            O::I8x16Neg => unary!(self, I8X16, ineg),
            O::I8x16AllTrue => {
                let a = self.pop_lanes(types::I8X16);
                let value = self.b.ins().vall_true(a);
                self.boolean(value);
            }
            O::I8x16Bitmask => unary!(self, I8X16, vhigh_bits -> I32),
            O::I8x16Shl => shift!(self, I8X16, ishl),
            O::I8x16ShrS => shift!(self, I8X16, sshr),
            O::I8x16ShrU => shift!(self, I8X16, ushr),
            O::I8x16Add => binary!(self, I8X16, iadd),
            O::I8x16Sub => binary!(self, I8X16, isub),
            O::I8x16MinS => binary!(self, I8X16, smin),
            O::I8x16MinU => binary!(self, I8X16, umin),
            O::I8x16MaxS => binary!(self, I8X16, smax),
            O::I8x16MaxU => binary!(self, I8X16, umax),
            O::I8x16AddSatS => binary!(self, I8X16, sadd_sat),
            O::I8x16AddSatU => binary!(self, I8X16, uadd_sat),
            O::I8x16SubSatS => binary!(self, I8X16, ssub_sat),
            O::I8x16SubSatU => binary!(self, I8X16, usub_sat),
            O::I8x16AvgrU => binary!(self, I8X16, avg_round),
            O::I16x8Abs => unary!(self, I16X8, iabs),
            O::I16x8Neg => unary!(self, I16X8, ineg),
            O::I16x8AllTrue => {
                let a = self.pop_lanes(types::I16X8);
                let value = self.b.ins().vall_true(a);
                self.boolean(value);
            }
            O::I16x8Bitmask => unary!(self, I16X8, vhigh_bits -> I32),
            O::I16x8Shl => shift!(self, I16X8, ishl),
            O::I16x8ShrS => shift!(self, I16X8, sshr),
            O::I16x8ShrU => shift!(self, I16X8, ushr),
            O::I16x8Add => binary!(self, I16X8, iadd),
            O::I16x8Sub => binary!(self, I16X8, isub),
            O::I16x8Mul => binary!(self, I16X8, imul),
            O::I16x8MinS => binary!(self, I16X8, smin),
            O::I16x8MinU => binary!(self, I16X8, umin),
            O::I16x8MaxS => binary!(self, I16X8, smax),
            O::I16x8MaxU => binary!(self, I16X8, umax),
            O::I16x8AddSatS => binary!(self, I16X8, sadd_sat),
            O::I16x8AddSatU => binary!(self, I16X8, uadd_sat),
            O::I16x8SubSatS => binary!(self, I16X8, ssub_sat),
            O::I16x8SubSatU => binary!(self, I16X8, usub_sat),
            O::I16x8AvgrU => binary!(self, I16X8, avg_round),
            O::I32x4Abs => unary!(self, I32X4, iabs),
            O::I32x4Neg => unary!(self, I32X4, ineg),
            O::I32x4AllTrue => {
                let a = self.pop_lanes(types::I32X4);
                let value = self.b.ins().vall_true(a);
                self.boolean(value);
            }
            O::I32x4Bitmask => unary!(self, I32X4, vhigh_bits -> I32),
            O::I32x4Shl => shift!(self, I32X4, ishl),
            O::I32x4ShrS => shift!(self, I32X4, sshr),
            O::I32x4ShrU => shift!(self, I32X4, ushr),
            O::I32x4Add => binary!(self, I32X4, iadd),
            O::I32x4Sub => binary!(self, I32X4, isub),
            O::I32x4Mul => binary!(self, I32X4, imul),
            O::I32x4MinS => binary!(self, I32X4, smin),
            O::I32x4MinU => binary!(self, I32X4, umin),
            O::I32x4MaxS => binary!(self, I32X4, smax),
            O::I32x4MaxU => binary!(self, I32X4, umax),
            O::I64x2Abs => unary!(self, I64X2, iabs),
            O::I64x2Neg => unary!(self, I64X2, ineg),
            O::I64x2AllTrue => {
                let a = self.pop_lanes(types::I64X2);
                let value = self.b.ins().vall_true(a);
                self.boolean(value);
            }
            O::I64x2Bitmask => unary!(self, I64X2, vhigh_bits -> I32),
            O::I64x2Shl => shift!(self, I64X2, ishl),
            O::I64x2ShrS => shift!(self, I64X2, sshr),
            O::I64x2ShrU => shift!(self, I64X2, ushr),
            O::I64x2Add => binary!(self, I64X2, iadd),
            O::I64x2Sub => binary!(self, I64X2, isub),
            O::I64x2Mul => binary!(self, I64X2, imul),
            O::I8x16Popcnt => unary!(self, I8X16, popcnt),
            O::I8x16NarrowI16x8S => binary!(self, I16X8, snarrow),
            O::I8x16NarrowI16x8U => binary!(self, I16X8, unarrow),
            O::I16x8NarrowI32x4S => binary!(self, I32X4, snarrow),
            O::I16x8NarrowI32x4U => binary!(self, I32X4, unarrow),
            O::I16x8ExtendLowI8x16S => unary!(self, I8X16, swiden_low),
            O::I16x8ExtMulLowI8x16S => widen2!(self, I8X16, swiden_low, imul),
            O::I16x8ExtendLowI8x16U => unary!(self, I8X16, uwiden_low),
            O::I16x8ExtMulLowI8x16U => widen2!(self, I8X16, uwiden_low, imul),
            O::I16x8ExtendHighI8x16S => unary!(self, I8X16, swiden_high),
            O::I16x8ExtMulHighI8x16S => widen2!(self, I8X16, swiden_high, imul),
            O::I16x8ExtendHighI8x16U => unary!(self, I8X16, uwiden_high),
            O::I16x8ExtMulHighI8x16U => widen2!(self, I8X16, uwiden_high, imul),
            O::I32x4ExtendLowI16x8S => unary!(self, I16X8, swiden_low),
            O::I32x4ExtMulLowI16x8S => widen2!(self, I16X8, swiden_low, imul),
            O::I32x4ExtendLowI16x8U => unary!(self, I16X8, uwiden_low),
            O::I32x4ExtMulLowI16x8U => widen2!(self, I16X8, uwiden_low, imul),
            O::I32x4ExtendHighI16x8S => unary!(self, I16X8, swiden_high),
            O::I32x4ExtMulHighI16x8S => widen2!(self, I16X8, swiden_high, imul),
            O::I32x4ExtendHighI16x8U => unary!(self, I16X8, uwiden_high),
            O::I32x4ExtMulHighI16x8U => widen2!(self, I16X8, uwiden_high, imul),
            O::I64x2ExtendLowI32x4S => unary!(self, I32X4, swiden_low),
            O::I64x2ExtMulLowI32x4S => widen2!(self, I32X4, swiden_low, imul),
            O::I64x2ExtendLowI32x4U => unary!(self, I32X4, uwiden_low),
            O::I64x2ExtMulLowI32x4U => widen2!(self, I32X4, uwiden_low, imul),
            O::I64x2ExtendHighI32x4S => unary!(self, I32X4, swiden_high),
            O::I64x2ExtMulHighI32x4S => widen2!(self, I32X4, swiden_high, imul),
            O::I64x2ExtendHighI32x4U => unary!(self, I32X4, uwiden_high),
            O::I64x2ExtMulHighI32x4U => widen2!(self, I32X4, uwiden_high, imul),
            O::I16x8ExtAddPairwiseI8x16S => pairwise!(self, I8X16, swiden_low, swiden_high),
            O::I16x8ExtAddPairwiseI8x16U => pairwise!(self, I8X16, uwiden_low, uwiden_high),
            O::I32x4ExtAddPairwiseI16x8S => pairwise!(self, I16X8, swiden_low, swiden_high),
            O::I32x4ExtAddPairwiseI16x8U => pairwise!(self, I16X8, uwiden_low, uwiden_high),
            O::I16x8Q15MulrSatS => binary!(self, I16X8, sqmul_round_sat),
            O::I32x4DotI16x8S => {
                let (a, b) = self.pop2_lanes(types::I16X8);
                let value = self.dot(a, b);
                self.push(value);
            }
            _ => return false,
        }
        true
    }

    fn simd_float(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::F32x4Eq => self.vector_float_compare(types::F32X4, FloatCC::Equal),
            O::F64x2Eq => self.vector_float_compare(types::F64X2, FloatCC::Equal),
            O::F32x4Ne => self.vector_float_compare(types::F32X4, FloatCC::NotEqual),
            O::F64x2Ne => self.vector_float_compare(types::F64X2, FloatCC::NotEqual),
            O::F32x4Lt => self.vector_float_compare(types::F32X4, FloatCC::LessThan),
            O::F64x2Lt => self.vector_float_compare(types::F64X2, FloatCC::LessThan),
            O::F32x4Gt => self.vector_float_compare(types::F32X4, FloatCC::GreaterThan),
            O::F64x2Gt => self.vector_float_compare(types::F64X2, FloatCC::GreaterThan),
            O::F32x4Le => self.vector_float_compare(types::F32X4, FloatCC::LessThanOrEqual),
            O::F64x2Le => self.vector_float_compare(types::F64X2, FloatCC::LessThanOrEqual),
            O::F32x4Ge => self.vector_float_compare(types::F32X4, FloatCC::GreaterThanOrEqual),
            O::F64x2Ge => self.vector_float_compare(types::F64X2, FloatCC::GreaterThanOrEqual),
            O::F32x4Ceil => unary!(self, F32X4, ceil),
            O::F32x4Floor => unary!(self, F32X4, floor),
            O::F32x4Trunc => unary!(self, F32X4, trunc),
            O::F32x4Nearest => unary!(self, F32X4, nearest),
            O::F32x4Abs => unary!(self, F32X4, fabs),
            O::F32x4Neg => unary!(self, F32X4, fneg),
            O::F32x4Sqrt => unary!(self, F32X4, sqrt),
            O::F32x4Add => binary!(self, F32X4, fadd),
            O::F32x4Sub => binary!(self, F32X4, fsub),
            O::F32x4Mul => binary!(self, F32X4, fmul),
            O::F32x4Div => binary!(self, F32X4, fdiv),
            O::F32x4Min => binary!(self, F32X4, fmin),
            O::F32x4Max => binary!(self, F32X4, fmax),
            O::F32x4PMin => self.pseudo_extreme(types::F32X4, true),
            O::F32x4PMax => self.pseudo_extreme(types::F32X4, false),
            O::F64x2Ceil => unary!(self, F64X2, ceil),
            O::F64x2Floor => unary!(self, F64X2, floor),
            O::F64x2Trunc => unary!(self, F64X2, trunc),
            O::F64x2Nearest => unary!(self, F64X2, nearest),
            O::F64x2Abs => unary!(self, F64X2, fabs),
            O::F64x2Neg => unary!(self, F64X2, fneg),
            O::F64x2Sqrt => unary!(self, F64X2, sqrt),
            O::F64x2Add => binary!(self, F64X2, fadd),
            O::F64x2Sub => binary!(self, F64X2, fsub),
            O::F64x2Mul => binary!(self, F64X2, fmul),
            O::F64x2Div => binary!(self, F64X2, fdiv),
            O::F64x2Min => binary!(self, F64X2, fmin),
            O::F64x2Max => binary!(self, F64X2, fmax),
            O::F64x2PMin => self.pseudo_extreme(types::F64X2, true),
            O::F64x2PMax => self.pseudo_extreme(types::F64X2, false),
            O::I32x4TruncSatF32x4S => unary!(self, F32X4, fcvt_to_sint_sat -> I32X4),
            O::I32x4TruncSatF32x4U => unary!(self, F32X4, fcvt_to_uint_sat -> I32X4),
            O::F32x4ConvertI32x4S => unary!(self, I32X4, fcvt_from_sint -> F32X4),
            O::F32x4ConvertI32x4U => unary!(self, I32X4, fcvt_from_uint -> F32X4),
            O::I32x4TruncSatF64x2SZero => self.truncate_low(true),
            O::I32x4TruncSatF64x2UZero => self.truncate_low(false),
            O::F64x2ConvertLowI32x4S => {
                let a = self.pop_lanes(types::I32X4);
                let wide = self.b.ins().swiden_low(a);
                let value = self.b.ins().fcvt_from_sint(types::F64X2, wide);
                self.push(value);
            }
            O::F64x2ConvertLowI32x4U => {
                let a = self.pop_lanes(types::I32X4);
                let wide = self.b.ins().uwiden_low(a);
                let value = self.b.ins().fcvt_from_uint(types::F64X2, wide);
                self.push(value);
            }
            O::F32x4DemoteF64x2Zero => unary!(self, F64X2, fvdemote),
            O::F64x2PromoteLowF32x4 => unary!(self, F32X4, fvpromote_low),
            _ => return false,
        }
        true
    }

    fn simd_relaxed(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I8x16RelaxedSwizzle => binary!(self, I8X16, swizzle),
            O::I32x4RelaxedTruncF32x4S => unary!(self, F32X4, fcvt_to_sint_sat -> I32X4),
            O::I32x4RelaxedTruncF32x4U => unary!(self, F32X4, fcvt_to_uint_sat -> I32X4),
            O::I32x4RelaxedTruncF64x2SZero => self.truncate_low(true),
            O::I32x4RelaxedTruncF64x2UZero => self.truncate_low(false),
            O::F32x4RelaxedMadd => self.multiply_add(types::F32X4, false),
            O::F32x4RelaxedNmadd => self.multiply_add(types::F32X4, true),
            O::F64x2RelaxedMadd => self.multiply_add(types::F64X2, false),
            O::F64x2RelaxedNmadd => self.multiply_add(types::F64X2, true),
            O::I8x16RelaxedLaneselect => self.bit_select(types::I8X16),
            O::I16x8RelaxedLaneselect => self.bit_select(types::I16X8),
            O::I32x4RelaxedLaneselect => self.bit_select(types::I32X4),
            O::I64x2RelaxedLaneselect => self.bit_select(types::I64X2),
            O::F32x4RelaxedMin => binary!(self, F32X4, fmin),
            O::F32x4RelaxedMax => binary!(self, F32X4, fmax),
            O::F64x2RelaxedMin => binary!(self, F64X2, fmin),
            O::F64x2RelaxedMax => binary!(self, F64X2, fmax),
            O::I16x8RelaxedQ15mulrS => binary!(self, I16X8, sqmul_round_sat),
            O::I16x8RelaxedDotI8x16I7x16S => {
                let (a, b) = self.pop2_lanes(types::I8X16);
                let value = self.dot(a, b);
                self.push(value);
            }
            O::I32x4RelaxedDotI8x16I7x16AddS => {
                let c = self.pop_lanes(types::I32X4);
                let (a, b) = self.pop2_lanes(types::I8X16);
                let products = self.dot(a, b);
                let low = self.b.ins().swiden_low(products);
                let high = self.b.ins().swiden_high(products);
                let sums = self.b.ins().iadd_pairwise(low, high);
                let value = self.b.ins().iadd(sums, c);
                self.push(value);
            }
            _ => return false,
        }
        true
    }

    fn pop_lanes(&mut self, ty: Type) -> Value {
        let value = self.pop();
        self.as_lanes(value, ty)
    }

    fn pop2_lanes(&mut self, ty: Type) -> (Value, Value) {
        let b = self.pop_lanes(ty);
        (self.pop_lanes(ty), b)
    }

    fn load_lane(&mut self, memarg: &MemArg, ty: Type) -> Value {
        let index = self.pop();
        let a = self.address(index, memarg, ty.bytes());
        self.b.ins().load(ty, a.flags, a.base, a.offset)
    }

    fn load_into_lane(&mut self, memarg: &MemArg, lanes: Type, lane: u8) {
        let vector = self.pop_lanes(lanes);
        let loaded = self.load_lane(memarg, lanes.lane_type());
        let value = self.b.ins().insertlane(vector, loaded, lane);
        self.push(value);
    }

    fn store_lane(&mut self, memarg: &MemArg, lanes: Type, lane: u8) {
        let vector = self.pop_lanes(lanes);
        let index = self.pop();
        let value = self.b.ins().extractlane(vector, lane);
        let a = self.address(index, memarg, lanes.lane_bits() / 8);
        self.b.ins().store(a.flags, value, a.base, a.offset);
    }

    fn splat(&mut self, lanes: Type) {
        let a = self.pop();
        let value = self.b.ins().splat(lanes, a);
        self.push(value);
    }

    fn narrow_splat(&mut self, lane: Type, lanes: Type) {
        let a = self.pop();
        let a = self.b.ins().ireduce(lane, a);
        let value = self.b.ins().splat(lanes, a);
        self.push(value);
    }

    fn extract_lane(&mut self, lanes: Type, lane: u8) -> Value {
        let a = self.pop_lanes(lanes);
        self.b.ins().extractlane(a, lane)
    }

    fn replace_lane(&mut self, lanes: Type, lane: u8) {
        let mut value = self.pop();
        let vector = self.pop_lanes(lanes);
        if lanes.lane_bits() < 32 {
            value = self.b.ins().ireduce(lanes.lane_type(), value);
        }
        let value = self.b.ins().insertlane(vector, value, lane);
        self.push(value);
    }

    fn bit_select(&mut self, lanes: Type) {
        let mask = self.pop_lanes(lanes);
        let (a, b) = self.pop2_lanes(lanes);
        let value = self.b.ins().bitselect(mask, a, b);
        self.push(value);
    }

    fn vector_compare(&mut self, lanes: Type, cc: IntCC) {
        let (a, b) = self.pop2_lanes(lanes);
        let value = self.b.ins().icmp(cc, a, b);
        self.push(value);
    }

    fn vector_float_compare(&mut self, lanes: Type, cc: FloatCC) {
        let (a, b) = self.pop2_lanes(lanes);
        let value = self.b.ins().fcmp(cc, a, b);
        self.push(value);
    }

    /// `pmin` is `b < a ? b : a`, `pmax` is `a < b ? b : a`.
    fn pseudo_extreme(&mut self, lanes: Type, min: bool) {
        let (a, b) = self.pop2_lanes(lanes);
        let take_b = if min {
            self.b.ins().fcmp(FloatCC::LessThan, b, a)
        } else {
            self.b.ins().fcmp(FloatCC::LessThan, a, b)
        };
        let mask = self.as_lanes(take_b, types::I8X16);
        let (a, b) = (self.as_lanes(a, types::I8X16), self.as_lanes(b, types::I8X16));
        let value = self.b.ins().bitselect(mask, b, a);
        self.push(value);
    }

    /// Sums of neighbouring products in lanes of twice the width.
    fn dot(&mut self, a: Value, b: Value) -> Value {
        let (a_low, b_low) = (self.b.ins().swiden_low(a), self.b.ins().swiden_low(b));
        let low = self.b.ins().imul(a_low, b_low);
        let (a_high, b_high) = (self.b.ins().swiden_high(a), self.b.ins().swiden_high(b));
        let high = self.b.ins().imul(a_high, b_high);
        self.b.ins().iadd_pairwise(low, high)
    }

    /// Two f64 lanes to two saturated i32 lanes, zeroes above.
    fn truncate_low(&mut self, signed: bool) {
        let a = self.pop_lanes(types::F64X2);
        // Of this very type: backends match the conversion, the zeroes and the narrowing as one.
        let zeroes = self.b.func.dfg.constants.insert(vec![0; 16].into());
        let zero = self.b.ins().vconst(types::I64X2, zeroes);
        let value = if signed {
            let wide = self.b.ins().fcvt_to_sint_sat(types::I64X2, a);
            self.b.ins().snarrow(wide, zero)
        } else {
            let wide = self.b.ins().fcvt_to_uint_sat(types::I64X2, a);
            self.b.ins().uunarrow(wide, zero)
        };
        self.push(value);
    }

    fn multiply_add(&mut self, lanes: Type, negate: bool) {
        let c = self.pop_lanes(lanes);
        let (mut a, b) = self.pop2_lanes(lanes);
        if negate {
            a = self.b.ins().fneg(a);
        }
        let value = if self.env.has_fma {
            self.b.ins().fma(a, b, c)
        } else {
            let product = self.b.ins().fmul(a, b);
            self.b.ins().fadd(product, c)
        };
        self.push(value);
    }
}
