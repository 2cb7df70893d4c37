//! `cargo xtask bench-envoy`: what a filter costs in a real Envoy, for the same filter (`get_add`) written by hand as dynamic
//! module, compiled by `nullvmc` to one, and run by Envoy's Wasm filter.
//!
//! One filter adds about as much as the noise of a measurement, so what is measured are chains of several copies, and what is
//! reported is the slope. All processes are there from the beginning; each round loads every one of them for some ten milliseconds, in
//! another order, so that whatever else the machine does meets all of them alike. Only the processes' CPU time counts, never the clock.

mod build;
mod load;
mod report;
mod statistics;
mod variant;

use load::{ClosedLoop, open_loop};
use nullvm::envoy::process::Envoy;
use statistics::Random;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use variant::{Kind, LISTENER, Variant, Vms};

/// Flags of the command.
#[derive(clap::Args)]
pub struct Options {
    /// See that everything works, in about 30 seconds: no judgement, and the page stays as it is
    #[arg(long)]
    quick: bool,
    /// A module of the filter get_add to measure, instead of one that nullvmc compiles now; the page stays as it is
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

/// How much is measured.
struct Plan {
    /// Copies of the filter; each chain is compared with none.
    chains: &'static [usize],
    /// Numbers of workers, and for how long rounds are measured with each.
    workers: &'static [(u32, Duration)],
    /// For how long each process is measured at a fixed rate, and how often.
    latency: (Duration, usize),
}

const FULL: Plan = Plan {
    chains: &[5, 10, 20],
    workers: &[(1, Duration::from_secs(150)), (2, Duration::from_secs(80))],
    latency: (Duration::from_millis(500), 12),
};

const QUICK: Plan =
    Plan { chains: &[5], workers: &[(1, Duration::from_secs(5))], latency: (Duration::from_millis(250), 2) };

/// Requests of one process in one round, and those before that are not counted: they bring it back into the caches.
const REQUESTS: usize = 1600;
const WARM_UP: usize = 320;
/// Connections of the closed loop.
const CONNECTIONS: usize = 16;
/// Fewer rounds give no interval.
const FEWEST_ROUNDS: usize = 5;
/// Requests per second for the latencies.
const RATE: u32 = 2000;
const SEED: u64 = 0x6e75_6c6c_766d;

/// What one run came to.
struct Results {
    envoy: String,
    /// Load average over a minute before and after.
    load: (String, String),
    phases: Vec<Phase>,
    latencies: Vec<Latency>,
    resident: Vec<Resident>,
    alone: Vec<Alone>,
}

/// A module without Envoy: nanoseconds that a stream takes per copy of the filter.
struct Alone {
    copies: usize,
    hand_written: f64,
    module: f64,
}

/// The rounds with one number of workers.
struct Phase {
    workers: u32,
    rounds: usize,
    /// Microseconds of CPU per request, one per round.
    cpu: BTreeMap<Variant, Vec<f64>>,
}

/// Latencies at [`RATE`], in microseconds.
struct Latency {
    variant: Variant,
    /// p50, p99, p99.9
    quantiles: [f64; 3],
}

/// Memory after the run.
struct Resident {
    variant: Variant,
    workers: u32,
    kib: u64,
}

/// A process under measurement.
struct Subject {
    variant: Variant,
    envoy: Envoy,
    client: ClosedLoop,
}

/// Measures, prints and writes the page.
pub fn run(root: &Path, options: &Options) -> Result<(), String> {
    let plan = if options.quick { &QUICK } else { &FULL };
    let files = build::build(root, options.module.as_deref())?;
    let start = Instant::now();
    let before = load_average();
    let mut results = Results {
        envoy: version(&files.envoy)?,
        load: (before, String::new()),
        phases: Vec::new(),
        latencies: Vec::new(),
        resident: Vec::new(),
        alone: alone(&files, plan)?,
    };
    for (workers, time) in plan.workers {
        let mut subjects = Vec::new();
        for variant in Variant::all(plan.chains) {
            subjects.push(Subject::start(variant, &files, *workers)?);
        }
        compare_answers(&subjects)?;
        let phase = measure(&mut subjects, *workers, *time)?;
        println!(
            "==> {workers} worker(s): {} rounds, {:.0} s so far",
            phase.rounds,
            start.elapsed().as_secs_f64()
        );
        results.phases.push(phase);
        results.resident.extend(subjects.iter().map(|s| s.resident(*workers)));
        if *workers == 1 {
            results.latencies = latencies(&subjects, plan)?;
        }
    }
    let longest = plan.chains.iter().copied().max().unwrap_or(0);
    for kind in [Kind::Module, Kind::V8] {
        let mut subject = Subject::start(Variant { kind, copies: longest, vms: Vms::Own }, &files, 1)?;
        subject.client.run(10 * WARM_UP)?;
        results.resident.push(subject.resident(1));
    }
    results.load.1 = load_average();
    let text = report::render(&results, plan, !options.quick);
    println!("\n{text}\n==> measured in {:.0} s", start.elapsed().as_secs_f64());
    if options.quick || options.module.is_some() {
        return Ok(());
    }
    crate::page::write(root, "bench-envoy", &text)
}

/// Runs the modules by `benches/envoy/driver.c`, in turn, and takes the best of each.
fn alone(files: &build::Files, plan: &Plan) -> Result<Vec<Alone>, String> {
    let run = |module: &Path, copies: usize| -> Result<f64, String> {
        let output = Command::new(&files.driver)
            .arg(module)
            .args([build::FILTER, &copies.to_string(), "2000"])
            .output()
            .map_err(|e| format!("{}: {e}", files.driver.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().map_err(|_| {
            format!("{} failed: {}", files.driver.display(), String::from_utf8_lossy(&output.stderr))
        })
    };
    let mut all = Vec::new();
    for copies in std::iter::once(1).chain(plan.chains.iter().copied()) {
        let mut best = Alone { copies, hand_written: f64::MAX, module: f64::MAX };
        for _ in 0..3 {
            best.hand_written = best.hand_written.min(run(&files.hand_written, copies)?);
            best.module = best.module.min(run(&files.module, copies)?);
        }
        all.push(best);
    }
    Ok(all)
}

impl Subject {
    fn start(variant: Variant, files: &build::Files, workers: u32) -> Result<Self, String> {
        let envoy = variant.start(files, workers)?;
        let client = ClosedLoop::connect(envoy.listener(LISTENER), CONNECTIONS)?;
        Ok(Self { variant, envoy, client })
    }

    fn address(&self) -> SocketAddr {
        self.envoy.listener(LISTENER)
    }

    fn resident(&self, workers: u32) -> Resident {
        Resident { variant: self.variant, workers, kib: self.envoy.resident_kib() }
    }

    /// Microseconds of CPU per request, of all threads, in the kernel and outside.
    fn cpu_per_request(&mut self) -> Result<f64, String> {
        self.client.run(WARM_UP)?;
        let before = self.cpu_time()?;
        self.client.run(REQUESTS)?;
        let spent = self.cpu_time()? - before;
        Ok(spent as f64 / 1e3 / REQUESTS as f64)
    }

    /// Nanoseconds. The kernel counts a thread's time when it leaves the processor: so wait until the process has nothing to do.
    fn cpu_time(&self) -> Result<u64, String> {
        std::thread::sleep(Duration::from_millis(1));
        let tasks = PathBuf::from(format!("/proc/{}/task", self.envoy.pid()));
        let failed = |e: std::io::Error| format!("{}: {e}", tasks.display());
        let mut sum = 0;
        for task in std::fs::read_dir(&tasks).map_err(failed)?.flatten() {
            let text = std::fs::read_to_string(task.path().join("schedstat")).map_err(failed)?;
            let on_cpu = text.split_whitespace().next().and_then(|n| n.parse::<u64>().ok());
            sum += on_cpu.ok_or_else(|| format!("{}: no schedstat: {text:?}", task.path().display()))?;
        }
        Ok(sum)
    }
}

/// Whether all did the same: the response of a chain is the same whoever runs the filter, and shows that all copies ran.
fn compare_answers(subjects: &[Subject]) -> Result<(), String> {
    let mut first: BTreeMap<usize, (Variant, Vec<(String, String)>)> = BTreeMap::new();
    for subject in subjects {
        let variant = subject.variant;
        let answer =
            variant::check(subject.address(), variant.copies).map_err(|e| format!("{variant}: {e}"))?;
        match first.get(&variant.copies) {
            None => {
                first.insert(variant.copies, (variant, answer));
            }
            Some((other, expected)) if *expected != answer => {
                return Err(format!("{variant} answered {answer:?}, but {other} {expected:?}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn measure(subjects: &mut [Subject], workers: u32, time: Duration) -> Result<Phase, String> {
    let mut phase = Phase { workers, rounds: 0, cpu: BTreeMap::new() };
    let mut random = Random::new(SEED);
    let mut order: Vec<usize> = (0..subjects.len()).collect();
    // The first requests of a process load code and grow its heap.
    for subject in &mut *subjects {
        subject.client.run(10 * WARM_UP)?;
    }
    let start = Instant::now();
    while start.elapsed() < time || phase.rounds < FEWEST_ROUNDS {
        random.shuffle(&mut order);
        for at in &order {
            let subject = &mut subjects[*at];
            let cpu = subject.cpu_per_request().map_err(|e| format!("{}: {e}", subject.variant))?;
            phase.cpu.entry(subject.variant).or_default().push(cpu);
        }
        phase.rounds += 1;
    }
    Ok(phase)
}

/// Latencies of no filter and of the longest chains: medians of many short runs in turn, of which some meet another process.
fn latencies(subjects: &[Subject], plan: &Plan) -> Result<Vec<Latency>, String> {
    let longest = plan.chains.iter().copied().max().unwrap_or(0);
    let (time, repeats) = plan.latency;
    let mut all: BTreeMap<Variant, [Vec<f64>; 3]> = BTreeMap::new();
    for _ in 0..repeats {
        for subject in subjects.iter().filter(|s| s.variant.copies == 0 || s.variant.copies == longest) {
            let mut times =
                open_loop(subject.address(), RATE, time).map_err(|e| format!("{}: {e}", subject.variant))?;
            times.sort_by(f64::total_cmp);
            let quantiles = all.entry(subject.variant).or_default();
            for (values, q) in quantiles.iter_mut().zip([0.5, 0.99, 0.999]) {
                values.push(statistics::quantile(&times, q));
            }
        }
    }
    let medians = |of: [Vec<f64>; 3]| of.map(|values| statistics::median(&values));
    Ok(all.into_iter().map(|(variant, values)| Latency { variant, quantiles: medians(values) }).collect())
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// Envoy's version, without the commit and the build's flags.
fn version(envoy: &Path) -> Result<String, String> {
    let output = std::process::Command::new(envoy)
        .arg("--version")
        .output()
        .map_err(|e| format!("cannot run {}: {e}", envoy.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = text.split_once("version: ").and_then(|(_, rest)| rest.split('/').nth(1));
    let number = number.ok_or_else(|| format!("{} --version: {text}", envoy.display()))?;
    Ok(number.to_owned())
}
