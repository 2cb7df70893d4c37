//! What compiled code calls for itself: growing, bulk operations, tables, traps.
//!
//! Called through the thunks of `imports.rs`. Integers come zero-extended; every range is checked in 64-bit arithmetic
//! before anything is written. An operation that may take long looks at the interrupt flag between chunks.

use crate::hostcalls::entry;
use crate::instance::Instance;
use crate::memory::segment_bytes;
use crate::trap::{instance, raise};
use core::ptr;
use plugin_abi::{NONE, TrapCode};

/// Bytes between two looks at the interrupt flag: some ten microseconds of copying.
const CHUNK: usize = 1 << 20;

/// Ends a libcall: the value for the guest, or the trap.
///
/// # Safety
/// Called by the thunk of `context`; the caller holds nothing that needs dropping.
unsafe fn finish<T>(context: *mut u8, result: Result<T, TrapCode>) -> T {
    match result {
        Ok(value) => value,
        // SAFETY: the caller's promise.
        Err(code) => unsafe { raise(context, code, NONE) },
    }
}

/// Declares bodies: `name(instance, arguments) -> result { ... }`, each a `Result` of the guest's value.
macro_rules! bodies {
    ($( $(#[$doc:meta])* fn $name:ident($instance:ident $(, $param:ident: $ty:ty)*) -> $result:ty $body:block )*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// Called by its thunk, on behalf of the running guest of `context`.
            pub(crate) unsafe extern "C" fn $name(context: *mut u8 $(, $param: $ty)*) -> $result {
                fn body($instance: &Instance $(, $param: $ty)*) -> Result<$result, TrapCode> $body
                // SAFETY: the guest of this context runs, so its instance lives; `body` has dropped what it held.
                unsafe { finish(context, body(instance(context) $(, $param)*)) }
            }
        )*
    };
}

bodies! {
    /// `memory.grow`
    fn memory_grow(instance, pages: u32) -> u32 {
        Ok(instance.grow_memory(pages))
    }

    /// `memory.copy`
    fn memory_copy(instance, to: u32, from: u32, len: u32) -> () {
        let memory = instance.memory();
        let (Ok(to), Ok(from)) = (memory.room(to, len), memory.bytes(from, len)) else {
            return Err(TrapCode::MemoryOutOfBounds);
        };
        let (from, len) = (from.data, len as usize);
        // Towards higher addresses when the target lies lower, so that overlapping chunks are read before they are written.
        let forward = to.cast_const() <= from;
        let mut done = 0;
        while done < len {
            let n = CHUNK.min(len - done);
            let at = if forward { done } else { len - done - n };
            // SAFETY: both ranges were checked, and the memory does not shrink.
            unsafe { ptr::copy(from.add(at), to.add(at), n) };
            done += n;
            if done < len && instance.interrupted() {
                return Err(TrapCode::Interrupt);
            }
        }
        Ok(())
    }

    /// `memory.fill`
    fn memory_fill(instance, to: u32, byte: u32, len: u32) -> () {
        let Ok(to) = instance.memory().room(to, len) else { return Err(TrapCode::MemoryOutOfBounds) };
        let len = len as usize;
        let mut done = 0;
        while done < len {
            let n = CHUNK.min(len - done);
            // SAFETY: the range was checked, and the memory does not shrink.
            unsafe { ptr::write_bytes(to.add(done), byte as u8, n) };
            done += n;
            if done < len && instance.interrupted() {
                return Err(TrapCode::Interrupt);
            }
        }
        Ok(())
    }

    /// `memory.init`
    fn memory_init(instance, segment: u32, to: u32, from: u32, len: u32) -> () {
        let meta = instance.plugin().meta();
        let record = meta.data.get(segment as usize).ok_or(TrapCode::MemoryOutOfBounds)?;
        // An active segment counts as dropped once the instance is there.
        let gone = record.active != 0 || instance.data_dropped(segment);
        let bytes = if gone { &[] } else { segment_bytes(meta, record) };
        let end = u64::from(from) + u64::from(len);
        let room = instance.memory().room(to, len);
        let (Ok(_), true) = (room, end <= bytes.len() as u64) else { return Err(TrapCode::MemoryOutOfBounds) };
        let source = &bytes[from as usize..end as usize];
        instance.memory().write(to, source).map_err(|_| TrapCode::MemoryOutOfBounds)
    }

    /// `data.drop`
    fn data_drop(instance, segment: u32) -> () {
        instance.drop_data(segment);
        Ok(())
    }

    /// `table.set`
    fn table_set(instance, table: u32, index: u32, value: u64) -> () {
        instance.table_set(table, index, value)
    }

    /// `table.grow`
    fn table_grow(instance, table: u32, delta: u32, value: u64) -> u32 {
        instance.table_grow(table, delta, value)
    }

    /// `table.fill`
    fn table_fill(instance, table: u32, index: u32, value: u64, len: u32) -> () {
        instance.table_fill(table, index, value, len)
    }

    /// `table.copy`
    fn table_copy(instance, to: u32, from: u32, at: u32, source: u32, len: u32) -> () {
        instance.table_copy(to, from, at, source, len)
    }

    /// `table.init`
    fn table_init(instance, table: u32, segment: u32, at: u32, source: u32, len: u32) -> () {
        instance.table_init(table, segment, at, source, len)
    }

    /// `elem.drop`
    fn elem_drop(instance, segment: u32) -> () {
        instance.drop_elements(segment);
        Ok(())
    }

    /// Raises a trap.
    fn trap(_instance, code: u32) -> () {
        // A number that is no code can only come from damaged code; it must not go on all the same.
        Err(u8::try_from(code).ok().and_then(TrapCode::from_u8).unwrap_or(TrapCode::Unreachable))
    }

    /// An import of a module without Proxy-Wasm checks, answered by the embedder.
    fn call_import(instance, import: u32, values: u64) -> () {
        let (table, host) = crate::guest::Guest::host(&instance);
        let Some(call) = entry!(table, call_import) else { return Err(TrapCode::UnresolvedImport) };
        // SAFETY: the host's own function and pointer; the values are an array of the calling adapter.
        match unsafe { call(host, import, values as *mut u8) } {
            0 => Ok(()),
            _ => Err(TrapCode::Host),
        }
    }
}

/// A call of a stubbed import: a trap that names it.
///
/// # Safety
/// Called by its thunk, on behalf of the running guest of `context`.
pub(crate) unsafe extern "C" fn stub_import(context: *mut u8, import: u32) {
    // SAFETY: called by the thunk, and nothing here needs dropping.
    unsafe { raise(context, TrapCode::UnresolvedImport, import) }
}
