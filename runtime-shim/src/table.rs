//! Tables: shared with the plugin until an instance writes to one, its own from then on.
//!
//! Compiled code reads a table through the [`TableSlot`] below its context; all writes come through this file, so that the
//! slot always describes the memory that holds the elements. A value from the guest becomes an element only through
//! [`Plugin::element`](crate::Plugin), which knows every function: no guest can forge a code address.

use crate::instance::Instance;
use alloc::vec::Vec;
use plugin_abi::context::{TableElement, TableSlot, table_offset};
use plugin_abi::{NONE, TrapCode, ValType};

/// The part of a table that is an instance's own.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The elements, once the instance has written to the table or made it grow.
    own: Option<Vec<TableElement>>,
}

impl Instance {
    /// Number of tables.
    pub fn table_count(&self) -> u32 {
        self.plugin().tables.len() as u32
    }

    /// Number of elements of a table, `None` when there is no such table.
    pub fn table_size(&self, table: u32) -> Option<u32> {
        (table < self.table_count()).then(|| self.elements(table).len() as u32)
    }

    /// The value that `table.get` gives for an element: function index plus 1, or an externref; 0 for null.
    pub fn table_get(&self, table: u32, index: u32) -> Option<u64> {
        if table >= self.table_count() {
            return None;
        }
        let element = self.elements(table).get(index as usize)?;
        Some(if self.is_funcref(table) { u64::from(element.func) } else { element.value })
    }

    /// Points the slots at what the plugin's tables hold at first.
    pub(crate) fn init_tables(&self) {
        for (n, elements) in self.plugin().tables.iter().enumerate() {
            // The guest only reads through the slot; whoever writes makes a copy first.
            self.set_slot(n as u32, elements.as_ptr().cast_mut(), elements.len());
        }
    }

    fn slot(&self, table: u32) -> *mut TableSlot {
        debug_assert!(table < self.table_count());
        // SAFETY: the state below the context has room for the slots of all tables.
        unsafe { self.context().offset(table_offset(table) as isize).cast() }
    }

    fn set_slot(&self, table: u32, base: *mut TableElement, len: usize) {
        // SAFETY: the slot is part of the instance's state.
        unsafe { self.slot(table).write(TableSlot { base, len: len as u64 }) };
    }

    fn is_funcref(&self, table: u32) -> bool {
        self.plugin().meta().tables[table as usize].element == ValType::FuncRef as u32
    }

    /// The elements now; not across anything that writes to the table.
    fn elements(&self, table: u32) -> &[TableElement] {
        // SAFETY: the slot describes either the plugin's elements or the instance's own ones.
        unsafe {
            let slot = self.slot(table).read();
            core::slice::from_raw_parts(slot.base, slot.len as usize)
        }
    }

    /// The instance's own copy of a table, with room for `extra` more elements. `None` when there is no memory for it.
    #[allow(clippy::mut_from_ref)]
    fn own(&self, table: u32, extra: usize) -> Option<&mut Vec<TableElement>> {
        // SAFETY: an instance is used by one thread, and no caller keeps the reference across another call of `own`.
        let slot = unsafe { &mut self.tables_mut()[table as usize].own };
        if slot.is_none() {
            let shared = self.elements(table);
            let mut elements = Vec::new();
            elements.try_reserve_exact(shared.len() + extra).ok()?;
            elements.extend_from_slice(shared);
            *slot = Some(elements);
        }
        let elements = slot.as_mut()?;
        elements.try_reserve_exact(extra).ok()?;
        self.set_slot(table, elements.as_mut_ptr(), elements.len());
        Some(elements)
    }

    /// A table that exists: the number comes from compiled code, but costs nothing to check.
    fn check_table(&self, table: u32) -> Result<(), TrapCode> {
        if table < self.table_count() { Ok(()) } else { Err(TrapCode::TableOutOfBounds) }
    }

    fn element_for(&self, table: u32, value: u64) -> Result<TableElement, TrapCode> {
        if !self.is_funcref(table) {
            return Ok(TableElement { value, type_id: 0, func: 0 });
        }
        self.plugin().element(value).ok_or(TrapCode::BadSignature)
    }

    /// `len` elements from `index` on, to be written to.
    #[allow(clippy::mut_from_ref)]
    fn writable(&self, table: u32, index: u32, len: u32) -> Result<&mut [TableElement], TrapCode> {
        let (from, to) = (index as usize, index as usize + len as usize);
        if to > self.elements(table).len() {
            return Err(TrapCode::TableOutOfBounds);
        }
        if len == 0 {
            return Ok(&mut []);
        }
        let own = self.own(table, 0).ok_or(TrapCode::Host)?;
        Ok(&mut own[from..to])
    }

    /// `table.set`, by the guest or the host.
    ///
    /// # Errors
    /// [`TrapCode::TableOutOfBounds`]; [`TrapCode::BadSignature`] for a funcref that is none.
    pub fn table_set(&self, table: u32, index: u32, value: u64) -> Result<(), TrapCode> {
        self.table_fill(table, index, value, 1)
    }

    pub(crate) fn table_fill(&self, table: u32, index: u32, value: u64, len: u32) -> Result<(), TrapCode> {
        self.check_table(table)?;
        let element = self.element_for(table, value)?;
        self.writable(table, index, len)?.fill(element);
        Ok(())
    }

    /// Previous number of elements, or -1 as `u32`.
    pub(crate) fn table_grow(&self, table: u32, delta: u32, value: u64) -> Result<u32, TrapCode> {
        self.check_table(table)?;
        let element = self.element_for(table, value)?;
        let before = self.elements(table).len() as u32;
        let record = &self.plugin().meta().tables[table as usize];
        let max = if record.max == NONE { u32::MAX } else { record.max };
        let all: u64 = (0..self.table_count()).map(|t| self.elements(t).len() as u64).sum();
        let fits = all + u64::from(delta) <= u64::from(self.limits().max_table_elements);
        match before.checked_add(delta) {
            Some(size) if size <= max && fits => {}
            _ => return Ok(u32::MAX),
        }
        if delta > 0 {
            let Some(own) = self.own(table, delta as usize) else { return Ok(u32::MAX) };
            own.resize(before as usize + delta as usize, element);
            let (base, len) = (own.as_mut_ptr(), own.len());
            self.set_slot(table, base, len);
        }
        Ok(before)
    }

    pub(crate) fn table_copy(
        &self,
        to: u32,
        from: u32,
        at: u32,
        source: u32,
        len: u32,
    ) -> Result<(), TrapCode> {
        self.check_table(to)?;
        self.check_table(from)?;
        if self.is_funcref(to) != self.is_funcref(from) {
            return Err(TrapCode::BadSignature);
        }
        if source as usize + len as usize > self.elements(from).len() {
            return Err(TrapCode::TableOutOfBounds);
        }
        let target = self.writable(to, at, len)?.as_mut_ptr();
        // SAFETY: both ranges were checked. The source is looked up after the target was made writable, which may have moved
        // the elements if both are the same table; then the ranges may overlap.
        unsafe { core::ptr::copy(self.elements(from).as_ptr().add(source as usize), target, len as usize) };
        Ok(())
    }

    pub(crate) fn table_init(
        &self,
        table: u32,
        segment: u32,
        at: u32,
        source: u32,
        len: u32,
    ) -> Result<(), TrapCode> {
        self.check_table(table)?;
        let meta = self.plugin().meta();
        let record = meta.elements.get(segment as usize).ok_or(TrapCode::TableOutOfBounds)?;
        let available = if record.kind != 0 || self.elements_dropped(segment) { 0 } else { record.len };
        if u64::from(source) + u64::from(len) > u64::from(available) {
            return Err(TrapCode::TableOutOfBounds);
        }
        let items = &meta.element_items[record.first as usize..][..record.len as usize];
        let room = self.writable(table, at, len)?;
        for (element, item) in room.iter_mut().zip(&items[source as usize..]) {
            *element = self.element_for(table, u64::from(*item))?;
        }
        Ok(())
    }
}
