//! How results reach the guest.

use crate::guest::Guest;
use crate::host::{Bytes, Status};

/// Room for `size` bytes from the guest's allocator. `size` is not 0.
pub(super) fn allocate<G: Guest>(guest: &mut G, size: u32) -> Result<u32, Status> {
    match guest.allocate(size) {
        0 => Err(Status::InvalidMemoryAccess),
        data => Ok(data),
    }
}

/// Stores a result's address and size.
pub(super) fn store_slice<G: Guest>(
    guest: &mut G,
    (data, size): (u32, u32),
    return_data: u32,
    return_size: u32,
) -> Result<(), Status> {
    let memory = guest.memory();
    memory.write_u32(return_data, data)?;
    memory.write_u32(return_size, size)
}

/// Copies bytes of the host into memory from the guest's allocator: their address and size, both 0 for no bytes.
pub(super) fn copy_in<G: Guest>(guest: &mut G, bytes: Bytes) -> Result<(u32, u32), Status> {
    if bytes.len == 0 || bytes.data.is_null() {
        return Ok((0, 0));
    }
    let size = u32::try_from(bytes.len).map_err(|_| Status::InvalidMemoryAccess)?;
    let data = allocate(guest, size)?;
    // SAFETY: a slice of the host outlives what the guest's allocator may call.
    guest.memory().write(data, unsafe { bytes.as_slice() })?;
    Ok((data, size))
}

/// Gives bytes of the host to the guest: copy, address, size.
pub(super) fn give<G: Guest>(
    guest: &mut G,
    bytes: Bytes,
    return_data: u32,
    return_size: u32,
) -> Result<(), Status> {
    let slice = copy_in(guest, bytes)?;
    store_slice(guest, slice, return_data, return_size)
}

/// Starts something whose answer comes later and is known by a token. That the token can be stored is tried before
/// anything starts; the guest reads 0 when nothing did.
pub(super) fn start<G: Guest>(
    guest: &mut G,
    return_token: u32,
    start: impl FnOnce(&mut G, &mut u32) -> Result<(), Status>,
) -> Result<(), Status> {
    let mut token = 0;
    guest.memory().write_u32(return_token, token)?;
    let started = start(guest, &mut token);
    guest.memory().write_u32(return_token, token)?;
    started
}
