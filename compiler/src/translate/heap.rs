//! The addresses of the linear memory.
//!
//! THE SANDBOX STANDS OR FALLS WITH THIS FILE. Whatever value a guest computes as an index, the address that comes out must
//! lie within its own linear memory or trap. Every load and store of the guest gets its address here and nowhere else;
//! `compiler/tests/heap.rs` and the spec suite's address tests cover each access size at the edges.
//!
//! The argument for `guard`: the context pointer is the memory base, an index is a zero-extended 32-bit value and a
//! static offset is below 2^32, so base + index + offset + size stays within 8 GiB + 16 bytes. That much address space is
//! reserved from the base, with 64 KiB behind it, and all of it beyond the current size is inaccessible. An offset of 2^31
//! and more does not fit the machine's signed displacement, where it would reach below the base, into the instance state:
//! it is added in 64 bits first.
//!
//! The argument for `explicit`: index + (offset + size) is computed in 64 bits, where it cannot wrap, and compared with the
//! current size, which never shrinks. The access itself is marked as not trapping.

use super::Translator;
use crate::Bounds;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use plugin_abi::TrapCode;
use wasmparser::MemArg;

/// Where and how to access the linear memory.
pub(super) struct Address {
    /// Address to which `offset` is added.
    pub base: Value,
    /// Displacement.
    pub offset: i32,
    /// Flags with the trap code, where the access can trap.
    pub flags: MemFlagsData,
}

/// Displacements up to here are added by the access itself; half of what the encoding holds, so that lane and pair
/// accesses which add to it stay positive too.
const LARGEST_DISPLACEMENT: u64 = (1 << 30) - 1;

impl Translator<'_, '_> {
    /// The address for an access of `size` bytes at the `i32` `index`.
    pub(super) fn address(&mut self, index: Value, memarg: &MemArg, size: u32) -> Address {
        debug_assert_eq!(self.type_of(index), types::I32);
        debug_assert!(memarg.offset <= u64::from(u32::MAX) && memarg.memory == 0);
        let index = self.b.ins().uextend(types::I64, index);
        let flags = match self.env.options.bounds {
            Bounds::Guard => {
                self.memory_flags().with_trap_code(Some(super::traps::clif_code(TrapCode::MemoryOutOfBounds)))
            }
            Bounds::Explicit => {
                self.check_bounds(index, memarg.offset, size);
                self.memory_flags().with_notrap()
            }
        };
        if memarg.offset <= LARGEST_DISPLACEMENT {
            let base = self.b.ins().iadd(self.ctx, index);
            Address { base, offset: memarg.offset as i32, flags }
        } else {
            let index = self.b.ins().iadd_imm_s(index, memarg.offset as i64);
            let base = self.b.ins().iadd(self.ctx, index);
            Address { base, offset: 0, flags }
        }
    }

    fn check_bounds(&mut self, index: Value, offset: u64, size: u32) {
        let bytes = self.memory_bytes();
        let end = self.b.ins().iadd_imm_s(index, (offset + u64::from(size)) as i64);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, bytes);
        self.trap_if(outside, TrapCode::MemoryOutOfBounds);
    }
}
