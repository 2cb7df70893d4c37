//! Capabilities and phases.

use crate::cases::{CASES, lay};
use crate::guest::TestGuest;
use nullvm_shim::dispatch::{Refusal, check};
use nullvm_shim::guest::{FunctionSet, HostError, Phase};
use nullvm_shim::host::{HostTable, Status};
use plugin_abi::{HOST_FUNCTIONS, HostFunctionId as Id, ImportModule, TrapCode};

const ALWAYS: &[Id] = &[Id::emscripten_notify_memory_growth, Id::pthread_equal];

#[test]
fn a_capability_that_is_not_allowed_is_refused_and_reported() {
    for case in CASES {
        let function = &HOST_FUNCTIONS[case.id as usize];
        let mut guest = TestGuest::new();
        let others = HOST_FUNCTIONS.iter().map(|other| other.name).filter(|&name| name != function.name);
        guest.state.restrict(FunctionSet::of_capabilities(others));
        let laid = lay(&mut guest, case);
        let result = guest.call(case.id, &laid.args);
        if ALWAYS.contains(&case.id) {
            assert_eq!(result, Ok(case.answer));
            continue;
        }
        let (answer, kind) = match function.module {
            ImportModule::Env => (Err(HostError::Status(Status::InternalFailure)), "proxy-wasm"),
            ImportModule::Wasi => (Ok(76), "WASI"),
        };
        assert_eq!(result, answer, "{case:?}");
        let message = format!("Attempted call to restricted {kind} capability: {}", function.name);
        assert_eq!(guest.asked(), [format!("capability_error({message})")], "{case:?}");
        guest.table = HostTable::EMPTY;
        assert_eq!(guest.call(case.id, &laid.args), answer, "{case:?}, nobody to report to");
    }
}

#[test]
fn only_the_allowed_capability_is_allowed() {
    let mut guest = TestGuest::new();
    guest.state.restrict(FunctionSet::of_capabilities(["proxy_log", "no_such_thing"].into_iter()));
    for function in HOST_FUNCTIONS {
        let allowed = function.id == Id::proxy_log || ALWAYS.contains(&function.id);
        assert_eq!(check(&mut guest, function.id).is_ok(), allowed, "{}", function.name);
    }
}

#[test]
fn a_phase_traps_without_asking_the_host() {
    for phase in [Phase::Init, Phase::Allocator, Phase::Callback] {
        for case in CASES {
            let function = &HOST_FUNCTIONS[case.id as usize];
            let allowed = match phase {
                Phase::Init => function.phases.in_init(),
                Phase::Allocator => function.phases.in_allocator(),
                Phase::Callback => true,
            };
            for capabilities in [FunctionSet::ALL, FunctionSet(0)] {
                let mut guest = TestGuest::new();
                guest.state.restrict(capabilities);
                let before = guest.state.enter(phase);
                let laid = lay(&mut guest, case);
                let trap = Err(HostError::Trap(TrapCode::RestrictedCallback));
                assert_eq!(guest.call(case.id, &laid.args) == trap, !allowed, "{phase:?} {case:?}");
                assert!(allowed || guest.asked().is_empty(), "{phase:?} {case:?}");
                guest.state.enter(before);
                assert_ne!(guest.call(case.id, &laid.args), trap, "{phase:?} left, {case:?}");
            }
        }
    }
}

#[test]
fn refusals_answer_as_the_reference_host_does() {
    assert_eq!(Refusal::ProxyCapability.answer(), Err(HostError::Status(Status::InternalFailure)));
    assert_eq!(Refusal::WasiCapability.answer(), Ok(76));
    assert_eq!(Refusal::Phase.answer(), Err(HostError::Trap(TrapCode::RestrictedCallback)));
}
