//! `nullvmc serve`: the front door of the reference host.

use crate::flags::{
    CodeArgs, Direction, EngineArg, LimitArgs, LoadArgs, NodeArgs, PluginArgs, TrafficArgs, metadata,
    text_or_file,
};
use crate::input::{Input, deny_list};
use crate::{CliError, Console};
use clap::Args;
use nullvm_cache::{FileStore, Store};
use nullvm_compiler::Options;
use nullvm_host::config::NodeConfig;
use nullvm_host::engine;
use nullvm_host::log::{LogSink, Logger};
use nullvm_host::{
    EngineKind, HostConfig, PluginConfig, RunningServer, Server, ServerConfig, run_until_ctrl_c,
};
use nullvm_loader::{Code, Compile, Loaded, Loader, Origin, Policy};
use nullvm_trust::PublicKey;
use std::path::PathBuf;
use std::sync::Arc;

/// Serve HTTP through a plugin
///
/// Compiles the plugin, or loads it from a bundle or a cache, and proxies with it: requests go through it to an upstream, or are
/// answered with a fixed response. Ends with Ctrl-C or SIGTERM.
#[derive(Args)]
pub struct ServeArgs {
    /// The plugin, a module or a bundle, or - for standard input
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    #[command(flatten)]
    traffic: TrafficArgs,

    /// What runs the plugin
    #[arg(long, value_enum, default_value = "native")]
    engine: EngineArg,

    #[command(flatten)]
    plugin: PluginArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    code: CodeArgs,

    #[command(flatten)]
    load: LoadArgs,

    #[command(flatten)]
    node: NodeArgs,
}

/// Runs the command: until Ctrl-C or SIGTERM.
pub fn run(args: ServeArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let engine = args.engine.kind()?;
    let input = Input::read(&args.file)?;
    let file = input.name.clone();
    let failed = |message: String| CliError::Serve { file: file.clone(), message };
    let loaded = match args.load.given() {
        None => None,
        Some(_) if engine == EngineKind::Native => Some(load(&args, &input)?),
        Some(flag) => {
            return Err(CliError::Usage(format!(
                "{flag} is about native code; leave it out with --engine {engine}"
            )));
        }
    };
    let config = config(args, input, engine)?;
    let server = match &loaded {
        Some(loaded) => Server::start_module(engine::loaded(loaded.plugin.clone()), config),
        None => Server::start(config),
    };
    let server = server.map_err(|e| failed(e.to_string()))?;
    announce(&server, engine, loaded.as_ref(), console)?;
    run_until_ctrl_c(server).map_err(|e| failed(e.to_string()))
}

/// The plugin as hosts load it: verified, from the bundle or the cache, or compiled.
fn load(args: &ServeArgs, input: &Input) -> Result<Loaded, CliError> {
    let options = Options {
        cpu: Some("native".to_owned()),
        interruptible: args.limits.deadline.is_some(),
        ..args.code.options()
    };
    let compile = (!args.load.no_compile).then(|| Compile { options, ..Compile::default() });
    let cache = match &args.load.cache_dir {
        Some(path) => Some(Arc::new(FileStore::open(path, None)?) as Arc<dyn Store>),
        None => None,
    };
    let policy = Policy {
        allow_precompiled: args.load.allow_precompiled,
        keys: args.load.key.iter().map(|path| PublicKey::from_file(path)).collect::<Result<_, _>>()?,
        deny: deny_list(args.load.deny.as_deref())?,
        interruptible: args.limits.deadline.is_some(),
        compile,
        cache,
    };
    let code = Code::Bytes(input.name.clone(), input.bytes.as_slice().into());
    Loader::new(policy).load(&code, None).map_err(|e| CliError::Load(Box::new(e)))
}

/// The one line that says that requests may come.
fn announce(
    server: &RunningServer,
    engine: EngineKind,
    loaded: Option<&Loaded>,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    for line in loaded.iter().flat_map(|l| &l.notes) {
        writeln!(console.err, "note: {line}")?;
    }
    write!(console.out, "listening on {}, engine {engine}", server.local_addr())?;
    if let Some(loaded) = loaded {
        let origin = match loaded.origin {
            Origin::Bundle => "code of the bundle",
            Origin::Cache => "code of the cache",
            Origin::Compiled => "compiled",
        };
        let signer = loaded.signer.as_ref().map(|id| format!(", signed by key {id}")).unwrap_or_default();
        write!(console.out, " ({origin}{signer})")?;
    }
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
    config.load = args.code.load_options();
    config.plugin = plugin_config(name, args.plugin)?;
    config.host = HostConfig {
        limits: args.limits.guest(),
        clusters: args.traffic.cluster.into_iter().collect(),
        node: Arc::new(node(args.node)?),
        logger: Arc::new(Logger::new(args.traffic.log_level, LogSink::Stderr)),
        ..HostConfig::default()
    };
    config.listen = args.traffic.listen;
    config.respond = args.traffic.respond;
    config.upstream = args.traffic.upstream;
    config.workers = match args.traffic.workers {
        Some(n) => usize::from(n),
        None => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    config.admin = args.traffic.admin;
    config.tcp = args.traffic.tcp;
    config.upstream_timeout_ms = args.traffic.upstream_timeout;
    Ok(config)
}

/// What the flags say of a plugin.
pub fn plugin_config(name: String, args: PluginArgs) -> Result<PluginConfig, CliError> {
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
