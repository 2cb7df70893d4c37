//! Running the requests through every engine, in turns.

use super::stats::{interval, median, quantile};
use super::traffic::{Exchange, Message};
use nullvm_host::config::HostConfig;
use nullvm_host::engine::{self, LoadOptions, Module};
use nullvm_host::harness::{Harness, Sent};
use nullvm_host::log::{Level, LogSink, Logger};
use nullvm_host::{EngineKind, GuestLimits, PluginConfig};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is measured, and how long.
pub struct Setup<'a> {
    pub wasm: &'a [u8],
    pub load: LoadOptions,
    pub plugin: PluginConfig,
    pub limits: GuestLimits,
    /// Per engine.
    pub seconds: f64,
}

/// One engine's times, in nanoseconds.
pub struct Measured {
    pub engine: EngineKind,
    /// Loading the module: compiling it, or translating it.
    pub load: f64,
    /// Making an instance and starting the plugin: the median of several.
    pub start: f64,
    /// Every request, sorted.
    pub requests: Vec<f64>,
    /// Median of each round, in the order of the rounds.
    pub rounds: Vec<f64>,
    /// Requests that ended with a trap.
    pub trapped: usize,
}

impl Measured {
    pub fn quantile(&self, part: f64) -> f64 {
        quantile(&self.requests, part)
    }

    /// The median of all requests.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The 95 % interval of the rounds' median.
    pub fn interval(&self) -> (f64, f64) {
        interval(&self.rounds)
    }

    /// This one's time as a multiple of another's, round by round: median and 95 % interval.
    pub fn over(&self, base: &Self) -> (f64, (f64, f64)) {
        let ratios: Vec<f64> = self.rounds.iter().zip(&base.rounds).map(|(a, b)| a / b).collect();
        (median(&ratios), interval(&ratios))
    }
}

/// All engines' times.
pub struct All {
    pub engines: Vec<Measured>,
    /// The host by itself: a plugin that exports nothing but what a plugin must.
    pub host: Measured,
}

/// An engine gets the processor for so long at a time.
const SLICE: Duration = Duration::from_millis(20);

/// Requests that are kept one by one; more are thinned out.
const MOST_REQUESTS: usize = 2_000_000;

/// A plugin that does nothing: its ABI version and an allocator that nobody calls.
///
/// `(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1")) (func (export "malloc") (param i32) (result i32)
/// i32.const 0))`
const NOTHING: &[u8] = include_bytes!("nothing.wasm");

/// One engine at work.
struct Running<'a> {
    exchanges: &'a [Exchange],
    harness: Harness,
    /// The next request.
    next: usize,
    measured: Measured,
}

/// Runs everything.
///
/// # Errors
/// A line: a module that an engine refuses, engines that do different things, a plugin that always traps.
pub fn run(setup: &Setup<'_>, engines: &[EngineKind], exchanges: &[Exchange]) -> Result<All, String> {
    let mut running = Vec::new();
    let mut outcomes: Vec<(EngineKind, Vec<Outcome>)> = Vec::new();
    for kind in engines {
        let (module, load) = load(*kind, setup.wasm, setup)?;
        outcomes.push((*kind, outcomes_of(*kind, &module, setup, exchanges)?));
        running.push(Running::new(*kind, &module, load, setup, exchanges)?);
    }
    compare(&outcomes)?;
    let of_host = Setup { wasm: NOTHING, plugin: PluginConfig::default(), ..*setup };
    let (module, load) = load_named(EngineKind::available()[0], "nothing", NOTHING, setup.load)?;
    running.push(Running::new(EngineKind::available()[0], &module, load, &of_host, exchanges)?);

    for one in &mut running {
        one.slice(SLICE * 5, false)?;
    }
    let rounds = ((setup.seconds / SLICE.as_secs_f64()) as usize).max(5);
    let count = running.len();
    for round in 0..rounds {
        // Nobody always follows the same neighbour.
        for i in 0..count {
            running[(i + round) % count].slice(SLICE, true)?;
        }
    }
    let mut all: Vec<Measured> = running.into_iter().map(Running::done).collect();
    let host = all.pop().expect("put there above");
    Ok(All { engines: all, host })
}

fn load(kind: EngineKind, wasm: &[u8], setup: &Setup<'_>) -> Result<(Arc<dyn Module>, f64), String> {
    load_named(kind, &setup.plugin.name, wasm, setup.load)
}

fn load_named(
    kind: EngineKind,
    name: &str,
    wasm: &[u8],
    options: LoadOptions,
) -> Result<(Arc<dyn Module>, f64), String> {
    let start = Instant::now();
    let module = engine::load(kind, name, wasm, options).map_err(|e| format!("{kind}: {e}"))?;
    Ok((module, nanoseconds(start.elapsed())))
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}

fn host(setup: &Setup<'_>, sink: LogSink, fixed_clock: Option<u64>) -> HostConfig {
    HostConfig {
        limits: setup.limits,
        logger: Arc::new(Logger::new(Level::Info, sink)),
        fixed_clock,
        ..HostConfig::default()
    }
}

/// What one request came to.
type Outcome = (Sent, bool, Vec<String>);

/// Every request once, with a clock that goes the same in every run.
fn outcomes_of(
    kind: EngineKind,
    module: &Arc<dyn Module>,
    setup: &Setup<'_>,
    exchanges: &[Exchange],
) -> Result<Vec<Outcome>, String> {
    let host = host(setup, LogSink::Capture, Some(1_700_000_000_000_000_000));
    let mut harness = Harness::with_module(module.clone(), setup.plugin.clone(), host)
        .map_err(|e| format!("{kind}: {e}"))?;
    let mut outcomes = Vec::with_capacity(exchanges.len());
    let mut logged = 0;
    for exchange in exchanges {
        let sent = send(&harness, exchange);
        let trapped = harness.vm().is_failed();
        harness.revive().map_err(|e| format!("{kind}: {e}"))?;
        let logs = harness.logs();
        // A trap's message has the engine's own words.
        let lines = if trapped { Vec::new() } else { logs[logged..].to_vec() };
        logged = logs.len();
        outcomes.push((sent, trapped, lines));
    }
    if outcomes.iter().all(|(_, trapped, _)| *trapped) {
        let why = harness.logs().pop().unwrap_or_default();
        return Err(format!("{kind}: every request ends with a trap; the last line of the log is: {why}"));
    }
    Ok(outcomes)
}

fn compare(all: &[(EngineKind, Vec<Outcome>)]) -> Result<(), String> {
    let Some(((first, expected), others)) = all.split_first() else { return Ok(()) };
    for (kind, outcomes) in others {
        for (i, (a, b)) in expected.iter().zip(outcomes).enumerate() {
            let what = if a.1 != b.1 {
                "whether it traps"
            } else if a.0 != b.0 {
                "what goes on behind the plugin"
            } else if a.2 != b.2 {
                "the log"
            } else {
                continue;
            };
            return Err(format!(
                "{first} and {kind} do different things with request {}: {what} differs; a plugin that uses random numbers or \
                 the time in what it answers cannot be compared, measure one engine at a time (--engine)",
                i + 1
            ));
        }
    }
    Ok(())
}

fn headers(message: &Message) -> Vec<(&str, &str)> {
    message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A whole request, from its headers to the end of the stream.
fn send(harness: &Harness, exchange: &Exchange) -> Sent {
    let mut stream = harness.stream();
    let Exchange { request, response } = exchange;
    let mut answered = stream.request_headers(&headers(request), request.body.is_empty()).local_reply;
    if !answered && !request.body.is_empty() {
        answered = stream.request_body(&request.body, true).local_reply;
    }
    if !answered {
        stream.response_headers(&headers(response), response.body.is_empty());
        if !response.body.is_empty() {
            stream.response_body(&response.body, true);
        }
    }
    stream.finish()
}

impl<'a> Running<'a> {
    fn new(
        kind: EngineKind,
        module: &Arc<dyn Module>,
        load: f64,
        setup: &Setup<'_>,
        exchanges: &'a [Exchange],
    ) -> Result<Self, String> {
        let mut starts = Vec::new();
        let mut last = None;
        for _ in 0..9 {
            let host = host(setup, LogSink::None, None);
            let start = Instant::now();
            let harness = Harness::with_module(module.clone(), setup.plugin.clone(), host)
                .map_err(|e| format!("{kind}: {e}"))?;
            starts.push(nanoseconds(start.elapsed()));
            last = Some(harness);
        }
        let measured = Measured {
            engine: kind,
            load,
            start: median(&starts),
            requests: Vec::new(),
            rounds: Vec::new(),
            trapped: 0,
        };
        Ok(Self { exchanges, harness: last.expect("one at least"), next: 0, measured })
    }

    /// Requests for some time, and all of them at least once, so that rounds are alike.
    fn slice(&mut self, time: Duration, keep: bool) -> Result<(), String> {
        let mut times = Vec::new();
        let begin = Instant::now();
        loop {
            let exchange = &self.exchanges[self.next];
            self.next = (self.next + 1) % self.exchanges.len();
            let start = Instant::now();
            std::hint::black_box(send(&self.harness, exchange));
            times.push(nanoseconds(start.elapsed()));
            if self.harness.vm().is_failed() {
                self.measured.trapped += usize::from(keep);
                self.harness.revive().map_err(|e| format!("{}: {e}", self.measured.engine))?;
            }
            // Calls that nobody answers do not pile up.
            drop(self.harness.take_outbound());
            if self.next == 0 && begin.elapsed() >= time {
                break;
            }
        }
        if keep {
            self.measured.rounds.push(median(&times));
            let room = MOST_REQUESTS.saturating_sub(self.measured.requests.len());
            self.measured.requests.extend(times.into_iter().take(room));
        }
        Ok(())
    }

    fn done(mut self) -> Measured {
        self.measured.requests.sort_by(f64::total_cmp);
        self.measured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_what_its_comment_says() {
        let text = r#"(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
            (func (export "malloc") (param i32) (result i32) i32.const 0))"#;
        assert_eq!(NOTHING, wat::parse_str(text).unwrap());
    }

    #[test]
    fn differences_are_named() {
        let same: Outcome = (Sent::default(), false, vec!["a".to_owned()]);
        let log: Outcome = (Sent::default(), false, vec!["b".to_owned()]);
        let trap: Outcome = (Sent::default(), true, Vec::new());
        let sent: Outcome = (Sent { local_reply: true, ..Sent::default() }, false, vec!["a".to_owned()]);
        let with = |other: &Outcome| {
            compare(&[
                (EngineKind::Native, vec![same.clone(), same.clone()]),
                (EngineKind::Wasmi, vec![same.clone(), other.clone()]),
            ])
        };
        assert_eq!(with(&same), Ok(()));
        for (other, part) in [(log, "the log"), (trap, "whether it traps"), (sent, "behind the plugin")] {
            let error = with(&other).unwrap_err();
            assert!(error.contains(part) && error.contains("request 2"), "{error}");
        }
    }
}
