//! What must be the same under both engines.
//!
//! [`normalise`] is the one place where something that was seen is changed before it is compared. What it changes:
//!
//! - `date`, `x-envoy-upstream-service-time`, `x-request-id`: present or not, any value
//! - ports of clients in `x-prop-source-*`; times and random values that filters show (`x-time-ns`, `x-random`); the
//!   number of ticks so far (`x-ticks`)
//! - with several workers what depends on which of them got the connection: `x-memory-pages`, `x-queue-dequeued`; and how
//!   often a compare-and-swap met another writer (`x-shared-retries`)
//! - log lines about pieces of bodies that are larger than one read; backtraces behind a trap, and how the engine words the trap
//!   or what is wrong with an expression
//! - what an upstream received of a request, or a client of a response, that was broken off: the body up to there
//! - the order of what was done at once, and counters that show it (`x-metric-counter`)
//! - the plugin's name in log lines, see [`without_name`]

use super::scenarios::Scenario;
use super::side::Observed;
use nullvm::envoy::Fields;
use nullvm::envoy::client::Response;
use nullvm::envoy::process::LogLine;
use nullvm::envoy::upstream::Seen;
use std::collections::BTreeSet;

/// Something that is not the same.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What: `response header x-a`, `log`, ...
    pub field: String,
    /// Under V8.
    pub v8: String,
    /// In the module.
    pub module: String,
}

/// Counts what is compared, and keeps what differs.
#[derive(Default)]
pub struct Comparison {
    /// How many values were compared.
    pub compared: usize,
    /// What differs.
    pub differences: Vec<Difference>,
}

impl Comparison {
    fn same(&mut self, field: &str, v8: String, module: String) {
        self.compared += 1;
        if v8 != module {
            self.differences.push(Difference { field: field.to_owned(), v8, module });
        }
    }

    fn fields(&mut self, what: &str, v8: &Fields, module: &Fields) {
        let names: BTreeSet<&String> = v8.iter().chain(module).map(|(name, _)| name).collect();
        let before = self.differences.len();
        for name in names {
            let values = |fields: &Fields| {
                let values: Vec<&str> =
                    fields.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
                if values.is_empty() { "absent".to_owned() } else { format!("{values:?}") }
            };
            self.same(&format!("{what} {name}"), values(v8), values(module));
        }
        if self.differences.len() == before {
            let order =
                |fields: &Fields| fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            self.same(&format!("{what} order"), order(v8), order(module));
        }
    }

    /// Compares what was seen in a scenario.
    pub fn observed(&mut self, v8: &Observed, module: &Observed) {
        for (v8, module) in v8.responses.iter().zip(&module.responses) {
            let is = |r: &Option<Response>| if r.is_some() { "yes" } else { "no" }.to_owned();
            self.same("response", is(v8), is(module));
            if let (Some(v8), Some(module)) = (v8, module) {
                self.same("status", v8.status.to_string(), module.status.to_string());
                self.fields("response header", &v8.headers, &module.headers);
                self.same("response body", body(&v8.body), body(&module.body));
                self.fields("response trailer", &v8.trailers, &module.trailers);
                self.same("response end", v8.complete.to_string(), module.complete.to_string());
            }
        }
        for cluster in ["h1", "h2", "callout", "grpc", "echo"] {
            let (none, what) =
                (Vec::new(), if matches!(cluster, "callout" | "grpc") { cluster } else { "request" });
            let of = |o: &'_ Observed| o.upstreams.get(cluster).unwrap_or(&none).clone();
            let (v8, module) = (of(v8), of(module));
            let targets =
                |seen: &[Seen]| seen.iter().map(|s| s.target.as_str()).collect::<Vec<_>>().join(", ");
            self.same(&format!("{what}s upstream"), targets(&v8), targets(&module));
            for (v8, module) in v8.iter().zip(&module) {
                self.fields(&format!("{what} header"), &v8.headers, &module.headers);
                self.same(&format!("{what} body"), body(&v8.body), body(&module.body));
                self.fields(&format!("{what} trailer"), &v8.trailers, &module.trailers);
                self.same(&format!("{what} end"), v8.complete.to_string(), module.complete.to_string());
            }
        }
        self.log("log", &v8.log, &module.log, is_plugins);
        self.log("host log", &v8.log, &module.log, |l| !is_plugins(l));
        let names: BTreeSet<&String> = v8.stats.keys().chain(module.stats.keys()).collect();
        for name in names.into_iter().filter(|n| !is_operators(n)) {
            let of = |o: &Observed| o.stats.get(name).copied().unwrap_or(0).to_string();
            self.same(&format!("stat {name}"), of(v8), of(module));
        }
    }

    fn log(&mut self, field: &str, v8: &[LogLine], module: &[LogLine], which: fn(&LogLine) -> bool) {
        let lines = |log: &[LogLine]| -> String {
            let lines =
                log.iter().filter(|l| which(l)).map(|l| format!("[{}] {}", l.level, without_name(&l.text)));
            lines.collect::<Vec<_>>().join("\n")
        };
        self.same(field, lines(v8), lines(module));
    }

    /// Compares lines without regard to their order and number: VMs are started once per worker and more, and each logs.
    pub fn lines(&mut self, field: &str, v8: &[LogLine], module: &[LogLine]) {
        let set = |log: &[LogLine]| -> BTreeSet<String> {
            log.iter()
                .filter(|l| is_plugins(l))
                .map(|l| format!("[{}] {}", l.level, without_name(&l.text)))
                .collect()
        };
        let (v8, module) = (set(v8), set(module));
        for line in v8.union(&module) {
            let has =
                |set: &BTreeSet<String>| if set.contains(line) { line.clone() } else { "absent".to_owned() };
            self.same(field, has(&v8), has(&module));
        }
    }
}

/// A plugin's line without the plugin's name: Envoy's Wasm filter leaves it out of the lines of root contexts (`wasm log[ root_id]
/// vm-NAME: ...`), the module has it everywhere, for whoever reads the log of several plugins. The cases' VM ids tell which word it is.
pub fn without_name(text: &str) -> String {
    let Some((prefix, rest)) = text.split_once(':') else { return text.to_owned() };
    let mut words: Vec<&str> = prefix.split(' ').collect();
    if let Some(name) = words.iter().find_map(|word| word.strip_prefix("vm-"))
        && let Some(at) = words.iter().skip(2).position(|word| *word == name)
    {
        words.remove(at + 2);
    }
    format!("{}:{rest}", words.join(" "))
}

#[test]
fn names_are_left_out() {
    assert_eq!(without_name("wasm log add_header vm-add_header: a b: c"), "wasm log vm-add_header: a b: c");
    assert_eq!(without_name("wasm log vm-add_header: a"), "wasm log vm-add_header: a");
    assert_eq!(without_name("wasm log n root vm-n: a"), "wasm log root vm-n: a");
    assert_eq!(without_name("Function: x failed: y"), "Function: x failed: y");
}

/// Lines that plugins logged, not what the host logs about them.
pub fn is_plugins(line: &LogLine) -> bool {
    line.text.starts_with("wasm log")
}

/// Statistics that the adapter keeps for the operator; not the plugin's.
pub fn is_operators(name: &str) -> bool {
    name.starts_with("wasmcustom.nullvm.") || name.starts_with("wasmcustom.wasm.")
}

fn body(bytes: &[u8]) -> String {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
    let sum = bytes.iter().fold(0u64, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(*b)));
    format!("{} bytes, hash {sum:016x}: {start:?}", bytes.len())
}

/// Takes out of what was seen all that may differ.
pub fn normalise(seen: &mut Observed, scenario: &Scenario, workers: u32) {
    let several = workers > 1 || scenario.at_once;
    for response in seen.responses.iter_mut().flatten() {
        response.headers.iter_mut().for_each(|field| value(field, several));
        if scenario.at_once {
            // The order in which the others came shows here.
            response
                .headers
                .iter_mut()
                .filter(|(n, _)| n == "x-metric-counter")
                .for_each(|(_, v)| *v = "ANY".into());
        }
        if !response.complete {
            response.body.clear();
        }
    }
    for requests in seen.upstreams.values_mut() {
        for request in requests {
            request.headers.iter_mut().for_each(|field| value(field, several));
            if !request.complete {
                request.body.clear();
            }
        }
    }
    if scenario.pieces_by_chance {
        seen.log.retain(|line| !is_piece(&line.text));
    }
    for line in &mut seen.log {
        if !is_plugins(line) {
            // Both loggers' lines of the host; the first line says what happened, the others are a backtrace.
            line.text.truncate(line.text.find('\n').unwrap_or(line.text.len()));
            for what in [" failed: ", " parse error: "] {
                if let Some((text, _)) = line.text.split_once(what) {
                    line.text = format!("{text}{}", what.trim_end_matches(": "));
                }
            }
        }
    }
    if scenario.at_once {
        seen.responses.sort_by_cached_key(|r| format!("{r:?}"));
        seen.upstreams.values_mut().for_each(|seen| seen.sort_by_cached_key(|s| format!("{s:?}")));
        seen.log.sort();
    }
}

fn value((name, value): &mut (String, String), several: bool) {
    let any = match name.as_str() {
        "date" | "x-envoy-upstream-service-time" | "x-request-id" | "x-random" => true,
        "x-time-ns" | "x-ticks" | "x-prop-source-port" => value.bytes().all(|b| b.is_ascii_digit()),
        "x-memory-pages" | "x-queue-dequeued" | "x-shared-retries" => several,
        _ => false,
    };
    if any {
        *value = "ANY".to_owned();
    } else if name == "x-prop-source-address" {
        value.truncate(value.rfind(':').unwrap_or(value.len()));
    }
}

/// A line about a piece of a body: `what: N bytes, end: false`.
fn is_piece(text: &str) -> bool {
    ["request body: ", "response body: ", "on_downstream_data: ", "on_upstream_data: "]
        .iter()
        .any(|what| text.contains(what))
}
