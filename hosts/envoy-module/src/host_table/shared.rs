//! Shared data and queues.

use super::{host_functions, slice};
use crate::main_thread::MainJob;
use crate::vm::Job;
use core::ffi::c_void;
use nullvm_shim::host::{Bytes, Status};
use std::sync::Arc;

host_functions! {
    /// `proxy_set_shared_data`
    fn set_shared_data(state, key: Bytes, value: Bytes, cas: u32) {
        match state.info.store.set(&state.info.vm_id, slice(key), slice(value), cas) {
            Status::Ok => Ok(()),
            status => Err(status),
        }
    }

    /// `proxy_resolve_shared_queue`
    fn resolve_shared_queue(state, vm_id: Bytes, name: Bytes) -> (token: u32) {
        let vm_id = std::str::from_utf8(slice(vm_id)).map_err(|_| Status::NotFound)?;
        let vm_id = if vm_id.is_empty() { &state.info.vm_id } else { vm_id };
        state.info.store.resolve_queue(vm_id, slice(name)).ok_or(Status::NotFound)
    }

    /// `proxy_enqueue_shared_queue`
    fn enqueue_shared_queue(state, token: u32, data: Bytes) {
        match state.info.store.enqueue(token, slice(data)) {
            Status::Ok => Ok(()),
            status => Err(status),
        }
    }

    /// `proxy_dequeue_shared_queue`
    fn dequeue_shared_queue(state, token: u32) -> (out: Bytes) {
        let item = state.info.store.dequeue(token)?;
        Ok(state.give(item))
    }
}

/// `proxy_get_shared_data`
pub(super) unsafe extern "C" fn get_shared_data(
    host: *mut c_void,
    key: Bytes,
    out: *mut Bytes,
    cas: *mut u32,
) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with.
    let cell = unsafe { super::cell(host) };
    cell.with(|state| match state.info.store.get(&state.info.vm_id, slice(key)) {
        Some((value, number)) => {
            // SAFETY: out-parameters point at host memory.
            unsafe {
                out.write(state.give(value));
                cas.write(number);
            }
            Status::Ok as u32
        }
        None => Status::NotFound as u32,
    })
}

/// `proxy_register_shared_queue`. Items wake the VM that registered last, as in Envoy.
pub(super) unsafe extern "C" fn register_shared_queue(
    host: *mut c_void,
    name: Bytes,
    token: *mut u32,
) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with.
    let cell = unsafe { super::cell(host) };
    let vm = cell.vm().clone();
    let Some(owner) = vm.upgrade().map(|vm| vm.owner()) else { return Status::InternalFailure as u32 };
    cell.with(|state| {
        let root = state.root_id();
        let Some(main) = state.contexts.get(root).map(|c| c.plugin.main.clone()) else {
            return Status::InternalFailure as u32;
        };
        let notify = Arc::new(move |token: u32| {
            if let Some(live) = vm.upgrade() {
                live.post(Job::QueueReady(root, token));
                main.post(MainJob::Wake(vm.clone()));
            }
        });
        let store = state.info.store.clone();
        let registered = store.register_queue(&state.info.vm_id, slice(name), owner, notify);
        // SAFETY: out-parameters point at host memory.
        unsafe { super::answer(registered, token) }
    })
}
