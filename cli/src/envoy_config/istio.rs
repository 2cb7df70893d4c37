//! Istio's resources: an `EnvoyFilter` that puts the module into sidecars and gateways, a `WasmPlugin` for the plain plugin.

use super::bootstrap;
use super::plugin::Plugin;
use super::tree::Tree;
use crate::CliError;
use crate::flags::{Direction, NodeArgs, TrafficArgs};

fn context(node: &NodeArgs) -> &'static str {
    match node.listener_direction {
        Direction::Unspecified => "ANY",
        Direction::Inbound => "SIDECAR_INBOUND",
        Direction::Outbound => "SIDECAR_OUTBOUND",
    }
}

/// The module before the router (or before the TCP proxy), and the plugin's own clusters.
pub fn envoy_filter(plugin: &Plugin, module: &str, traffic: &TrafficArgs, node: &NodeArgs) -> Tree {
    let http = Tree::from([
        ("name", "envoy.filters.network.http_connection_manager".into()),
        ("subFilter", Tree::from([("name", "envoy.filters.http.router".into())])),
    ]);
    let tcp = Tree::from([("name", "envoy.filters.network.tcp_proxy".into())]);
    let (place, before) = if traffic.tcp { ("NETWORK_FILTER", tcp) } else { ("HTTP_FILTER", http) };
    let listener = Tree::from([("filterChain", Tree::from([("filter", before)]))]);
    let patch = |place: &str, matched: Tree, operation: &str, value: Tree| {
        Tree::from([
            ("applyTo", place.into()),
            ("match", matched),
            ("patch", Tree::from([("operation", operation.into()), ("value", value)])),
        ])
    };
    let within = Tree::from([("context", context(node).into())]);
    let mut patches = vec![patch(
        place,
        within.clone().with("listener", listener),
        "INSERT_BEFORE",
        plugin.module_filter(module, traffic.tcp),
    )];
    for (name, to) in &traffic.cluster {
        patches.push(patch(
            "CLUSTER",
            within.clone(),
            "ADD",
            bootstrap::cluster(name, to, Tree::map(), Tree::map()),
        ));
    }
    Tree::from([
        ("apiVersion", "networking.istio.io/v1alpha3".into()),
        ("kind", "EnvoyFilter".into()),
        ("metadata", Tree::from([("name", resource_name(&plugin.name).into())])),
        ("spec", Tree::from([("configPatches", patches.into())])),
    ])
}

/// The plugin as Istio fetches it and runs it in V8.
///
/// # Errors
/// What a `WasmPlugin` cannot say.
pub fn wasm_plugin(plugin: &Plugin, url: &str, tcp: bool) -> Result<Tree, CliError> {
    let unfit = |what: &str| {
        Err(CliError::Usage(format!("a WasmPlugin has no place for {what}; --for istio-envoy-filter has")))
    };
    for (set, flag) in [
        (!plugin.vm_config.is_empty(), "--vm-config"),
        (!plugin.vm_id.is_empty(), "--vm-id"),
        (!plugin.capabilities.is_empty(), "--allow-capability"),
    ] {
        if set {
            return unfit(flag);
        }
    }
    let configuration = match serde_json::from_slice(&plugin.configuration) {
        Ok(object @ serde_json::Value::Object(_)) => Tree::Json(object),
        _ if plugin.configuration.is_empty() => Tree::map(),
        _ => return unfit("a --plugin-config that is no JSON object"),
    };
    let variables: Vec<Tree> = plugin
        .env
        .iter()
        .map(|(name, value)| {
            let variable = Tree::map().with("name", name.as_str());
            match value {
                Some(value) => variable.with("value", value.as_str()),
                None => variable.with("valueFrom", "HOST"),
            }
        })
        .collect();
    let spec = Tree::map()
        .with("url", url)
        .with_some("type", if tcp { "NETWORK" } else { "" })
        .with("pluginName", if plugin.root_id.is_empty() { &plugin.name } else { &plugin.root_id }.as_str())
        .with_some("pluginConfig", configuration)
        .with_some("failStrategy", if plugin.fail_open { "FAIL_OPEN" } else { "" })
        .with_some("vmConfig", Tree::map().with_some("env", variables));
    Ok(Tree::from([
        ("apiVersion", "extensions.istio.io/v1alpha1".into()),
        ("kind", "WasmPlugin".into()),
        ("metadata", Tree::from([("name", resource_name(&plugin.name).into())])),
        ("spec", spec),
    ]))
}

/// What Kubernetes takes for a name.
fn resource_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(63)
        .collect();
    match name.trim_matches('-') {
        "" => "plugin".to_owned(),
        name => name.to_owned(),
    }
}

#[test]
fn names() {
    assert_eq!(resource_name("Add_Header"), "add-header");
    assert_eq!(resource_name("_"), "plugin");
    assert_eq!(resource_name(&"x".repeat(99)).len(), 63);
}
