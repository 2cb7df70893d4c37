//! Operators on the memory as a whole.

use super::Translator;
use cranelift_codegen::ir::{InstBuilder, types};
use plugin_abi::Libcall;
use wasmparser::Operator;

impl Translator<'_, '_> {
    pub(super) fn bulk(&mut self, op: &Operator<'_>) -> bool {
        match *op {
            Operator::MemorySize { .. } => {
                let bytes = self.memory_bytes();
                let pages = self.b.ins().ushr_imm_u(bytes, 16);
                let pages = self.b.ins().ireduce(types::I32, pages);
                self.push(pages);
            }
            Operator::MemoryGrow { .. } => {
                let delta = self.pop();
                let previous = self.libcall(Libcall::MemoryGrow, &[delta]);
                self.stack.extend(previous);
            }
            Operator::MemoryCopy { .. } => {
                let (dst, src, len) = self.pop3();
                self.libcall(Libcall::MemoryCopy, &[dst, src, len]);
            }
            Operator::MemoryFill { .. } => {
                let (dst, byte, len) = self.pop3();
                self.libcall(Libcall::MemoryFill, &[dst, byte, len]);
            }
            Operator::MemoryInit { data_index, .. } => {
                let (dst, src, len) = self.pop3();
                let segment = self.b.ins().iconst(types::I32, i64::from(data_index));
                self.libcall(Libcall::MemoryInit, &[segment, dst, src, len]);
            }
            Operator::DataDrop { data_index } => {
                let segment = self.b.ins().iconst(types::I32, i64::from(data_index));
                self.libcall(Libcall::DataDrop, &[segment]);
            }
            _ => return false,
        }
        true
    }
}
