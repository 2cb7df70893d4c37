//! HTTP calls to other upstreams.

use super::pairs::GuestPairs;
use super::results::start;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::HttpCall;

/// Starts an HTTP call; the response comes with `proxy_on_http_call_response`.
#[allow(clippy::too_many_arguments)]
pub fn proxy_http_call<G: Guest>(
    guest: &mut G,
    upstream: u32,
    upstream_size: u32,
    headers: u32,
    headers_size: u32,
    body: u32,
    body_size: u32,
    trailers: u32,
    trailers_size: u32,
    timeout: u32,
    return_token: u32,
) -> Answer {
    let memory = guest.memory();
    let headers = GuestPairs::read(&memory, headers, headers_size)?;
    let trailers = GuestPairs::read(&memory, trailers, trailers_size)?;
    let request = HttpCall {
        upstream: memory.bytes(upstream, upstream_size)?,
        headers: headers.as_pairs(),
        body: memory.bytes(body, body_size)?,
        trailers: trailers.as_pairs(),
        timeout,
    };
    start(guest, return_token, |guest, token| call!(guest, http_call, &request, token))?;
    OK
}
