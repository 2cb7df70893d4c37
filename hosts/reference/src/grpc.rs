//! gRPC calls of plugins: what is asked of the driver, framing, and the `GrpcService` that names an upstream.

use crate::config::Cluster;
use crate::maps::HeaderMap;
use nullvm_host_common::grpc::GrpcService;
use nullvm_shim::host::Status;
use std::collections::BTreeMap;
use std::time::Duration;

pub use nullvm_host_common::framing::{
    Deframer, code, decode_message, encode_message, frame, status_of_http,
};

/// A call or stream that a driver must open.
#[derive(Clone, Debug)]
pub struct GrpcRequest {
    /// The root context that is told.
    pub root: u32,
    /// Tells the call.
    pub token: u32,
    /// Where to, over HTTP/2.
    pub cluster: Cluster,
    /// `/SERVICE/METHOD`
    pub path: String,
    /// `:authority`
    pub authority: String,
    /// Initial metadata.
    pub metadata: HeaderMap,
    /// The message of a unary call; `None` for a stream.
    pub message: Option<Vec<u8>>,
    /// How long a unary call may take.
    pub timeout: Option<Duration>,
}

/// The upstream of a gRPC call: a cluster's name, or a serialized `GrpcService` that holds one.
/// [`Status::ParseFailure`] when it is neither, [`Status::InternalFailure`] when there is no such cluster.
pub fn upstream(
    clusters: &BTreeMap<String, Cluster>,
    upstream: &[u8],
) -> Result<(Cluster, GrpcService), Status> {
    if let Some((name, cluster)) =
        std::str::from_utf8(upstream).ok().and_then(|name| clusters.get_key_value(name))
    {
        return Ok((cluster.clone(), GrpcService::of_cluster(name)));
    }
    let service = GrpcService::parse(upstream).map_err(|_| Status::ParseFailure)?;
    let cluster = clusters.get(&service.cluster_name).ok_or(Status::InternalFailure)?;
    Ok((cluster.clone(), service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams() {
        let cluster: Cluster = "h2c://localhost:1".parse().unwrap();
        let clusters = BTreeMap::from([("c".to_owned(), cluster.clone())]);
        assert_eq!(upstream(&clusters, b"c"), Ok((cluster.clone(), GrpcService::of_cluster("c"))));
        let proto = b"\x0a\x03\x0a\x01c";
        assert_eq!(upstream(&clusters, proto), Ok((cluster, GrpcService::of_cluster("c"))));
        assert_eq!(upstream(&clusters, b"nope"), Err(Status::ParseFailure));
        assert_eq!(upstream(&clusters, b"\x0a\x03\x0a\x01d"), Err(Status::InternalFailure));
    }
}
