//! Header maps as they cross the boundary.
//!
//! ```text
//!   count | key size, value size | ... | key NUL value NUL | ...
//!    u32     u32       u32
//! ```
//!
//! A map of the guest that is malformed or too large is taken as an empty one and not refused, as in
//! proxy-wasm-cpp-host (`PairsUtil::toPairs`).

use super::results::allocate;
use crate::guest::{Guest, GuestMemory};
use crate::host::{Bytes, Pair, Pairs, Status};
use alloc::vec::Vec;

/// A larger map of the guest counts as empty (`PROXY_WASM_HOST_PAIRS_MAX_BYTES`).
const MAX_BYTES: u32 = 1024 * 1024;

/// One with more pairs too (`PROXY_WASM_HOST_PAIRS_MAX_COUNT`).
const MAX_COUNT: u32 = 1024;

/// A map of the guest; the pairs point into its memory and are good until the guest runs again.
#[derive(Debug)]
pub(super) struct GuestPairs(Vec<Pair>);

impl GuestPairs {
    /// Reads the map at `data`; [`Status::InvalidMemoryAccess`] when it lies outside of the memory.
    pub(super) fn read(memory: &GuestMemory, data: u32, size: u32) -> Result<Self, Status> {
        let bytes = memory.bytes(data, size)?;
        if size > MAX_BYTES {
            return Ok(Self(Vec::new()));
        }
        // SAFETY: in range, and the guest does not run while `bytes` is in use.
        parse(unsafe { bytes.as_slice() }).map(|pairs| Self(pairs.unwrap_or_default()))
    }

    /// As the host takes them.
    pub(super) fn as_pairs(&self) -> Pairs {
        Pairs { data: self.0.as_ptr(), len: self.0.len() }
    }
}

/// `None`: malformed. Fails only for want of the shim's own memory.
fn parse(bytes: &[u8]) -> Result<Option<Vec<Pair>>, Status> {
    let Some((count, rest)) = split_u32(bytes) else { return Ok(None) };
    if count > MAX_COUNT {
        return Ok(None);
    }
    let Some((mut sizes, mut strings)) = rest.split_at_checked(count as usize * 8) else { return Ok(None) };
    let mut pairs = Vec::new();
    pairs.try_reserve_exact(count as usize).map_err(|_| Status::InternalFailure)?;
    while let Some((key_size, after_key)) = split_u32(sizes) {
        let Some((value_size, after_value)) = split_u32(after_key) else { return Ok(None) };
        let Some((key, rest)) = split_string(strings, key_size) else { return Ok(None) };
        let Some((value, rest)) = split_string(rest, value_size) else { return Ok(None) };
        pairs.push(Pair { key: Bytes::new(key), value: Bytes::new(value) });
        (sizes, strings) = (after_value, rest);
    }
    Ok(strings.is_empty().then_some(pairs))
}

fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// A string and its NUL from the front.
fn split_string(bytes: &[u8], size: u32) -> Option<(&[u8], &[u8])> {
    let (string, rest) = bytes.split_at_checked(size as usize)?;
    let (&0, rest) = rest.split_first()? else { return None };
    Some((string, rest))
}

/// Serializes a map of the host straight into memory from the guest's allocator: its address and size, both 0 for an empty
/// map.
pub(super) fn copy_in<G: Guest>(guest: &mut G, pairs: Pairs) -> Result<(u32, u32), Status> {
    // SAFETY: the host's pairs outlive what the guest's allocator may call.
    let pairs = unsafe { pairs.as_slice() };
    if pairs.is_empty() {
        return Ok((0, 0));
    }
    let size = pairs.iter().try_fold(4u32, |size, pair| {
        let pair = pair_sizes(pair)?;
        size.checked_add(10)?.checked_add(pair.0)?.checked_add(pair.1)
    });
    let size = size.ok_or(Status::InvalidMemoryAccess)?;
    let data = allocate(guest, size)?;
    let memory = guest.memory();
    memory.room(data, size)?;
    let mut writer = Writer { memory, at: data };
    writer.put(&(pairs.len() as u32).to_le_bytes())?;
    for pair in pairs {
        let (key, value) = pair_sizes(pair).ok_or(Status::InvalidMemoryAccess)?;
        writer.put(&key.to_le_bytes())?;
        writer.put(&value.to_le_bytes())?;
    }
    for pair in pairs {
        for string in [pair.key, pair.value] {
            // SAFETY: as above.
            writer.put(unsafe { string.as_slice() })?;
            writer.put(&[0])?;
        }
    }
    Ok((data, size))
}

/// Sizes of key and value. `None`: more than a guest can address.
fn pair_sizes(pair: &Pair) -> Option<(u32, u32)> {
    // SAFETY: pairs of the host, readable during its rule's time.
    let (key, value) = unsafe { (pair.key.as_slice(), pair.value.as_slice()) };
    Some((u32::try_from(key.len()).ok()?, u32::try_from(value.len()).ok()?))
}

/// Writes one thing behind another; every write is checked.
struct Writer {
    memory: GuestMemory,
    at: u32,
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Status> {
        self.memory.write(self.at, bytes)?;
        // Wraps only behind the last byte of 4 GiB, where nothing follows.
        self.at = self.at.wrapping_add(bytes.len() as u32);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::from((pairs.len() as u32).to_le_bytes());
        for (key, value) in pairs {
            bytes.extend((key.len() as u32).to_le_bytes());
            bytes.extend((value.len() as u32).to_le_bytes());
        }
        for string in pairs.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend(string.as_bytes());
            bytes.push(0);
        }
        bytes
    }

    fn parsed(bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        let own = |bytes: Bytes| Vec::from(unsafe { bytes.as_slice() });
        Some(parse(bytes).unwrap()?.into_iter().map(|pair| (own(pair.key), own(pair.value))).collect())
    }

    #[test]
    fn reads_what_is_whole() {
        let pairs = parsed(&map(&[("a", "bc"), ("", ""), ("k", "")])).unwrap();
        let expected: [(&[u8], &[u8]); 3] = [(b"a", b"bc"), (b"", b""), (b"k", b"")];
        assert!(pairs.iter().map(|(key, value)| (&key[..], &value[..])).eq(expected));
        assert_eq!(parsed(&map(&[])), Some(Vec::new()));
    }

    #[test]
    fn refuses_what_is_cut_changed_or_followed() {
        let good = map(&[("key", "value"), ("x", "")]);
        for len in 0..good.len() {
            assert_eq!(parsed(&good[..len]), None, "cut to {len}");
        }
        let followed = [&good[..], &[0]].concat();
        assert_eq!(parsed(&followed), None);
        for at in (0..20).chain([good.len() - 1, good.len() - 2, 23, 29]) {
            let mut changed = good.clone();
            changed[at] ^= 0x81;
            assert_eq!(parsed(&changed), None, "changed at {at}");
        }
        for size in [u32::MAX, u32::MAX - 1, 1 << 31] {
            let mut changed = good.clone();
            changed[4..8].copy_from_slice(&size.to_le_bytes());
            assert_eq!(parsed(&changed), None, "key of {size} bytes");
        }
    }

    #[test]
    fn takes_as_many_pairs_as_the_limit() {
        let at_limit = alloc::vec![("k", "v"); MAX_COUNT as usize];
        assert_eq!(parsed(&map(&at_limit)).unwrap().len(), MAX_COUNT as usize);
        let over = alloc::vec![("k", "v"); MAX_COUNT as usize + 1];
        assert_eq!(parsed(&map(&over)), None);
    }

    #[test]
    fn takes_as_many_bytes_as_the_limit() {
        for (size, expected) in [(MAX_BYTES, 1), (MAX_BYTES + 1, 0)] {
            let value = "x".repeat(size as usize - map(&[("k", "")]).len());
            let mut bytes = map(&[("k", &value)]);
            // SAFETY: the vector stays where it is.
            let memory = unsafe { GuestMemory::new(bytes.as_mut_ptr(), bytes.len() as u64) };
            assert_eq!(bytes.len(), size as usize);
            assert_eq!(GuestPairs::read(&memory, 0, size).unwrap().as_pairs().len, expected);
            assert_eq!(GuestPairs::read(&memory, 1, size).unwrap_err(), Status::InvalidMemoryAccess);
        }
    }
}
