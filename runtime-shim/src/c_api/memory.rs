//! A guest's linear memory in C.

use super::{ResultCode, check_null};
use crate::guest::Guest;
use crate::instance::Instance;

/// Bytes of the linear memory now. It grows when the guest runs, and never shrinks or moves.
///
/// # Safety
/// `instance` lives; `size` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_memory_size(
    instance: *const Instance,
    size: *mut u64,
) -> ResultCode {
    check_null!(instance, size);
    // SAFETY: the caller's promise.
    unsafe { *size = (*instance).memory().size() };
    ResultCode::Ok
}

/// The `len` bytes at `address` of the linear memory, to be read and written as long as the instance lives. The guest may
/// change them whenever it runs.
///
/// # Safety
/// `instance` lives; `data` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_memory(
    instance: *mut Instance,
    address: u32,
    len: u32,
    data: *mut *mut u8,
) -> ResultCode {
    check_null!(instance, data);
    // SAFETY: the caller's promise.
    unsafe {
        match (*instance).memory().room(address, len) {
            Ok(at) => *data = at,
            Err(_) => return ResultCode::OutOfBounds,
        }
    }
    ResultCode::Ok
}

/// Has the guest's allocator give `size` bytes; `address` receives where.
///
/// # Safety
/// `instance` lives; `address` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_allocate(
    instance: *mut Instance,
    size: u32,
    address: *mut u32,
) -> ResultCode {
    check_null!(instance, address);
    // SAFETY: the caller's promise.
    unsafe {
        let mut guest = &*instance;
        match guest.allocate(size) {
            0 if guest.failed() => return ResultCode::Failed,
            0 => return ResultCode::OutOfBounds,
            at => *address = at,
        }
    }
    ResultCode::Ok
}
