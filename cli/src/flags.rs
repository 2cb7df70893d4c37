//! Flags that `serve` and `envoy-config` have in common: what goes through the plugin, and how the plugin is
//! configured and compiled.

use crate::CliError;
use crate::compile::{BoundsArg, TrapsArg};
use clap::{Args, ValueEnum};
use nullvm_compiler::Options;
use nullvm_host::config::Cluster;
use nullvm_host::engine::LoadOptions;
use nullvm_host::log::Level;
use nullvm_host::{EngineKind, GuestLimits};
use serde_json::Value as Json;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Where requests come from and go to.
#[derive(Args)]
pub struct TrafficArgs {
    /// Address and port; port 0 for any
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:10000", value_parser = address)]
    pub listen: SocketAddr,

    /// Where requests go: http://HOST[:PORT], or h2c://HOST[:PORT] for HTTP/2
    #[arg(long, value_name = "URL", value_parser = str::parse::<Cluster>, conflicts_with = "respond")]
    pub upstream: Option<Cluster>,

    /// The answer to every request, without an upstream [default: 200]
    #[arg(long, value_name = "STATUS:BODY", value_parser = response)]
    pub respond: Option<(u16, String)>,

    /// An upstream for the plugin's own HTTP and gRPC calls; may be repeated
    #[arg(long, value_name = "NAME=URL", value_parser = cluster)]
    pub cluster: Vec<(String, Cluster)>,

    /// Threads, each with an instance of its own [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,

    /// Where /stats, /stats/prometheus and /ready are served
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub admin: Option<SocketAddr>,

    /// Proxy the bytes of TCP connections rather than HTTP
    #[arg(long, requires = "upstream")]
    pub tcp: bool,

    /// How long an upstream may take to answer
    #[arg(long, value_name = "MS", default_value_t = 15_000)]
    pub upstream_timeout: u64,

    /// Least level that is logged: trace, debug, info, warning, error or critical
    #[arg(short, long, value_name = "LEVEL", default_value = "info", value_parser = str::parse::<Level>)]
    pub log_level: Level,
}

/// What runs the plugin.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// Compiled ahead of time
    Native,
    /// Wasmtime's JIT, in builds with the cargo feature wasmtime
    Wasmtime,
    /// An interpreter
    Wasmi,
}

impl EngineArg {
    /// The engine, if this build has it.
    pub fn kind(self) -> Result<EngineKind, CliError> {
        let engine = match self {
            Self::Native => EngineKind::Native,
            Self::Wasmtime => EngineKind::Wasmtime,
            Self::Wasmi => EngineKind::Wasmi,
        };
        if EngineKind::available().contains(&engine) {
            return Ok(engine);
        }
        Err(CliError::Usage(format!(
            "this nullvmc was built without the engine {engine}; build it with `--features {engine}`, or use --engine native"
        )))
    }
}

/// How the plugin is compiled to native code; see `nullvmc compile`.
#[derive(Args)]
#[command(next_help_heading = "Native code")]
pub struct CodeArgs {
    /// How accesses outside of the memory are found
    #[arg(long, value_enum, default_value = "guard")]
    pub bounds: BoundsArg,

    /// How other traps are raised
    #[arg(long, value_enum, default_value = "signal")]
    pub traps: TrapsArg,

    /// Turn imports that no host offers into traps that name themselves
    #[arg(long)]
    pub stub_unknown_imports: bool,
}

impl CodeArgs {
    /// For the compiler.
    pub fn options(&self) -> Options {
        Options {
            bounds: self.bounds.into(),
            traps: self.traps.into(),
            stub_unknown_imports: self.stub_unknown_imports,
            ..Options::default()
        }
    }

    /// For the reference host.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            stub_unknown_imports: self.stub_unknown_imports,
            explicit_bounds: self.bounds == BoundsArg::Explicit,
            call_traps: self.traps == TrapsArg::Call,
            ..LoadOptions::default()
        }
    }
}

/// Where native code comes from other than from compiling on the spot, and what may run.
#[derive(Args)]
#[command(next_help_heading = "Loading")]
pub struct LoadArgs {
    /// Use the native code of a bundle
    #[arg(long)]
    pub allow_precompiled: bool,

    /// Do not compile: the bundle's code or none
    #[arg(long, requires = "allow_precompiled")]
    pub no_compile: bool,

    /// Public key, a file; one of those given must have signed the plugin's file
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,

    /// List of compilers and hashes that must not run
    #[arg(long, value_name = "FILE")]
    pub deny: Option<PathBuf>,

    /// Keep what is compiled in this cache, and take it from there
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
}

impl LoadArgs {
    /// The first flag that was given, as the user wrote it.
    pub fn given(&self) -> Option<&'static str> {
        [
            (self.allow_precompiled, "--allow-precompiled"),
            (!self.key.is_empty(), "--key"),
            (self.deny.is_some(), "--deny"),
            (self.cache_dir.is_some(), "--cache-dir"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

/// The plugin's configuration.
#[derive(Args)]
#[command(next_help_heading = "Plugin")]
pub struct PluginArgs {
    /// Its name in logs and properties [default: the file's name]
    #[arg(long)]
    pub name: Option<String>,

    /// Configuration for proxy_on_configure; @FILE for a file's content
    #[arg(long, value_name = "TEXT|@FILE")]
    pub plugin_config: Option<String>,

    /// Configuration for proxy_on_vm_start; @FILE for a file's content
    #[arg(long, value_name = "TEXT|@FILE")]
    pub vm_config: Option<String>,

    /// Tells root contexts of one module apart
    #[arg(long, value_name = "ID", default_value = "")]
    pub root_id: String,

    /// Plugins of equal VM id, configuration and code share their data
    #[arg(long, value_name = "ID", default_value = "")]
    pub vm_id: String,

    /// A variable of the plugin's environment; without a value that of this process; may be repeated
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub env: Vec<String>,

    /// Pass requests on when the plugin fails, instead of answering 503
    #[arg(long)]
    pub fail_open: bool,

    /// Restrict the plugin to the named host functions and callbacks; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub allow_capability: Vec<String>,
}

/// What an instance may take.
#[derive(Args)]
#[command(next_help_heading = "Limits of an instance")]
pub struct LimitArgs {
    /// Linear memory; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "1G", value_parser = bytes)]
    pub memory_limit: u64,

    /// Native stack; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "512K", value_parser = bytes)]
    pub stack_size: u64,

    /// Longest time of one call into the plugin [default: none]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub deadline: Option<u64>,
}

impl LimitArgs {
    /// For the reference host.
    pub fn guest(&self) -> GuestLimits {
        GuestLimits { memory: self.memory_limit, stack: self.stack_size, deadline_ms: self.deadline }
    }
}

/// What plugins read as properties. Metadata are JSON objects of namespaces.
#[derive(Args)]
#[command(next_help_heading = "Properties")]
pub struct NodeArgs {
    /// node.id
    #[arg(long, value_name = "ID", default_value = "")]
    pub node_id: String,

    /// node.cluster
    #[arg(long, value_name = "NAME", default_value = "")]
    pub node_cluster: String,

    /// node.metadata
    #[arg(long, value_name = "JSON|@FILE")]
    pub node_metadata: Option<String>,

    /// listener_direction
    #[arg(long, value_enum, default_value = "unspecified")]
    pub listener_direction: Direction,

    /// listener_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    pub listener_metadata: Option<String>,

    /// route_name
    #[arg(long, value_name = "NAME")]
    pub route_name: Option<String>,

    /// route_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    pub route_metadata: Option<String>,

    /// cluster_name: that of the upstream
    #[arg(long, value_name = "NAME")]
    pub cluster_name: Option<String>,

    /// cluster_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    pub cluster_metadata: Option<String>,

    /// upstream_host_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    pub upstream_host_metadata: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Direction {
    Unspecified,
    Inbound,
    Outbound,
}

/// The text, or what is in the file that it names with `@`.
pub fn text_or_file(value: Option<String>) -> Result<Vec<u8>, CliError> {
    match value {
        None => Ok(Vec::new()),
        Some(text) => match text.strip_prefix('@') {
            None => Ok(text.into_bytes()),
            Some(file) => {
                std::fs::read(file).map_err(|source| CliError::Read { file: file.to_owned(), source })
            }
        },
    }
}

pub fn metadata(option: &str, value: Option<String>) -> Result<Json, CliError> {
    let bytes = text_or_file(value)?;
    if bytes.is_empty() {
        return Ok(Json::Object(serde_json::Map::new()));
    }
    match serde_json::from_slice(&bytes) {
        Ok(object @ Json::Object(_)) => Ok(object),
        Ok(_) => Err(CliError::Usage(format!("{option} is no JSON object"))),
        Err(e) => Err(CliError::Usage(format!("{option} is no JSON: {e}"))),
    }
}

/// An address, names included; `:PORT` for all interfaces.
fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    let mut found = full.to_socket_addrs().map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidInput => "give ADDRESS:PORT".to_owned(),
        _ => e.to_string(),
    })?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}

fn response(text: &str) -> Result<(u16, String), String> {
    let (status, body) = text.split_once(':').unwrap_or((text, ""));
    match status.parse() {
        Ok(status @ 200..=599) => Ok((status, body.to_owned())),
        _ => Err("give STATUS:BODY with a status of 200 to 599".to_owned()),
    }
}

fn cluster(text: &str) -> Result<(String, Cluster), String> {
    match text.split_once('=') {
        Some((name, url)) if !name.is_empty() => {
            Ok((name.to_owned(), url.parse().map_err(|e| format!("{e}"))?))
        }
        _ => Err("give NAME=URL".to_owned()),
    }
}

/// A number of bytes with an optional K, M or G.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((i, 'K' | 'k')) => (&text[..i], 10),
        Some((i, 'M' | 'm')) => (&text[..i], 20),
        Some((i, 'G' | 'g')) => (&text[..i], 30),
        _ => (text, 0),
    };
    let number: u64 =
        digits.parse().map_err(|_| "give a number of bytes, such as 65536 or 64M".to_owned())?;
    number.checked_mul(1 << unit).ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        assert_eq!(bytes("64M"), Ok(64 << 20));
        assert_eq!(bytes("17"), Ok(17));
        assert!(bytes("M").is_err() && bytes("-1").is_err() && bytes("99999999999G").is_err());
        assert_eq!(response("200:Hello world"), Ok((200, "Hello world".into())));
        assert_eq!(response("404"), Ok((404, String::new())));
        assert_eq!(response("503:a:b"), Ok((503, "a:b".into())));
        assert!(response("hello").is_err() && response("99:x").is_err());
        assert_eq!(address(":80").map(|a| a.to_string()), Ok("0.0.0.0:80".into()));
        assert!(address("nothing").is_err());
        assert_eq!(cluster("a=http://b:1").map(|(n, c)| (n, c.authority)), Ok(("a".into(), "b:1".into())));
        assert!(cluster("=http://b").is_err() && cluster("http://b").is_err());
        assert!(metadata("--x", Some("[]".into())).is_err());
        assert!(metadata("--x", Some("{".into())).is_err());
        assert!(metadata("--x", Some(r#"{"a":1}"#.into())).is_ok());
    }
}
