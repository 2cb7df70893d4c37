//! Random modules of `wasm-smith`, run as native code, by wasmtime and by wasmi: results, traps, memory, globals and the
//! sequence of host calls must be the same.
//!
//! `NULLVM_DIFF_MODULES=N` runs N modules and `NULLVM_DIFF_SEED=S` starts at another seed; the defaults fit CI. A
//! difference names the seed, and `NULLVM_DIFF_MODULES=1 NULLVM_DIFF_SEED=S` runs it alone.

mod engine;
mod generate;
mod machines;
mod native;
mod wasmi_engine;
mod wasmtime_engine;

use engine::{Engine, Instantiate, Outcome, Run, Trap};
use generate::{Module, generate, plant};
use machines::machine;
use native::Native;
use std::collections::BTreeMap;

/// What a comparison of many modules did.
#[derive(Default)]
struct Report {
    modules: usize,
    ran: usize,
    calls: usize,
    traps: BTreeMap<Trap, usize>,
    host_calls: usize,
    differences: Vec<String>,
}

/// Calls per exported function, with different arguments.
const ROUNDS: u64 = 3;

/// Runs one module on all engines.
fn compare(seed: u64, module: &Module, native_wasm: &[u8], native: Native, report: &mut Report) {
    report.modules += 1;
    let mut engines: Vec<(&str, Box<dyn Engine>)> = vec![
        ("native", Box::new(native)),
        ("wasmtime", Box::new(wasmtime_engine::Wasmtime)),
        ("wasmi", Box::new(wasmi_engine::Wasmi)),
    ];
    let mut runs: Vec<(&str, Box<dyn Run>)> = Vec::new();
    let mut failed: Vec<(&str, Instantiate)> = Vec::new();
    for (name, engine) in &mut engines {
        let wasm = if *name == "native" { native_wasm } else { &module.wasm };
        match engine.instantiate(wasm) {
            Ok(run) => runs.push((name, run)),
            Err(e) => failed.push((name, e)),
        }
    }
    if !failed.is_empty() {
        // All must fail, and in the same way.
        let same = failed.iter().all(|(_, e)| *e == failed[0].1) && runs.is_empty();
        let exhausted = failed.iter().any(|(_, e)| matches!(e, Instantiate::Trap(Trap::StackOverflow)));
        if !same && !exhausted {
            let ok: Vec<_> = runs.iter().map(|(n, _)| *n).collect();
            report.differences.push(format!("seed {seed}: instantiation: ok {ok:?}, failed {failed:?}"));
        }
        if let Instantiate::Trap(trap) = &failed[0].1 {
            *report.traps.entry(*trap).or_default() += 1;
        }
        return;
    }
    report.ran += 1;
    for function in &module.functions {
        for round in 0..ROUNDS {
            let args = function.arguments(seed ^ round);
            let outcomes: Vec<Outcome> = runs.iter_mut().map(|(_, run)| run.call(function, &args)).collect();
            report.calls += 1;
            if outcomes.iter().any(|o| matches!(o.result, Err(Trap::StackOverflow))) {
                // Engines have different stacks, and the state after an overflow differs with them.
                *report.traps.entry(Trap::StackOverflow).or_default() += 1;
                return;
            }
            if let Err(trap) = outcomes[0].result {
                *report.traps.entry(trap).or_default() += 1;
            }
            report.host_calls += outcomes[0].host_calls.len();
            for ((name, _), outcome) in runs.iter().zip(&outcomes).skip(1) {
                if *outcome != outcomes[0] {
                    report.differences.push(format!(
                        "seed {seed}, {} call {round}: native {:?} != {name} {:?}",
                        function.name, outcomes[0], outcome
                    ));
                    return;
                }
            }
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

#[test]
fn random_modules() {
    let first = number("NULLVM_DIFF_SEED", 1);
    let modules = number("NULLVM_DIFF_MODULES", 400);
    let mut report = Report::default();
    for seed in first..first + modules {
        let module = generate(seed);
        compare(seed, &module, &module.wasm, Native::mode(seed), &mut report);
    }
    println!(
        "differential: {} modules, {} ran, {} calls, {} host calls, traps {:?}, {} differences",
        report.modules,
        report.ran,
        report.calls,
        report.host_calls,
        report.traps,
        report.differences.len()
    );
    assert!(report.differences.is_empty(), "{}", report.differences.join("\n"));
    if modules >= 400 {
        assert!(report.ran * 10 >= report.modules * 7, "fewer than 7 of 10 modules ran");
        assert!(report.calls >= report.modules, "fewer calls than modules");
        assert!(report.traps.len() >= 3, "fewer than 3 kinds of traps: {:?}", report.traps);
        assert!(report.host_calls > 0, "no host call");
    }
}

/// Loops that dispatch, in every mode of the compiler.
#[test]
fn state_machines() {
    let first = number("NULLVM_DIFF_SEED", 1);
    let modules = number("NULLVM_DIFF_MODULES", 600);
    let mut report = Report::default();
    for seed in first..first + modules {
        let module = machine(seed);
        compare(seed, &module, &module.wasm, Native::mode(seed), &mut report);
    }
    println!("state machines: {} modules, {} calls", report.modules, report.calls);
    assert!(report.differences.is_empty(), "{}", report.differences.join("\n"));
    assert_eq!((report.ran, report.modules), (modules as usize, modules as usize));
}

/// The comparison finds a planted bug: native code of a module with one operator exchanged.
#[test]
fn a_planted_bug_is_found() {
    let mut report = Report::default();
    let mut planted = 0;
    for seed in 1..=200 {
        let module = generate(seed);
        let Some(wrong) = plant(&module.wasm) else { continue };
        planted += 1;
        compare(seed, &module, &wrong, Native::mode(seed), &mut report);
        if !report.differences.is_empty() {
            println!(
                "found after {planted} plants: {}",
                report.differences[0].chars().take(300).collect::<String>()
            );
            return;
        }
    }
    panic!("none of {planted} planted bugs was found");
}
