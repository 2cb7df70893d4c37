//! gRPC on the wire: framing, status numbers, `grpc-message`.

/// Numbers of `google.rpc.Code` that the host itself gives.
pub mod code {
    /// The call succeeded.
    pub const OK: u32 = 0;
    /// The call was cancelled.
    pub const CANCELLED: u32 = 1;
    /// Something without a code.
    pub const UNKNOWN: u32 = 2;
    /// The deadline passed.
    pub const DEADLINE_EXCEEDED: u32 = 4;
    /// Access denied.
    pub const PERMISSION_DENIED: u32 = 7;
    /// Not offered.
    pub const UNIMPLEMENTED: u32 = 12;
    /// The other side broke a rule.
    pub const INTERNAL: u32 = 13;
    /// The other side cannot be reached.
    pub const UNAVAILABLE: u32 = 14;
    /// No credentials.
    pub const UNAUTHENTICATED: u32 = 16;
}

/// The gRPC status that stands for an HTTP status.
pub fn status_of_http(status: u32) -> u32 {
    match status {
        400 => code::INTERNAL,
        401 => code::UNAUTHENTICATED,
        403 => code::PERMISSION_DENIED,
        404 => code::UNIMPLEMENTED,
        429 | 502 | 503 | 504 => code::UNAVAILABLE,
        _ => code::UNKNOWN,
    }
}

/// Puts the five bytes of framing before a message: not compressed, length.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 5);
    out.push(0);
    out.extend_from_slice(&(message.len() as u32).to_be_bytes());
    out.extend_from_slice(message);
    out
}

/// Largest message that is taken.
const MAX_MESSAGE: usize = 64 << 20;

/// Messages out of a stream of bytes.
#[derive(Debug, Default)]
pub struct Deframer {
    bytes: Vec<u8>,
}

impl Deframer {
    /// More bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, `None` for "not yet". An error: a compressed message, or a giant one.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, &'static str> {
        let Some((header, rest)) = self.bytes.split_first_chunk::<5>() else { return Ok(None) };
        if header[0] != 0 {
            return Err("compressed gRPC message");
        }
        let len = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        if len > MAX_MESSAGE {
            return Err("gRPC message too large");
        }
        if rest.len() < len {
            return Ok(None);
        }
        let message = rest[..len].to_vec();
        self.bytes.drain(..5 + len);
        Ok(Some(message))
    }

    /// Whether part of a message is left over.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Undoes the percent-encoding of `grpc-message`.
pub fn decode_message(value: &[u8]) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|d| d.is_ascii()).and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &tail[2..];
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The percent-encoding of `grpc-message`.
pub fn encode_message(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'%' | 0..=0x1f | 0x7f..=0xff => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing() {
        let mut bytes = frame(b"hello");
        bytes.extend(frame(b""));
        let mut d = Deframer::default();
        d.push(&bytes[..7]);
        assert_eq!(d.next_message(), Ok(None));
        d.push(&bytes[7..]);
        assert_eq!(d.next_message(), Ok(Some(b"hello".to_vec())));
        assert_eq!(d.next_message(), Ok(Some(Vec::new())));
        assert_eq!(d.next_message(), Ok(None));
        assert!(d.is_empty());
        d.push(&[1, 0, 0, 0, 0]);
        assert!(d.next_message().is_err());
    }

    #[test]
    fn messages() {
        assert_eq!(encode_message("a%\n\u{e9}".as_bytes()), b"a%25%0A%C3%A9");
        assert_eq!(decode_message(b"a%25%0A%C3%A9%"), "a%\n\u{e9}%");
        assert_eq!(decode_message(b"%zz"), "%zz");
    }
}
