//! The part of the page that a run writes.

use super::statistics::{Estimate, bootstrap, median, slope};
use super::variant::{KINDS, Kind, Variant, Vms};
use super::{Alone, CONNECTIONS, Latency, Phase, Plan, RATE, REQUESTS, Results, SEED};
use crate::page;
use std::fmt::Write;

/// A ratio of slopes that this project is to reach.
struct Target {
    to: Kind,
    /// None: it is told, but there is no target.
    at_most: Option<f64>,
}

const TARGETS: [Target; 3] = [
    Target { to: Kind::HandWritten, at_most: Some(1.15) },
    Target { to: Kind::HandWrittenClearing, at_most: None },
    Target { to: Kind::V8, at_most: Some(0.25) },
];

/// The text; without `judge` the targets are left out.
pub fn render(results: &Results, plan: &Plan, judge: bool) -> String {
    let mut text = String::new();
    introduction(&mut text, results, plan);
    for phase in &results.phases {
        slopes(&mut text, phase, plan, judge);
    }
    alone(&mut text, results);
    resident(&mut text, results, plan);
    latencies(&mut text, results, plan);
    text
}

fn introduction(text: &mut String, results: &Results, plan: &Plan) {
    let chains: Vec<String> = plan.chains.iter().map(ToString::to_string).collect();
    let _ = writeln!(
        text,
        "## Envoy\n\n\
         Written by `cargo xtask bench-envoy`; do not edit. What a filter costs in Envoy {}: `get_add`, which reads `user-agent`, adds a\n\
         request header and adds a response header. Three times the same: a dynamic module written by hand (`benches/envoy/hand_written`:\n\
         no SDK, no allocation, no state), the module that `nullvmc compile --emit envoy-module` makes of the Rust plugin, and that\n\
         plugin in Envoy's own Wasm filter. HTTP/1.1 keep-alive over loopback, {CONNECTIONS} connections; Envoy answers by itself\n\
         (`direct_response`).\n\n\
         One filter costs less than what a measurement varies by. So chains of 0, {} copies are measured, and the slope over\n\
         them counts. All copies in a chain are the same `.so`, or the same `.wasm`, with the same `vm_id`: they share one VM in each\n\
         worker, in our module as in Envoy's Wasm filter.\n\n\
         A plugin that changes request headers has Envoy choose the route again, in Envoy's Wasm filter and so in our module. A module\n\
         written by hand can do without: it is measured with and without.\n\n\
         CPU is the time of all of Envoy's threads, in the kernel and outside, as the scheduler counts it, per request. All processes\n\
         are there at once; each round puts {REQUESTS} requests to each of them, in a fresh order. Numbers are medians over the rounds,\n\
         slopes are fitted in each round, intervals (95 %) come from drawing whole rounds again. Before anything is timed, all chains\n\
         of a length have given the same response, which shows what each copy added. Workers have equally many connections.\n\
         Each chain is one process per run: what differs from one start of a process to the next is not in the intervals.\n\n\
         Machine: {}; load average {} before the run, {} after it (the run itself makes about 2)\n",
        results.envoy,
        chains.join(", "),
        page::machine(),
        results.load.0,
        results.load.1,
    );
}

/// What one copy of the filter adds, in these rounds.
fn added(phase: &Phase, kind: Kind, plan: &Plan, rounds: &[usize]) -> f64 {
    let cpu = |kind, copies, round: usize| {
        phase.cpu.get(&Variant { kind, copies, vms: Vms::Shared }).map_or(f64::NAN, |all| all[round])
    };
    let slopes: Vec<f64> = rounds
        .iter()
        .map(|&round| {
            let mut points = vec![(0.0, cpu(Kind::None, 0, round))];
            points.extend(plan.chains.iter().map(|&copies| (copies as f64, cpu(kind, copies, round))));
            slope(&points)
        })
        .collect();
    median(&slopes)
}

fn slopes(text: &mut String, phase: &Phase, plan: &Plan, judge: bool) {
    let estimate =
        |of: &dyn Fn(&[usize]) -> f64| -> Estimate { bootstrap(phase.rounds, SEED, |rounds| of(rounds)) };
    let workers =
        if phase.workers == 1 { "1 worker".to_owned() } else { format!("{} workers", phase.workers) };
    let _ = writeln!(text, "### CPU per request, {workers}, {} rounds\n", phase.rounds);
    let columns: Vec<String> = plan.chains.iter().map(|n| format!("{n} copies")).collect();
    let _ = writeln!(
        text,
        "| filter, us per request | none | {} | one copy adds | 95 % interval |",
        columns.join(" | ")
    );
    let _ = writeln!(text, "|---|---|{}---|---|", "---|".repeat(plan.chains.len()));
    let cell = |kind, copies| {
        phase.cpu.get(&Variant { kind, copies, vms: Vms::Shared }).map_or(f64::NAN, |all| median(all))
    };
    for kind in KINDS {
        let _ = write!(text, "| {kind} | {:.2} |", cell(Kind::None, 0));
        for &copies in plan.chains {
            let _ = write!(text, " {:.2} |", cell(kind, copies));
        }
        let slope = estimate(&|rounds| added(phase, kind, plan, rounds));
        let _ = writeln!(text, " {:.3} | {:.3} to {:.3} |", slope.value, slope.low, slope.high);
    }
    let _ = writeln!(
        text,
        "\n| what one copy of our module adds, compared with | ratio | 95 % interval | target | |"
    );
    let _ = writeln!(text, "|---|---|---|---|---|");
    for Target { to, at_most } in TARGETS {
        let ratio =
            estimate(&|rounds| added(phase, Kind::Module, plan, rounds) / added(phase, to, plan, rounds));
        let target = at_most.map_or("-".to_owned(), |at_most| format!("at most {at_most}"));
        let verdict = at_most.filter(|_| judge).map_or("", |at_most| verdict(ratio, at_most));
        let _ = writeln!(
            text,
            "| {to} | {:.2} | {:.2} to {:.2} | {target} | {verdict} |",
            ratio.value, ratio.low, ratio.high
        );
    }
    text.push('\n');
}

fn alone(text: &mut String, results: &Results) {
    let _ = writeln!(
        text,
        "### The modules alone, ns per stream and copy\n\n\
         The same hooks in the same order with callbacks that do nothing (`benches/envoy/driver.c`), everything in the caches: best of 30 times\n\
         2000 rounds.\n\n\
         | copies | hand-written module | module by nullvmc |\n|---|---|---|"
    );
    for Alone { copies, hand_written, module } in &results.alone {
        let _ = writeln!(text, "| {copies} | {hand_written:.0} | {module:.0} |");
    }
    text.push('\n');
}

fn verdict(ratio: Estimate, at_most: f64) -> &'static str {
    if ratio.high <= at_most {
        "met"
    } else if ratio.low > at_most {
        "not met"
    } else {
        "open: the interval holds the target"
    }
}

fn resident(text: &mut String, results: &Results, plan: &Plan) {
    let longest = plan.chains.iter().copied().max().unwrap_or(0);
    let find = |kind, copies, vms, workers| {
        let variant = Variant { kind, copies, vms };
        let found = results.resident.iter().find(|r| r.variant == variant && r.workers == workers);
        found.map_or("-".to_owned(), |r| format!("{:.1}", r.kib as f64 / 1024.0))
    };
    let _ = writeln!(text, "### Resident memory of the process after the run, MiB\n");
    let mut head = String::from("| filter |");
    let mut line = String::from("|---|");
    for phase in &results.phases {
        let workers = phase.workers;
        let _ = write!(head, " none, {workers} w. |");
        line.push_str("---|");
        for copies in plan.chains {
            let _ = write!(head, " {copies}, {workers} w. |");
            line.push_str("---|");
        }
    }
    let _ = writeln!(text, "{head} {longest} with a VM each, 1 w. |\n{line}---|");
    for kind in KINDS {
        let _ = write!(text, "| {kind} |");
        for phase in &results.phases {
            let _ = write!(text, " {} |", find(Kind::None, 0, Vms::Shared, phase.workers));
            for &copies in plan.chains {
                let _ = write!(text, " {} |", find(kind, copies, Vms::Shared, phase.workers));
            }
        }
        let _ = writeln!(text, " {} |", find(kind, longest, Vms::Own, 1));
    }
    text.push('\n');
}

fn latencies(text: &mut String, results: &Results, plan: &Plan) {
    let (time, repeats) = plan.latency;
    let _ = writeln!(
        text,
        "### Latency at {RATE} requests per second, 1 worker, us\n\n\
         Not judged: the clients share the processors with Envoy, and with whatever else runs. Medians of the quantiles of {repeats} runs of\n\
         {} ms in turn. A request that is late counts from when it was due.\n\n\
         | filter | p50 | p99 | p99.9 |\n|---|---|---|---|",
        time.as_millis(),
    );
    for Latency { variant, quantiles: [p50, p99, p999] } in &results.latencies {
        let _ = writeln!(text, "| {variant} | {p50:.0} | {p99:.0} | {p999:.0} |");
    }
}
