//! Imports beside the specification: Higress's Redis calls, Envoy's DNS, what Emscripten's C library needs.

use super::results::start;
use super::{Answer, OK, call};
use crate::guest::Guest;

/// Prepares an upstream for Redis calls; `timeout` in milliseconds. Higress.
#[allow(clippy::too_many_arguments)]
pub fn proxy_redis_init<G: Guest>(
    guest: &mut G,
    upstream: u32,
    upstream_size: u32,
    username: u32,
    username_size: u32,
    password: u32,
    password_size: u32,
    timeout: u32,
) -> Answer {
    let memory = guest.memory();
    let upstream = memory.bytes(upstream, upstream_size)?;
    let username = memory.bytes(username, username_size)?;
    let password = memory.bytes(password, password_size)?;
    call!(guest, redis_init, upstream, username, password, timeout)?;
    OK
}

/// Sends a query in Redis's protocol; the response comes with `proxy_on_redis_call_response`. Higress.
pub fn proxy_redis_call<G: Guest>(
    guest: &mut G,
    upstream: u32,
    upstream_size: u32,
    query: u32,
    query_size: u32,
    return_token: u32,
) -> Answer {
    let memory = guest.memory();
    let (upstream, query) = (memory.bytes(upstream, upstream_size)?, memory.bytes(query, query_size)?);
    start(guest, return_token, |guest, token| call!(guest, redis_call, upstream, query, token))?;
    OK
}

/// Resolves a name; the addresses come with `envoy_on_resolve_dns`. Envoy.
pub fn envoy_resolve_dns<G: Guest>(guest: &mut G, name: u32, name_size: u32, return_token: u32) -> Answer {
    let name = guest.memory().bytes(name, name_size)?;
    start(guest, return_token, |guest, token| call!(guest, resolve_dns, name, token))?;
    OK
}

/// Emscripten's hint that the memory has grown; nothing is kept that would have to follow.
pub fn emscripten_notify_memory_growth<G: Guest>(_: &mut G, _memory: u32) -> Answer {
    OK
}

/// Whether two threads are the same one: 1 or 0.
pub fn pthread_equal<G: Guest>(_: &mut G, left: u32, right: u32) -> Answer {
    Ok(u32::from(left == right))
}
