//! Every filter, V8 against module.

use super::cases::{Case, cases};
use super::compare::{Comparison, Difference, is_operators, normalise};
use super::compiler;
use super::differences::Known;
use super::scenarios::{Scenario, scenarios};
use super::side::{Observed, Side};
use nullvm::envoy::binary;
use nullvm::envoy::config::Engine;
use nullvm::envoy::module::filters;
use nullvm::envoy::process::LogLine;
use nullvm::envoy::repository;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a timed scenario is tried.
const TRIES: usize = 3;

/// A difference, and where it was met.
struct Met {
    case: Case,
    scenario: String,
    workers: u32,
    difference: Difference,
}

/// What a run counted.
#[derive(Default)]
struct Totals {
    scenarios: usize,
    exchanges: usize,
    compared: usize,
    retried: usize,
    met: Vec<Met>,
}

impl Totals {
    fn add(&mut self, case: &Case, scenario: &str, workers: u32, comparison: Comparison) {
        self.compared += comparison.compared;
        for difference in comparison.differences {
            self.met.push(Met { case: case.clone(), scenario: scenario.to_owned(), workers, difference });
        }
    }
}

/// The two Envoys of a run; `first` is what `second` is compared with.
struct Pair {
    first: Side,
    second: Side,
}

impl Pair {
    fn run(&mut self, scenario: &Scenario, workers: u32) -> Comparison {
        let one = |side: &mut Side| -> Observed {
            let mut seen = side.run(scenario);
            normalise(&mut seen, scenario, workers);
            seen
        };
        let (first, second) = (&mut self.first, &mut self.second);
        let (v8, module) = std::thread::scope(|scope| {
            let other = scope.spawn(|| one(second));
            let first = one(first);
            (first, other.join().expect("the other side"))
        });
        let mut comparison = Comparison::default();
        comparison.observed(&v8, &module);
        comparison
    }
}

/// Runs scenarios through two engines, each in an Envoy of its own.
fn run(
    [(first, first_binary), (second, second_binary)]: [(Engine, &Path); 2],
    workers: u32,
    which: &dyn Fn(&Case, &Scenario) -> bool,
    totals: &mut Totals,
) {
    let cases: Vec<Case> = cases().into_iter().filter(chosen).collect();
    let compiler = compiler();
    if [first, second].contains(&Engine::Module) {
        let names: BTreeSet<&str> = cases.iter().map(|c| c.filter).collect();
        compiler.modules(&names.into_iter().collect::<Vec<_>>());
    }
    let module = |filter: &str| -> PathBuf { compiler.module(filter, &[]) };
    let start = Instant::now();
    let mut pair = std::thread::scope(|scope| {
        // Modules are compiled by now: the closure only looks them up.
        let cases = &cases;
        let other = scope.spawn(move || {
            let compiler = super::compiler();
            Side::start(second, second_binary, workers, cases, &|filter| compiler.module(filter, &[]))
        });
        let first = Side::start(first, first_binary, workers, cases, &module);
        Pair { first, second: other.join().unwrap_or_else(|e| std::panic::resume_unwind(e)) }
    });
    for side in [&pair.first, &pair.second] {
        let mapped: BTreeSet<PathBuf> = side.envoy.mapped_files().into_iter().collect();
        for case in &cases {
            let expected = side.engine == Engine::Module;
            let is = expected && mapped.contains(&module(case.filter));
            assert_eq!(is, expected, "{}: has Envoy mapped the module of {}?", side.engine, case.filter);
        }
        let modules = mapped.iter().filter(|f| f.extension().is_some_and(|e| e == "so"));
        let target = repository().join("target").canonicalize().expect("target");
        let ours = modules.filter(|f| f.starts_with(&target)).count();
        assert_eq!(ours > 0, side.engine == Engine::Module, "{}: modules mapped: {ours}", side.engine);
    }
    let (v8, other) = (pair.first.start_log(), pair.second.start_log());
    by_case(&cases, "start", workers, &v8, &other, totals);
    let started = start.elapsed();
    for case in &cases {
        for scenario in scenarios(case).iter().filter(|s| which(case, s)) {
            let mut comparison = pair.run(scenario, workers);
            for _ in 1..TRIES {
                if comparison.differences.is_empty() || !scenario.timed {
                    break;
                }
                totals.retried += 1;
                std::thread::sleep(Duration::from_millis(30));
                comparison = pair.run(scenario, workers);
            }
            totals.scenarios += 1;
            totals.exchanges += scenario.steps.len();
            totals.add(case, &scenario.name, workers, comparison);
        }
    }
    prometheus(&cases, &pair, workers, totals);
    let (v8, other) = (pair.first.stop(), pair.second.stop());
    by_case(&cases, "end", workers, &v8, &other, totals);
    println!(
        "{first} against {second}, {workers} workers: started in {:.1} s, {:.1} s in all",
        started.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
}

/// Compares the plugins' lines of a phase as sets, case by case: each VM writes them, and how many VMs there are is the engine's
/// affair.
fn by_case(
    cases: &[Case],
    phase: &str,
    workers: u32,
    v8: &[LogLine],
    other: &[LogLine],
    totals: &mut Totals,
) {
    for case in cases {
        let of = |log: &[LogLine]| -> Vec<LogLine> {
            // `wasm log[ name][ root_id][ vm_id]: text`: what runs before there is a plugin has the VM's id only.
            let vm = format!("vm-{}", case.name);
            let is = |line: &LogLine| {
                let prefix = line.text.split(':').next().unwrap_or_default();
                prefix.starts_with("wasm log")
                    && prefix.split(' ').any(|word| word == case.name || word == vm)
            };
            log.iter().filter(|l| is(l)).cloned().collect()
        };
        let mut comparison = Comparison::default();
        comparison.lines("log", &of(v8), &of(other));
        totals.add(case, phase, workers, comparison);
    }
}

/// Compares the plugins' own metrics, histograms too, once Envoy has merged what its workers counted.
fn prometheus(cases: &[Case], pair: &Pair, workers: u32, totals: &mut Totals) {
    std::thread::sleep(Duration::from_millis(1100));
    let lines = |side: &Side| -> Vec<LogLine> {
        let text = side.envoy.admin("/stats/prometheus");
        let of_plugins = |line: &&str| {
            let name = line.trim_start_matches("# TYPE ");
            ["wasmcustom", "hello_header_counter", "nullvm_counter", "nullvm_gauge", "nullvm_histogram"]
                .iter()
                .any(|metric| name.trim_start_matches("envoy_").starts_with(metric))
                && !is_operators(&name.trim_start_matches("envoy_").replacen('_', ".", 2))
        };
        let line = |text: &str| LogLine {
            level: "stat".into(),
            logger: String::new(),
            text: format!("wasm log {text}"),
        };
        text.lines().filter(of_plugins).map(line).collect()
    };
    let (v8, other) = (lines(&pair.first), lines(&pair.second));
    for (filter, metric) in [("add_header", "hello_header"), ("metrics", "nullvm_")] {
        let of = |lines: &[LogLine]| -> Vec<LogLine> {
            lines.iter().filter(|l| l.text.contains(metric)).cloned().collect()
        };
        let Some(case) = cases.iter().find(|c| c.name == filter) else { continue };
        let mut comparison = Comparison::default();
        assert!(!of(&v8).is_empty(), "no {metric} in /stats/prometheus");
        comparison.lines("metric", &of(&v8), &of(&other));
        totals.add(case, "prometheus", workers, comparison);
    }
}

fn describe(met: &Met) -> String {
    let text = |text: &str| {
        if text.is_empty() {
            "    (nothing)".to_owned()
        } else {
            format!("    {}", text.replace('\n', "\n    "))
        }
    };
    format!(
        "{} / {} / {} workers / {}\n  V8:\n{}\n  module:\n{}",
        met.case.name,
        met.scenario,
        met.workers,
        met.difference.field,
        text(&met.difference.v8),
        text(&met.difference.module)
    )
}

/// Only cases whose names `NULLVM_ENVOY_CASES` lists, for work on one of them.
fn chosen(case: &Case) -> bool {
    std::env::var("NULLVM_ENVOY_CASES").map_or(true, |list| list.split(',').any(|name| name == case.name))
}

#[test]
fn every_filter_has_a_case() {
    let known: BTreeSet<String> = cases().iter().map(|c| c.filter.to_owned()).collect();
    assert_eq!(known, filters().into_iter().collect());
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|c| c.name).collect();
    assert_eq!(names.len(), cases.len(), "names are unique");
    for case in &cases {
        let scenarios = scenarios(case);
        let names: BTreeSet<&str> = scenarios.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names.len(), scenarios.len(), "{}: names are unique", case.name);
    }
}

/// The harness itself: what differs between two runs of the same engine would be its own doing.
#[test]
#[ignore = "for work on this suite: doubles the time"]
fn v8_against_v8() {
    for workers in [1, 4] {
        let mut totals = Totals::default();
        let envoy = binary::envoy();
        run([(Engine::V8, &envoy), (Engine::V8, &envoy)], workers, &|_, _| true, &mut totals);
        println!(
            "{} scenarios, {} comparisons, {} retried",
            totals.scenarios, totals.compared, totals.retried
        );
        let met: Vec<String> = totals.met.iter().map(describe).collect();
        assert!(met.is_empty(), "{} differences\n{}", met.len(), met.join("\n"));
    }
}

#[test]
fn v8_against_module() {
    let mut totals = Totals::default();
    let envoy = binary::envoy();
    for workers in [1, 4] {
        run([(Engine::V8, &envoy), (Engine::Module, &envoy)], workers, &|_, _| true, &mut totals);
    }
    let known = Known::load();
    let unknown: Vec<String> = totals
        .met
        .iter()
        .filter(|m| !known.covers(m.case.filter, m.case.name, &m.scenario, &m.difference))
        .map(describe)
        .collect();
    let report = report(&totals, &known);
    println!("{report}({} timed scenarios were tried again)", totals.retried);
    assert!(unknown.is_empty(), "{} unknown differences\n{}", unknown.len(), unknown.join("\n"));
    if std::env::var_os("NULLVM_ENVOY_CASES").is_some() {
        return;
    }
    known.all_met();
    let path = repository().join("docs/envoy-parity.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &report).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == report, "docs/envoy-parity.md is not what this run found; renew it with BLESS=1");
}

/// Modules on older Envoys, against V8 in the one that the suite is for: 1.38 is built without V8.
#[test]
fn older_envoys() {
    let envoy = binary::envoy();
    let (known, lacking) = (Known::load(), Known::older());
    for version in binary::OLDER {
        let mut totals = Totals::default();
        let older = binary::installed(version);
        let which = |_: &Case, scenario: &Scenario| !scenario.timed;
        run([(Engine::V8, &envoy), (Engine::Module, &older)], 1, &which, &mut totals);
        println!("Envoy {version}: {} scenarios, {} comparisons", totals.scenarios, totals.compared);
        let covers =
            |known: &Known, m: &Met| known.covers(m.case.filter, m.case.name, &m.scenario, &m.difference);
        let unknown: Vec<String> =
            totals.met.iter().filter(|m| !covers(&known, m) & !covers(&lacking, m)).map(describe).collect();
        assert!(unknown.is_empty(), "Envoy {version}: {} differences\n{}", unknown.len(), unknown.join("\n"));
    }
    if std::env::var_os("NULLVM_ENVOY_CASES").is_none() {
        lacking.all_met();
    }
}

/// What `docs/envoy-parity.md` says.
fn report(totals: &Totals, known: &Known) -> String {
    let cases = cases();
    let mut out = String::from(PREFACE);
    let _ = writeln!(out, "\n## Counts\n\n| | |\n|---|---|");
    let _ = writeln!(out, "| Envoy | {} |", binary::VERSION);
    let _ = writeln!(out, "| filters | {} |", filters().len());
    let _ = writeln!(out, "| configurations of them | {} |", cases.len());
    let _ = writeln!(out, "| scenarios, with one and four workers | {} |", totals.scenarios);
    let _ = writeln!(out, "| requests and connections through each engine | {} |", totals.exchanges);
    let _ = writeln!(out, "| known differences (entries) | {} |", known.difference.len());
    let _ = writeln!(out, "\n## Differences\n");
    if known.difference.is_empty() {
        let _ = writeln!(out, "None.");
        return out;
    }
    let _ = writeln!(out, "| filter | configuration | scenario | field | reason |\n|---|---|---|---|---|");
    for entry in &known.difference {
        let case = if entry.case == "*" { "all" } else { &entry.case };
        let _ = writeln!(
            out,
            "| {} | {case} | {} | {} | {} |",
            entry.filter, entry.scenario, entry.field, entry.reason
        );
    }
    out
}

const PREFACE: &str = "\
# The same filters under V8 and as modules

Written by `BLESS=1 cargo nextest run --release --test envoy v8_against_module`; the test fails when it finds something else.

Every filter of `filters/prebuilt` runs in a stock Envoy, once under Envoy's own Wasm filter (V8) and once as the module that `nullvmc compile
--emit envoy-module` makes, with the same listeners, upstreams and requests. Compared are status, headers and their order,
body and trailers of each response, what the upstreams received, the plugin's log lines in their order, what Envoy logs about the plugin, and the plugin's
counters, gauges and histograms. Lines that a plugin logs at its start and end are compared as sets, because each VM writes
them, and how many VMs there are is the engine's affair. `tests/envoy/compare.rs` says what is left out of a comparison (dates, ports,
random values), `tests/envoy/scenarios.rs` what the clients do, `tests/envoy/differences.toml` holds the list below.
";
