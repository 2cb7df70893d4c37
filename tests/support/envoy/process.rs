//! An Envoy process: started in a directory of its own, asked through its admin interface, ended by its process id.

use super::client::{self, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a start may take: a machine under load compiles some 150 V8 virtual machines.
const START: Duration = Duration::from_secs(90);
/// How long the end may take before the process is killed.
const STOP: Duration = Duration::from_secs(10);
/// One line of Envoy's log, without time and place: `[level][logger] text`.
const LOG_FORMAT: &str = "[%l][%n] %v";

/// What to start.
pub struct Launch<'a> {
    /// The binary.
    pub binary: &'a Path,
    /// The bootstrap configuration.
    pub config: &'a Value,
    /// Worker threads.
    pub concurrency: u32,
}

/// Why Envoy did not start.
#[derive(Debug)]
pub struct NotStarted {
    /// How it ended; `None`: it was not ready in time.
    pub status: Option<ExitStatus>,
    /// Its log.
    pub log: Vec<LogLine>,
}

/// An entry of Envoy's log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLine {
    /// `info`, `warning`, ...
    pub level: String,
    /// The logger: `wasm`, `dynamic_modules`, ...
    pub logger: String,
    /// What it said; lines after the first are kept.
    pub text: String,
}

/// A running Envoy.
pub struct Envoy {
    child: Child,
    admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
    dir: Scratch,
}

/// A directory that goes away with its owner.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A fresh one.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("nullvm-envoy-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        Self(dir)
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Envoy {
    /// Starts Envoy and waits until it serves.
    ///
    /// # Errors
    /// When it ends before it is ready, or is not ready in time.
    pub fn start(launch: &Launch) -> Result<Self, NotStarted> {
        let dir = Scratch::new();
        // JSON is YAML.
        let config = dir.join("envoy.yaml");
        std::fs::write(&config, launch.config.to_string()).expect("the scratch directory is writable");
        // Envoy writes to a log file when a buffer is full, to standard error at once.
        let log = std::fs::File::create(dir.join("envoy.log")).expect("the scratch directory is writable");
        let mut child = Command::new(launch.binary)
            .args(["--disable-hot-restart", "--use-dynamic-base-id", "--log-format", LOG_FORMAT])
            .args(["--log-level", "info", "--concurrency", &launch.concurrency.to_string()])
            .args(["--drain-time-s", "1", "--parent-shutdown-time-s", "2", "--drain-strategy", "immediate"])
            .arg("--admin-address-path")
            .arg(dir.join("admin"))
            .arg("-c")
            .arg(&config)
            .env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", super::repository().join("target/envoy/modules"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("cannot run {}: {e}", launch.binary.display()));
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let start = Instant::now();
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(NotStarted { status: Some(status), log: read_log(&dir) });
            }
            let admin = std::fs::read_to_string(dir.join("admin")).ok().and_then(|a| a.trim().parse().ok());
            if let Some(admin) = admin
                && client::get(admin, "/ready").is_ok_and(|ready| ready.status == 200)
            {
                let mut envoy = Self { child, admin, listeners: BTreeMap::new(), dir };
                envoy.find_listeners();
                return Ok(envoy);
            }
            if start.elapsed() > START {
                // Ends the process.
                let envoy = Self { child, admin: unknown, listeners: BTreeMap::new(), dir };
                return Err(NotStarted { status: None, log: envoy.log() });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn find_listeners(&mut self) {
        let text = self.admin("/listeners?format=json");
        let parsed: Value = serde_json::from_str(&text).expect("/listeners is JSON");
        for listener in parsed["listener_statuses"].as_array().into_iter().flatten() {
            let name = listener["name"].as_str().unwrap_or_default();
            let socket = &listener["local_address"]["socket_address"];
            let host = socket["address"].as_str().unwrap_or_default();
            let port = socket["port_value"].as_u64().unwrap_or_default();
            if let Ok(address) = format!("{host}:{port}").parse() {
                self.listeners.insert(name.to_owned(), address);
            }
        }
    }

    /// Where a listener listens.
    ///
    /// # Panics
    /// When there is no such listener.
    pub fn listener(&self, name: &str) -> SocketAddr {
        *self.listeners.get(name).unwrap_or_else(|| panic!("there is no listener {name}"))
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the admin interface; the body of its answer.
    ///
    /// # Panics
    /// When it does not answer 200: then Envoy has crashed, or the test is wrong.
    pub fn admin(&self, path: &str) -> String {
        let answer = self.try_admin(path).unwrap_or_else(|e| panic!("admin {path}: {e}{}", self.tail()));
        assert_eq!(answer.status, 200, "admin {path}");
        String::from_utf8_lossy(&answer.body).into_owned()
    }

    /// As [`Envoy::admin`], whatever it answers.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn try_admin(&self, path: &str) -> std::io::Result<Response> {
        client::get(self.admin, path)
    }

    /// Counters and gauges whose names match a regular expression.
    pub fn stats(&self, filter: &str) -> BTreeMap<String, i64> {
        let text = self.admin(&format!("/stats?filter={}", encode(filter)));
        text.lines()
            .filter_map(|line| line.split_once(": "))
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect()
    }

    /// A single counter or gauge; 0 when there is none.
    pub fn stat(&self, name: &str) -> i64 {
        self.stats(&format!("^{}$", name.replace('.', "\\."))).get(name).copied().unwrap_or(0)
    }

    /// The log so far.
    pub fn log(&self) -> Vec<LogLine> {
        read_log(&self.dir)
    }

    /// The log from an offset in bytes on, and the offset behind it.
    pub fn log_from(&self, offset: usize) -> (Vec<LogLine>, usize) {
        let bytes = std::fs::read(self.dir.join("envoy.log")).unwrap_or_default();
        (parse_log(&bytes[offset.min(bytes.len())..]), bytes.len())
    }

    /// Bytes logged so far.
    pub fn log_len(&self) -> usize {
        std::fs::metadata(self.dir.join("envoy.log")).map_or(0, |m| usize::try_from(m.len()).unwrap_or(0))
    }

    /// The end of the log, for messages.
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<String> = log[log.len().saturating_sub(30)..]
            .iter()
            .map(|l| format!("  [{}][{}] {}", l.level, l.logger, l.text))
            .collect();
        format!("\nthe end of Envoy's log:\n{}", lines.join("\n"))
    }

    /// Whether the process lives.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The files that the process has mapped.
    pub fn mapped_files(&self) -> Vec<PathBuf> {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.pid())).unwrap_or_default();
        let mut files: Vec<PathBuf> = maps
            .lines()
            .filter_map(|line| line.find('/').map(|start| PathBuf::from(&line[start..])))
            .collect();
        files.sort();
        files.dedup();
        files
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// The threads' names, sorted.
    pub fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).into_iter().flatten().flatten();
        let mut names: Vec<String> = tasks
            .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
            .map(|name| name.trim().to_owned())
            .collect();
        names.sort();
        names
    }

    /// Ends the process and waits: how it ended, and its log from an offset in bytes on.
    ///
    /// # Panics
    /// When it has to be killed.
    pub fn stop(mut self, log_from: usize) -> (ExitStatus, Vec<LogLine>) {
        match self.terminate() {
            Some(status) => (status, self.log_from(log_from).0),
            None => panic!("Envoy did not end within {STOP:?}{}", self.tail()),
        }
    }

    /// `None`: it had to be killed.
    fn terminate(&mut self) -> Option<ExitStatus> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(status);
        }
        let _ = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        let start = Instant::now();
        while start.elapsed() < STOP {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        None
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.terminate();
        if std::thread::panicking() {
            eprintln!("{}", self.tail());
        }
    }
}

/// Checks a configuration (`--mode validate`).
///
/// # Errors
/// What Envoy said against it.
pub fn validate(binary: &Path, config: &Value) -> Result<(), String> {
    let dir = Scratch::new();
    let path = dir.join("envoy.yaml");
    std::fs::write(&path, config.to_string()).expect("the scratch directory is writable");
    let output = Command::new(binary)
        .args(["--mode", "validate", "--disable-hot-restart", "-l", "error", "-c"])
        .arg(&path)
        .output()
        .unwrap_or_else(|e| panic!("cannot run {}: {e}", binary.display()));
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn read_log(dir: &Scratch) -> Vec<LogLine> {
    parse_log(&std::fs::read(dir.join("envoy.log")).unwrap_or_default())
}

fn parse_log(bytes: &[u8]) -> Vec<LogLine> {
    let mut lines: Vec<LogLine> = Vec::new();
    for line in String::from_utf8_lossy(bytes).lines() {
        let head = line.strip_prefix('[').and_then(|rest| {
            let (level, rest) = rest.split_once("][")?;
            let (logger, text) = rest.split_once("] ")?;
            let word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            (word(level) && word(logger)).then_some((level, logger, text))
        });
        match (head, lines.last_mut()) {
            (Some((level, logger, text)), _) => lines.push(LogLine {
                level: level.to_owned(),
                logger: logger.to_owned(),
                text: text.to_owned(),
            }),
            (None, Some(last)) => {
                last.text.push('\n');
                last.text.push_str(line);
            }
            (None, None) => {}
        }
    }
    lines
}

/// Percent-encodes what may not stand in a query.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}
