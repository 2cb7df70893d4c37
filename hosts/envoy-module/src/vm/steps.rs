//! What is asked of Envoy once the VM is free: calls during which Envoy runs hooks of the same filter.

use super::Vm;
use crate::abi::{Bytes, Filter, envoy};
use crate::calls::{self, Outgoing};
use crate::context::http::{Dir, Synthetic};
use crate::context::root::Headers;
use crate::hooks::http::Stream as HttpStream;
use crate::hooks::network::Stream;

/// See the module. Filters are those of streams that live on this worker.
#[derive(Debug)]
pub enum Step {
    /// Go on with a direction of a stream; whether the route has to be chosen again first.
    Continue(Filter, *const HttpStream, Dir, bool),
    /// Answer a stream.
    Respond(Filter, *const HttpStream, Box<Response>),
    /// Break a stream off.
    Reset(Filter, *const HttpStream),
    /// Go on with what a TCP stream's client sent.
    ContinueTcp(*const Stream),
    /// Close a TCP stream's connection, after what was written so far; why.
    CloseTcp(*const Stream, &'static str),
    /// Start a call.
    StartCall(Box<Outgoing>),
    /// Do something to a call that is on its way.
    Call(calls::Change),
}

/// A response of ours.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// HTTP status.
    pub code: u32,
    /// Without the ones that Envoy adds.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// For `response.code_details`.
    pub details: Vec<u8>,
}

impl Response {
    /// What the guest's response callbacks made of a local response.
    pub fn of(synthetic: Synthetic, grpc: bool) -> Self {
        let Synthetic { mut headers, body, details } = synthetic;
        let code = headers.get(b":status").and_then(|s| std::str::from_utf8(s).ok()?.parse().ok());
        headers.0.retain(|(k, _)| !k.starts_with(b":"));
        // Envoy computes the length, and adds the type where there is none.
        headers.remove(b"content-length");
        if !grpc && headers.get(b"content-type") == Some(b"text/plain") {
            headers.remove(b"content-type");
        }
        let mut body = body;
        if grpc {
            if let Some(message) = headers.get(b"grpc-message") {
                body = message.to_vec();
            }
            headers.remove(b"grpc-message");
        }
        Self { code: code.unwrap_or(500), headers, body, details }
    }
}

/// Takes them, in their order. The VM is free: hooks may enter it.
pub(super) fn take(vm: &Vm, steps: Vec<Step>) {
    for step in steps {
        // SAFETY (of all): the filters' streams have not ended: a step comes from a hook on their own worker, after which
        // they are taken at once, and Envoy destroys filters later. A stream's place stays readable after that.
        match step {
            // An earlier step has ended the stream.
            Step::Continue(_, stream, ..) | Step::Respond(_, stream, _) | Step::Reset(_, stream)
                if unsafe { (*stream).is_over() } => {}
            Step::Continue(filter, stream, dir, clear_route) => unsafe {
                if clear_route {
                    (envoy().http_clear_route_cache)(filter);
                }
                // A call that failed at once may have woken the stream while its hook is still on its way to say "stop".
                if (*stream).resume_in_hook(dir) {
                    continue;
                }
                match dir {
                    Dir::Request => (envoy().http_filter_continue_decoding)(filter),
                    Dir::Response => (envoy().http_filter_continue_encoding)(filter),
                }
            },
            Step::Respond(filter, _, response) => {
                let mut pairs = Vec::new();
                response.headers.pairs(&mut pairs);
                unsafe {
                    (envoy().http_send_response)(
                        filter,
                        response.code,
                        pairs.as_ptr(),
                        pairs.len(),
                        Bytes::new(&response.body),
                        Bytes::new(&response.details),
                    );
                }
            }
            Step::Reset(filter, _) => {
                if let Some(reset) = envoy().http_filter_reset_stream {
                    unsafe { reset(filter, 0, Bytes::new(b"wasm_close_stream")) };
                }
            }
            Step::ContinueTcp(stream) => unsafe { (*stream).go_on() },
            Step::CloseTcp(stream, details) => unsafe { (*stream).close(details) },
            Step::StartCall(outgoing) => calls::start(vm, *outgoing),
            Step::Call(change) => calls::change(vm, change),
        }
    }
}
