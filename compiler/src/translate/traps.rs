//! Raising traps, by hardware or by a call of the shim.

use super::Translator;
use super::names::FunctionRef;
use crate::Traps;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, Type, Value, types};
use plugin_abi::{Libcall, TrapCode};

/// Our trap code as Cranelift's.
pub(crate) fn clif_code(code: TrapCode) -> ir::TrapCode {
    ir::TrapCode::unwrap_user(code as u8)
}

/// Cranelift's trap code as ours: its own few have the numbers at the top.
pub(crate) fn trap_code(code: ir::TrapCode) -> Option<TrapCode> {
    Some(match code {
        ir::TrapCode::STACK_OVERFLOW => TrapCode::StackOverflow,
        ir::TrapCode::INTEGER_OVERFLOW => TrapCode::IntegerOverflow,
        ir::TrapCode::HEAP_OUT_OF_BOUNDS => TrapCode::MemoryOutOfBounds,
        ir::TrapCode::INTEGER_DIVISION_BY_ZERO => TrapCode::IntegerDivisionByZero,
        ir::TrapCode::BAD_CONVERSION_TO_INTEGER => TrapCode::BadConversionToInteger,
        user => return TrapCode::from_u8(user.as_raw().get()),
    })
}

impl Translator<'_, '_> {
    /// Traps always; the block is filled.
    pub(super) fn trap(&mut self, code: TrapCode) {
        if self.env.options.traps == Traps::Call {
            let number = self.b.ins().iconst(types::I32, i64::from(code as u8));
            self.libcall(Libcall::Trap, &[number]);
        }
        self.b.ins().trap(clif_code(code));
    }

    /// Traps if `condition` is not zero.
    pub(super) fn trap_if(&mut self, condition: Value, code: TrapCode) {
        match self.env.options.traps {
            Traps::Signal => {
                self.b.ins().trapnz(condition, clif_code(code));
            }
            Traps::Call => {
                let trapping = self.b.create_block();
                let next = self.b.create_block();
                self.b.set_cold_block(trapping);
                self.b.ins().brif(condition, trapping, &[], next, &[]);
                self.b.seal_block(trapping);
                self.b.seal_block(next);
                self.b.switch_to_block(trapping);
                self.trap(code);
                self.b.switch_to_block(next);
            }
        }
    }

    /// Checks before a division or remainder where the hardware must not trap.
    pub(super) fn check_division(&mut self, dividend: Value, divisor: Value, signed_division: bool) {
        if self.env.options.traps == Traps::Signal {
            return;
        }
        let zero = self.b.ins().icmp_imm_s(IntCC::Equal, divisor, 0);
        self.trap_if(zero, TrapCode::IntegerDivisionByZero);
        if signed_division {
            let smallest = if self.type_of(dividend) == types::I32 { i64::from(i32::MIN) } else { i64::MIN };
            let is_smallest = self.b.ins().icmp_imm_s(IntCC::Equal, dividend, smallest);
            let minus_one = self.b.ins().icmp_imm_s(IntCC::Equal, divisor, -1);
            let overflow = self.b.ins().band(is_smallest, minus_one);
            self.trap_if(overflow, TrapCode::IntegerOverflow);
        }
    }

    /// A trapping conversion of a float to an integer.
    pub(super) fn truncate(&mut self, value: Value, to: Type, signed: bool) -> Value {
        if self.env.options.traps == Traps::Signal {
            return if signed {
                self.b.ins().fcvt_to_sint(to, value)
            } else {
                self.b.ins().fcvt_to_uint(to, value)
            };
        }
        let nan = self.b.ins().fcmp(FloatCC::Unordered, value, value);
        self.trap_if(nan, TrapCode::BadConversionToInteger);
        // The largest float below and the smallest float above the integers of the type, as f64 and f32 have them.
        let bits = to.bits();
        let (low, low_included) = match (signed, self.type_of(value) == types::F64 && bits == 32) {
            // f64 holds -2^31 - 1 exactly, so everything above it converts.
            (true, true) => (-2f64.powi(31) - 1.0, false),
            (true, false) => (-2f64.powi(bits as i32 - 1), true),
            (false, _) => (-1.0, false),
        };
        let high = 2f64.powi(bits as i32 - i32::from(signed));
        let (low, high) = if self.type_of(value) == types::F64 {
            (self.b.ins().f64const(low), self.b.ins().f64const(high))
        } else {
            (self.b.ins().f32const(low as f32), self.b.ins().f32const(high as f32))
        };
        let below = if low_included { FloatCC::LessThan } else { FloatCC::LessThanOrEqual };
        let too_low = self.b.ins().fcmp(below, value, low);
        self.trap_if(too_low, TrapCode::IntegerOverflow);
        let too_high = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, value, high);
        self.trap_if(too_high, TrapCode::IntegerOverflow);
        if signed {
            self.b.ins().fcvt_to_sint_sat(to, value)
        } else {
            self.b.ins().fcvt_to_uint_sat(to, value)
        }
    }

    /// Calls a libcall and gives its result, if it has one.
    pub(super) fn libcall(&mut self, libcall: Libcall, args: &[Value]) -> Option<Value> {
        let callee = self.func_ref(FunctionRef::libcall(libcall));
        let args: Vec<Value> = std::iter::once(self.ctx).chain(args.iter().copied()).collect();
        let call = self.b.ins().call(callee, &args);
        self.b.inst_results(call).first().copied()
    }
}
