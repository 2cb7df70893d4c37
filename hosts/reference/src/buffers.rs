//! Buffers that plugins read and write: bodies, stream data, messages, configurations.

use nullvm_shim::host::Status;

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

/// Writes to a body or stream buffer as Envoy does: in front (start 0, length 0), in place of everything (start 0,
/// length at least the size) or behind (start at least the size). Anything else is [`Status::BadArgument`].
pub fn write(buffer: &mut Vec<u8>, start: u32, length: u32, data: &[u8]) -> Status {
    let size = buffer.len() as u64;
    let (start, length) = (u64::from(start), u64::from(length));
    if start == 0 && length == 0 {
        buffer.splice(0..0, data.iter().copied());
    } else if start == 0 && length >= size {
        buffer.clear();
        buffer.extend_from_slice(data);
    } else if start > 0 && start >= size {
        buffer.extend_from_slice(data);
    } else {
        return Status::BadArgument;
    }
    Status::Ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes() {
        let run = |start, length| {
            let mut b = b"abc".to_vec();
            let s = write(&mut b, start, length, b"XY");
            (s == Status::Ok).then(|| String::from_utf8(b).unwrap())
        };
        assert_eq!(run(0, 0).as_deref(), Some("XYabc"));
        assert_eq!(run(0, 3).as_deref(), Some("XY"));
        assert_eq!(run(0, u32::MAX).as_deref(), Some("XY"));
        assert_eq!(run(3, 0).as_deref(), Some("abcXY"));
        assert_eq!(run(u32::MAX, 7).as_deref(), Some("abcXY"));
        assert_eq!(run(0, 1), None);
        assert_eq!(run(1, 1), None);
    }
}
