//! Instances in C.

use super::limits::CLimits;
use super::{Message, ResultCode, check_null};
use crate::guest::FunctionSet;
use crate::host::{Bytes, HostTable, Pairs};
use crate::instance::{CallError, Instance, InstanceError, Value};
use crate::memory::MemoryError;
use crate::plugin::Plugin;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_void};
use core::mem::ManuallyDrop;
use plugin_abi::CALLBACKS;

fn call_code(error: CallError) -> ResultCode {
    match error {
        CallError::Trap(_) => ResultCode::Trap,
        CallError::Failed(_) => ResultCode::Failed,
        CallError::NotExported => ResultCode::NotExported,
        CallError::Arguments => ResultCode::BadArgument,
    }
}

fn instance_code(error: &InstanceError) -> ResultCode {
    match error {
        InstanceError::Memory(MemoryError::Limit { .. }) | InstanceError::TableLimit { .. } => {
            ResultCode::Limit
        }
        InstanceError::Memory(_) => ResultCode::NoMemory,
        InstanceError::NotInterruptible => ResultCode::NotInterruptible,
        InstanceError::Trap { .. } => ResultCode::Trap,
        InstanceError::System(_) => ResultCode::System,
    }
}

/// # Safety
/// `host` points at as many readable bytes as its `size` says.
unsafe fn read_host(host: *const HostTable) -> HostTable {
    let mut table = HostTable::EMPTY;
    // SAFETY: the caller's promise; copies no more than both tables have.
    unsafe {
        let size = (*host).size.min(size_of::<HostTable>());
        core::ptr::copy_nonoverlapping(host.cast::<u8>(), (&raw mut table).cast::<u8>(), size);
        table.size = size;
    }
    table
}

/// Makes an instance of a plugin. `host` is copied; `host_pointer` is what its functions get. `limits` may be NULL for the
/// defaults, `message` too; on failure it receives a line of text.
///
/// # Safety
/// `plugin` is loaded; `host` and `limits` have as many bytes as their `size` says; `instance` is writable; `message` has
/// `message_size` bytes. The functions of `host` keep the rules of this header as long as the instance lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_new(
    plugin: *const Plugin,
    host: *const HostTable,
    host_pointer: *mut c_void,
    limits: *const CLimits,
    instance: *mut *mut Instance,
    message: *mut c_char,
    message_size: usize,
) -> ResultCode {
    check_null!(plugin, host, instance);
    // SAFETY: the caller's promise. The reference stays the caller's; the instance takes one of its own.
    unsafe {
        let plugin = ManuallyDrop::new(Arc::from_raw(plugin));
        match Instance::new(&plugin, &read_host(host), host_pointer, &CLimits::read(limits)) {
            Ok(made) => *instance = Box::into_raw(made),
            Err(error) => {
                Message::new(message, message_size).write(&error);
                return instance_code(&error);
            }
        }
    }
    ResultCode::Ok
}

/// Ends an instance; NULL does nothing. Aborts the process if the instance is running: never call it from one of the
/// instance's own host functions.
///
/// # Safety
/// `instance` is NULL or was made and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_free(instance: *mut Instance) {
    if !instance.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(instance) });
    }
}

/// Runs the plugin's initialisation (`_initialize` and `main`, or `_start`) now instead of before the first callback.
///
/// # Safety
/// `instance` lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_start(instance: *mut Instance) -> ResultCode {
    check_null!(instance);
    // SAFETY: the caller's promise.
    match unsafe { (*instance).start() } {
        Ok(()) => ResultCode::Ok,
        Err(error) => call_code(error),
    }
}

/// Calls a callback (`nullvm_callback_t`). Surplus arguments are dropped. `result` may be NULL; it receives 0 from a callback
/// without a result. After a trap the instance has failed: read the message, free it and make another.
///
/// # Safety
/// `instance` lives; `args` has `count` readable values, and may be NULL when that is 0; `result` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_call(
    instance: *mut Instance,
    callback: u32,
    args: *const u32,
    count: usize,
    result: *mut u32,
) -> ResultCode {
    check_null!(instance);
    if args.is_null() && count > 0 {
        return ResultCode::NullArgument;
    }
    let Some(callback) = CALLBACKS.get(callback as usize) else { return ResultCode::BadArgument };
    // SAFETY: the caller's promise.
    unsafe {
        let args = if count == 0 { &[] } else { core::slice::from_raw_parts(args, count) };
        match (*instance).call(callback.id, args) {
            Ok(value) => {
                if !result.is_null() {
                    *result = value;
                }
                ResultCode::Ok
            }
            Err(error) => call_code(error),
        }
    }
}

/// Calls an exported function of any signature: arguments in `values`, results in their place. A trap does not fail the
/// instance. For plugins compiled without the Proxy-Wasm checks.
///
/// # Safety
/// `instance` lives; `name` is NUL-terminated; `values` has `count` values, and may be NULL when that is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_invoke(
    instance: *mut Instance,
    name: *const c_char,
    values: *mut Value,
    count: usize,
) -> ResultCode {
    check_null!(instance, name);
    if values.is_null() && count > 0 {
        return ResultCode::NullArgument;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let Ok(name) = CStr::from_ptr(name).to_str() else { return ResultCode::BadArgument };
        let values = if count == 0 { &mut [][..] } else { core::slice::from_raw_parts_mut(values, count) };
        match (*instance).invoke(name, values) {
            Ok(()) => ResultCode::Ok,
            Err(error) => call_code(error),
        }
    }
}

/// Whether a trap has made the instance unusable.
///
/// # Safety
/// `instance` lives; `failed` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_failed(instance: *const Instance, failed: *mut bool) -> ResultCode {
    check_null!(instance, failed);
    // SAFETY: the caller's promise.
    unsafe { *failed = (*instance).failed() };
    ResultCode::Ok
}

/// The code (`nullvm_trap_t`) of the last trap, 0 when there was none.
///
/// # Safety
/// `instance` lives; `code` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_trap_code(instance: *const Instance, code: *mut u32) -> ResultCode {
    check_null!(instance, code);
    // SAFETY: the caller's promise.
    unsafe { *code = (*instance).last_trap().map_or(0, |t| t.code as u32) };
    ResultCode::Ok
}

/// The text of the last trap, with the backtrace: several lines, cut off where `text` is full, NUL-terminated. `len` may be
/// NULL; it receives the bytes of the whole text without the NUL, 0 when there was no trap.
///
/// # Safety
/// `instance` lives; `text` has `size` writable bytes, and may be NULL when that is 0; `len` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_trap_message(
    instance: *const Instance,
    text: *mut c_char,
    size: usize,
    len: *mut usize,
) -> ResultCode {
    check_null!(instance);
    if text.is_null() && size > 0 {
        return ResultCode::NullArgument;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let message = (*instance).trap_message().unwrap_or_default();
        let whole = Message::new(text, size).write(message);
        if !len.is_null() {
            *len = whole;
        }
    }
    ResultCode::Ok
}

/// Sets the plugin's environment variables. For instances that have not started.
///
/// # Safety
/// `instance` lives and does not run; `variables` describes readable pairs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_set_environment(
    instance: *mut Instance,
    variables: Pairs,
) -> ResultCode {
    check_null!(instance);
    // SAFETY: the caller's promise.
    unsafe {
        let joined = variables.as_slice().iter().map(|pair| {
            let mut line = Vec::from(pair.key.as_slice());
            line.push(b'=');
            line.extend_from_slice(pair.value.as_slice());
            line
        });
        (*instance).state().environment = joined.collect();
    }
    ResultCode::Ok
}

/// Allows the host functions with these names and no others, as `allowed_capabilities` of Envoy does. Without this call all
/// are allowed.
///
/// # Safety
/// `instance` lives and does not run; `names` has `count` entries, and may be NULL when that is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_instance_allow_capabilities(
    instance: *mut Instance,
    names: *const Bytes,
    count: usize,
) -> ResultCode {
    check_null!(instance);
    if names.is_null() && count > 0 {
        return ResultCode::NullArgument;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let names = if count == 0 { &[] } else { core::slice::from_raw_parts(names, count) };
        let names = names.iter().filter_map(|n| core::str::from_utf8(n.as_slice()).ok());
        (*instance).state().restrict(FunctionSet::of_capabilities(names));
    }
    ResultCode::Ok
}
