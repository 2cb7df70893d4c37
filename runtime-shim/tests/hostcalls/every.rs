//! What holds of every host function.

use crate::cases::{Arg, CASES, Case, Laid, OUT, UNTOUCHED, lay};
use crate::guest::{Allocator, HEAP, SIZE, TestGuest};
use nullvm_shim::guest::HostError;
use nullvm_shim::host::{HostTable, Status};
use plugin_abi::{HOST_FUNCTIONS, HostFunctionId as Id, ImportModule, ValType};

fn module(case: &Case) -> ImportModule {
    HOST_FUNCTIONS[case.id as usize].module
}

/// What a function of this case answers to a bad pointer.
fn fault(case: &Case) -> Result<u32, HostError> {
    match module(case) {
        ImportModule::Env => Err(HostError::Status(Status::InvalidMemoryAccess)),
        ImportModule::Wasi => Ok(21),
    }
}

/// Functions that store a token of 0 before they start anything.
const STARTERS: &[Id] = &[Id::proxy_http_call, Id::proxy_redis_call, Id::envoy_resolve_dns];

fn check_stored(guest: &mut TestGuest, case: &Case, laid: &Laid) {
    let mut stored = |at: u64, expected: &[u8]| {
        let len = expected.len() as u32;
        assert_eq!(guest.get(at as u32, len), expected, "{case:?}");
        assert_eq!(guest.get(at as u32 + len, 4), [UNTOUCHED; 4], "{case:?}: stored too much");
        assert_eq!(guest.get(at as u32 - 4, 4), [UNTOUCHED; 4], "{case:?}: stored too early");
    };
    let mut data = None;
    for (arg, &place) in case.args.iter().zip(&laid.places) {
        let at = |i: usize| laid.args[place + i];
        match arg {
            Arg::Out32(n) => stored(at(0), &n.to_le_bytes()),
            Arg::Out64(n) => stored(at(0), &n.to_le_bytes()),
            Arg::OutBytes(bytes) => stored(at(0), bytes),
            Arg::Data(bytes) => {
                stored(at(0), &HEAP.to_le_bytes());
                stored(at(1), &(bytes.len() as u32).to_le_bytes());
                data = Some(bytes);
            }
            _ => {}
        }
    }
    if let Some(bytes) = data {
        assert_eq!(guest.get(HEAP, bytes.len() as u32), *bytes, "{case:?}");
        assert_eq!(guest.get(HEAP + bytes.len() as u32, 4), [0; 4], "{case:?}: copied too much");
    }
    assert_eq!(guest.allocations, usize::from(data.is_some()), "{case:?}");
}

fn nothing_stored(guest: &mut TestGuest) -> bool {
    guest.get(OUT, 4096).iter().all(|&byte| byte == UNTOUCHED)
}

#[test]
fn has_a_case_that_fits() {
    for function in HOST_FUNCTIONS {
        assert!(CASES.iter().any(|case| case.id == function.id), "no case of {}", function.name);
    }
    for case in CASES {
        let laid = lay(&mut TestGuest::new(), case);
        assert_eq!(laid.args.len(), HOST_FUNCTIONS[case.id as usize].params.len(), "{case:?}");
    }
}

#[test]
fn answers_stores_and_asks_as_said() {
    for allocator in [Allocator::Works, Allocator::MovesMemory] {
        for case in CASES {
            let mut guest = TestGuest::new();
            guest.allocator = allocator;
            let laid = lay(&mut guest, case);
            assert_eq!(guest.call(case.id, &laid.args), Ok(case.answer), "{case:?}");
            assert_eq!(guest.asked().join("; "), case.asked, "{case:?}");
            check_stored(&mut guest, case, &laid);
        }
    }
}

#[test]
fn takes_the_low_half_of_32_bit_arguments() {
    for case in CASES {
        let mut guest = TestGuest::new();
        let mut laid = lay(&mut guest, case);
        for (arg, ty) in laid.args.iter_mut().zip(HOST_FUNCTIONS[case.id as usize].params) {
            if *ty == ValType::I32 {
                *arg |= 0xabcd_ef01 << 32;
            }
        }
        assert_eq!(guest.call(case.id, &laid.args), Ok(case.answer), "{case:?}");
        assert_eq!(guest.asked().join("; "), case.asked, "{case:?}");
    }
}

#[test]
fn passes_the_hosts_errors_on_and_stores_nothing() {
    for case in CASES.iter().filter(|case| module(case) == ImportModule::Env && !case.asked.is_empty()) {
        for status in (1..=14).map(Status::from_u32) {
            let mut guest = TestGuest::new();
            guest.recorder().fails_with(status);
            let laid = lay(&mut guest, case);
            let result = guest.call(case.id, &laid.args);
            if case.id == Id::proxy_get_current_time_nanoseconds && status == Status::Unimplemented {
                // The system has a clock.
                assert_eq!(result, Ok(0), "{case:?}");
                continue;
            }
            assert_eq!(result, Err(HostError::Status(status)), "{case:?}");
            assert_eq!(guest.allocations, 0, "{case:?}");
            let zeros_stored = STARTERS.contains(&case.id)
                || case.id == Id::proxy_call_foreign_function
                    && !matches!(status, Status::NotFound | Status::Unimplemented);
            if !zeros_stored {
                assert!(nothing_stored(&mut guest), "{case:?}: stored although {status:?}");
                continue;
            }
            for (arg, &place) in case.args.iter().zip(&laid.places) {
                let slots = match arg {
                    Arg::Data(_) => 2,
                    Arg::Out32(_) => 1,
                    _ => 0,
                };
                for &at in &laid.args[place..][..slots] {
                    assert_eq!(guest.get_u32(at as u32), 0, "{case:?}");
                }
            }
        }
    }
}

#[test]
fn is_unimplemented_without_the_hosts_function() {
    let mut older = crate::host::table();
    older.size = size_of::<usize>();
    for table in [HostTable::EMPTY, older] {
        for case in CASES {
            let mut guest = TestGuest::new();
            guest.table = table;
            let laid = lay(&mut guest, case);
            let result = guest.call(case.id, &laid.args);
            assert!(guest.asked().is_empty(), "{case:?}: beyond the table's size");
            let clock = matches!(case.id, Id::proxy_get_current_time_nanoseconds | Id::clock_time_get);
            let expected = match module(case) {
                _ if case.asked.is_empty() || clock => Ok(case.answer),
                ImportModule::Env => Err(HostError::Status(Status::Unimplemented)),
                ImportModule::Wasi if matches!(case.id, Id::fd_write | Id::fd_pwrite) => Ok(8),
                ImportModule::Wasi => Ok(case.answer),
            };
            assert_eq!(result, expected, "{case:?}");
        }
    }
}

#[test]
fn knows_the_functions_up_to_the_tables_size() {
    let mut guest = TestGuest::new();
    let end = std::mem::offset_of!(HostTable, define_metric) + size_of::<usize>();
    let case = CASES.iter().find(|case| case.id == Id::proxy_define_metric).unwrap();
    let laid = lay(&mut guest, case);
    guest.table.size = end;
    assert_eq!(guest.call(case.id, &laid.args), Ok(0));
    guest.table.size = end - 1;
    assert_eq!(guest.call(case.id, &laid.args), Err(HostError::Status(Status::Unimplemented)));
}

#[test]
fn refuses_to_read_outside_of_the_memory() {
    let beyond = [
        (SIZE, 1),
        (SIZE - 3, 4),
        (SIZE + 1, 0),
        (u32::MAX, 0),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX),
        (1, u32::MAX),
    ];
    for case in CASES {
        for (arg, place) in case.args.iter().zip(lay(&mut TestGuest::new(), case).places) {
            if !matches!(arg, Arg::In(_) | Arg::Map(_) | Arg::Pieces(_)) {
                continue;
            }
            for (at, size) in beyond {
                // No pieces are fine anywhere, and so are very many at 1: only the first are read.
                if matches!(arg, Arg::Pieces(_)) && (size == 0 || at == 1) {
                    continue;
                }
                let mut guest = TestGuest::new();
                let mut laid = lay(&mut guest, case);
                laid.args[place] = at.into();
                laid.args[place + 1] = size.into();
                assert_eq!(guest.call(case.id, &laid.args), fault(case), "{case:?}: {size} bytes at {at}");
                assert!(nothing_stored(&mut guest), "{case:?}: {size} bytes at {at}");
                let asked = guest.asked();
                assert!(
                    asked.iter().all(|call| call.starts_with("get_buffer_status")),
                    "{case:?}: asked {asked:?}"
                );
            }
        }
    }
}

#[test]
fn reads_nothing_at_the_end_of_the_memory() {
    for case in CASES {
        for (arg, place) in case.args.iter().zip(lay(&mut TestGuest::new(), case).places) {
            if matches!(arg, Arg::In(_) | Arg::Map(_) | Arg::Pieces(_)) {
                let mut guest = TestGuest::new();
                let mut laid = lay(&mut guest, case);
                laid.args[place] = SIZE.into();
                laid.args[place + 1] = 0;
                assert_eq!(guest.call(case.id, &laid.args), Ok(0), "{case:?}");
            }
        }
    }
}

/// Arguments that are addresses of what is stored, each with the size of that.
fn out_pointers(case: &Case, laid: &Laid) -> Vec<(usize, u32)> {
    let mut pointers = Vec::new();
    for (arg, &place) in case.args.iter().zip(&laid.places) {
        match arg {
            Arg::Out32(_) => pointers.push((place, 4)),
            Arg::Out64(_) => pointers.push((place, 8)),
            Arg::OutBytes(bytes) => pointers.push((place, bytes.len() as u32)),
            Arg::Random(size) => pointers.push((place, *size)),
            Arg::Data(_) => pointers.extend([(place, 4), (place + 1, 4)]),
            _ => {}
        }
    }
    pointers
}

#[test]
fn refuses_to_store_outside_of_the_memory() {
    for case in CASES {
        for (place, size) in out_pointers(case, &lay(&mut TestGuest::new(), case)) {
            for at in [SIZE - size + 1, SIZE - 1, SIZE, u32::MAX - size + 1, u32::MAX - 1, u32::MAX] {
                let mut guest = TestGuest::new();
                let mut laid = lay(&mut guest, case);
                laid.args[place] = at.into();
                assert_eq!(guest.call(case.id, &laid.args), fault(case), "{case:?}: at {at}");
                if STARTERS.contains(&case.id) {
                    assert!(
                        guest.asked().is_empty(),
                        "{case:?}: started before the token's address was tried"
                    );
                }
            }
        }
    }
}

#[test]
fn stores_up_to_the_end_of_the_memory() {
    for case in CASES {
        for (place, size) in out_pointers(case, &lay(&mut TestGuest::new(), case)) {
            let mut guest = TestGuest::new();
            let mut laid = lay(&mut guest, case);
            laid.args[place] = u64::from(SIZE - size);
            assert_eq!(guest.call(case.id, &laid.args), Ok(case.answer), "{case:?}");
        }
    }
}

#[test]
fn stores_over_its_own_results_and_arguments() {
    for case in CASES {
        let mut guest = TestGuest::new();
        for at in [OUT, 1001, HEAP] {
            let mut laid = lay(&mut guest, case);
            guest.forget_allocations();
            for (place, _) in out_pointers(case, &laid) {
                laid.args[place] = at.into();
            }
            let result = guest.call(case.id, &laid.args);
            assert_eq!(result, Ok(case.answer), "{case:?}: everything at {at}");
        }
    }
}

#[test]
fn tells_of_a_guest_that_cannot_allocate() {
    let mut seen = 0;
    for case in CASES.iter().filter(|case| case.args.iter().any(|arg| matches!(arg, Arg::Data(_)))) {
        for allocator in [Allocator::Fails, Allocator::Lies] {
            let mut guest = TestGuest::new();
            guest.allocator = allocator;
            let laid = lay(&mut guest, case);
            let result = guest.call(case.id, &laid.args);
            assert_eq!(result, Err(HostError::Status(Status::InvalidMemoryAccess)), "{case:?}");
            assert_eq!(guest.allocations, 1, "{case:?}");
            if case.id != Id::proxy_get_status {
                assert!(nothing_stored(&mut guest), "{case:?}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 2 * 10);
}

#[test]
fn gives_nothing_without_an_allocation() {
    for case in CASES.iter().filter(|case| case.args.iter().any(|arg| matches!(arg, Arg::Data(_)))) {
        let mut guest = TestGuest::new();
        guest.recorder().value.clear();
        guest.recorder().pairs.clear();
        let laid = lay(&mut guest, case);
        assert_eq!(guest.call(case.id, &laid.args), Ok(0), "{case:?}");
        assert_eq!(guest.allocations, 0, "{case:?}");
        for (arg, &place) in case.args.iter().zip(&laid.places) {
            if matches!(arg, Arg::Data(_)) {
                assert_eq!(guest.get_u32(laid.args[place] as u32), 0, "{case:?}");
                assert_eq!(guest.get_u32(laid.args[place + 1] as u32), 0, "{case:?}");
            }
        }
    }
}

#[test]
fn writes_nothing_when_every_argument_is_all_ones() {
    for function in HOST_FUNCTIONS {
        let mut guest = TestGuest::new();
        guest.state.environment = vec![b"KEY=value".to_vec()];
        let before = guest.bytes()[..HEAP as usize].to_vec();
        let result = guest.call(function.id, &vec![u64::MAX; function.params.len()]);
        assert!(guest.get(0, HEAP) == before, "{} wrote and answered {result:?}", function.name);
    }
}

#[test]
fn takes_missing_arguments_as_zero() {
    for function in HOST_FUNCTIONS {
        let mut guest = TestGuest::new();
        let _ = guest.call(function.id, &[]);
    }
}
