//! Arguments and results of the test suite's scripts as values of the shim.

use nullvm_shim::Value;
use wast::WastArg;
use wast::WastRet;
use wast::core::{NanPattern, V128Const, V128Pattern, WastArgCore, WastRetCore};

fn wide(bytes: &[u8]) -> Value {
    let mut value = [0; 16];
    value[..bytes.len()].copy_from_slice(bytes);
    Value(value)
}

/// External references are the host's numbers; 0 is null, so the script's numbers go up by one.
fn external(n: u32) -> Value {
    wide(&(u64::from(n) + 1).to_le_bytes())
}

/// An argument.
pub fn argument(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(n) => wide(&n.to_le_bytes()),
        WastArgCore::I64(n) => wide(&n.to_le_bytes()),
        WastArgCore::F32(n) => wide(&n.bits.to_le_bytes()),
        WastArgCore::F64(n) => wide(&n.bits.to_le_bytes()),
        WastArgCore::V128(c) => Value(vector(c)),
        WastArgCore::RefNull(_) => Value([0; 16]),
        WastArgCore::RefExtern(n) | WastArgCore::RefHost(n) => external(*n),
    })
}

fn vector(c: &V128Const) -> [u8; 16] {
    c.to_le_bytes()
}

fn low<const N: usize>(value: &Value) -> [u8; N] {
    value.0[..N].try_into().expect("N is at most 16")
}

fn f32_matches(pattern: &NanPattern<wast::token::F32>, bits: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(v) => v.bits == bits,
    }
}

fn f64_matches(pattern: &NanPattern<wast::token::F64>, bits: u64) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(v) => v.bits == bits,
    }
}

fn vector_matches(pattern: &V128Pattern, bytes: &[u8; 16]) -> bool {
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.iter().zip(bytes).all(|(l, b)| *l as u8 == *b),
        V128Pattern::I16x8(lanes) => {
            lanes.iter().zip(bytes.chunks(2)).all(|(l, b)| l.to_le_bytes() == [b[0], b[1]])
        }
        V128Pattern::I32x4(lanes) => {
            lanes.iter().zip(bytes.chunks(4)).all(|(l, b)| l.to_le_bytes()[..] == *b)
        }
        V128Pattern::I64x2(lanes) => {
            lanes.iter().zip(bytes.chunks(8)).all(|(l, b)| l.to_le_bytes()[..] == *b)
        }
        V128Pattern::F32x4(lanes) => lanes
            .iter()
            .zip(bytes.chunks(4))
            .all(|(l, b)| f32_matches(l, u32::from_le_bytes(b.try_into().expect("4 bytes")))),
        V128Pattern::F64x2(lanes) => lanes
            .iter()
            .zip(bytes.chunks(8))
            .all(|(l, b)| f64_matches(l, u64::from_le_bytes(b.try_into().expect("8 bytes")))),
    }
}

/// Whether a result is what the script expects.
pub fn matches(expected: &WastRet<'_>, value: &Value) -> bool {
    let WastRet::Core(expected) = expected else {
        return false;
    };
    core_matches(expected, value)
}

fn core_matches(expected: &WastRetCore<'_>, value: &Value) -> bool {
    match expected {
        WastRetCore::I32(n) => n.to_le_bytes() == low::<4>(value),
        WastRetCore::I64(n) => n.to_le_bytes() == low::<8>(value),
        WastRetCore::F32(p) => f32_matches(p, u32::from_le_bytes(low(value))),
        WastRetCore::F64(p) => f64_matches(p, u64::from_le_bytes(low(value))),
        WastRetCore::V128(p) => vector_matches(p, &value.0),
        WastRetCore::RefNull(_) => low::<8>(value) == [0; 8],
        WastRetCore::RefExtern(Some(n)) => low::<8>(value) == low::<8>(&external(*n)),
        WastRetCore::RefExtern(None) | WastRetCore::RefFunc(_) => low::<8>(value) != [0; 8],
        WastRetCore::Either(either) => either.iter().any(|e| core_matches(e, value)),
        _ => false,
    }
}
