//! The plugins that take part: each is one listener, under either engine.

use nullvm::envoy::config::{Engine, FailurePolicy, HttpListener, Plugin, bootstrap, cluster, tcp_listener};
use nullvm::envoy::module::wasm;
use nullvm::envoy::upstream::Upstream;
use serde_json::Value;
use std::path::PathBuf;

/// What a plugin is configured as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP filter in front of the HTTP/1.1 upstream.
    Http,
    /// HTTP filter in front of the HTTP/2 upstream.
    Http2,
    /// Network filter in front of the TCP echo.
    Tcp,
    /// Access logger of a listener without filters.
    AccessLog,
}

/// A filter with a configuration.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name of the listener, of the plugin, and with `vm-` of the VM.
    pub name: &'static str,
    /// The prebuilt filter.
    pub filter: &'static str,
    /// As what.
    pub kind: Kind,
    /// Its configuration.
    pub configuration: &'static str,
    /// The VM's configuration.
    pub vm_configuration: &'static str,
    /// The root id.
    pub root_id: &'static str,
    /// What happens after a trap.
    pub failure: Option<FailurePolicy>,
    /// Whether all general scenarios run, or a few: for further configurations of a filter.
    pub all: bool,
}

const fn case(name: &'static str, filter: &'static str) -> Case {
    Case {
        name,
        filter,
        kind: Kind::Http,
        configuration: "",
        vm_configuration: "",
        root_id: "",
        failure: None,
        all: true,
    }
}

/// A further configuration of a filter.
const fn more(name: &'static str, filter: &'static str, configuration: &'static str) -> Case {
    Case { configuration, all: false, ..case(name, filter) }
}

/// A trap costs its stream only, and the next one after this pause finds a new VM.
pub const RELOAD: FailurePolicy = FailurePolicy::Reload(50, 100);

/// All cases. Every prebuilt filter is in it.
pub fn cases() -> Vec<Case> {
    const HEADERS: &str = "header_1=somevalue\n# no\n\nheader_2 = secondvalue\nbroken\n";
    vec![
        Case { configuration: HEADERS, vm_configuration: "vm text", ..case("add_header", "add_header") },
        Case { configuration: HEADERS, root_id: "add_header", ..case("add_header_as", "add_header_as") },
        Case { configuration: HEADERS, ..case("add_header_cpp", "add_header_cpp") },
        Case { configuration: HEADERS, root_id: "a_root", ..case("add_header_go", "add_header_go") },
        case("headers", "headers"),
        Case { kind: Kind::Http2, ..more("headers-h2", "headers", "") },
        case("body", "body"),
        more("body-append", "body", "mode=append\ntext=tail"),
        more("body-prepend", "body", "mode=prepend\ntext=front"),
        Case { kind: Kind::Http2, ..more("body-h2", "body", "mode=append\ntext=tail") },
        Case { configuration: "cluster=callout\npath=/call?trailers=1", ..case("http_call", "http_call") },
        more("http_call-missing", "http_call", "cluster=nobody"),
        more("http_call-refused", "http_call", "cluster=refused"),
        more("http_call-timeout", "http_call", "cluster=callout\npath=/call?hold=before\ntimeout_ms=60"),
        more("http_call-large", "http_call", "cluster=callout\npath=/call?len=65536"),
        Case { configuration: "cluster=grpc", ..case("grpc_call", "grpc_call") },
        more("grpc_call-fail", "grpc_call", "cluster=grpc\nmethod=Fail"),
        more("grpc_call-stream", "grpc_call", "cluster=grpc\nmode=stream"),
        more("grpc_call-stream-fail", "grpc_call", "cluster=grpc\nmode=stream\nmethod=Fail"),
        more("grpc_call-missing", "grpc_call", "cluster=nobody"),
        more("grpc_call-refused", "grpc_call", "cluster=refused"),
        case("local_response", "local_response"),
        Case { root_id: "local_response", ..case("local_response_as", "local_response_as") },
        Case { root_id: "a_root", ..case("properties", "properties") },
        Case {
            configuration: "expression=request.protocol + ' ' + xds.route_name",
            ..case("attributes", "attributes")
        },
        case("shared_data", "shared_data"),
        Case { configuration: "vm_id=vm-queue", ..case("queue", "queue") },
        Case { configuration: "period_ms=20", ..case("tick", "tick") },
        Case { kind: Kind::Tcp, ..case("tcp", "tcp") },
        case("foreign", "foreign"),
        more("foreign-unknown", "foreign", "function=no_such_function"),
        more("foreign-clear", "foreign", "function=clear_route_cache"),
        more("foreign-uncompress", "foreign", "function=uncompress"),
        more("foreign-verify", "foreign", "function=verify_signature"),
        Case { failure: Some(RELOAD), ..case("trap", "trap") },
        Case { failure: Some(FailurePolicy::Closed), ..more("trap-closed", "trap", "") },
        Case { failure: Some(FailurePolicy::Open), ..more("trap-open", "trap", "") },
        case("endless", "endless"),
        case("metrics", "metrics"),
        Case { configuration: "period_ms=20", ..case("effective_context", "effective_context") },
        case("time_env", "time_env"),
        Case { failure: Some(RELOAD), ..case("env_cpp", "env_cpp") },
        case("memory_grow", "memory_grow"),
        Case { configuration: "plain", vm_configuration: "plain", ..case("lifecycle", "lifecycle") },
        more("lifecycle-late", "lifecycle", "late"),
        Case { kind: Kind::AccessLog, ..more("lifecycle-access-log", "lifecycle", "") },
        case("empty", "empty"),
        case("get_add", "get_add"),
        Case { configuration: "some text", ..case("abi_0_1_0_cpp", "abi_0_1_0_cpp") },
    ]
}

impl Case {
    /// The plugin; `module` is needed for that engine only.
    pub fn plugin(&self, module: PathBuf) -> Plugin {
        Plugin {
            name: self.name.to_owned(),
            root_id: self.root_id.to_owned(),
            vm_id: format!("vm-{}", self.name),
            wasm: wasm(self.filter),
            module,
            vm_configuration: self.vm_configuration.to_owned(),
            configuration: self.configuration.to_owned(),
            environment: vec![("NULLVM_TEST".to_owned(), "a value".to_owned())],
            failure: self.failure,
            module_only: serde_json::Map::new(),
        }
    }

    /// The listener.
    pub fn listener(&self, engine: Engine, module: PathBuf) -> Value {
        let plugin = self.plugin(module);
        match self.kind {
            Kind::Http => HttpListener::new(&plugin, engine, "h1").to_json(),
            Kind::Http2 => HttpListener::new(&plugin, engine, "h2").to_json(),
            Kind::Tcp => tcp_listener(self.name, vec![plugin.network_filter(engine)], "echo"),
            Kind::AccessLog => {
                let mut listener = HttpListener::new(&plugin, engine, "h1");
                listener.filters.clear();
                listener.access_logs.push(plugin.access_log(engine));
                listener.to_json()
            }
        }
    }
}

/// What stands behind one Envoy.
pub struct Upstreams {
    /// Cluster `h1`.
    pub h1: Upstream,
    /// Cluster `h2`.
    pub h2: Upstream,
    /// Cluster `callout`.
    pub callout: Upstream,
    /// Cluster `grpc`.
    pub grpc: Upstream,
    /// Cluster `echo`.
    pub echo: Upstream,
}

impl Upstreams {
    /// Starts all.
    pub fn start() -> Self {
        Self {
            h1: Upstream::http1(),
            h2: Upstream::http2(),
            callout: Upstream::http1(),
            grpc: Upstream::http2(),
            echo: Upstream::tcp_echo(),
        }
    }

    /// All of them, by their clusters' names.
    pub fn all(&self) -> [(&'static str, &Upstream); 5] {
        [
            ("h1", &self.h1),
            ("h2", &self.h2),
            ("callout", &self.callout),
            ("grpc", &self.grpc),
            ("echo", &self.echo),
        ]
    }

    /// The bootstrap configuration of an Envoy in front of them. Nobody listens behind the cluster `refused`.
    pub fn bootstrap(&self, listeners: Vec<Value>) -> Value {
        let mut clusters: Vec<Value> = self
            .all()
            .iter()
            .map(|(name, upstream)| cluster(name, upstream.address, matches!(*name, "h2" | "grpc")))
            .collect();
        clusters.push(cluster("refused", ([127, 0, 0, 1], 1).into(), true));
        bootstrap(listeners, clusters)
    }
}
