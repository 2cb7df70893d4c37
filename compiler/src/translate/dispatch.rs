//! Loops that begin by dispatching: `loop`, a little straight code, `br_table` on a local.
//!
//! That is how state machines and interpreters look, and how toolchains write every cycle with more than one entry. The code of
//! a state sets the local to the next state and branches to the loop. Where that is a constant, or a choice between constants, the
//! branch goes straight to the code of that state, after a copy of the straight code at the loop's beginning: the machine code
//! gets the jumps that the source had, each of which a processor predicts by itself, instead of one indirect jump for all.
//! Decision 0012 has the numbers.

use super::Translator;
use super::control::Kind;
use crate::CompileError;
use cranelift_codegen::ir::{Block, InstBuilder, InstructionData, Opcode, Value};
use wasmparser::{BlockType, Operator};

/// Operators between the loop and its `br_table` at most: they are copied for every branch.
const LONGEST: usize = 24;

/// Copies for one loop at most.
const MOST_COPIES: usize = 200;

/// Choices on the way to one target at most.
const DEEPEST: usize = 4;

/// The `br_table` of a loop.
pub(super) struct Dispatch<'m> {
    /// What comes before it, without blocks. Does not set the local.
    code: Vec<Operator<'m>>,
    local: u32,
    /// Added to the local; what comes out, as unsigned, is the table's index.
    add: i32,
    /// The default is the last.
    targets: Vec<Block>,
    /// Targets that are complete for the frontend when the loop ends.
    pub unsealed: Vec<Block>,
    /// Branches that went straight to a target.
    copies: usize,
}

/// What has come of a loop since it was opened, as long as it may still be a dispatch.
pub(super) struct Beginning<'m> {
    /// The loop, by its place among the frames.
    frame: usize,
    code: Vec<Operator<'m>>,
}

/// Where a branch goes.
pub(super) enum Target {
    Known(Block),
    /// The first if the condition is not zero.
    Choice(Value, Box<(Target, Target)>),
}

/// Operators that stand for machine code in line: no control, nothing that calls.
fn is_straight(op: &Operator<'_>) -> bool {
    use Operator as O;
    !matches!(
        op,
        O::Unreachable
            | O::Loop { .. }
            | O::If { .. }
            | O::Else
            | O::End
            | O::Br { .. }
            | O::BrIf { .. }
            | O::BrTable { .. }
            | O::Return
            | O::Call { .. }
            | O::CallIndirect { .. }
            | O::ReturnCall { .. }
            | O::ReturnCallIndirect { .. }
            | O::MemoryGrow { .. }
            | O::MemoryCopy { .. }
            | O::MemoryFill { .. }
            | O::MemoryInit { .. }
            | O::DataDrop { .. }
            | O::TableGet { .. }
            | O::TableSet { .. }
            | O::TableGrow { .. }
            | O::TableFill { .. }
            | O::TableCopy { .. }
            | O::TableInit { .. }
            | O::ElemDrop { .. }
    )
}

impl<'m> Translator<'_, 'm> {
    /// Follows the operators after a loop, before `op` is translated.
    pub(super) fn follow_beginning(&mut self, op: &Operator<'m>) {
        match op {
            Operator::Loop { blockty: BlockType::Empty } => {
                self.beginning = Some(Beginning { frame: self.frames.len(), code: Vec::new() });
            }
            // Looked at by its translation.
            Operator::BrTable { .. } => {}
            Operator::Block { blockty: BlockType::Empty } => {}
            Operator::Block { .. } => self.beginning = None,
            _ => match &mut self.beginning {
                Some(beginning) if is_straight(op) && beginning.code.len() < LONGEST => {
                    beginning.code.push(op.clone());
                }
                beginning => *beginning = None,
            },
        }
    }

    /// Notes the `br_table` that is about to be translated as the dispatch of the loop that it begins, if it does.
    pub(super) fn note_dispatch(&mut self, depths: &[u32]) {
        let Some(Beginning { frame, mut code }) = self.beginning.take() else { return };
        let (local, add, index) = match code.as_slice() {
            [.., Operator::LocalGet { local_index }] => (*local_index, 0, 1),
            [.., Operator::LocalGet { local_index }, Operator::I32Const { value }, Operator::I32Add] => {
                (*local_index, *value, 3)
            }
            [.., Operator::LocalGet { local_index }, Operator::I32Const { value }, Operator::I32Sub] => {
                (*local_index, value.wrapping_neg(), 3)
            }
            _ => return,
        };
        code.truncate(code.len() - index);
        let sets = |op: &Operator<'_>| matches!(op, Operator::LocalSet { local_index } | Operator::LocalTee { local_index } if *local_index == local);
        if code.iter().any(sets) {
            return;
        }
        let innermost = self.frames.len() - 1;
        let mut targets = Vec::with_capacity(depths.len());
        for depth in depths {
            let target = &self.frames[innermost - *depth as usize];
            let (block, values) = match target.kind {
                Kind::Loop { header } => (header, target.params),
                _ => (target.next, target.results),
            };
            if values != 0 {
                return;
            }
            targets.push(block);
        }
        for depth in depths {
            let place = innermost - *depth as usize;
            if place > frame {
                self.frames[place].dispatched_by = Some(frame);
            }
        }
        self.frames[frame].dispatch =
            Some(Dispatch { code, local, add, targets, unsealed: Vec::new(), copies: 0 });
    }

    /// Where the loop at this depth dispatches to with the values that its local can have here, if those are known.
    pub(super) fn known_dispatch(&mut self, depth: u32) -> Option<Target> {
        let place = self.frames.len() - 1 - depth as usize;
        let dispatch = self.frames[place].dispatch.as_ref().filter(|d| d.copies < MOST_COPIES)?;
        let local = dispatch.local;
        let value = self.variable_local(local)?;
        self.known_target(place, value, DEEPEST)
    }

    fn known_target(&self, place: usize, value: Value, deepest: usize) -> Option<Target> {
        if let Some(n) = self.known(value) {
            let Dispatch { add, targets, .. } = self.frames[place].dispatch.as_ref()?;
            let index = (n as i32).wrapping_add(*add) as u32 as usize;
            return Some(Target::Known(targets[index.min(targets.len() - 1)]));
        }
        let dfg = &self.b.func.dfg;
        let inst = dfg.value_def(dfg.resolve_aliases(value)).inst()?;
        match dfg.insts[inst] {
            InstructionData::Ternary { opcode: Opcode::Select, args: [condition, yes, no] }
                if deepest > 0 =>
            {
                let yes = self.known_target(place, yes, deepest - 1)?;
                let no = self.known_target(place, no, deepest - 1)?;
                Some(Target::Choice(condition, Box::new((yes, no))))
            }
            _ => None,
        }
    }

    /// Branches to where the loop at this depth would dispatch to; the block is filled then.
    pub(super) fn branch_to_dispatched(&mut self, depth: u32, target: Target) -> Result<(), CompileError> {
        let place = self.frames.len() - 1 - depth as usize;
        let dispatch = self.frames[place].dispatch.as_mut().expect("the target is of its table");
        dispatch.copies += 1;
        let code = std::mem::take(&mut dispatch.code);
        // The round starts here; the check at the loop's head is not passed by any more.
        self.check_interrupt();
        let height = self.stack.len();
        for op in &code {
            self.reachable_operator(op)?;
        }
        self.stack.truncate(height);
        if let Some(dispatch) = &mut self.frames[place].dispatch {
            dispatch.code = code;
        }
        self.branch_to(target);
        Ok(())
    }

    fn branch_to(&mut self, target: Target) {
        match target {
            Target::Known(block) => {
                self.b.ins().jump(block, &[]);
            }
            Target::Choice(condition, targets) => {
                let (yes, no) = *targets;
                let (yes_block, yes) = self.block_of(yes);
                let (no_block, no) = self.block_of(no);
                self.b.ins().brif(condition, yes_block, &[], no_block, &[]);
                for (block, rest) in [(yes_block, yes), (no_block, no)] {
                    if let Some(rest) = rest {
                        self.b.seal_block(block);
                        self.b.switch_to_block(block);
                        self.branch_to(rest);
                    }
                }
            }
        }
    }

    /// The block of a target; for a further choice a new one, with the choice to be made in it.
    fn block_of(&mut self, target: Target) -> (Block, Option<Target>) {
        match target {
            Target::Known(block) => (block, None),
            choice @ Target::Choice(..) => (self.b.create_block(), Some(choice)),
        }
    }
}
