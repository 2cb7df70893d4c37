//! Buffers that plugins read and write: bodies, stream data, messages, configurations.

/// `proxy_buffer_type_t`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum BufferType {
    /// Request body.
    RequestBody = 0,
    /// Response body.
    ResponseBody = 1,
    /// From the client of a TCP stream.
    DownstreamData = 2,
    /// From the upstream of a TCP stream.
    UpstreamData = 3,
    /// Body of the response to an HTTP call.
    HttpCallBody = 4,
    /// A message of a gRPC call.
    GrpcMessage = 5,
    /// The VM's configuration.
    VmConfiguration = 6,
    /// The plugin's configuration.
    PluginConfiguration = 7,
    /// Arguments of a call into the plugin.
    CallData = 8,
}

impl BufferType {
    /// The buffer with this number.
    pub const fn from_u32(n: u32) -> Option<Self> {
        Some(match n {
            0 => Self::RequestBody,
            1 => Self::ResponseBody,
            2 => Self::DownstreamData,
            3 => Self::UpstreamData,
            4 => Self::HttpCallBody,
            5 => Self::GrpcMessage,
            6 => Self::VmConfiguration,
            7 => Self::PluginConfiguration,
            8 => Self::CallData,
            _ => return None,
        })
    }
}
