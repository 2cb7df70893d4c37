//! The plugin as a filter: Envoy's Wasm filter, or a dynamic module that runs it.

use super::tree::Tree;
use crate::CliError;
use crate::flags::{LimitArgs, NodeArgs, PluginArgs, metadata, text_or_file};
use base64::Engine as _;

/// A plugin's configuration, files read.
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// Root id.
    pub root_id: String,
    /// VM id.
    pub vm_id: String,
    /// For `proxy_on_vm_start`.
    pub vm_config: Vec<u8>,
    /// For `proxy_on_configure`.
    pub configuration: Vec<u8>,
    /// Variables; without a value those of the proxy's own environment. No name twice.
    pub env: Vec<(String, Option<String>)>,
    /// Whether requests pass without it.
    pub fail_open: bool,
    /// The only functions that it may call; empty for all.
    pub capabilities: Vec<String>,
    /// What differs from the adapter's defaults.
    pub limits: Tree,
    /// `node.id`, `node.cluster`, `node.metadata`
    pub node: Tree,
    /// For the generic module: where its code is, and how it is loaded.
    pub loading: Option<Loading>,
}

/// What the generic module is told of a plugin's code.
pub struct Loading {
    /// `vm_config.code`
    pub code: Tree,
    /// `vm_config.allow_precompiled`
    pub allow_precompiled: bool,
    /// `loading`
    pub how: Tree,
}

/// The defaults of `hosts/envoy-module`, and those of the flags.
const MEMORY: u64 = 1 << 30;
const STACK: u64 = 512 << 10;

impl Plugin {
    /// Of the flags.
    pub fn new(
        name: String,
        args: &PluginArgs,
        limits: &LimitArgs,
        node: &NodeArgs,
    ) -> Result<Self, CliError> {
        let mut env: Vec<(String, Option<String>)> = Vec::new();
        for variable in &args.env {
            let (key, value) = match variable.split_once('=') {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (variable.clone(), None),
            };
            env.retain(|(k, _)| *k != key);
            env.push((key, value));
        }
        let mut limit = Tree::map();
        if let Some(ms) = limits.deadline {
            limit = limit.with("deadline", seconds(ms));
        }
        for (name, value, default) in
            [("memory", limits.memory_limit, MEMORY), ("stack", limits.stack_size, STACK)]
        {
            if value != default {
                limit = limit.with(name, value);
            }
        }
        Ok(Self {
            name,
            root_id: args.root_id.clone(),
            vm_id: args.vm_id.clone(),
            vm_config: text_or_file(args.vm_config.clone())?,
            configuration: text_or_file(args.plugin_config.clone())?,
            env,
            fail_open: args.fail_open,
            capabilities: args.allow_capability.clone(),
            limits: limit,
            node: Tree::map()
                .with_some("id", node.node_id.as_str())
                .with_some("cluster", node.node_cluster.as_str())
                .with_some("metadata", metadata("--node-metadata", node.node_metadata.clone())?),
            loading: None,
        })
    }

    /// Envoy's Wasm filter: `PluginConfig` of `extensions/wasm/v3/wasm.proto`, with this engine and code.
    pub fn wasm_filter(&self, runtime: &str, code: Tree, tcp: bool) -> Tree {
        let vm = Tree::map()
            .with_some("vm_id", self.vm_id.as_str())
            .with("runtime", runtime)
            .with("code", [("local", code)])
            .with_some("configuration", any(&self.vm_config))
            .with_some("environment_variables", self.environment());
        let config = Tree::map()
            .with("name", self.name.as_str())
            .with_some("root_id", self.root_id.as_str())
            .with("vm_config", vm)
            .with_some("configuration", any(&self.configuration))
            .with_some("failure_policy", if self.fail_open { "FAIL_OPEN" } else { "" })
            .with_some("capability_restriction_config", self.restrictions());
        let layer = if tcp { "network" } else { "http" };
        let typed = Tree::map()
            .with("@type", format!("type.googleapis.com/envoy.extensions.filters.{layer}.wasm.v3.Wasm"))
            .with("config", config);
        Tree::from([("name", self.name.as_str().into()), ("typed_config", typed)])
    }

    /// A dynamic module.
    pub fn module_filter(&self, file: &str, tcp: bool) -> Tree {
        let kind = if tcp {
            "network.dynamic_modules.v3.DynamicModuleNetworkFilter"
        } else {
            "http.dynamic_modules.v3.DynamicModuleFilter"
        };
        let module = Tree::map()
            .with("module", [("local", Tree::from([("filename", file.into())]))])
            // Threads and signal handlers of the module stay behind.
            .with("do_not_close", true)
            // Where metrics of Envoy's Wasm filter are.
            .with("metrics_namespace", "wasmcustom");
        let typed = Tree::map()
            .with("@type", format!("type.googleapis.com/envoy.extensions.filters.{kind}"))
            .with("dynamic_module_config", module)
            .with("filter_name", self.name.as_str())
            .with_some("filter_config", self.filter_config());
        Tree::from([("name", self.name.as_str().into()), ("typed_config", typed)])
    }

    /// The plugin's configuration as it is where that is all there is, else the adapter's envelope.
    fn filter_config(&self) -> Tree {
        let mut vm = Tree::map()
            .with_some("vm_id", self.vm_id.as_str())
            .with_some("configuration", text_or_any(&self.vm_config))
            .with_some("environment_variables", self.environment());
        let mut how = Tree::map();
        if let Some(loading) = &self.loading {
            vm = vm
                .with("code", loading.code.clone())
                .with_some("allow_precompiled", loading.allow_precompiled);
            how = loading.how.clone();
        }
        let envelope = Tree::map()
            .with_some("root_id", self.root_id.as_str())
            .with_some("vm_config", vm)
            .with_some("failure_policy", if self.fail_open { "FAIL_OPEN" } else { "" })
            .with_some("capability_restriction_config", self.restrictions())
            .with_some("limits", self.limits.clone())
            .with_some("loading", how)
            .with_some("node", self.node.clone());
        if envelope.is_empty() && !is_envelope(&self.configuration) {
            return any(&self.configuration);
        }
        let envelope = envelope.with_some("configuration", text_or_any(&self.configuration));
        Tree::map()
            .with("@type", "type.googleapis.com/google.protobuf.Struct")
            .with("value", [("nullvm", envelope)])
    }

    fn environment(&self) -> Tree {
        let mut host = Vec::new();
        let mut given = Tree::map();
        for (key, value) in &self.env {
            match value {
                None => host.push(Tree::from(key.as_str())),
                Some(value) => given = given.with(key, value.as_str()),
            }
        }
        Tree::map().with_some("host_env_keys", host).with_some("key_values", given)
    }

    fn restrictions(&self) -> Tree {
        let mut allowed = Tree::map();
        for name in &self.capabilities {
            allowed = allowed.with(name, Tree::map());
        }
        Tree::map().with_some("allowed_capabilities", allowed)
    }
}

/// Whether the adapter would take a plugin's own configuration for its envelope.
fn is_envelope(bytes: &[u8]) -> bool {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(bytes) else { return false };
    fields.len() == 1 && fields.get("nullvm").is_some_and(serde_json::Value::is_object)
}

/// `google.protobuf.StringValue`, or `BytesValue` for what is no text. Empty for nothing.
fn any(bytes: &[u8]) -> Tree {
    let (kind, value) = match std::str::from_utf8(bytes) {
        Ok("") => return Tree::map(),
        Ok(text) => ("StringValue", text.to_owned()),
        Err(_) => ("BytesValue", base64::engine::general_purpose::STANDARD.encode(bytes)),
    };
    Tree::map().with("@type", format!("type.googleapis.com/google.protobuf.{kind}")).with("value", value)
}

/// The same within a Struct, where text needs no wrapping.
fn text_or_any(bytes: &[u8]) -> Tree {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => any(bytes),
    }
}

/// Milliseconds as protobuf writes durations.
pub fn seconds(ms: u64) -> String {
    match (ms / 1000, ms % 1000) {
        (s, 0) => format!("{s}s"),
        (s, ms) => format!("{s}.{ms:03}s"),
    }
}
