//! What is particular to one function of Proxy-Wasm.

use crate::cases::{UNTOUCHED, map};
use crate::guest::{HEAP, SIZE, TestGuest};
use crate::host::NUMBER;
use nullvm_shim::guest::HostError;
use nullvm_shim::host::Status;
use nullvm_shim::hostcalls;
use plugin_abi::{AbiVersion, HostFunctionId as Id};

const BAD: u32 = u32::MAX;

fn err(status: Status) -> Result<u32, HostError> {
    Err(HostError::Status(status))
}

#[test]
fn numbers_are_checked_before_pointers_and_host() {
    let mut guest = TestGuest::new();
    let g = &mut guest;
    let results = [
        hostcalls::proxy_log(g, 6, BAD, BAD),
        hostcalls::proxy_continue_stream(g, 4),
        hostcalls::proxy_close_stream(g, 4),
        hostcalls::proxy_get_header_map_value(g, 8, BAD, BAD, BAD, BAD),
        hostcalls::proxy_add_header_map_value(g, 8, BAD, BAD, BAD, BAD),
        hostcalls::proxy_replace_header_map_value(g, 8, BAD, BAD, BAD, BAD),
        hostcalls::proxy_remove_header_map_value(g, 8, BAD, BAD),
        hostcalls::proxy_get_header_map_pairs(g, 8, BAD, BAD),
        hostcalls::proxy_set_header_map_pairs(g, 8, BAD, BAD),
        hostcalls::proxy_get_header_map_size(g, 8, BAD),
        hostcalls::proxy_get_buffer_bytes(g, 9, 0, 1, BAD, BAD),
        hostcalls::proxy_get_buffer_status(g, 9, BAD, BAD),
        hostcalls::proxy_set_buffer_bytes(g, 9, 0, 1, BAD, BAD),
        hostcalls::proxy_define_metric(g, 3, 0, 0, 0),
    ];
    for (i, result) in results.into_iter().enumerate() {
        assert_eq!(result, err(Status::BadArgument), "row {i}");
    }
    // A metric's type is the host's to check in proxy-wasm-cpp-host, and so comes after the pointer.
    assert_eq!(hostcalls::proxy_define_metric(g, 3, BAD, 1, 0), err(Status::InvalidMemoryAccess));
    assert!(guest.asked().is_empty());
}

#[test]
fn the_last_of_each_kind_is_passed_to_the_host() {
    let mut guest = TestGuest::new();
    assert_eq!(hostcalls::proxy_log(&mut guest, 5, 0, 0), Ok(0));
    assert_eq!(hostcalls::proxy_close_stream(&mut guest, 3), Ok(0));
    assert_eq!(hostcalls::proxy_get_header_map_size(&mut guest, 7, 0), Ok(0));
    assert_eq!(hostcalls::proxy_get_buffer_status(&mut guest, 8, 0, 8), Ok(0));
    guest.state.abi = AbiVersion::V0_2_100;
    assert_eq!(hostcalls::proxy_get_buffer_status(&mut guest, 9, 0, 8), Ok(0));
    assert_eq!(hostcalls::proxy_get_buffer_status(&mut guest, 10, 0, 8), err(Status::BadArgument));
    assert_eq!(guest.asked().len(), 5);
}

#[test]
fn a_missing_header_is_an_empty_one_in_abi_0_1_0() {
    for (abi, expected) in [
        (AbiVersion::V0_1_0, Ok(0)),
        (AbiVersion::V0_2_0, err(Status::NotFound)),
        (AbiVersion::V0_2_1, err(Status::NotFound)),
        (AbiVersion::V0_2_100, err(Status::NotFound)),
    ] {
        let mut guest = TestGuest::new();
        guest.state.abi = abi;
        guest.recorder().fails_with(Status::NotFound);
        guest.put(100, &[UNTOUCHED; 8]);
        assert_eq!(hostcalls::proxy_get_header_map_value(&mut guest, 0, 0, 3, 100, 104), expected);
        let stored = if expected.is_ok() { [0; 8] } else { [UNTOUCHED; 8] };
        assert_eq!(guest.get(100, 8), stored, "{abi:?}");
        assert_eq!(guest.allocations, 0);
    }
    let mut guest = TestGuest::new();
    guest.state.abi = AbiVersion::V0_1_0;
    guest.recorder().fails_with(Status::BadArgument);
    assert_eq!(
        hostcalls::proxy_get_header_map_value(&mut guest, 0, 0, 3, 100, 104),
        err(Status::BadArgument)
    );
}

#[test]
fn buffers_are_read_as_far_as_they_go() {
    // Of "value": start, length, what the guest gets.
    let cases: &[(u32, u32, &[u8])] = &[
        (0, 5, b"value"),
        (0, 6, b"value"),
        (0, u32::MAX, b"value"),
        (4, u32::MAX, b"e"),
        (5, 1, b""),
        (6, 1, b""),
        (u32::MAX, u32::MAX, b""),
        (0, 0, b""),
        (3, 0, b""),
    ];
    for &(start, length, expected) in cases {
        let mut guest = TestGuest::new();
        assert_eq!(hostcalls::proxy_get_buffer_bytes(&mut guest, 0, start, length, 100, 104), Ok(0));
        let (data, size) = (guest.get_u32(100), guest.get_u32(104));
        assert_eq!(guest.get(data, size), expected, "{length} from {start}");
        assert_eq!(data, if expected.is_empty() { 0 } else { HEAP });
    }
}

#[test]
fn a_buffer_that_cannot_be_read_stores_nothing() {
    let mut guest = TestGuest::new();
    guest.recorder().fails_with(Status::InternalFailure);
    guest.recorder().only = Some("read_buffer");
    assert_eq!(
        hostcalls::proxy_get_buffer_bytes(&mut guest, 0, 0, 5, 100, 104),
        err(Status::InternalFailure)
    );
    assert_eq!(guest.get(100, 8), [0; 8]);
}

#[test]
fn a_missing_buffer_is_told_before_bad_memory() {
    let mut guest = TestGuest::new();
    guest.recorder().fails_with(Status::NotFound);
    assert_eq!(hostcalls::proxy_set_buffer_bytes(&mut guest, 0, 0, 5, BAD, 1), err(Status::NotFound));
    guest.recorder().status = 0;
    assert_eq!(
        hostcalls::proxy_set_buffer_bytes(&mut guest, 0, 0, 5, BAD, 1),
        err(Status::InvalidMemoryAccess)
    );
    assert!(guest.asked().iter().all(|call| call == "get_buffer_status(0)"));
}

#[test]
fn a_malformed_map_is_an_empty_one() {
    let good = map(&[("key", "value")]);
    let cut = &good[..good.len() - 1];
    let longer = [&good[..], b"x"].concat();
    let mut unended = good.clone();
    unended[12 + 3] = b'x';
    let mut counted = good.clone();
    counted[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    for bytes in [cut, &longer, &unended, &counted, &[], &[0; 3], &[0; 5]] {
        let mut guest = TestGuest::new();
        guest.put(64, bytes);
        let size = bytes.len() as u32;
        assert_eq!(hostcalls::proxy_set_header_map_pairs(&mut guest, 0, 64, size), Ok(0));
        assert_eq!(hostcalls::proxy_send_local_response(&mut guest, 200, 0, 0, 0, 0, 64, size, 0), Ok(0));
        assert_eq!(hostcalls::proxy_http_call(&mut guest, 0, 0, 64, size, 0, 0, 64, size, 1, 8), Ok(0));
        assert_eq!(hostcalls::proxy_grpc_stream(&mut guest, 0, 0, 0, 0, 0, 0, 64, size, 8), Ok(0));
        let expected = [
            "set_headers(0, [])",
            "send_local_response(200, 0, , , [])",
            "http_call(, [], , [], 1)",
            "grpc_stream(, , , [], , 0)",
        ];
        assert_eq!(guest.asked(), expected, "{bytes:?}");
    }
}

#[test]
fn a_map_of_1024_pairs_is_not_too_large_and_one_of_1025_is() {
    for (count, expected) in [(1024, 1024), (1025, 0)] {
        let mut guest = TestGuest::new();
        let bytes = map(&vec![("k", "v"); count]);
        guest.put(0, &bytes);
        assert_eq!(hostcalls::proxy_set_header_map_pairs(&mut guest, 0, 0, bytes.len() as u32), Ok(0));
        assert_eq!(guest.asked()[0].matches("k=v").count(), expected);
    }
}

#[test]
fn a_map_comes_back_as_it_was_given() {
    let mut guest = TestGuest::new();
    guest.recorder().pairs = vec![(":path", "/"), ("empty", ""), ("x", "1"), ("x", "2")];
    assert_eq!(hostcalls::proxy_get_header_map_pairs(&mut guest, 0, 100, 104), Ok(0));
    let (data, size) = (guest.get_u32(100), guest.get_u32(104));
    assert_eq!(hostcalls::proxy_set_header_map_pairs(&mut guest, 2, data, size), Ok(0));
    assert_eq!(guest.asked()[1], "set_headers(2, [:path=/ empty= x=1 x=2])");
}

#[test]
fn a_map_larger_than_the_guest_is_not_given() {
    let mut guest = TestGuest::new();
    guest.recorder().pairs = vec![("key", "value"); SIZE as usize / 4];
    assert_eq!(
        hostcalls::proxy_get_header_map_pairs(&mut guest, 0, 100, 104),
        err(Status::InvalidMemoryAccess)
    );
    assert_eq!(guest.get(100, 8), [0; 8]);
}

#[test]
fn results_of_a_foreign_function_are_given_where_wanted() {
    let mut guest = TestGuest::new();
    assert_eq!(hostcalls::proxy_call_foreign_function(&mut guest, 0, 0, 0, 0, 0, 0), Ok(0));
    assert_eq!(guest.allocations, 0);

    assert_eq!(hostcalls::proxy_call_foreign_function(&mut guest, 0, 0, 0, 0, 0, 104), Ok(0));
    assert_eq!((guest.allocations, guest.get_u32(104)), (0, 5));

    assert_eq!(hostcalls::proxy_call_foreign_function(&mut guest, 0, 0, 0, 0, 100, 0), Ok(0));
    assert_eq!((guest.allocations, guest.get_u32(100)), (1, HEAP));
    assert_eq!(guest.get_u32(0), 0, "0 is not an address here");
}

#[test]
fn a_token_is_zero_when_nothing_started() {
    let mut guest = TestGuest::new();
    guest.recorder().fails_with(Status::BadArgument);
    guest.put(100, &[UNTOUCHED; 4]);
    assert_eq!(hostcalls::envoy_resolve_dns(&mut guest, 0, 1, 100), err(Status::BadArgument));
    assert_eq!(guest.get_u32(100), 0);
}

#[test]
fn a_call_of_grpc_starts_before_its_token_is_stored() {
    let mut guest = TestGuest::new();
    let result = guest.call(Id::proxy_grpc_call, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, u64::from(BAD)]);
    assert_eq!(result, err(Status::InvalidMemoryAccess));
    assert_eq!(guest.asked().len(), 1);
}

#[test]
fn the_status_is_stored_code_first() {
    let mut guest = TestGuest::new();
    assert_eq!(hostcalls::proxy_get_status(&mut guest, 100, BAD, 104), err(Status::InvalidMemoryAccess));
    assert_eq!(guest.get_u32(100), NUMBER);
}

#[test]
fn the_systems_clock_stands_in_for_the_hosts() {
    let mut guest = TestGuest::new();
    guest.table.time = None;
    assert_eq!(hostcalls::proxy_get_current_time_nanoseconds(&mut guest, 100), Ok(0));
    let now = u64::from_le_bytes(guest.get(100, 8).try_into().unwrap());
    let expected =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    assert!(expected.abs_diff(now) < 60_000_000_000, "{now}, expected {expected}");
}
