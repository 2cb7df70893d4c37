//! Tables and references. A function reference is the function's index plus 1; no address ever reaches the guest.

use super::Translator;
use crate::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use plugin_abi::{Libcall, TrapCode, ValType};
use wasmparser::Operator;

impl Translator<'_, '_> {
    /// The address of a table's element; traps when the `i32` `index` is outside.
    pub(super) fn element_address(&mut self, table: u32, index: Value) -> Value {
        let (base, len) = self.table_slot(table);
        let index = self.b.ins().uextend(types::I64, index);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.trap_if(outside, TrapCode::TableOutOfBounds);
        let bytes = self.b.ins().ishl_imm_u(index, 4);
        self.b.ins().iadd(base, bytes)
    }

    fn number(&mut self, n: u32) -> Value {
        self.b.ins().iconst(types::I32, i64::from(n))
    }

    pub(super) fn table(&mut self, op: &Operator<'_>) -> Result<bool, CompileError> {
        match *op {
            Operator::RefNull { hty } => {
                let ty = crate::module::translate_heap_type(hty)?;
                let value = self.zero(ty);
                self.push(value);
            }
            Operator::RefIsNull => {
                let value = self.pop();
                let null = self.b.ins().icmp_imm_s(IntCC::Equal, value, 0);
                self.boolean(null);
            }
            Operator::RefFunc { function_index } => {
                let value = self.b.ins().iconst(types::I64, i64::from(function_index) + 1);
                self.push(value);
            }
            Operator::TableGet { table } => {
                let index = self.pop();
                let element = self.element_address(table, index);
                let flags = self.element_flags();
                let value = match self.env.module.tables[table as usize].element {
                    ValType::ExternRef => self.b.ins().load(types::I64, flags, element, 0),
                    _ => self.b.ins().uload32(flags, element, 12),
                };
                self.push(value);
            }
            Operator::TableSet { table } => {
                let (index, value) = self.pop2();
                let table = self.number(table);
                self.libcall(Libcall::TableSet, &[table, index, value]);
            }
            Operator::TableSize { table } => {
                let (_, len) = self.table_slot(table);
                let len = self.b.ins().ireduce(types::I32, len);
                self.push(len);
            }
            Operator::TableGrow { table } => {
                let (value, delta) = self.pop2();
                let table = self.number(table);
                let previous = self.libcall(Libcall::TableGrow, &[table, delta, value]);
                self.stack.extend(previous);
            }
            Operator::TableFill { table } => {
                let (index, value, len) = self.pop3();
                let table = self.number(table);
                self.libcall(Libcall::TableFill, &[table, index, value, len]);
            }
            Operator::TableCopy { dst_table, src_table } => {
                let (dst, src, len) = self.pop3();
                let (dst_table, src_table) = (self.number(dst_table), self.number(src_table));
                self.libcall(Libcall::TableCopy, &[dst_table, src_table, dst, src, len]);
            }
            Operator::TableInit { elem_index, table } => {
                let (dst, src, len) = self.pop3();
                let (table, segment) = (self.number(table), self.number(elem_index));
                self.libcall(Libcall::TableInit, &[table, segment, dst, src, len]);
            }
            Operator::ElemDrop { elem_index } => {
                let segment = self.number(elem_index);
                self.libcall(Libcall::ElemDrop, &[segment]);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
