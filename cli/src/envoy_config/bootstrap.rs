//! A whole Envoy configuration around a filter.

use super::tree::Tree;
use crate::CliError;
use crate::envoy_config::plugin::seconds;
use crate::flags::{Direction, NodeArgs, TrafficArgs, metadata};
use nullvm_host::config::{Cluster, NodeConfig};
use serde_json::Value as Json;
use std::net::{IpAddr, SocketAddr};

/// Listener, filter, route or proxy, clusters.
pub fn bootstrap(
    filter: Tree,
    traffic: &TrafficArgs,
    args: &NodeArgs,
    node: &Tree,
) -> Result<Tree, CliError> {
    let default = NodeConfig::default();
    let upstream = args.cluster_name.clone().unwrap_or(default.cluster_name);
    let chain = if traffic.tcp {
        vec![filter, tcp_proxy(&upstream)]
    } else {
        let route = args.route_name.clone().unwrap_or(default.route_name);
        vec![connection_manager(filter, &route, &upstream, traffic, args)?]
    };
    let direction = match args.listener_direction {
        Direction::Unspecified => "",
        Direction::Inbound => "INBOUND",
        Direction::Outbound => "OUTBOUND",
    };
    let listener = Tree::map()
        .with("name", "main")
        .with("address", address(traffic.listen))
        .with_some("traffic_direction", direction)
        .with_some("metadata", filter_metadata("--listener-metadata", &args.listener_metadata)?)
        .with("filter_chains", vec![Tree::from([("filters", chain.into())])]);
    let mut clusters = Vec::new();
    if let Some(to) = &traffic.upstream {
        let own = filter_metadata("--cluster-metadata", &args.cluster_metadata)?;
        let host = filter_metadata("--upstream-host-metadata", &args.upstream_host_metadata)?;
        clusters.push(cluster(&upstream, to, own, host));
    }
    clusters.extend(traffic.cluster.iter().map(|(name, to)| cluster(name, to, Tree::map(), Tree::map())));
    let admin = match traffic.admin {
        Some(admin) => Tree::from([("address", address(admin))]),
        None => Tree::map(),
    };
    Ok(Tree::map().with_some("node", node_of(node)).with_some("admin", admin).with(
        "static_resources",
        Tree::map().with("listeners", vec![listener]).with_some("clusters", clusters),
    ))
}

/// Envoy asks for both names where something else than the metadata is given.
fn node_of(node: &Tree) -> Tree {
    let Tree::Map(fields) = node else { return Tree::map() };
    if fields.is_empty() {
        return Tree::map();
    }
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    Tree::map()
        .with("id", field("id").unwrap_or_else(|| "envoy".into()))
        .with("cluster", field("cluster").unwrap_or_else(|| "envoy".into()))
        .with_some("metadata", field("metadata").unwrap_or(Tree::Json(Json::Null)))
}

fn connection_manager(
    filter: Tree,
    route: &str,
    upstream: &str,
    traffic: &TrafficArgs,
    args: &NodeArgs,
) -> Result<Tree, CliError> {
    let action = match &traffic.upstream {
        Some(_) => Tree::from([(
            "route",
            Tree::from([("cluster", upstream.into()), ("timeout", seconds(traffic.upstream_timeout).into())]),
        )]),
        None => {
            let (status, body) = traffic.respond.clone().unwrap_or((200, String::new()));
            let body =
                if body.is_empty() { Tree::map() } else { Tree::from([("inline_string", body.into())]) };
            Tree::map().with("direct_response", Tree::map().with("status", status).with_some("body", body))
        }
    };
    let mut entry = Tree::map()
        .with("name", route)
        .with("match", [("prefix", Tree::from("/"))])
        .with_some("metadata", filter_metadata("--route-metadata", &args.route_metadata)?);
    if let (Tree::Map(fields), Tree::Map(action)) = (&mut entry, action) {
        fields.extend(action);
    }
    let host = Tree::from([
        ("name", "default".into()),
        ("domains", vec![Tree::from("*")].into()),
        ("routes", vec![entry].into()),
    ]);
    let router = Tree::from([
        ("name", "envoy.filters.http.router".into()),
        (
            "typed_config",
            Tree::map().with("@type", "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"),
        ),
    ]);
    let config = Tree::map()
        .with(
            "@type",
            "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        )
        .with("stat_prefix", "main")
        .with("http_filters", vec![filter, router])
        .with("route_config", [("name", "main".into()), ("virtual_hosts", vec![host].into())]);
    Ok(Tree::from([
        ("name", "envoy.filters.network.http_connection_manager".into()),
        ("typed_config", config),
    ]))
}

fn tcp_proxy(upstream: &str) -> Tree {
    let config = Tree::map()
        .with("@type", "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy")
        .with("stat_prefix", "main")
        .with("cluster", upstream);
    Tree::from([("name", "envoy.filters.network.tcp_proxy".into()), ("typed_config", config)])
}

/// A cluster of one endpoint.
pub fn cluster(name: &str, to: &Cluster, metadata: Tree, host_metadata: Tree) -> Tree {
    let (host, port) = to.authority.rsplit_once(':').unwrap_or((&to.authority, "80"));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let kind = if host.parse::<IpAddr>().is_ok() { "STATIC" } else { "STRICT_DNS" };
    let at = Tree::from([(
        "socket_address",
        Tree::from([("address", host.into()), ("port_value", port.parse::<u16>().unwrap_or(80).into())]),
    )]);
    let endpoint = Tree::map().with("endpoint", [("address", at)]).with_some("metadata", host_metadata);
    let endpoints = vec![Tree::from([("lb_endpoints", vec![endpoint].into())])];
    let http2 = Tree::map()
        .with("@type", "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions")
        .with("explicit_http_config", [("http2_protocol_options", Tree::map())]);
    let options = match to.http2 {
        true => Tree::from([("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", http2)]),
        false => Tree::map(),
    };
    Tree::map()
        .with("name", name)
        .with("type", kind)
        .with_some("typed_extension_protocol_options", options)
        .with_some("metadata", metadata)
        .with("load_assignment", [("cluster_name", name.into()), ("endpoints", endpoints.into())])
}

fn address(to: SocketAddr) -> Tree {
    let parts = [("address", to.ip().to_string().into()), ("port_value", to.port().into())];
    Tree::from([("socket_address", Tree::from(parts))])
}

fn filter_metadata(option: &str, value: &Option<String>) -> Result<Tree, CliError> {
    let namespaces = metadata(option, value.clone())?;
    for (namespace, fields) in namespaces.as_object().into_iter().flatten() {
        if !fields.is_object() {
            return Err(CliError::Usage(format!(
                "{option}: {namespace:?} is no JSON object; Envoy's metadata are objects of namespaces"
            )));
        }
    }
    Ok(Tree::map().with_some("filter_metadata", namespaces))
}
