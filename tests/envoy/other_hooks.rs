//! Modules as network filter, access logger and service, beside each other and beside HTTP filters, under both engines.

use nullvm::envoy::binary;
use nullvm::envoy::client::get;
use nullvm::envoy::config::{Engine, HttpListener, Plugin, To, bootstrap, cluster, tcp_listener};
use nullvm::envoy::module::wasm;
use nullvm::envoy::process::{Envoy, Launch, Scratch};
use nullvm::envoy::upstream::{Upstream, eventually};
use nullvm_cli::{Console, main_with_args};
use serde_json::{Map, Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

const ENGINES: [Engine; 2] = [Engine::V8, Engine::Module];
const PATIENCE: Duration = Duration::from_secs(10);

fn compile(name: &str, wasm: &Path, out: &Path) {
    let args = ["compile", "--quiet", "--emit", "envoy-module", "--name", name, "-o"].map(String::from);
    let args: Vec<String> =
        args.into_iter().chain([out.display().to_string(), wasm.display().to_string()]).collect();
    if let Some(nullvmc) = std::env::var_os("NULLVMC") {
        let status = std::process::Command::new(nullvmc).args(&args).status().expect("nullvmc runs");
        assert!(status.success(), "{args:?}");
        return;
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console { out: &mut out, err: &mut err, progress: false };
    let code = main_with_args(std::iter::once("nullvmc".to_owned()).chain(args), &mut console);
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
}

/// Plugins, and where those that are made here lie.
struct Plugins(Engine, Scratch);

impl Plugins {
    fn of(&self, name: &str, filter: &str, vm_id: &str, configuration: &str) -> Plugin {
        let wasm = if filter == "other_hooks" {
            let path = self.1.join("other_hooks.wasm");
            let text = wat::parse_str(include_str!("other_hooks.wat")).expect("the text is valid");
            std::fs::write(&path, text).expect("a file");
            path
        } else {
            wasm(filter)
        };
        let module = match self.0 {
            // One file per use: they are modules of their own to Envoy.
            Engine::Module => {
                let module = self.1.join(&format!("lib{name}.so"));
                compile(filter, &wasm, &module);
                module
            }
            Engine::V8 => PathBuf::new(),
        };
        Plugin {
            name: name.to_owned(),
            root_id: String::new(),
            vm_id: vm_id.to_owned(),
            wasm,
            module,
            vm_configuration: String::new(),
            configuration: configuration.to_owned(),
            environment: Vec::new(),
            failure: None,
            module_only: Map::new(),
        }
    }
}

/// A plugin as service: Envoy's own has the same configuration inside as its filters.
fn service(plugin: &Plugin, engine: Engine) -> Value {
    let filter = plugin.network_filter(engine);
    let typed = &filter["typed_config"];
    let typed = match engine {
        Engine::V8 => json!({
            "@type": "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
            "singleton": true,
            "config": typed["config"],
        }),
        Engine::Module => json!({
            "@type": "type.googleapis.com/envoy.extensions.bootstrap.dynamic_modules.v3.DynamicModuleBootstrapExtension",
            "dynamic_module_config": typed["dynamic_module_config"],
            "extension_name": typed["filter_name"],
            "extension_config": typed["filter_config"],
        }),
    };
    json!({ "name": plugin.name, "typed_config": typed })
}

fn respond(name: &str, filters: Vec<Value>, access_logs: Vec<Value>) -> Value {
    let to = To::Respond("Hello world".to_owned());
    HttpListener { name: name.to_owned(), filters, access_logs, to }.to_json()
}

fn start(listeners: Vec<Value>, clusters: Vec<Value>, services: Vec<Value>) -> Envoy {
    let mut config = bootstrap(listeners, clusters);
    config["bootstrap_extensions"] = Value::Array(services);
    let binary = binary::envoy();
    Envoy::start(&Launch { binary: &binary, config: &config, concurrency: 2 })
        .unwrap_or_else(|error| panic!("{error:?}"))
}

fn says(envoy: &Envoy, text: &str) -> bool {
    envoy.log().iter().any(|line| line.text.starts_with("wasm log") && line.text.ends_with(text))
}

fn header(to: SocketAddr, path: &str, name: &str) -> String {
    let response = get(to, path).unwrap_or_else(|e| panic!("{e}"));
    response.header(name).unwrap_or_default().to_owned()
}

#[test]
fn a_network_filter_and_an_http_filter_share_data() {
    for engine in ENGINES {
        let plugins = Plugins(engine, Scratch::new());
        let http = plugins.of("counter", "shared_data", "both", "");
        let tcp = plugins.of("setter", "other_hooks", "both", "");
        let echo = Upstream::tcp_echo();
        let envoy = start(
            vec![
                respond("http", vec![http.http_filter(engine)], Vec::new()),
                tcp_listener("tcp", vec![tcp.network_filter(engine)], "echo"),
            ],
            vec![cluster("echo", echo.address, false)],
            Vec::new(),
        );
        assert_eq!(header(envoy.listener("http"), "/", "x-shared-count"), "1", "{engine}");
        let mut stream = TcpStream::connect(envoy.listener("tcp")).expect("Envoy listens");
        let mut back = [0; 3];
        stream.write_all(b"abc").and_then(|()| stream.read_exact(&mut back)).expect("an echo");
        assert_eq!(header(envoy.listener("http"), "/", "x-shared-count"), "42", "{engine}");
    }
}

#[test]
fn a_service_ticks_and_empties_a_queue_that_a_filter_fills() {
    for engine in ENGINES {
        let plugins = Plugins(engine, Scratch::new());
        let filler = plugins.of("filler", "other_hooks", "filters", "");
        let services = [
            plugins.of("queue", "queue", "service", ""),
            plugins.of("tick", "tick", "ticks", "period_ms=20"),
            plugins.of("life", "lifecycle", "life", ""),
        ];
        let envoy = start(
            vec![respond("http", vec![filler.http_filter(engine)], Vec::new())],
            Vec::new(),
            services.iter().map(|plugin| service(plugin, engine)).collect(),
        );
        let response = get(envoy.listener("http"), "/").unwrap_or_else(|e| panic!("{engine}: {e}"));
        assert_eq!(response.status, 200, "{engine}");
        assert!(eventually(PATIENCE, || says(&envoy, "dequeued: item")), "{engine}{}", envoy.tail());
        assert!(eventually(PATIENCE, || says(&envoy, "tick 3")), "{engine}{}", envoy.tail());
        let (status, log) = envoy.stop(0);
        assert!(status.success(), "{engine}: {status}");
        let ended = log.iter().any(|line| line.text.ends_with("root on_done: now"));
        assert!(ended, "{engine}: {log:?}");
    }
}

#[test]
fn an_access_logger_reads_headers_of_requests_that_no_filter_saw() {
    for engine in ENGINES {
        let plugins = Plugins(engine, Scratch::new());
        let logger = plugins.of("logger", "other_hooks", "logs", "");
        let envoy =
            start(vec![respond("http", Vec::new(), vec![logger.access_log(engine)])], Vec::new(), Vec::new());
        get(envoy.listener("http"), "/logged?yes").unwrap_or_else(|e| panic!("{engine}: {e}"));
        assert!(eventually(PATIENCE, || says(&envoy, "/logged?yes")), "{engine}{}", envoy.tail());
    }
}
