//! The checks at loop heads of interruptible code that traps by signals.
//!
//! After the optimiser, which must neither merge their loads nor take them out of the loop: told so by an atomic load or a fence it
//! would forget at every loop head what it knows of all memory. Afterwards a plain load will do, which on x86-64 the comparison reads
//! by itself: one instruction, and no register. See `docs/decisions/0005-interrupts.md`.

use crate::translate::clif_code;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Block, Function, InstBuilder, MemFlagsData, condcodes::IntCC, types};
use cranelift_codegen::isa::TargetIsa;
use plugin_abi::{TrapCode, context};
use target_lexicon::Architecture;

/// Inserts one at the start of each of these blocks that is still there.
pub(super) fn insert(func: &mut Function, isa: &dyn TargetIsa, heads: &[Block]) {
    let compares_memory = isa.triple().architecture == Architecture::X86_64;
    let entry = func.layout.entry_block().expect("a function has a block");
    let context = func.dfg.block_params(entry)[0];
    for head in heads {
        if !func.layout.is_block_inserted(*head) {
            continue;
        }
        let mut cursor = FuncCursor::new(func).at_first_insertion_point(*head);
        let word = cursor.ins().load(types::I64, MemFlagsData::trusted(), context, context::INTERRUPT);
        let mut interrupted = word;
        if compares_memory {
            // `STOP` is more than any address, and nothing else is ever there but 0.
            interrupted = cursor.ins().icmp(IntCC::UnsignedLessThan, context, word);
        }
        cursor.ins().trapnz(interrupted, clif_code(TrapCode::Interrupt));
    }
}
