//! Data shared among the plugins of a VM id.

use super::results::give;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::Bytes;

/// Gives a value, and the number for a later compare-and-swap.
pub fn proxy_get_shared_data<G: Guest>(
    guest: &mut G,
    key: u32,
    key_size: u32,
    return_value: u32,
    return_value_size: u32,
    return_cas: u32,
) -> Answer {
    let key = guest.memory().bytes(key, key_size)?;
    let (mut value, mut cas) = (Bytes::EMPTY, 0);
    call!(guest, get_shared_data, key, &mut value, &mut cas)?;
    give(guest, value, return_value, return_value_size)?;
    guest.memory().write_u32(return_cas, cas)?;
    OK
}

/// Sets a value: if `cas` is its present number, or whatever it is for 0.
pub fn proxy_set_shared_data<G: Guest>(
    guest: &mut G,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
    cas: u32,
) -> Answer {
    let memory = guest.memory();
    let (key, value) = (memory.bytes(key, key_size)?, memory.bytes(value, value_size)?);
    call!(guest, set_shared_data, key, value, cas)?;
    OK
}
