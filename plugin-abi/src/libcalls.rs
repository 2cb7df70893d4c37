//! Functions of the shim that compiled code calls for itself, as opposed to the guest's imports.
//!
//! All are `extern "C"` (SystemV on the supported targets) and take the context pointer first. Those marked *traps* do
//! not return when the operation traps. Guest integers are zero-extended.

macro_rules! libcalls {
    ($( $(#[$doc:meta])* $name:ident $symbol:literal ($($param:ident),*) $(-> $result:ident)? ;)*) => {
        /// A function of the shim that compiled code calls for itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Libcall { $( $(#[$doc])* $name ),* }

        /// Every libcall with its symbol and the types of its parameters (after the context) and result.
        pub const LIBCALLS: &[(Libcall, &str, &[crate::ValType], Option<crate::ValType>)] = &[
            $( (Libcall::$name, $symbol, &[$(crate::ValType::$param),*], libcalls!(@r $($result)?)) ),*
        ];
    };
    (@r) => { None };
    (@r $r:ident) => { Some(crate::ValType::$r) };
}

libcalls! {
    /// `memory.grow`: pages to add; previous size in pages or -1.
    MemoryGrow "nullvm_libcall_memory_grow" (I32) -> I32;
    /// `memory.copy`: destination, source, length. Traps.
    MemoryCopy "nullvm_libcall_memory_copy" (I32, I32, I32);
    /// `memory.fill`: destination, byte, length. Traps.
    MemoryFill "nullvm_libcall_memory_fill" (I32, I32, I32);
    /// `memory.init`: segment, destination, source, length. Traps.
    MemoryInit "nullvm_libcall_memory_init" (I32, I32, I32, I32);
    /// `data.drop`: segment.
    DataDrop "nullvm_libcall_data_drop" (I32);
    /// `table.set`: table, index, value (a funcref or externref scalar). Traps.
    TableSet "nullvm_libcall_table_set" (I32, I32, I64);
    /// `table.grow`: table, elements to add, initial value; previous size or -1.
    TableGrow "nullvm_libcall_table_grow" (I32, I32, I64) -> I32;
    /// `table.fill`: table, index, value, length. Traps.
    TableFill "nullvm_libcall_table_fill" (I32, I32, I64, I32);
    /// `table.copy`: destination table, source table, destination, source, length. Traps.
    TableCopy "nullvm_libcall_table_copy" (I32, I32, I32, I32, I32);
    /// `table.init`: table, segment, destination, source, length. Traps.
    TableInit "nullvm_libcall_table_init" (I32, I32, I32, I32, I32);
    /// `elem.drop`: segment.
    ElemDrop "nullvm_libcall_elem_drop" (I32);
    /// Raises the trap with this code; does not return.
    Trap "nullvm_libcall_trap" (I32);
    /// A call of the stubbed import with this index among the imported functions; traps.
    StubImport "nullvm_libcall_stub_import" (I32);
    /// A call of an import of a module without Proxy-Wasm checks: index among the imported functions, and the address of an
    /// array of 16-byte values that holds the arguments and receives the results. Traps if the embedder says so.
    CallImport "nullvm_libcall_call_import" (I32, I64);
}

/// The linker symbol of a libcall.
pub fn libcall_symbol(libcall: Libcall) -> &'static str {
    LIBCALLS[libcall as usize].1
}
