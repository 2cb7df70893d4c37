//! Bootstrap configurations: the same plugin, listener and clusters for Envoy's own Wasm filter and for a module.
//!
//! Configurations are JSON values; JSON is YAML.

use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Who runs the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Envoy's Wasm filter, with V8.
    V8,
    /// The compiled plugin, as dynamic module.
    Module,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V8 => "V8",
            Self::Module => "module",
        })
    }
}

/// What happens to streams of a VM that has trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They fail.
    Closed,
    /// They pass.
    Open,
    /// A new VM, after a backoff between these bounds in milliseconds.
    Reload(u32, u32),
}

/// A plugin, as Envoy's `PluginConfig` describes it.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// `name`; the filter's name in the module.
    pub name: String,
    /// `root_id`
    pub root_id: String,
    /// `vm_config.vm_id`
    pub vm_id: String,
    /// The filter for V8.
    pub wasm: PathBuf,
    /// The filter as module. A file name alone is looked up by name beside the other modules
    /// (`ENVOY_DYNAMIC_MODULES_SEARCH_PATH`): Envoy before 1.39 knows nothing else.
    pub module: PathBuf,
    /// `vm_config.configuration`
    pub vm_configuration: String,
    /// `configuration`
    pub configuration: String,
    /// `vm_config.environment_variables.key_values`
    pub environment: Vec<(String, String)>,
    /// `failure_policy` and `reload_config`; `None`: the default.
    pub failure: Option<FailurePolicy>,
    /// Further fields of the envelope, for modules only: `limits`.
    pub module_only: Map<String, Value>,
}

const STRING: &str = "type.googleapis.com/google.protobuf.StringValue";

fn string(value: &str) -> Value {
    json!({ "@type": STRING, "value": value })
}

impl Plugin {
    /// The fields that both engines' configurations have.
    fn config(&self, vm_config: Value, any: impl Fn(&str) -> Value) -> Map<String, Value> {
        let mut vm = json!({ "vm_id": self.vm_id });
        merge(&mut vm, vm_config);
        if !self.vm_configuration.is_empty() {
            vm["configuration"] = any(&self.vm_configuration);
        }
        if !self.environment.is_empty() {
            let values: Map<String, Value> =
                self.environment.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            vm["environment_variables"] = json!({ "key_values": values });
        }
        let mut config = json!({ "name": self.name, "root_id": self.root_id, "vm_config": vm });
        if !self.configuration.is_empty() {
            config["configuration"] = any(&self.configuration);
        }
        let backoff = |base: u32, max: u32| {
            let duration = |ms: u32| format!("{}.{:03}s", ms / 1000, ms % 1000);
            json!({ "backoff": { "base_interval": duration(base), "max_interval": duration(max) } })
        };
        match self.failure {
            None => {}
            Some(FailurePolicy::Closed) => config["failure_policy"] = json!("FAIL_CLOSED"),
            Some(FailurePolicy::Open) => config["failure_policy"] = json!("FAIL_OPEN"),
            Some(FailurePolicy::Reload(base, max)) => {
                config["failure_policy"] = json!("FAIL_RELOAD");
                config["reload_config"] = backoff(base, max);
            }
        }
        let Value::Object(config) = config else { unreachable!("made of an object") };
        config
    }

    fn v8(&self) -> Value {
        let code = json!({
            "runtime": "envoy.wasm.runtime.v8",
            "code": { "local": { "filename": self.wasm } },
        });
        Value::Object(self.config(code, string))
    }

    /// The envelope, as the module's configuration.
    fn envelope(&self) -> Value {
        let mut config = self.config(json!({}), |text| json!(text));
        for (key, value) in self.module_only.clone() {
            match config.get_mut(&key) {
                Some(there) => merge(there, value),
                None => drop(config.insert(key, value)),
            }
        }
        json!({
            "@type": "type.googleapis.com/google.protobuf.Struct",
            "value": { "nullvm": config },
        })
    }

    fn module_config(&self) -> Value {
        let mut config = json!({ "do_not_close": true, "metrics_namespace": "wasmcustom" });
        if self.module.is_relative() {
            let stem = self.module.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
            config["name"] = json!(stem.trim_start_matches("lib"));
        } else {
            config["module"] = json!({ "local": { "filename": self.module } });
        }
        config
    }

    /// As HTTP filter.
    pub fn http_filter(&self, engine: Engine) -> Value {
        let typed = match engine {
            Engine::V8 => json!({
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": self.v8(),
            }),
            Engine::Module => json!({
                "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
                "dynamic_module_config": self.module_config(),
                "filter_name": self.name,
                "filter_config": self.envelope(),
            }),
        };
        json!({ "name": "plugin", "typed_config": typed })
    }

    /// As network filter.
    pub fn network_filter(&self, engine: Engine) -> Value {
        let typed = match engine {
            Engine::V8 => json!({
                "@type": "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm",
                "config": self.v8(),
            }),
            Engine::Module => json!({
                "@type": "type.googleapis.com/envoy.extensions.filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter",
                "dynamic_module_config": self.module_config(),
                "filter_name": self.name,
                "filter_config": self.envelope(),
            }),
        };
        json!({ "name": "plugin", "typed_config": typed })
    }

    /// As access logger.
    pub fn access_log(&self, engine: Engine) -> Value {
        let typed = match engine {
            Engine::V8 => json!({
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
                "config": self.v8(),
            }),
            Engine::Module => json!({
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.dynamic_modules.v3.DynamicModuleAccessLog",
                "dynamic_module_config": self.module_config(),
                "logger_name": self.name,
                "logger_config": self.envelope(),
            }),
        };
        json!({ "name": "plugin", "typed_config": typed })
    }
}

/// An HTTP listener: every request goes to one cluster, or is answered by Envoy itself.
#[derive(Clone, Debug)]
pub struct HttpListener {
    /// Its name, and the prefix of its statistics.
    pub name: String,
    /// Filters before the router.
    pub filters: Vec<Value>,
    /// Access loggers.
    pub access_logs: Vec<Value>,
    /// Where requests go.
    pub to: To,
}

/// Where requests of a listener go.
#[derive(Clone, Debug)]
pub enum To {
    /// To a cluster.
    Cluster(String),
    /// Nowhere: Envoy answers 200 with this body.
    Respond(String),
}

impl HttpListener {
    /// A listener with one plugin in front of a cluster.
    pub fn new(plugin: &Plugin, engine: Engine, cluster: &str) -> Self {
        Self {
            name: plugin.name.clone(),
            filters: vec![plugin.http_filter(engine)],
            access_logs: Vec::new(),
            to: To::Cluster(cluster.to_owned()),
        }
    }

    /// Its configuration.
    pub fn to_json(&self) -> Value {
        let mut filters = self.filters.clone();
        filters.push(json!({
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        }));
        let mut route = json!({ "match": { "prefix": "/" } });
        match &self.to {
            To::Cluster(cluster) => route["route"] = json!({ "cluster": cluster, "timeout": "30s" }),
            To::Respond(body) => {
                route["direct_response"] = json!({ "status": 200, "body": { "inline_string": body } });
            }
        }
        let manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": self.name,
            // Trailers of HTTP/1.1 are dropped otherwise.
            "http_protocol_options": { "enable_trailers": true },
            // Envoy waits so long, a second by default, before it closes after an error.
            "delayed_close_timeout": "0.05s",
            "http_filters": filters,
            "access_log": self.access_logs,
            "route_config": {
                "name": "route",
                "virtual_hosts": [{ "name": "host", "domains": ["*"], "routes": [route] }],
            },
        });
        listener(&self.name, json!([network("envoy.filters.network.http_connection_manager", &manager)]))
    }
}

/// A TCP listener: filters in front of a cluster.
pub fn tcp_listener(name: &str, mut filters: Vec<Value>, cluster: &str) -> Value {
    let proxy = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": name,
        "cluster": cluster,
    });
    filters.push(network("envoy.filters.network.tcp_proxy", &proxy));
    listener(name, Value::Array(filters))
}

fn network(name: &str, typed: &Value) -> Value {
    json!({ "name": name, "typed_config": typed })
}

fn listener(name: &str, filters: Value) -> Value {
    json!({
        "name": name,
        "stat_prefix": name,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "filter_chains": [{ "filters": filters }],
    })
}

/// A cluster of one address.
pub fn cluster(name: &str, address: SocketAddr, http2: bool) -> Value {
    let protocol = if http2 {
        json!({ "http2_protocol_options": {} })
    } else {
        json!({ "http_protocol_options": { "enable_trailers": true } })
    };
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": protocol,
            },
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": {
                "socket_address": { "address": address.ip().to_string(), "port_value": address.port() },
            } } }] }],
        },
    })
}

/// A whole bootstrap configuration.
pub fn bootstrap(listeners: Vec<Value>, clusters: Vec<Value>) -> Value {
    json!({
        "node": { "id": "node-1", "cluster": "cluster-1", "metadata": { "kind": "test" } },
        "admin": { "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } } },
        "stats_flush_interval": "0.5s",
        "static_resources": { "listeners": listeners, "clusters": clusters },
        // Metrics of modules lose their namespace in /stats/prometheus, as those of Envoy's Wasm filter do.
        "layered_runtime": { "layers": [{ "name": "static", "static_layer": {
            "envoy.reloadable_features.dynamic_modules_strip_custom_stat_prefix": true,
        } }] },
    })
}

/// A bootstrap configuration that takes its listeners from a file, whenever [`write_listeners`] wrote it.
pub fn bootstrap_from_file(listeners: &Path, clusters: Vec<Value>) -> Value {
    let mut config = bootstrap(Vec::new(), clusters);
    config["dynamic_resources"] = json!({
        "lds_config": {
            "resource_api_version": "V3",
            "path_config_source": { "path": listeners },
        },
    });
    config
}

/// Writes listeners where Envoy watches for them: whole, or not at all.
///
/// # Panics
/// When the file cannot be written.
pub fn write_listeners(path: &Path, version: usize, listeners: &[Value]) {
    let resources: Vec<Value> = listeners
        .iter()
        .map(|listener| {
            let mut resource = json!({ "@type": "type.googleapis.com/envoy.config.listener.v3.Listener" });
            merge(&mut resource, listener.clone());
            resource
        })
        .collect();
    let text = json!({ "version_info": version.to_string(), "resources": resources }).to_string();
    let partial = path.with_extension("partial");
    std::fs::write(&partial, text).unwrap_or_else(|e| panic!("{}: {e}", partial.display()));
    std::fs::rename(&partial, path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
