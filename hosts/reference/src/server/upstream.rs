//! Connections to clusters, pooled per worker.

use super::body::ChannelBody;
use crate::config::Cluster;
use crate::maps::HeaderMap;
use http::Uri;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{HttpConnector, HttpInfo};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to one address, whatever host a request names.
#[derive(Clone)]
pub struct ClusterConnector {
    inner: HttpConnector,
    target: Uri,
}

impl tower_service::Service<Uri> for ClusterConnector {
    type Response = <HttpConnector as tower_service::Service<Uri>>::Response;
    type Error = <HttpConnector as tower_service::Service<Uri>>::Error;
    type Future = <HttpConnector as tower_service::Service<Uri>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        self.inner.call(self.target.clone())
    }
}

/// A client of one cluster.
pub type ClusterClient = Client<ClusterConnector, ChannelBody>;

/// The clients of a worker.
#[derive(Default)]
pub struct Clients {
    clients: RefCell<HashMap<(String, bool), ClusterClient>>,
}

impl Clients {
    /// The client of a cluster; `http2` asks for HTTP/2 where the cluster does not already.
    pub fn get(&self, cluster: &Cluster, http2: bool) -> ClusterClient {
        let http2 = http2 || cluster.http2;
        let key = (cluster.authority.clone(), http2);
        self.clients.borrow_mut().entry(key).or_insert_with(|| client(cluster, http2)).clone()
    }
}

fn client(cluster: &Cluster, http2: bool) -> ClusterClient {
    let mut inner = HttpConnector::new();
    inner.set_nodelay(true);
    inner.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let target = format!("http://{}/", cluster.authority).parse().expect("a Cluster holds a valid authority");
    Client::builder(TokioExecutor::new())
        .http2_only(http2)
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .build(ClusterConnector { inner, target })
}

/// A request out of a map; `None` when its pseudo-headers make none.
pub fn request(headers: &HeaderMap, body: ChannelBody) -> Option<http::Request<ChannelBody>> {
    let method: http::Method = headers.get_str(":method")?.parse().ok()?;
    let path = headers.get_str(":path")?;
    let authority = headers.get_str(":authority").filter(|a| !a.is_empty()).unwrap_or("localhost");
    let uri = Uri::builder().scheme("http").authority(authority).path_and_query(path).build().ok()?;
    let mut request = http::Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers.to_http();
    Some(request)
}

/// Both ends of the connection that a response came over.
pub fn addresses(response: &http::Response<Incoming>) -> Option<(SocketAddr, SocketAddr)> {
    let info = response.extensions().get::<HttpInfo>()?;
    Some((info.remote_addr(), info.local_addr()))
}

/// Why a request got no answer, in Envoy's words.
pub fn failure(error: &hyper_util::client::legacy::Error) -> &'static str {
    if error.is_connect() {
        "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
    } else {
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
    }
}
