//! `envoy.config.core.v3.GrpcService`, by which plugins name the upstream of a gRPC call.

use prost::Message;
use std::time::Duration;

/// Why the upstream of a gRPC call cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// No `GrpcService` message. Hosts answer [`crate::Status::ParseFailure`].
    #[error("the gRPC service is no envoy.config.core.v3.GrpcService message")]
    Malformed,
    /// Neither `envoy_grpc` nor `google_grpc`, or a cluster without a name.
    #[error("the gRPC service names no cluster")]
    NoCluster,
    /// `google_grpc`: a client of its own, which this host does not carry.
    #[error("google_grpc is not supported: name a cluster with envoy_grpc")]
    GoogleGrpc,
}

/// Where a gRPC call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcService {
    /// Name of the cluster; never empty.
    pub cluster_name: String,
    /// `:authority`, the cluster's name where the message has none.
    pub authority: String,
    /// Limit of the whole call; `None` where the message has none or no positive one.
    pub timeout: Option<Duration>,
    /// Headers that each call adds, in their order.
    pub initial_metadata: Vec<(Vec<u8>, Vec<u8>)>,
}

impl GrpcService {
    /// A cluster by its name, with nothing else said.
    pub fn of_cluster(name: &str) -> Self {
        Self {
            cluster_name: name.to_owned(),
            authority: name.to_owned(),
            timeout: None,
            initial_metadata: Vec::new(),
        }
    }

    /// Reads a serialized `GrpcService`. Fields that say nothing here (retry policy) are skipped.
    pub fn parse(message: &[u8]) -> Result<Self, ServiceError> {
        let service = proto::GrpcService::decode(message).map_err(|_| ServiceError::Malformed)?;
        let Some(envoy) = service.envoy_grpc else {
            return Err(match service.google_grpc {
                Some(_) => ServiceError::GoogleGrpc,
                None => ServiceError::NoCluster,
            });
        };
        if envoy.cluster_name.is_empty() {
            return Err(ServiceError::NoCluster);
        }
        let authority = if envoy.authority.is_empty() { envoy.cluster_name.clone() } else { envoy.authority };
        let timeout = service.timeout.and_then(|t| {
            let (seconds, nanos) = (u64::try_from(t.seconds).ok()?, u32::try_from(t.nanos).ok()?);
            let timeout = Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanos.into()))?;
            (!timeout.is_zero()).then_some(timeout)
        });
        let initial_metadata = service
            .initial_metadata
            .into_iter()
            .map(|h| {
                (h.key.into_bytes(), if h.raw_value.is_empty() { h.value.into_bytes() } else { h.raw_value })
            })
            .collect();
        Ok(Self { cluster_name: envoy.cluster_name, authority, timeout, initial_metadata })
    }
}

/// The messages, with the field numbers of Envoy's `grpc_service.proto` and `base.proto`.
mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct GrpcService {
        #[prost(message, optional, tag = "1")]
        pub envoy_grpc: Option<EnvoyGrpc>,
        /// Left unread: only that it is there matters.
        #[prost(bytes = "vec", optional, tag = "2")]
        pub google_grpc: Option<Vec<u8>>,
        #[prost(message, optional, tag = "3")]
        pub timeout: Option<Timeout>,
        #[prost(message, repeated, tag = "5")]
        pub initial_metadata: Vec<HeaderValue>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct EnvoyGrpc {
        #[prost(string, tag = "1")]
        pub cluster_name: String,
        #[prost(string, tag = "2")]
        pub authority: String,
    }

    /// `google.protobuf.Duration`
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Timeout {
        #[prost(int64, tag = "1")]
        pub seconds: i64,
        #[prost(int32, tag = "2")]
        pub nanos: i32,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct HeaderValue {
        #[prost(string, tag = "1")]
        pub key: String,
        #[prost(string, tag = "2")]
        pub value: String,
        #[prost(bytes = "vec", tag = "3")]
        pub raw_value: Vec<u8>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_a_call_needs() {
        // envoy_grpc {cluster_name: c, authority: a}, timeout {1 s, 300 ns}, initial_metadata {k: v}, {b: ff 00}
        let message = b"\x0a\x06\x0a\x01c\x12\x01a\
            \x1a\x05\x08\x01\x10\xac\x02\
            \x2a\x06\x0a\x01k\x12\x01v\
            \x2a\x07\x0a\x01b\x1a\x02\xff\x00";
        let service = GrpcService::parse(message).unwrap();
        assert_eq!((service.cluster_name.as_str(), service.authority.as_str()), ("c", "a"));
        assert_eq!(service.timeout, Some(Duration::new(1, 300)));
        assert_eq!(
            service.initial_metadata,
            [(b"k".to_vec(), b"v".to_vec()), (b"b".to_vec(), vec![0xff, 0])]
        );
        assert_eq!(GrpcService::parse(b"\x0a\x03\x0a\x01c"), Ok(GrpcService::of_cluster("c")));
        let negative = b"\x0a\x03\x0a\x01c\x1a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(GrpcService::parse(negative).unwrap().timeout, None);
    }

    #[test]
    fn refusals() {
        assert_eq!(GrpcService::parse(b"some_cluster"), Err(ServiceError::Malformed));
        assert_eq!(GrpcService::parse(b""), Err(ServiceError::NoCluster));
        assert_eq!(GrpcService::parse(b"\x0a\x00"), Err(ServiceError::NoCluster));
        assert_eq!(GrpcService::parse(b"\x12\x03\x0a\x01t"), Err(ServiceError::GoogleGrpc));
    }
}
