//! Constant expressions. Only functions are imported, so every one of them has its value at compile time.

use crate::CompileError;
use wasmparser::{ConstExpr, Operator};

/// The value of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstValue {
    /// i32
    I32(u32),
    /// i64
    I64(u64),
    /// f32, its bits
    F32(u32),
    /// f64, its bits
    F64(u64),
    /// v128, little-endian
    V128([u8; 16]),
    /// Function reference: index plus 1, 0 for null; or a null external reference.
    Ref(u32),
}

impl ConstValue {
    /// The value as the context stores it.
    pub fn bytes(self) -> [u8; 16] {
        let wide = |n: u64| u128::from(n).to_le_bytes();
        match self {
            Self::I32(n) | Self::F32(n) | Self::Ref(n) => wide(n.into()),
            Self::I64(n) | Self::F64(n) => wide(n),
            Self::V128(b) => b,
        }
    }

    /// An `i32` as an address or index.
    pub fn as_u32(self) -> Option<u32> {
        match self {
            Self::I32(n) => Some(n),
            _ => None,
        }
    }
}

/// Evaluates a validated expression; `global` gives the values of globals defined before it.
pub fn evaluate(
    expr: &ConstExpr<'_>,
    mut global: impl FnMut(u32) -> Option<ConstValue>,
) -> Result<ConstValue, CompileError> {
    use ConstValue::{F32, F64, I32, I64, Ref, V128};
    let mut stack: Vec<ConstValue> = Vec::new();
    for op in expr.get_operators_reader() {
        let value = match op? {
            Operator::I32Const { value } => I32(value as u32),
            Operator::I64Const { value } => I64(value as u64),
            Operator::F32Const { value } => F32(value.bits()),
            Operator::F64Const { value } => F64(value.bits()),
            Operator::V128Const { value } => V128(*value.bytes()),
            Operator::RefNull { .. } => Ref(0),
            Operator::RefFunc { function_index } => Ref(function_index + 1),
            Operator::GlobalGet { global_index } => {
                global(global_index).ok_or_else(|| unsupported("global.get of a global without a value"))?
            }
            op @ (Operator::I32Add | Operator::I32Sub | Operator::I32Mul) => match (stack.pop(), stack.pop())
            {
                (Some(I32(b)), Some(I32(a))) => I32(match op {
                    Operator::I32Add => a.wrapping_add(b),
                    Operator::I32Sub => a.wrapping_sub(b),
                    _ => a.wrapping_mul(b),
                }),
                _ => return Err(unsupported("an ill-typed expression")),
            },
            op @ (Operator::I64Add | Operator::I64Sub | Operator::I64Mul) => match (stack.pop(), stack.pop())
            {
                (Some(I64(b)), Some(I64(a))) => I64(match op {
                    Operator::I64Add => a.wrapping_add(b),
                    Operator::I64Sub => a.wrapping_sub(b),
                    _ => a.wrapping_mul(b),
                }),
                _ => return Err(unsupported("an ill-typed expression")),
            },
            Operator::End => break,
            other => return Err(unsupported(&format!("{other:?}"))),
        };
        stack.push(value);
    }
    stack.pop().ok_or_else(|| unsupported("an empty expression"))
}

fn unsupported(what: &str) -> CompileError {
    CompileError::Unsupported(format!("{what} in a constant expression"))
}
