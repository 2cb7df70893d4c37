//! Limits in C.

use crate::instance::Limits;

/// What an instance may use. Zero the structure, set `size`, and every field that stays 0 has its default.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CLimits {
    /// `sizeof(nullvm_limits_t)` of the header that the host was compiled with.
    pub size: usize,
    /// Bytes of linear memory; default 1 GiB.
    pub max_memory_bytes: u64,
    /// Bytes of native stack for the guest; default 512 KiB.
    pub stack_size: u64,
    /// Milliseconds that one call may take; default none. Needs code compiled with `--interruptible`.
    pub deadline_ms: u32,
    /// Elements of all tables together, 16 bytes each; default 1 million.
    pub max_table_elements: u32,
}

impl CLimits {
    /// # Safety
    /// `limits` is null or has as many readable bytes as its `size` says.
    pub(super) unsafe fn read(limits: *const CLimits) -> Limits {
        let mut result = Limits::default();
        if limits.is_null() {
            return result;
        }
        // SAFETY: zeros are valid for integers; copies no more than both structures have.
        let given = unsafe {
            let mut given: CLimits = core::mem::zeroed();
            let size = (*limits).size.min(size_of::<CLimits>());
            core::ptr::copy_nonoverlapping(limits.cast::<u8>(), (&raw mut given).cast::<u8>(), size);
            given
        };
        if given.max_memory_bytes != 0 {
            result.max_memory_bytes = given.max_memory_bytes;
        }
        if given.stack_size != 0 {
            result.stack_size = given.stack_size as usize;
        }
        if given.max_table_elements != 0 {
            result.max_table_elements = given.max_table_elements;
        }
        result.deadline_ms = given.deadline_ms;
        result
    }
}
