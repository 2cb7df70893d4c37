//! Properties of the request, the connection, the node and the plugin.

use super::results::give;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::Bytes;

/// Gives the value of a property; the parts of its path are separated by NUL.
pub fn proxy_get_property<G: Guest>(
    guest: &mut G,
    path: u32,
    path_size: u32,
    return_value: u32,
    return_value_size: u32,
) -> Answer {
    let path = guest.memory().bytes(path, path_size)?;
    let mut value = Bytes::EMPTY;
    call!(guest, get_property, path, &mut value)?;
    give(guest, value, return_value, return_value_size)?;
    OK
}

/// Sets a property.
pub fn proxy_set_property<G: Guest>(
    guest: &mut G,
    path: u32,
    path_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    let memory = guest.memory();
    let (path, value) = (memory.bytes(path, path_size)?, memory.bytes(value, value_size)?);
    call!(guest, set_property, path, value)?;
    OK
}
