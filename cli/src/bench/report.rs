//! What was found, for people and for programs.

use super::measure::{All, Measured};
use super::stats::time;
use super::traffic::Exchange;
use crate::input::Input;
use crate::inspect::hex;
use nullvm_host::EngineKind;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Everything that a reader needs to judge the numbers. Times are in nanoseconds.
#[derive(Serialize)]
pub struct Report {
    /// The plugin's file.
    pub plugin: String,
    pub plugin_bytes: usize,
    pub plugin_sha256: String,
    pub machine: Machine,
    pub nullvmc: &'static str,
    pub requests: Vec<Request>,
    pub engines: Vec<Engine>,
    /// The host's own part of a request, without a plugin to speak of.
    pub host_ns: f64,
    /// Engines that this build lacks.
    pub not_built: Vec<String>,
}

#[derive(Serialize)]
pub struct Machine {
    pub cpu: String,
    pub threads: usize,
    pub os: &'static str,
    /// Load average over a minute, after the run.
    pub load: Option<f64>,
}

#[derive(Serialize)]
pub struct Request {
    pub line: String,
    pub headers: usize,
    pub body_bytes: usize,
    pub status: String,
    pub response_headers: usize,
    pub response_body_bytes: usize,
}

#[derive(Serialize)]
pub struct Engine {
    pub name: String,
    pub version: &'static str,
    /// Compiling or translating the module, once.
    pub load_ns: f64,
    /// Making an instance and starting the plugin.
    pub start_ns: f64,
    pub requests: usize,
    pub trapped: usize,
    pub median_ns: f64,
    pub interval_ns: (f64, f64),
    pub p90_ns: f64,
    pub p99_ns: f64,
    pub p999_ns: f64,
    /// The median without the host's own part.
    pub plugin_ns: f64,
    /// Time of a request as a multiple of the first engine's, and its 95 % interval.
    pub ratio: f64,
    pub ratio_interval: (f64, f64),
}

fn version(engine: EngineKind) -> &'static str {
    match engine {
        EngineKind::Native => nullvm_compiler::codegen::COMPILER,
        EngineKind::Wasmtime => "wasmtime 48.0.8",
        EngineKind::Wasmi => "wasmi 2.0.0",
    }
}

impl Machine {
    fn this() -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or(std::env::consts::ARCH);
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        Self {
            cpu: model.trim_start_matches([' ', '\t', ':']).to_owned(),
            threads: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            os: std::env::consts::OS,
            load: load.and_then(|l| l.split(' ').next()?.parse().ok()),
        }
    }
}

impl Request {
    fn new(exchange: &Exchange) -> Self {
        let value = |headers: &[(String, String)], name: &str| {
            headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
        };
        let Exchange { request, response } = exchange;
        Self {
            line: format!("{} {}", value(&request.headers, ":method"), value(&request.headers, ":path")),
            headers: request.headers.len(),
            body_bytes: request.body.len(),
            status: value(&response.headers, ":status"),
            response_headers: response.headers.len(),
            response_body_bytes: response.body.len(),
        }
    }
}

impl Engine {
    fn new(measured: &Measured, all: &All) -> Self {
        let (ratio, ratio_interval) = measured.over(&all.engines[0]);
        Self {
            name: measured.engine.to_string(),
            version: version(measured.engine),
            load_ns: measured.load,
            start_ns: measured.start,
            requests: measured.requests.len(),
            trapped: measured.trapped,
            median_ns: measured.median(),
            interval_ns: measured.interval(),
            p90_ns: measured.quantile(0.9),
            p99_ns: measured.quantile(0.99),
            p999_ns: measured.quantile(0.999),
            plugin_ns: (measured.median() - all.host.median()).max(0.0),
            ratio,
            ratio_interval,
        }
    }
}

impl Report {
    pub fn new(input: &Input, exchanges: &[Exchange], all: &All) -> Self {
        let lacking = [EngineKind::Native, EngineKind::Wasmtime, EngineKind::Wasmi]
            .into_iter()
            .filter(|kind| !EngineKind::available().contains(kind));
        Self {
            plugin: input.name.clone(),
            plugin_bytes: input.bytes.len(),
            plugin_sha256: hex(&Sha256::digest(&input.bytes)),
            machine: Machine::this(),
            nullvmc: env!("CARGO_PKG_VERSION"),
            requests: exchanges.iter().map(Request::new).collect(),
            engines: all.engines.iter().map(|m| Engine::new(m, all)).collect(),
            host_ns: all.host.median(),
            not_built: lacking.map(|kind| kind.to_string()).collect(),
        }
    }

    /// What was measured, in a few lines.
    pub fn head(&self) -> Vec<String> {
        let Machine { cpu, threads, os, load } = &self.machine;
        let load = load.map(|l| format!(", load average {l:.2} after the run")).unwrap_or_default();
        let mut lines = vec![
            format!("{}: {} bytes, sha256 {}", self.plugin, self.plugin_bytes, &self.plugin_sha256[..16]),
            format!("{cpu}, {threads} threads, {os}{load}"),
        ];
        let requests = &self.requests;
        for request in requests.iter().take(5) {
            lines.push(format!(
                "{}: {} headers, {} bytes; answered {}: {} headers, {} bytes",
                request.line,
                request.headers,
                request.body_bytes,
                request.status,
                request.response_headers,
                request.response_body_bytes
            ));
        }
        if requests.len() > 5 {
            lines.push(format!("and {} more requests, in turn", requests.len() - 5));
        }
        lines
    }

    /// Column heads and rows of the table.
    pub fn table(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let heads = vec![
            "engine",
            "load",
            "start",
            "request",
            "95 % interval",
            "p99",
            "p99.9",
            "plugin alone",
            "ratio (95 %)",
        ];
        let rows = self.engines.iter().map(|engine| {
            let (low, high) = engine.interval_ns;
            let (ratio_low, ratio_high) = engine.ratio_interval;
            vec![
                engine.name.clone(),
                time(engine.load_ns),
                time(engine.start_ns),
                time(engine.median_ns),
                format!("{} to {}", time(low), time(high)),
                time(engine.p99_ns),
                time(engine.p999_ns),
                time(engine.plugin_ns),
                format!("{:.2} ({ratio_low:.2} to {ratio_high:.2})", engine.ratio),
            ]
        });
        (heads, rows.collect())
    }

    /// What a reader should know besides.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            format!(
                "A request is everything from its headers to the end of its stream, in the host of `nullvmc serve`; {} of it are \
                 the host's own.",
                time(self.host_ns)
            ),
            "Load: compiling or translating the module. Start: an instance, with the plugin's start. All engines did the same \
             with every request before they were timed."
                .to_owned(),
        ];
        for engine in self.engines.iter().filter(|e| e.trapped > 0) {
            notes.push(format!("{}: {} requests ended with a trap.", engine.name, engine.trapped));
        }
        for name in &self.not_built {
            notes.push(format!("{name} is not part of this nullvmc (cargo feature {name})."));
        }
        notes
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let (heads, rows) = self.table();
        let all: Vec<Vec<String>> =
            std::iter::once(heads.iter().map(ToString::to_string).collect()).chain(rows).collect();
        let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let mut text = self.head().join("\n");
        text.push_str("\n\n");
        for row in &all {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Numbers to the right.
                let _ = match column {
                    0 => write!(line, "{cell:<width$}"),
                    _ => write!(line, "  {cell:>width$}"),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        let _ = write!(text, "\n{}\n", self.notes().join("\n"));
        text
    }
}
