//! Streams: going on, closing, answering.

use super::pairs::GuestPairs;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::{LocalResponse, Status};

/// The last stream (`proxy_stream_type_t`), upstream.
const MAX_STREAM: u32 = 3;

/// The HTTP request as a stream.
const REQUEST: u32 = 0;

/// The HTTP response as a stream.
const RESPONSE: u32 = 1;

fn check_stream(stream_type: u32) -> Result<(), Status> {
    if stream_type > MAX_STREAM { Err(Status::BadArgument) } else { Ok(()) }
}

/// Goes on with a stream that a callback stopped.
pub fn proxy_continue_stream<G: Guest>(guest: &mut G, stream_type: u32) -> Answer {
    check_stream(stream_type)?;
    call!(guest, continue_stream, stream_type)?;
    OK
}

/// Closes a stream.
pub fn proxy_close_stream<G: Guest>(guest: &mut G, stream_type: u32) -> Answer {
    check_stream(stream_type)?;
    call!(guest, close_stream, stream_type)?;
    OK
}

/// Goes on with the request; ABI 0.1.0.
pub fn proxy_continue_request<G: Guest>(guest: &mut G) -> Answer {
    proxy_continue_stream(guest, REQUEST)
}

/// Goes on with the response; ABI 0.1.0.
pub fn proxy_continue_response<G: Guest>(guest: &mut G) -> Answer {
    proxy_continue_stream(guest, RESPONSE)
}

/// Has the route chosen again; ABI 0.1.0.
pub fn proxy_clear_route_cache<G: Guest>(guest: &mut G) -> Answer {
    call!(guest, clear_route_cache)?;
    OK
}

/// Answers the request in place of the upstream; -1 in `grpc_status` is none.
#[allow(clippy::too_many_arguments)]
pub fn proxy_send_local_response<G: Guest>(
    guest: &mut G,
    code: u32,
    details: u32,
    details_size: u32,
    body: u32,
    body_size: u32,
    headers: u32,
    headers_size: u32,
    grpc_status: u32,
) -> Answer {
    let memory = guest.memory();
    let headers = GuestPairs::read(&memory, headers, headers_size)?;
    let response = LocalResponse {
        code,
        grpc_status: grpc_status as i32,
        details: memory.bytes(details, details_size)?,
        body: memory.bytes(body, body_size)?,
        headers: headers.as_pairs(),
    };
    call!(guest, send_local_response, &response)?;
    OK
}
