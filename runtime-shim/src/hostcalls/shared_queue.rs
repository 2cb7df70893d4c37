//! Queues shared among plugins.

use super::results::give;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::Bytes;

/// Opens a queue of this plugin's VM id, creating it where needed; `proxy_on_queue_ready` tells of data.
pub fn proxy_register_shared_queue<G: Guest>(
    guest: &mut G,
    name: u32,
    name_size: u32,
    return_token: u32,
) -> Answer {
    let name = guest.memory().bytes(name, name_size)?;
    let mut token = 0;
    call!(guest, register_shared_queue, name, &mut token)?;
    guest.memory().write_u32(return_token, token)?;
    OK
}

/// Finds a queue that a plugin of some VM id opened.
pub fn proxy_resolve_shared_queue<G: Guest>(
    guest: &mut G,
    vm_id: u32,
    vm_id_size: u32,
    name: u32,
    name_size: u32,
    return_token: u32,
) -> Answer {
    let memory = guest.memory();
    let (vm_id, name) = (memory.bytes(vm_id, vm_id_size)?, memory.bytes(name, name_size)?);
    let mut token = 0;
    call!(guest, resolve_shared_queue, vm_id, name, &mut token)?;
    guest.memory().write_u32(return_token, token)?;
    OK
}

/// Appends to a queue.
pub fn proxy_enqueue_shared_queue<G: Guest>(guest: &mut G, token: u32, data: u32, size: u32) -> Answer {
    let data = guest.memory().bytes(data, size)?;
    call!(guest, enqueue_shared_queue, token, data)?;
    OK
}

/// Takes the front of a queue.
pub fn proxy_dequeue_shared_queue<G: Guest>(
    guest: &mut G,
    token: u32,
    return_data: u32,
    return_size: u32,
) -> Answer {
    let mut data = Bytes::EMPTY;
    call!(guest, dequeue_shared_queue, token, &mut data)?;
    give(guest, data, return_data, return_size)?;
    OK
}
