//! Interrupting guests from other threads, in C.

use super::{ResultCode, check_null};
use crate::instance::Instance;
use crate::interrupt::InterruptHandle;
use alloc::boxed::Box;

/// A handle that stops what an instance runs. Lives as long as the caller likes, also after the instance; any thread may use
/// it.
///
/// # Safety
/// `instance` lives; `handle` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_interrupt_handle_new(
    instance: *const Instance,
    handle: *mut *mut InterruptHandle,
) -> ResultCode {
    check_null!(instance, handle);
    // SAFETY: the caller's promise.
    unsafe { *handle = Box::into_raw(Box::new((*instance).interrupt_handle())) };
    ResultCode::Ok
}

/// Gives a handle back; NULL does nothing.
///
/// # Safety
/// `handle` is NULL or was made and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_interrupt_handle_free(handle: *mut InterruptHandle) {
    if !handle.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(handle) });
    }
}

/// Asks the guest to stop: its current call ends with the trap `NULLVM_TRAP_INTERRUPT` as soon as it reaches a function
/// entry, or a loop head in code compiled with `--interruptible`. Nothing happens when no call runs, or the instance is gone.
///
/// # Safety
/// `handle` was made and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_interrupt(handle: *const InterruptHandle) -> ResultCode {
    check_null!(handle);
    // SAFETY: the caller's promise.
    unsafe { (*handle).interrupt() };
    ResultCode::Ok
}
