//! The context: an instance's state as compiled code sees it.
//!
//! The context pointer IS the base of the linear memory; the state lies at negative offsets below it:
//!
//! ```text
//!        lowest address
//!   +------------------------------+ base - state_size      (state_size: a multiple of 64 KiB)
//!   | unused                       |
//!   | globals, 16 bytes each       | base - global_offset(n)
//!   | tables, 16 bytes each        | base - table_offset(n)
//!   | ContextHeader, 256 bytes     | base - 256
//!   +------------------------------+ base  <- context pointer, first byte of the linear memory
//!   | linear memory                |
//! ```
//!
//! A load or store of the guest therefore needs no base load and no extra register. `bounds guard` counts on nothing of
//! another instance lying within 8 GiB + 64 KiB above any base.

/// Bytes of the hot fields directly below the linear memory, reachable with aarch64's short immediates.
pub const HEADER_SIZE: u32 = 256;

/// The state region is a multiple of this, so that the base is aligned for host pages of up to 64 KiB.
pub const STATE_ALIGN: u32 = 64 * 1024;

/// Address space that `bounds guard` reserves from the base: any 32-bit index plus any 32-bit static offset.
pub const GUARD_RESERVATION: u64 = 8 << 30;

/// Inaccessible bytes behind [`GUARD_RESERVATION`]: a 16-byte access at index + offset = 2^33 - 2 ends behind it.
pub const GUARD_SIZE: u64 = 64 * 1024;

/// The hot fields, which end at the base. Compiled code knows only the offsets below.
#[repr(C)]
#[derive(Debug)]
pub struct ContextHeader {
    /// Room for later versions; zero.
    pub reserved: [u64; 24],
    /// The shim's own instance structure.
    pub instance: *mut core::ffi::c_void,
    /// First byte of the plugin's machine code.
    pub text: *const u8,
    /// Frame pointer of the guest when it last called the host; for backtraces.
    pub exit_fp: usize,
    /// Return address of the guest when it last called the host; for backtraces.
    pub exit_pc: usize,
    /// [`STOP`] asks the guest to stop at the next loop head, 0 does not. Read atomically (relaxed) by interruptible code, which may
    /// compare it with an address instead of with 0.
    pub interrupt: u64,
    /// Lowest stack address that the guest may use. Raised to [`STOP`] to stop the guest at the next function entry.
    pub stack_limit: u64,
    /// Current size of the linear memory in bytes.
    pub memory_size: u64,
    /// Zero; keeps `memory_size` off the last word so that one underflowing write is not mistaken for a size.
    pub zero: u64,
}

/// An element of a table, and what `ref.func` values stand for.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct TableElement {
    /// funcref: address of the function's code, 0 for null. externref: the reference itself, 0 for null.
    pub value: u64,
    /// funcref: the function's type id plus 1, 0 for null. externref: 0.
    pub type_id: u32,
    /// funcref: the function's index plus 1, 0 for null; the value that `table.get` gives. externref: 0.
    pub func: u32,
}

/// A table as compiled code sees it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TableSlot {
    /// First [`TableElement`]. Changes when the table grows.
    pub base: *mut TableElement,
    /// Elements.
    pub len: u64,
}

/// A stack limit above every stack. Not `u64::MAX`: prologues add the size of their frame to the limit before they compare,
/// and the sum must not wrap.
pub const STOP: u64 = i64::MAX as u64;

/// Stack in bytes that the shim keeps below the limit of a guest, for the host functions it calls. Code without hardware
/// traps takes frames of up to a quarter of it before it compares.
pub const HOST_HEADROOM: u32 = 128 * 1024;

const fn below_base(offset_in_header: usize) -> i32 {
    offset_in_header as i32 - HEADER_SIZE as i32
}

/// Offsets from the context pointer, all negative.
pub const INSTANCE: i32 = below_base(core::mem::offset_of!(ContextHeader, instance));
/// See [`ContextHeader::text`].
pub const TEXT: i32 = below_base(core::mem::offset_of!(ContextHeader, text));
/// See [`ContextHeader::exit_fp`].
pub const EXIT_FP: i32 = below_base(core::mem::offset_of!(ContextHeader, exit_fp));
/// See [`ContextHeader::exit_pc`].
pub const EXIT_PC: i32 = below_base(core::mem::offset_of!(ContextHeader, exit_pc));
/// See [`ContextHeader::interrupt`].
pub const INTERRUPT: i32 = below_base(core::mem::offset_of!(ContextHeader, interrupt));
/// See [`ContextHeader::stack_limit`].
pub const STACK_LIMIT: i32 = below_base(core::mem::offset_of!(ContextHeader, stack_limit));
/// See [`ContextHeader::memory_size`].
pub const MEMORY_SIZE: i32 = below_base(core::mem::offset_of!(ContextHeader, memory_size));

const _: () = assert!(core::mem::size_of::<ContextHeader>() == HEADER_SIZE as usize);
const _: () = assert!(core::mem::size_of::<TableElement>() == 16);
const _: () = assert!(core::mem::size_of::<TableSlot>() == 16);
const _: () = assert!(core::mem::size_of::<usize>() == 8, "nullvm needs a 64-bit target");

/// Offset of table `n`'s [`TableSlot`] from the context pointer.
pub const fn table_offset(n: u32) -> i32 {
    -(HEADER_SIZE as i32) - 16 * (n as i32 + 1)
}

/// Offset of global `n`, 16 bytes aligned to 16, from the context pointer in a module with `tables` tables.
pub const fn global_offset(tables: u32, n: u32) -> i32 {
    table_offset(tables) - 16 * n as i32
}

/// Bytes of state below the base, a multiple of [`STATE_ALIGN`].
pub const fn state_size(tables: u32, globals: u32) -> u32 {
    let bytes = HEADER_SIZE + 16 * (tables + globals);
    bytes.div_ceil(STATE_ALIGN) * STATE_ALIGN
}
