//! What comes back on a call, put together the way Proxy-Wasm tells it.

use crate::context::root::{Headers, HttpResponse};
use nullvm_host_common::abi::CallKind;
use nullvm_host_common::framing::{Deframer, code as grpc_code, decode_message, status_of_http};

/// Largest body of a response that is kept for a guest.
const MAX_RESPONSE: usize = 64 << 20;

/// What the guest is told.
#[derive(Debug)]
pub enum Event {
    /// The response to an HTTP call; `None` for none.
    Http(Option<HttpResponse>),
    /// Initial metadata of a gRPC stream.
    GrpcInitial(Headers),
    /// A message.
    GrpcMessage(Vec<u8>),
    /// Trailing metadata of a gRPC stream.
    GrpcTrailing(Headers),
    /// The end of a gRPC stream, or the failure of a call: status and message.
    GrpcClose(u32, String),
}

/// See the module.
#[derive(Debug)]
pub struct Incoming {
    kind: CallKind,
    response: HttpResponse,
    deframer: Deframer,
    message: Option<Vec<u8>>,
    /// The end has been told: what comes after it is nobody's.
    over: bool,
}

impl Incoming {
    /// For a call of this kind.
    pub fn new(kind: CallKind) -> Self {
        Self {
            kind,
            response: HttpResponse::default(),
            deframer: Deframer::default(),
            message: None,
            over: false,
        }
    }

    /// What kind of call it is.
    pub fn kind(&self) -> CallKind {
        self.kind
    }

    /// Whether its end has been told.
    pub fn is_over(&self) -> bool {
        self.over
    }

    fn is_grpc(&self) -> bool {
        self.kind != CallKind::Http
    }

    /// A response that comes in one.
    pub fn whole<'a>(&mut self, headers: Headers, body: impl Iterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut events = self.headers(headers, false);
        for chunk in body {
            events.extend(self.data(chunk));
        }
        events.extend(self.complete());
        events
    }

    /// Response headers.
    pub fn headers(&mut self, headers: Headers, end: bool) -> Vec<Event> {
        let mut events = Vec::new();
        if self.over {
            return events;
        }
        if self.is_grpc() {
            let status = headers.get(b":status").and_then(|s| std::str::from_utf8(s).ok()?.parse().ok());
            if self.kind == CallKind::GrpcStream {
                // Trailers that come alone are no initial metadata.
                events.push(Event::GrpcInitial(if end { Headers::default() } else { headers.clone() }));
            }
            if end && headers.get(b"grpc-status").is_some() {
                self.grpc_end(headers, &mut events);
            } else if status != Some(200) {
                self.close(status_of_http(status.unwrap_or(0)), "", &mut events);
            } else if end {
                self.grpc_end(headers, &mut events);
            }
        } else {
            self.response.headers = headers;
        }
        events
    }

    /// A piece of the body.
    pub fn data(&mut self, data: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        if self.over {
            return events;
        }
        if !self.is_grpc() {
            if self.response.body.len() + data.len() > MAX_RESPONSE {
                self.over = true;
                events.push(Event::Http(None));
            } else {
                self.response.body.extend_from_slice(data);
            }
            return events;
        }
        self.deframer.push(data);
        loop {
            match self.deframer.next_message() {
                Ok(None) => return events,
                Ok(Some(message)) if self.kind == CallKind::Grpc => self.message = Some(message),
                Ok(Some(message)) => events.push(Event::GrpcMessage(message)),
                Err(reason) => {
                    self.close(grpc_code::INTERNAL, reason, &mut events);
                    return events;
                }
            }
        }
    }

    /// Response trailers.
    pub fn trailers(&mut self, trailers: Headers) -> Vec<Event> {
        let mut events = Vec::new();
        if self.over {
            return events;
        }
        if self.is_grpc() {
            self.grpc_end(trailers, &mut events);
        } else {
            self.response.trailers = trailers;
        }
        events
    }

    /// The response is complete.
    pub fn complete(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.over {
            return events;
        }
        if self.is_grpc() {
            self.close(grpc_code::UNKNOWN, "", &mut events);
        } else {
            self.over = true;
            events.push(Event::Http(Some(std::mem::take(&mut self.response))));
        }
        events
    }

    /// The call broke off.
    pub fn reset(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.over {
            return events;
        }
        if self.is_grpc() {
            self.close(grpc_code::UNAVAILABLE, "", &mut events);
        } else {
            self.over = true;
            events.push(Event::Http(None));
        }
        events
    }

    fn grpc_end(&mut self, trailers: Headers, events: &mut Vec<Event>) {
        let status = trailers.get(b"grpc-status").and_then(|s| std::str::from_utf8(s).ok()?.parse().ok());
        let message = trailers.get(b"grpc-message").map(decode_message).unwrap_or_default();
        let status = status.unwrap_or(grpc_code::UNKNOWN);
        if self.kind == CallKind::GrpcStream {
            events.push(Event::GrpcTrailing(trailers));
        }
        self.close(status, &message, events);
    }

    fn close(&mut self, status: u32, message: &str, events: &mut Vec<Event>) {
        self.over = true;
        match self.message.take() {
            Some(reply) if self.kind == CallKind::Grpc && status == grpc_code::OK => {
                events.push(Event::GrpcMessage(reply));
            }
            // A unary call that ends well without a message has failed all the same.
            None if self.kind == CallKind::Grpc && status == grpc_code::OK => {
                events.push(Event::GrpcClose(grpc_code::INTERNAL, message.to_owned()));
            }
            _ => events.push(Event::GrpcClose(status, message.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers(pairs.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect())
    }

    #[test]
    fn an_http_response_is_told_once_at_its_end() {
        let mut call = Incoming::new(CallKind::Http);
        assert!(call.headers(headers(&[(":status", "200")]), false).is_empty());
        assert!(call.data(b"ab").is_empty() && call.data(b"c").is_empty());
        assert!(call.trailers(headers(&[("t", "1")])).is_empty());
        let events = call.complete();
        let [Event::Http(Some(response))] = &events[..] else { panic!("{events:?}") };
        assert_eq!((response.body.as_slice(), response.trailers.0.len()), (&b"abc"[..], 1));
        assert!(call.reset().is_empty());
        assert!(matches!(Incoming::new(CallKind::Http).reset()[..], [Event::Http(None)]));
    }

    #[test]
    fn a_response_in_one_is_told_at_once() {
        let mut call = Incoming::new(CallKind::Http);
        let events = call.whole(headers(&[(":status", "200")]), [&b"ab"[..], b"", b"c"].into_iter());
        let [Event::Http(Some(response))] = &events[..] else { panic!("{events:?}") };
        assert_eq!(response.body, b"abc");
        assert!(call.complete().is_empty() && call.reset().is_empty());
    }

    #[test]
    fn a_unary_call_gives_its_message_when_its_status_is_known() {
        let mut call = Incoming::new(CallKind::Grpc);
        assert!(call.headers(headers(&[(":status", "200")]), false).is_empty());
        assert!(call.data(&[0, 0, 0, 0, 2, b'h', b'i']).is_empty());
        let events = call.trailers(headers(&[("grpc-status", "0")]));
        assert!(matches!(&events[..], [Event::GrpcMessage(m)] if m == b"hi"), "{events:?}");
        assert!(call.complete().is_empty());
        let mut refused = Incoming::new(CallKind::Grpc);
        let only = headers(&[(":status", "200"), ("grpc-status", "7"), ("grpc-message", "no%21")]);
        let events = refused.headers(only, true);
        assert!(matches!(&events[..], [Event::GrpcClose(7, m)] if m == "no!"), "{events:?}");
        let events = Incoming::new(CallKind::Grpc).headers(headers(&[(":status", "503")]), false);
        assert!(matches!(&events[..], [Event::GrpcClose(14, _)]), "{events:?}");
    }

    #[test]
    fn a_stream_tells_everything_in_its_order() {
        let mut call = Incoming::new(CallKind::GrpcStream);
        let mut events = call.headers(headers(&[(":status", "200")]), false);
        events.extend(call.data(&[0, 0, 0, 0, 1, b'a', 0, 0, 0, 0]));
        events.extend(call.data(&[1, b'b']));
        events.extend(call.trailers(headers(&[("grpc-status", "0")])));
        events.extend(call.complete());
        let order: Vec<&str> = events
            .iter()
            .map(|e| match e {
                Event::Http(_) => "http",
                Event::GrpcInitial(_) => "initial",
                Event::GrpcMessage(_) => "message",
                Event::GrpcTrailing(_) => "trailing",
                Event::GrpcClose(0, _) => "close 0",
                Event::GrpcClose(..) => "close",
            })
            .collect();
        assert_eq!(order, ["initial", "message", "message", "trailing", "close 0"]);
    }
}
