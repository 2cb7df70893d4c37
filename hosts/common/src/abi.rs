//! Numbers of the Proxy-Wasm ABI, as proxy-wasm-cpp-host has them.

/// `proxy_log_level_t`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// 0
    Trace = 0,
    /// 1
    Debug = 1,
    /// 2
    Info = 2,
    /// 3
    Warn = 3,
    /// 4
    Error = 4,
    /// 5
    Critical = 5,
}

impl Level {
    /// The level with this number.
    pub const fn from_u32(n: u32) -> Option<Self> {
        Some(match n {
            0 => Self::Trace,
            1 => Self::Debug,
            2 => Self::Info,
            3 => Self::Warn,
            4 => Self::Error,
            5 => Self::Critical,
            _ => return None,
        })
    }

    /// As it stands in a line, and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl std::str::FromStr for Level {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        (0..6)
            .filter_map(Self::from_u32)
            .find(|l| l.as_str() == s || (s == "warn" && *l == Self::Warn))
            .ok_or_else(|| {
                format!("unknown log level \"{s}\": trace, debug, info, warning, error or critical")
            })
    }
}

/// `proxy_metric_type_t`; also the low two bits of a metric's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum MetricType {
    /// Only grows.
    Counter = 0,
    /// Goes up and down.
    Gauge = 1,
    /// A distribution.
    Histogram = 2,
}

impl MetricType {
    /// The type with this number.
    pub const fn from_u32(n: u32) -> Option<Self> {
        Some(match n {
            0 => Self::Counter,
            1 => Self::Gauge,
            2 => Self::Histogram,
            _ => return None,
        })
    }
}

/// Kinds of calls; the low two bits of their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CallKind {
    /// HTTP call.
    Http = 0,
    /// Unary gRPC call.
    Grpc = 1,
    /// gRPC stream.
    GrpcStream = 2,
}

/// Who closed a connection: `proxy_peer_type_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Peer {
    /// Not known.
    Unknown = 0,
    /// This side.
    Local = 1,
    /// The other side.
    Remote = 2,
}
