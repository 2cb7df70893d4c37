//! What is particular to one function of WASI.

use crate::cases::UNTOUCHED;
use crate::guest::{SIZE, TestGuest};
use nullvm_shim::host::Status;
use nullvm_shim::wasi::{self, Errno};
use plugin_abi::HostFunctionId as Id;

const OUT: u32 = 256;

fn iovs(guest: &mut TestGuest, at: u32, pieces: &[(u32, u32)]) {
    for (i, (data, size)) in pieces.iter().enumerate() {
        guest.put(at + 8 * i as u32, &data.to_le_bytes());
        guest.put(at + 8 * i as u32 + 4, &size.to_le_bytes());
    }
}

#[test]
fn a_bad_piece_of_a_write_is_a_fault_and_nothing_is_logged() {
    for bad in [(SIZE, 1), (SIZE - 3, 4), (u32::MAX, 1), (u32::MAX, u32::MAX), (0, u32::MAX)] {
        let mut guest = TestGuest::new();
        iovs(&mut guest, 0, &[(600, 3), bad]);
        assert_eq!(wasi::fd_write(&mut guest, 1, 0, 2, OUT), Ok(21), "{bad:?}");
        assert_eq!(wasi::fd_write(&mut guest, 1, 8, 1, OUT), Ok(21), "{bad:?}");
        assert!(guest.asked().is_empty());
    }
}

#[test]
fn an_empty_piece_may_point_anywhere() {
    let mut guest = TestGuest::new();
    guest.put(600, b"abc");
    iovs(&mut guest, 0, &[(u32::MAX, 0), (600, 3)]);
    assert_eq!(wasi::fd_write(&mut guest, 1, 0, 2, OUT), Ok(0));
    assert_eq!(guest.asked(), ["log(2, abc)"]);
}

#[test]
fn pieces_beyond_the_memory_are_a_fault() {
    let mut guest = TestGuest::new();
    assert_eq!(wasi::fd_write(&mut guest, 1, SIZE - 8, 1, OUT), Ok(0));
    assert_eq!(wasi::fd_write(&mut guest, 1, SIZE - 8, 2, OUT), Ok(21));
    assert_eq!(wasi::fd_write(&mut guest, 1, u32::MAX - 7, 2, OUT), Ok(21));
}

#[test]
fn a_large_write_is_a_short_one() {
    const MIB: u32 = 1024 * 1024;
    let mut guest = TestGuest::new();
    // 32 pieces of 60,000 bytes.
    guest.bytes()[4000..].fill(b'x');
    iovs(&mut guest, 512, &[(4000, 60_000); 32]);
    assert_eq!(wasi::fd_write(&mut guest, 1, 512, 32, OUT), Ok(0));
    assert_eq!(guest.get_u32(OUT), MIB);
    assert_eq!(guest.asked()[0].matches('x').count(), MIB as usize);
}

#[test]
fn endless_pieces_end() {
    let mut guest = TestGuest::new();
    assert_eq!(wasi::fd_write(&mut guest, 1, 0, u32::MAX, OUT), Ok(0));
    assert_eq!(guest.get_u32(OUT), 0);
}

#[test]
fn a_log_that_fails_is_a_bad_descriptor() {
    let mut guest = TestGuest::new();
    guest.recorder().fails_with(Status::InternalFailure);
    guest.put(600, b"abc");
    iovs(&mut guest, 0, &[(600, 3)]);
    guest.put(OUT, &[UNTOUCHED; 4]);
    assert_eq!(wasi::fd_write(&mut guest, 1, 0, 1, OUT), Ok(8));
    assert_eq!(guest.get(OUT, 4), [UNTOUCHED; 4]);
}

#[test]
fn what_was_logged_stays_logged_when_its_size_cannot_be_stored() {
    let mut guest = TestGuest::new();
    guest.put(600, b"abc");
    iovs(&mut guest, 0, &[(600, 3)]);
    assert_eq!(wasi::fd_write(&mut guest, 1, 0, 1, SIZE - 3), Ok(21));
    assert_eq!(guest.asked(), ["log(2, abc)"]);
}

#[test]
fn the_environment_is_given() {
    let mut guest = TestGuest::new();
    guest.state.environment = vec![b"A=1".to_vec(), b"LONGER=".to_vec()];
    assert_eq!(wasi::environ_sizes_get(&mut guest, 0, 4), Ok(0));
    assert_eq!((guest.get_u32(0), guest.get_u32(4)), (2, 12));
    guest.bytes()[100..300].fill(UNTOUCHED);
    assert_eq!(wasi::environ_get(&mut guest, 100, 200), Ok(0));
    assert_eq!((guest.get_u32(100), guest.get_u32(104)), (200, 204));
    assert_eq!(guest.get(108, 1), [UNTOUCHED]);
    assert_eq!(guest.get(200, 13), *b"A=1\0LONGER=\0\xee");
}

#[test]
fn the_environment_fits_or_is_a_fault() {
    let mut guest = TestGuest::new();
    guest.state.environment = vec![b"A=1".to_vec(), b"LONGER=".to_vec()];
    assert_eq!(wasi::environ_get(&mut guest, SIZE - 8, 0), Ok(0));
    assert_eq!(wasi::environ_get(&mut guest, 0, SIZE - 12), Ok(0));
    for (environ, buffer) in [
        (SIZE - 7, 0),
        (SIZE - 4, 0),
        (0, SIZE - 11),
        (0, SIZE - 3),
        (u32::MAX, 0),
        (0, u32::MAX),
        (u32::MAX - 3, 0),
    ] {
        assert_eq!(wasi::environ_get(&mut guest, environ, buffer), Ok(21), "{environ} {buffer}");
        guest.check_canaries();
    }
    assert_eq!(wasi::environ_sizes_get(&mut guest, u32::MAX, 0), Ok(21));
    assert_eq!(wasi::environ_sizes_get(&mut guest, 0, SIZE - 3), Ok(21));
}

#[test]
fn random_bytes_come_in_up_to_64_kib() {
    let mut guest = TestGuest::new();
    assert_eq!(guest.call(Id::random_get, &[0, SIZE.into()]), Ok(0));
    let bytes = guest.bytes();
    assert!(bytes.iter().filter(|&&byte| byte != 0).count() > 60_000);
    assert!(bytes[..32] != bytes[32..64]);
    assert_eq!(guest.call(Id::random_get, &[0, u64::from(SIZE) + 1]), Ok(28));
    assert_eq!(guest.call(Id::random_get, &[1, SIZE.into()]), Ok(21));
    assert_eq!(guest.call(Id::random_get, &[u32::MAX.into(), 0]), Ok(0), "nothing is not stored");
    assert_eq!(guest.call(Id::random_get, &[u32::MAX.into(), u32::MAX.into()]), Ok(28));
}

#[test]
fn the_systems_clocks_stand_in_for_the_hosts() {
    let mut guest = TestGuest::new();
    guest.table.time = None;
    guest.table.monotonic_time = None;
    let mut last = 0;
    for _ in 0..100 {
        assert_eq!(wasi::clock_time_get(&mut guest, 1, 0, OUT), Ok(0));
        let now = u64::from_le_bytes(guest.get(OUT, 8).try_into().unwrap());
        assert!(now >= last);
        last = now;
    }
    assert_eq!(wasi::clock_time_get(&mut guest, 0, 0, OUT), Ok(0));
    let now = u64::from_le_bytes(guest.get(OUT, 8).try_into().unwrap());
    assert!(now > 1_600_000_000_000_000_000);
}

#[test]
fn a_hosts_clock_that_fails_is_an_io_error() {
    let mut guest = TestGuest::new();
    guest.recorder().fails_with(Status::InternalFailure);
    assert_eq!(wasi::clock_time_get(&mut guest, 0, 0, OUT), Ok(Errno::Io as u32));
    assert_eq!(wasi::clock_time_get(&mut guest, 1, 0, OUT), Ok(Errno::Io as u32));
}
