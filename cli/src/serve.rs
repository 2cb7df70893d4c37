//! `nullvmc serve`: the front door of the reference host.

use crate::compile::{BoundsArg, TrapsArg};
use crate::input::Input;
use crate::{CliError, Console};
use clap::{Args, ValueEnum};
use nullvm_host::config::{Cluster, NodeConfig};
use nullvm_host::engine::LoadOptions;
use nullvm_host::log::{Level, LogSink, Logger};
use nullvm_host::{
    EngineKind, GuestLimits, HostConfig, PluginConfig, RunningServer, ServerConfig, run_until_ctrl_c,
};
use serde_json::Value as Json;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;

/// Serve HTTP through a plugin
///
/// Compiles the plugin and proxies with it: requests go through it to an upstream, or are answered with a fixed response. Ends
/// with Ctrl-C or SIGTERM.
#[derive(Args)]
pub struct ServeArgs {
    /// The plugin, or - for standard input
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    /// Address and port; port 0 for any
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:10000", value_parser = address)]
    listen: SocketAddr,

    /// Where requests go: http://HOST[:PORT], or h2c://HOST[:PORT] for HTTP/2
    #[arg(long, value_name = "URL", value_parser = str::parse::<Cluster>, conflicts_with = "respond")]
    upstream: Option<Cluster>,

    /// The answer to every request, without an upstream [default: 200]
    #[arg(long, value_name = "STATUS:BODY", value_parser = response)]
    respond: Option<(u16, String)>,

    /// An upstream for the plugin's own HTTP and gRPC calls; may be repeated
    #[arg(long, value_name = "NAME=URL", value_parser = cluster)]
    cluster: Vec<(String, Cluster)>,

    /// What runs the plugin
    #[arg(long, value_enum, default_value = "native")]
    engine: EngineArg,

    /// Threads, each with an instance of its own [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,

    /// Where /stats, /stats/prometheus and /ready are served
    #[arg(long, value_name = "ADDR", value_parser = address)]
    admin: Option<SocketAddr>,

    /// Proxy the bytes of TCP connections rather than HTTP
    #[arg(long, requires = "upstream")]
    tcp: bool,

    /// How long an upstream may take to answer
    #[arg(long, value_name = "MS", default_value_t = 15_000)]
    upstream_timeout: u64,

    /// Least level that is logged: trace, debug, info, warning, error or critical
    #[arg(short, long, value_name = "LEVEL", default_value = "info", value_parser = str::parse::<Level>)]
    log_level: Level,

    #[command(flatten)]
    plugin: PluginArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    code: CodeArgs,

    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Plugin")]
struct PluginArgs {
    /// Its name in logs and properties [default: the file's name]
    #[arg(long)]
    name: Option<String>,

    /// Configuration for proxy_on_configure; @FILE for a file's content
    #[arg(long, value_name = "TEXT|@FILE")]
    plugin_config: Option<String>,

    /// Configuration for proxy_on_vm_start; @FILE for a file's content
    #[arg(long, value_name = "TEXT|@FILE")]
    vm_config: Option<String>,

    /// Tells root contexts of one module apart
    #[arg(long, value_name = "ID", default_value = "")]
    root_id: String,

    /// Plugins of equal VM id, configuration and code share their data
    #[arg(long, value_name = "ID", default_value = "")]
    vm_id: String,

    /// A variable of the plugin's environment; without a value that of this process; may be repeated
    #[arg(long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,

    /// Pass requests on when the plugin fails, instead of answering 503
    #[arg(long)]
    fail_open: bool,

    /// Restrict the plugin to the named host functions and callbacks; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    allow_capability: Vec<String>,
}

#[derive(Args)]
#[command(next_help_heading = "Limits of an instance")]
struct LimitArgs {
    /// Linear memory; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "1G", value_parser = bytes)]
    memory_limit: u64,

    /// Native stack; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "512K", value_parser = bytes)]
    stack_size: u64,

    /// Longest time of one call into the plugin [default: none]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    deadline: Option<u64>,
}

/// What plugins read as properties. Metadata are JSON objects of namespaces.
#[derive(Args)]
#[command(next_help_heading = "Properties")]
struct NodeArgs {
    /// node.id
    #[arg(long, value_name = "ID", default_value = "")]
    node_id: String,

    /// node.cluster
    #[arg(long, value_name = "NAME", default_value = "")]
    node_cluster: String,

    /// node.metadata
    #[arg(long, value_name = "JSON|@FILE")]
    node_metadata: Option<String>,

    /// listener_direction
    #[arg(long, value_enum, default_value = "unspecified")]
    listener_direction: Direction,

    /// listener_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    listener_metadata: Option<String>,

    /// route_name
    #[arg(long, value_name = "NAME")]
    route_name: Option<String>,

    /// route_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    route_metadata: Option<String>,

    /// cluster_name: that of the upstream
    #[arg(long, value_name = "NAME")]
    cluster_name: Option<String>,

    /// cluster_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    cluster_metadata: Option<String>,

    /// upstream_host_metadata
    #[arg(long, value_name = "JSON|@FILE")]
    upstream_host_metadata: Option<String>,
}

/// How the native engine compiles; see `nullvmc compile`.
#[derive(Args)]
#[command(next_help_heading = "Native code")]
struct CodeArgs {
    /// How accesses outside of the memory are found
    #[arg(long, value_enum, default_value = "guard")]
    bounds: BoundsArg,

    /// How other traps are raised
    #[arg(long, value_enum, default_value = "signal")]
    traps: TrapsArg,

    /// Turn imports that no host offers into traps that name themselves
    #[arg(long)]
    stub_unknown_imports: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum EngineArg {
    /// Compiled ahead of time
    Native,
    /// Wasmtime's JIT, in builds with the cargo feature wasmtime
    Wasmtime,
    /// An interpreter
    Wasmi,
}

#[derive(Clone, Copy, ValueEnum)]
enum Direction {
    Unspecified,
    Inbound,
    Outbound,
}

/// Runs the command: until Ctrl-C or SIGTERM.
pub fn run(args: ServeArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let engine = match args.engine {
        EngineArg::Native => EngineKind::Native,
        EngineArg::Wasmtime => EngineKind::Wasmtime,
        EngineArg::Wasmi => EngineKind::Wasmi,
    };
    if !EngineKind::available().contains(&engine) {
        return Err(CliError::Usage(format!(
            "this nullvmc was built without the engine {engine}; build it with `--features {engine}`, or use --engine native"
        )));
    }
    let input = Input::read(&args.file)?;
    let file = input.name.clone();
    let config = config(args, input, engine)?;
    let mut printed = Ok(());
    run_until_ctrl_c(config, |server| printed = announce(server, engine, console))
        .map_err(|e| CliError::Serve { file, message: e.to_string() })?;
    printed
}

/// The one line that says that requests may come.
fn announce(server: &RunningServer, engine: EngineKind, console: &mut Console<'_>) -> Result<(), CliError> {
    write!(console.out, "listening on {}, engine {engine}", server.local_addr())?;
    if let Some(admin) = server.admin_addr() {
        write!(console.out, ", admin on {admin}")?;
    }
    writeln!(console.out)?;
    Ok(console.out.flush()?)
}

fn config(args: ServeArgs, input: Input, engine: EngineKind) -> Result<ServerConfig, CliError> {
    let name = args.plugin.name.clone().or_else(|| input.stem()).unwrap_or_else(|| "plugin".to_owned());
    let mut config = ServerConfig::new(&name, input.bytes);
    config.engine = engine;
    config.load = LoadOptions {
        stub_unknown_imports: args.code.stub_unknown_imports,
        explicit_bounds: args.code.bounds == BoundsArg::Explicit,
        call_traps: args.code.traps == TrapsArg::Call,
        ..LoadOptions::default()
    };
    config.plugin = plugin(name, args.plugin)?;
    config.host = HostConfig {
        limits: GuestLimits {
            memory: args.limits.memory_limit,
            stack: args.limits.stack_size,
            deadline_ms: args.limits.deadline,
        },
        clusters: args.cluster.into_iter().collect(),
        node: Arc::new(node(args.node)?),
        logger: Arc::new(Logger::new(args.log_level, LogSink::Stderr)),
        ..HostConfig::default()
    };
    config.listen = args.listen;
    config.respond = args.respond;
    config.upstream = args.upstream;
    config.workers = match args.workers {
        Some(n) => usize::from(n),
        None => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    config.admin = args.admin;
    config.tcp = args.tcp;
    config.upstream_timeout_ms = args.upstream_timeout;
    Ok(config)
}

fn plugin(name: String, args: PluginArgs) -> Result<PluginConfig, CliError> {
    let mut env = Vec::new();
    for variable in args.env {
        match variable.split_once('=') {
            Some((key, value)) => env.push((key.to_owned(), value.to_owned())),
            // As for a host's variables in Envoy: one that is not set is left out.
            None => env.extend(std::env::var(&variable).ok().map(|value| (variable, value))),
        }
    }
    Ok(PluginConfig {
        name,
        root_id: args.root_id,
        vm_id: args.vm_id,
        vm_config: text_or_file(args.vm_config)?,
        plugin_config: text_or_file(args.plugin_config)?,
        env,
        fail_open: args.fail_open,
        allowed_capabilities: Some(args.allow_capability).filter(|names| !names.is_empty()),
    })
}

fn node(args: NodeArgs) -> Result<NodeConfig, CliError> {
    let default = NodeConfig::default();
    Ok(NodeConfig {
        node_id: args.node_id,
        node_cluster: args.node_cluster,
        node_metadata: metadata("--node-metadata", args.node_metadata)?,
        listener_direction: match args.listener_direction {
            Direction::Unspecified => 0,
            Direction::Inbound => 1,
            Direction::Outbound => 2,
        },
        listener_metadata: metadata("--listener-metadata", args.listener_metadata)?,
        route_name: args.route_name.unwrap_or(default.route_name),
        route_metadata: metadata("--route-metadata", args.route_metadata)?,
        cluster_name: args.cluster_name.unwrap_or(default.cluster_name),
        cluster_metadata: metadata("--cluster-metadata", args.cluster_metadata)?,
        upstream_host_metadata: metadata("--upstream-host-metadata", args.upstream_host_metadata)?,
    })
}

/// The text, or what is in the file that it names with `@`.
fn text_or_file(value: Option<String>) -> Result<Vec<u8>, CliError> {
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

fn metadata(option: &str, value: Option<String>) -> Result<Json, CliError> {
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
