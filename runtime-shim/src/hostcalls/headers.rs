//! Header maps: request, response, trailers, gRPC metadata and the headers of HTTP calls.

use super::pairs::{self, GuestPairs};
use super::results::{give, store_slice};
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::{Bytes, Pairs, Status};
use plugin_abi::AbiVersion;

/// The last map (`proxy_header_map_type_t`), trailers of an HTTP call's response.
const MAX_MAP: u32 = 7;

fn check_map(map: u32) -> Result<(), Status> {
    if map > MAX_MAP { Err(Status::BadArgument) } else { Ok(()) }
}

/// Gives the value of a header. A missing one is [`Status::NotFound`], but an empty value for a plugin of ABI 0.1.0.
pub fn proxy_get_header_map_value<G: Guest>(
    guest: &mut G,
    map: u32,
    key: u32,
    key_size: u32,
    return_value: u32,
    return_value_size: u32,
) -> Answer {
    check_map(map)?;
    let key = guest.memory().bytes(key, key_size)?;
    let mut value = Bytes::EMPTY;
    match call!(guest, get_header, map, key, &mut value) {
        Err(Status::NotFound) if guest.state().abi == AbiVersion::V0_1_0 => {}
        result => result?,
    }
    give(guest, value, return_value, return_value_size)?;
    OK
}

/// Adds a header beside those of the same name.
pub fn proxy_add_header_map_value<G: Guest>(
    guest: &mut G,
    map: u32,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    check_map(map)?;
    let memory = guest.memory();
    let (key, value) = (memory.bytes(key, key_size)?, memory.bytes(value, value_size)?);
    call!(guest, add_header, map, key, value)?;
    OK
}

/// Sets a header in place of those of the same name.
pub fn proxy_replace_header_map_value<G: Guest>(
    guest: &mut G,
    map: u32,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    check_map(map)?;
    let memory = guest.memory();
    let (key, value) = (memory.bytes(key, key_size)?, memory.bytes(value, value_size)?);
    call!(guest, replace_header, map, key, value)?;
    OK
}

/// Removes every header of this name.
pub fn proxy_remove_header_map_value<G: Guest>(guest: &mut G, map: u32, key: u32, key_size: u32) -> Answer {
    check_map(map)?;
    let key = guest.memory().bytes(key, key_size)?;
    call!(guest, remove_header, map, key)?;
    OK
}

/// Gives a whole map, serialized.
pub fn proxy_get_header_map_pairs<G: Guest>(
    guest: &mut G,
    map: u32,
    return_data: u32,
    return_size: u32,
) -> Answer {
    check_map(map)?;
    let mut pairs = Pairs::EMPTY;
    call!(guest, get_headers, map, &mut pairs)?;
    let slice = pairs::copy_in(guest, pairs)?;
    store_slice(guest, slice, return_data, return_size)?;
    OK
}

/// Replaces a whole map.
pub fn proxy_set_header_map_pairs<G: Guest>(guest: &mut G, map: u32, data: u32, size: u32) -> Answer {
    check_map(map)?;
    let pairs = GuestPairs::read(&guest.memory(), data, size)?;
    call!(guest, set_headers, map, pairs.as_pairs())?;
    OK
}

/// Stores the bytes of all keys and values of a map.
pub fn proxy_get_header_map_size<G: Guest>(guest: &mut G, map: u32, return_size: u32) -> Answer {
    check_map(map)?;
    let mut size = 0;
    call!(guest, get_headers_size, map, &mut size)?;
    guest.memory().write_u32(return_size, size)?;
    OK
}
