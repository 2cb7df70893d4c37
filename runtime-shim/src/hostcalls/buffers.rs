//! Buffers: bodies, stream data, messages and configurations.

use super::results::{allocate, store_slice};
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::Status;
use plugin_abi::AbiVersion;

/// The last buffer (`proxy_buffer_type_t`), arguments of a foreign function.
const MAX_BUFFER: u32 = 8;

/// The last buffer of Higress, the response to a Redis call.
const MAX_BUFFER_HIGRESS: u32 = 9;

fn check_buffer<G: Guest>(guest: &mut G, buffer: u32) -> Result<(), Status> {
    let max = match guest.state().abi {
        AbiVersion::V0_2_100 => MAX_BUFFER_HIGRESS,
        _ => MAX_BUFFER,
    };
    if buffer > max { Err(Status::BadArgument) } else { Ok(()) }
}

/// Length and flags of a buffer; the host answers [`Status::NotFound`] for one that is not there now.
fn status<G: Guest>(guest: &mut G, buffer: u32) -> Result<(u32, u32), Status> {
    let (mut length, mut flags) = (0, 0);
    call!(guest, get_buffer_status, buffer, &mut length, &mut flags)?;
    Ok((length, flags))
}

/// Gives the part of a buffer that lies within `start` and `start + length`, which may be less than asked for, or nothing.
pub fn proxy_get_buffer_bytes<G: Guest>(
    guest: &mut G,
    buffer: u32,
    start: u32,
    length: u32,
    return_data: u32,
    return_size: u32,
) -> Answer {
    check_buffer(guest, buffer)?;
    let (available, _) = status(guest, buffer)?;
    let size = length.min(available.saturating_sub(start));
    let mut data = 0;
    if size > 0 {
        data = allocate(guest, size)?;
        let room = guest.memory().room(data, size)?;
        call!(guest, read_buffer, buffer, start, size, room)?;
    }
    store_slice(guest, (data, size), return_data, return_size)?;
    OK
}

/// Stores length and flags of a buffer.
pub fn proxy_get_buffer_status<G: Guest>(
    guest: &mut G,
    buffer: u32,
    return_length: u32,
    return_flags: u32,
) -> Answer {
    check_buffer(guest, buffer)?;
    let (length, flags) = status(guest, buffer)?;
    let memory = guest.memory();
    memory.write_u32(return_length, length)?;
    memory.write_u32(return_flags, flags)?;
    OK
}

/// Replaces `length` bytes of a buffer from `start` on; what that means beyond the ends is the host's to say.
pub fn proxy_set_buffer_bytes<G: Guest>(
    guest: &mut G,
    buffer: u32,
    start: u32,
    length: u32,
    data: u32,
    size: u32,
) -> Answer {
    check_buffer(guest, buffer)?;
    let data = match guest.memory().bytes(data, size) {
        Ok(data) => data,
        Err(error) => {
            // A missing buffer is told before bad memory.
            status(guest, buffer)?;
            return Err(error.into());
        }
    };
    call!(guest, set_buffer, buffer, start, length, data)?;
    OK
}
