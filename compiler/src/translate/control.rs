//! Structured control: blocks, branches, returns.

use super::dispatch::Dispatch;
use super::{Translator, abi_type};
use crate::CompileError;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, InstBuilder, JumpTableData, MemFlagsData, Value, types,
};
use plugin_abi::{TrapCode, ValType};
use wasmparser::{BlockType, BrTable, Operator};

/// What opened a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Block,
    Loop { header: Block },
    If { otherwise: Block },
    Else,
}

/// An open block.
pub(super) struct Frame<'m> {
    pub kind: Kind,
    /// What follows the block; its parameters are the block's results.
    pub next: Block,
    pub params: usize,
    pub results: usize,
    /// Height of the stack below the block's parameters.
    height: usize,
    /// Whether something jumps to `next`.
    next_reachable: bool,
    /// The parameters' values, for `else`.
    param_values: Vec<Value>,
    /// Of a loop that begins by dispatching.
    pub dispatch: Option<Dispatch<'m>>,
    /// The loop, by its place among the frames, whose dispatch branches to `next`: jumps to it may come until that ends.
    pub dispatched_by: Option<usize>,
}

impl<'m> Translator<'_, 'm> {
    fn block_type(&self, ty: BlockType) -> Result<(Vec<ValType>, Vec<ValType>), CompileError> {
        Ok(match ty {
            BlockType::Empty => (vec![], vec![]),
            BlockType::Type(t) => (vec![], vec![crate::module::translate_type(t)?]),
            BlockType::FuncType(i) => {
                let module = self.env.module;
                let ty = &module.types[module.type_index[i as usize] as usize];
                (ty.params.to_vec(), ty.results.to_vec())
            }
        })
    }

    fn block_with_params(&mut self, params: &[ValType]) -> Block {
        let block = self.b.create_block();
        for ty in params {
            self.b.append_block_param(block, abi_type(*ty));
        }
        block
    }

    pub(super) fn push_function_frame(&mut self) {
        let results = self.env.module.function_type(self.index).results.to_vec();
        let next = self.block_with_params(&results);
        self.frames.push(Frame {
            kind: Kind::Block,
            next,
            params: 0,
            results: results.len(),
            height: 0,
            next_reachable: false,
            param_values: vec![],
            dispatch: None,
            dispatched_by: None,
        });
    }

    fn push_frame(&mut self, kind: Kind, next: Block, params: usize, results: usize) {
        let height = self.stack.len() - params;
        let param_values = self.stack[height..].to_vec();
        self.frames.push(Frame {
            kind,
            next,
            params,
            results,
            height,
            next_reachable: false,
            param_values,
            dispatch: None,
            dispatched_by: None,
        });
    }

    /// Arguments for a jump, as many values as lie on top of the stack.
    fn jump_args(&mut self, n: usize) -> Vec<BlockArg> {
        let values = self.stack[self.stack.len() - n..].to_vec();
        values.into_iter().map(|v| BlockArg::Value(self.canonical(v))).collect()
    }

    /// Where a branch to this depth goes and how many values it takes along.
    fn branch_target(&mut self, depth: u32) -> (Block, usize) {
        let i = self.frames.len() - 1 - depth as usize;
        let frame = &mut self.frames[i];
        match frame.kind {
            Kind::Loop { header } => (header, frame.params),
            _ => {
                frame.next_reachable = true;
                (frame.next, frame.results)
            }
        }
    }

    fn jump_to_next(&mut self) {
        let frame = self.frames.last_mut().expect("an open block");
        frame.next_reachable = true;
        let (next, results) = (frame.next, frame.results);
        let args = self.jump_args(results);
        self.b.ins().jump(next, &args);
    }

    pub(super) fn control(&mut self, op: &Operator<'m>) -> Result<bool, CompileError> {
        match *op {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.trap(TrapCode::Unreachable);
                self.reachable = false;
            }
            Operator::Block { blockty } => {
                let (params, results) = self.block_type(blockty)?;
                let next = self.block_with_params(&results);
                self.push_frame(Kind::Block, next, params.len(), results.len());
            }
            Operator::Loop { blockty } => {
                let (params, results) = self.block_type(blockty)?;
                let next = self.block_with_params(&results);
                let header = self.block_with_params(&params);
                let args = self.jump_args(params.len());
                self.b.ins().jump(header, &args);
                self.push_frame(Kind::Loop { header }, next, params.len(), results.len());
                self.b.switch_to_block(header);
                let height = self.stack.len() - params.len();
                self.stack.truncate(height);
                self.stack.extend_from_slice(self.b.block_params(header));
                self.check_interrupt();
            }
            Operator::If { blockty } => {
                let (params, results) = self.block_type(blockty)?;
                let condition = self.pop();
                let then = self.b.create_block();
                let otherwise = self.b.create_block();
                let next = self.block_with_params(&results);
                self.b.ins().brif(condition, then, &[], otherwise, &[]);
                self.b.seal_block(then);
                self.b.seal_block(otherwise);
                self.push_frame(Kind::If { otherwise }, next, params.len(), results.len());
                self.b.switch_to_block(then);
            }
            Operator::Else => self.else_branch(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => {
                match self.known_dispatch(relative_depth) {
                    Some(target) => self.branch_to_dispatched(relative_depth, target)?,
                    None => {
                        let (block, n) = self.branch_target(relative_depth);
                        let args = self.jump_args(n);
                        self.b.ins().jump(block, &args);
                    }
                }
                self.reachable = false;
            }
            Operator::BrIf { relative_depth } => {
                let condition = self.pop();
                let next = self.b.create_block();
                if let Some(target) = self.known_dispatch(relative_depth) {
                    let taken = self.b.create_block();
                    self.b.ins().brif(condition, taken, &[], next, &[]);
                    self.b.seal_block(taken);
                    self.b.seal_block(next);
                    self.b.switch_to_block(taken);
                    self.branch_to_dispatched(relative_depth, target)?;
                    self.b.switch_to_block(next);
                    return Ok(true);
                }
                let (block, n) = self.branch_target(relative_depth);
                let args = self.jump_args(n);
                self.b.ins().brif(condition, block, &args, next, &[]);
                self.b.seal_block(next);
                self.b.switch_to_block(next);
            }
            Operator::BrTable { ref targets } => self.br_table(targets)?,
            Operator::Return => {
                let results = self.frames[0].results;
                let values = self.stack[self.stack.len() - results..].to_vec();
                self.emit_return(&values);
                self.reachable = false;
            }
            Operator::Drop => {
                self.pop();
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                let (a, b, condition) = self.pop3();
                let (a, b) = (self.canonical(a), self.canonical(b));
                let value = self.b.ins().select(condition, a, b);
                self.push(value);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn br_table(&mut self, targets: &BrTable<'_>) -> Result<(), CompileError> {
        let index = self.pop();
        let mut calls = Vec::with_capacity(targets.len() as usize);
        let mut depths = targets.targets().collect::<Result<Vec<_>, _>>()?;
        depths.push(targets.default());
        self.note_dispatch(&depths);
        for depth in depths {
            let (block, n) = self.branch_target(depth);
            let args = self.jump_args(n);
            calls.push(BlockCall::new(block, args, &mut self.b.func.dfg.value_lists));
        }
        let default = calls.pop().expect("the default target");
        let table = self.b.create_jump_table(JumpTableData::new(default, &calls));
        self.b.ins().br_table(index, table);
        self.reachable = false;
        Ok(())
    }

    fn else_branch(&mut self) {
        if self.reachable {
            self.jump_to_next();
        }
        let frame = self.frames.last_mut().expect("else within an if");
        let Kind::If { otherwise } = frame.kind else { unreachable!("validated: else belongs to an if") };
        frame.kind = Kind::Else;
        self.stack.truncate(frame.height);
        self.stack.extend_from_slice(&frame.param_values);
        self.b.switch_to_block(otherwise);
        self.reachable = true;
    }

    fn end(&mut self) {
        if self.reachable {
            self.jump_to_next();
        }
        let frame = self.frames.pop().expect("end closes a block");
        let mut next_reachable = frame.next_reachable;
        if let Kind::If { otherwise } = frame.kind {
            // No else: its parameters are its results.
            self.b.switch_to_block(otherwise);
            let args: Vec<BlockArg> =
                frame.param_values.iter().map(|v| BlockArg::Value(self.canonical(*v))).collect();
            self.b.ins().jump(frame.next, &args);
            next_reachable = true;
        }
        if let Kind::Loop { header } = frame.kind {
            self.b.seal_block(header);
            for block in frame.dispatch.into_iter().flat_map(|d| d.unsealed) {
                self.b.seal_block(block);
            }
        }
        self.stack.truncate(frame.height);
        match frame.dispatched_by.and_then(|place| self.frames[place].dispatch.as_mut()) {
            Some(dispatch) => dispatch.unsealed.push(frame.next),
            None => self.b.seal_block(frame.next),
        }
        self.reachable = next_reachable;
        self.b.switch_to_block(frame.next);
        let results = self.b.block_params(frame.next).to_vec();
        if self.frames.is_empty() {
            // The end of the function. A block that nothing reaches must be filled all the same.
            if next_reachable {
                self.emit_return(&results);
            } else {
                self.b.ins().trap(super::traps::clif_code(TrapCode::Unreachable));
            }
            return;
        }
        if next_reachable {
            self.stack.extend(results);
        } else {
            self.b.ins().trap(super::traps::clif_code(TrapCode::Unreachable));
        }
    }

    /// Returns from the function.
    pub(super) fn emit_return(&mut self, values: &[Value]) {
        let values = self.canonical_all(values);
        match self.return_area {
            Some(area) => {
                for (i, value) in values.iter().enumerate() {
                    self.b.ins().store(MemFlagsData::trusted(), *value, area, (i * 16) as i32);
                }
                self.b.ins().return_(&[]);
            }
            None => {
                debug_assert!(values.len() <= self.env.direct_results);
                self.b.ins().return_(&values);
            }
        }
    }

    /// Code that never runs is only followed for the structure of its blocks.
    pub(super) fn unreachable_operator(&mut self, op: &Operator<'_>) -> Result<(), CompileError> {
        match op {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.unreachable_depth += 1
            }
            Operator::Else if self.unreachable_depth == 0 => self.else_branch(),
            Operator::End if self.unreachable_depth == 0 => self.end(),
            Operator::End => self.unreachable_depth -= 1,
            _ => {}
        }
        Ok(())
    }

    /// The `i32` of a comparison's `i8`.
    pub(super) fn boolean(&mut self, value: Value) {
        let value = self.b.ins().uextend(types::I32, value);
        self.push(value);
    }
}
