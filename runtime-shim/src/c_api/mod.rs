//! What `nullvm.h` shows: one file per concept, every function a thin layer over the Rust API.
//!
//! - Results are numbers ([`nullvm_result_t`](ResultCode)); outputs are written on success only.
//! - What `_new` or `_load` made, `_free` ends; `_free` of NULL does nothing.
//! - Every pointer that is not documented as nullable is checked for NULL, and nothing else about it can be.
//! - Nothing unwinds into C: a panic aborts the process.
//! - An instance, and what belongs to it, is used by one thread at a time; interrupt handles by any.

pub mod instance;
pub mod interrupt;
pub mod limits;
pub mod memory;
pub mod plugin;

use core::ffi::c_char;
use core::fmt;

/// What a function answers. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum ResultCode {
    /// Success.
    Ok = 0,
    /// A pointer is NULL that must not be.
    NullArgument = 1,
    /// An argument makes no sense.
    BadArgument = 2,
    /// The plugin was compiled for another version of the runtime.
    VersionMismatch = 3,
    /// The plugin or image is damaged, or for another machine.
    BadPlugin = 4,
    /// The code needs a CPU feature that this machine lacks.
    CpuFeature = 5,
    /// The system has no memory or address space; the message says what to do.
    NoMemory = 6,
    /// The plugin needs more than a limit allows from the start.
    Limit = 7,
    /// A deadline was asked for, but the code was not compiled with `--interruptible`.
    NotInterruptible = 8,
    /// The plugin trapped.
    Trap = 9,
    /// The instance has failed before and cannot be used any more.
    Failed = 10,
    /// The plugin does not export the function.
    NotExported = 11,
    /// The range lies outside of the linear memory, or the guest has no memory left.
    OutOfBounds = 12,
    /// The system refused something else.
    System = 13,
}

/// Name and version of the runtime, NUL-terminated. Static.
#[unsafe(no_mangle)]
pub extern "C" fn nullvm_version() -> *const c_char {
    concat!("nullvm ", env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Version of the interface between plugins and the runtime.
#[unsafe(no_mangle)]
pub extern "C" fn nullvm_abi_version() -> u32 {
    plugin_abi::ABI_VERSION
}

/// A buffer of the caller for a line of text: cut off where it is full, always NUL-terminated unless it has no room at all.
struct Message {
    at: *mut u8,
    room: usize,
    /// Bytes of the whole text.
    len: usize,
}

impl Message {
    /// # Safety
    /// `buffer` is null or has `size` writable bytes.
    unsafe fn new(buffer: *mut c_char, size: usize) -> Self {
        Self { at: buffer.cast(), room: if buffer.is_null() { 0 } else { size }, len: 0 }
    }

    fn write(&mut self, text: impl fmt::Display) -> usize {
        use fmt::Write;
        // Its `write_str` does not fail.
        let _ = write!(self, "{text}");
        if self.room > 0 {
            // SAFETY: within the caller's buffer.
            unsafe { *self.at.add(self.len.min(self.room - 1)) = 0 };
        }
        self.len
    }
}

impl fmt::Write for Message {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.room > 0 {
            let from = self.len.min(self.room - 1);
            let n = s.len().min(self.room - 1 - from);
            // SAFETY: `from + n` is below the buffer's size.
            unsafe { core::ptr::copy_nonoverlapping(s.as_ptr(), self.at.add(from), n) };
        }
        self.len += s.len();
        Ok(())
    }
}

/// Returns [`ResultCode::NullArgument`] if any of the pointers is null.
macro_rules! check_null {
    ($($pointer:expr),+) => {
        if $( $pointer.is_null() )||+ {
            return $crate::c_api::ResultCode::NullArgument;
        }
    };
}

use check_null;
