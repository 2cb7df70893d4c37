//! HTTP calls of plugins: what is asked of the driver, and the checks before.

use crate::config::Cluster;
use crate::maps::HeaderMap;
use nullvm_shim::host::Status;
use std::collections::BTreeMap;
use std::time::Duration;

/// A request that a driver must send; its answer goes to `Vm::http_call_response`.
#[derive(Clone, Debug)]
pub struct HttpCallRequest {
    /// The root context that is told.
    pub root: u32,
    /// Tells the call.
    pub token: u32,
    /// Where to.
    pub cluster: Cluster,
    /// The cluster's name.
    pub cluster_name: String,
    /// With pseudo-headers, and `content-length` if there is a body.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers, possibly none.
    pub trailers: HeaderMap,
    /// How long the answer may take; `None` for any time.
    pub timeout: Option<Duration>,
}

/// Checks a call as Envoy does: a known cluster, a timeout that is not negative, and the three pseudo-headers.
pub fn check(
    clusters: &BTreeMap<String, Cluster>,
    cluster_name: &[u8],
    mut headers: HeaderMap,
    body: &[u8],
    trailers: HeaderMap,
    timeout_ms: u32,
) -> Result<HttpCallRequest, Status> {
    let timeout_ms = i32::try_from(timeout_ms).map_err(|_| Status::BadArgument)? as u64;
    let cluster_name = std::str::from_utf8(cluster_name).map_err(|_| Status::BadArgument)?;
    let cluster = clusters.get(cluster_name).ok_or(Status::BadArgument)?.clone();
    if [&b":path"[..], b":method", b":authority"].iter().any(|key| headers.get(key).is_none()) {
        return Err(Status::BadArgument);
    }
    if !body.is_empty() {
        headers.set(b"content-length", body.len().to_string().as_bytes());
    }
    let timeout = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms));
    let cluster_name = cluster_name.to_owned();
    Ok(HttpCallRequest {
        root: 0,
        token: 0,
        cluster,
        cluster_name,
        headers,
        body: body.to_vec(),
        trailers,
        timeout,
    })
}
