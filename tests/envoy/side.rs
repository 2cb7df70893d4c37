//! One Envoy with what stands behind it, and what can be seen of a scenario there.

use super::cases::{Case, Kind, Upstreams};
use super::scenarios::{Ask, Cut, Scenario, Step};
use nullvm::envoy::Fields;
use nullvm::envoy::client::{Frames, Http1, Request2, Response, http2};
use nullvm::envoy::config::Engine;
use nullvm::envoy::process::{Envoy, Launch, LogLine};
use nullvm::envoy::upstream::{Seen, eventually, pattern};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An Envoy with its upstreams.
pub struct Side {
    /// Who runs the plugins.
    pub engine: Engine,
    /// The process.
    pub envoy: Envoy,
    upstreams: Upstreams,
    kinds: BTreeMap<&'static str, Kind>,
    log_read: usize,
}

/// What can be seen of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The answer to each step; `None` where none came.
    pub responses: Vec<Option<Response>>,
    /// What the upstreams saw, by cluster.
    pub upstreams: BTreeMap<&'static str, Vec<Seen>>,
    /// The lines of the loggers `wasm` and `dynamic_modules`, and errors of any other.
    pub log: Vec<LogLine>,
    /// What was added to the plugins' counters and gauges.
    pub stats: BTreeMap<String, i64>,
}

/// How long a client waits for what may not come: a filter may hold it back.
const MAYBE: Duration = Duration::from_millis(80);
/// How long Envoy may take to forget a connection.
const SETTLE: Duration = Duration::from_secs(20);

impl Side {
    /// Starts an Envoy with a listener for each case. Modules lie where `module` says.
    ///
    /// # Panics
    /// When Envoy does not start.
    pub fn start(
        engine: Engine,
        binary: &Path,
        concurrency: u32,
        cases: &[Case],
        module: &dyn Fn(&str) -> PathBuf,
    ) -> Self {
        // The test of older versions installs them in directories of their versions.
        let by_name = binary.to_string_lossy().contains("/1.38.");
        let upstreams = Upstreams::start();
        let listeners = cases
            .iter()
            .map(|case| {
                let mut module = if engine == Engine::Module { module(case.filter) } else { PathBuf::new() };
                if by_name {
                    module = module.file_name().map(PathBuf::from).unwrap_or_default();
                }
                case.listener(engine, module)
            })
            .collect();
        let config = upstreams.bootstrap(listeners);
        let envoy = Envoy::start(&Launch { binary, config: &config, concurrency }).unwrap_or_else(|e| {
            let log: Vec<String> =
                e.log.iter().rev().take(20).rev().map(|l| format!("  [{}] {}", l.level, l.text)).collect();
            panic!("Envoy with {engine} did not start ({:?}):\n{}", e.status, log.join("\n"))
        });
        let kinds = cases.iter().map(|case| (case.name, case.kind)).collect();
        Self { engine, envoy, upstreams, kinds, log_read: 0 }
    }

    /// The log since the last look, once nothing was added for a while: of the plugins' start.
    pub fn start_log(&mut self) -> Vec<LogLine> {
        let mut length = self.envoy.log_len();
        loop {
            std::thread::sleep(Duration::from_millis(250));
            let now = self.envoy.log_len();
            if now == length {
                return self.read_log();
            }
            length = now;
        }
    }

    /// Ends Envoy; the log since the last look.
    pub fn stop(self) -> Vec<LogLine> {
        let engine = self.engine;
        let (status, log) = self.envoy.stop(self.log_read);
        assert!(status.success(), "Envoy with {engine} ended with {status}");
        log.into_iter().filter(is_ours).collect()
    }

    fn read_log(&mut self) -> Vec<LogLine> {
        let (lines, read) = self.envoy.log_from(self.log_read);
        self.log_read = read;
        lines.into_iter().filter(is_ours).collect()
    }

    /// Runs a scenario.
    pub fn run(&mut self, scenario: &Scenario) -> Observed {
        let to = self.envoy.listener(scenario.case);
        let before = self.envoy.stats("^wasmcustom");
        self.read_log();
        let responses = if scenario.at_once {
            std::thread::scope(|scope| {
                let threads: Vec<_> = scenario
                    .steps
                    .iter()
                    .map(|step| scope.spawn(|| self.step(to, step, &mut None)))
                    .collect();
                threads.into_iter().map(|t| t.join().expect("a client thread")).collect()
            })
        } else {
            let mut connection = None;
            let mut responses = Vec::new();
            for step in &scenario.steps {
                if !scenario.one_connection {
                    connection = None;
                }
                responses.push(self.step(to, step, &mut connection));
                std::thread::sleep(scenario.pause);
            }
            responses
        };
        self.settle(scenario);
        let after = self.envoy.stats("^wasmcustom");
        let stats = after
            .into_iter()
            .map(|(name, value)| {
                let added = value - before.get(&name).copied().unwrap_or(0);
                (name, added)
            })
            .filter(|(_, added)| *added != 0)
            .collect();
        let upstreams = self
            .upstreams
            .all()
            .into_iter()
            .map(|(name, upstream)| (name, upstream.take()))
            .filter(|(_, seen)| !seen.is_empty())
            .collect();
        Observed { responses, upstreams, log: self.read_log(), stats }
    }

    /// Waits until the streams are gone, and their last log lines are there.
    fn settle(&self, scenario: &Scenario) {
        let gauge = match self.kinds[scenario.case] {
            Kind::Tcp => format!("listener.{}.downstream_cx_active", scenario.case),
            _ => format!("http.{}.downstream_cx_active", scenario.case),
        };
        let idle =
            || self.envoy.stat(&gauge) == 0 && self.upstreams.all().iter().all(|(_, u)| u.active() == 0);
        if !eventually(SETTLE, idle) {
            panic!("{}: {}: {} connections stay{}", self.engine, scenario.name, gauge, self.envoy.tail());
        }
        // What other threads do behind a stream: queues, the end of calls.
        let later = if scenario.case == "queue" { 60 } else { 4 };
        std::thread::sleep(Duration::from_millis(later));
    }

    fn step(&self, to: SocketAddr, step: &Step, connection: &mut Option<Http1>) -> Option<Response> {
        match step {
            Step::Http(ask) if ask.http2 => self.ask2(to, ask),
            Step::Http(ask) => self.ask1(to, ask, connection),
            Step::Tcp { pieces, finish } => Some(tcp(to, pieces, *finish)),
        }
    }

    fn ask1(&self, to: SocketAddr, ask: &Ask, connection: &mut Option<Http1>) -> Option<Response> {
        let mut http = connection.take().unwrap_or_else(|| Http1::connect(to).expect("Envoy listens"));
        let begun = self.begun();
        let (writes, whole) = writes(ask);
        for (i, write) in writes.iter().enumerate() {
            if let (Some(pace), 1..) = (ask.pace, i) {
                std::thread::sleep(pace);
            }
            // Envoy may have answered and closed already.
            if http.send(write).is_err() {
                break;
            }
        }
        match ask.cut {
            Some(Cut::MidHead) => {
                std::thread::sleep(Duration::from_millis(10));
                return None;
            }
            Some(Cut::MidBody) => {
                eventually(MAYBE, || self.begun() > begun);
                // The piece of the body goes after the head.
                std::thread::sleep(Duration::from_millis(10));
                return None;
            }
            Some(Cut::BeforeResponse) => {
                eventually(MAYBE, || self.begun() > begun);
                return None;
            }
            Some(Cut::MidResponse) => {
                http.patience(MAYBE);
                // The head, and some of the body.
                let head = http.head().ok().flatten();
                http.wait();
                std::thread::sleep(Duration::from_millis(10));
                let status = |line: &str| line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
                return head.map(|(line, headers)| Response {
                    status: status(&line),
                    headers,
                    ..Response::default()
                });
            }
            None => {}
        }
        debug_assert!(whole);
        let response = http.response(ask.method == "HEAD").ok().flatten();
        if response.as_ref().is_some_and(|r| r.complete && r.header("connection") != Some("close")) {
            *connection = Some(http);
        }
        response
    }

    fn ask2(&self, to: SocketAddr, ask: &Ask) -> Option<Response> {
        let pieces: Vec<Vec<u8>> = ask.body.iter().flatten().map(|n| pattern(*n)).collect();
        let sized = !ask.chunked && ask.body.is_some() && !ask.trailers && ask.cut != Some(Cut::MidBody);
        let after = trailers();
        let mut headers: Fields = vec![("user-agent".into(), "suite".into())];
        headers.extend(ask.headers.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
        if ask.trailers {
            headers.push(("te".into(), "trailers".into()));
        }
        let request = Request2 {
            method: ask.method.to_owned(),
            path: ask.target.clone(),
            headers,
            body: Frames::new(pieces, ask.trailers.then_some(&after), sized, ask.cut == Some(Cut::MidBody)),
            reset_after: ask.cut.map(|_| MAYBE),
        };
        http2(to, vec![request]).pop().flatten()
    }

    /// Requests that reached an upstream so far.
    fn begun(&self) -> usize {
        self.upstreams.h1.begun() + self.upstreams.h2.begun()
    }
}

/// The lines that count: of the loggers that plugins and their hosts write to, and errors of all.
fn is_ours(line: &LogLine) -> bool {
    matches!(line.logger.as_str(), "wasm" | "dynamic_modules")
        || matches!(line.level.as_str(), "error" | "critical")
}

fn trailers() -> Fields {
    vec![("x-trailer".into(), "client".into()), ("x-other".into(), "2".into())]
}

/// What is written, piece by piece, and whether that is all of it.
fn writes(ask: &Ask) -> (Vec<Vec<u8>>, bool) {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: test\r\n", ask.method, ask.target);
    if !ask.headers.iter().any(|(name, _)| *name == "user-agent") {
        head += "user-agent: suite\r\n";
    }
    for (name, value) in &ask.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let pieces: Vec<Vec<u8>> = ask.body.iter().flatten().map(|n| pattern(*n)).collect();
    if ask.chunked {
        head += "transfer-encoding: chunked\r\n";
    } else if ask.body.is_some() {
        head += &format!("content-length: {}\r\n", pieces.iter().map(Vec::len).sum::<usize>());
    }
    head += "\r\n";
    let mut head = head.into_bytes();
    match ask.cut {
        Some(Cut::MidHead) => {
            head.truncate(head.len() / 2);
            return (vec![head], false);
        }
        Some(Cut::MidBody) => {
            let half = pieces.concat();
            head.extend_from_slice(&half[..half.len() / 2]);
            return (vec![head], false);
        }
        _ => {}
    }
    let mut out = Vec::new();
    if ask.pace.is_some() {
        let rest = head.split_off(head.len() / 2);
        out.push(head);
        head = rest;
    }
    // Without a pace all goes in one write.
    let mut current = head;
    for piece in pieces {
        if ask.pace.is_some() {
            out.push(std::mem::take(&mut current));
        }
        if ask.chunked {
            current.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            current.extend_from_slice(&piece);
            current.extend_from_slice(b"\r\n");
        } else {
            current.extend_from_slice(&piece);
        }
    }
    if ask.chunked {
        if ask.pace.is_some() {
            out.push(std::mem::take(&mut current));
        }
        current.extend_from_slice(b"0\r\n");
        if ask.trailers {
            for (name, value) in trailers() {
                current.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        current.extend_from_slice(b"\r\n");
    }
    out.push(current);
    out.retain(|write| !write.is_empty());
    (out, true)
}

fn tcp(to: SocketAddr, pieces: &[Vec<u8>], finish: bool) -> Response {
    let mut seen = Response::default();
    let mut stream = TcpStream::connect(to).expect("Envoy listens");
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut buffer = vec![0; 65_536];
    let mut sent = 0;
    'pieces: for piece in pieces {
        if stream.write_all(piece).is_err() {
            break;
        }
        sent += piece.len();
        while seen.body.len() < sent {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break 'pieces,
                Ok(n) => seen.body.extend_from_slice(&buffer[..n]),
            }
        }
    }
    if finish {
        let _ = stream.shutdown(Shutdown::Write);
        seen.complete = loop {
            match stream.read(&mut buffer) {
                Ok(0) => break true,
                Ok(n) => seen.body.extend_from_slice(&buffer[..n]),
                Err(_) => break false,
            }
        };
    }
    seen
}
