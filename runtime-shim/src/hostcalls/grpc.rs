//! gRPC calls and streams to other upstreams.

use super::pairs::GuestPairs;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::{Bytes, GrpcCall};

/// Starts a unary call; the response comes with `proxy_on_grpc_receive` or `proxy_on_grpc_close`.
#[allow(clippy::too_many_arguments)]
pub fn proxy_grpc_call<G: Guest>(
    guest: &mut G,
    upstream: u32,
    upstream_size: u32,
    service: u32,
    service_size: u32,
    method: u32,
    method_size: u32,
    metadata: u32,
    metadata_size: u32,
    message: u32,
    message_size: u32,
    timeout: u32,
    return_token: u32,
) -> Answer {
    let memory = guest.memory();
    let metadata = GuestPairs::read(&memory, metadata, metadata_size)?;
    let request = GrpcCall {
        upstream: memory.bytes(upstream, upstream_size)?,
        service: memory.bytes(service, service_size)?,
        method: memory.bytes(method, method_size)?,
        metadata: metadata.as_pairs(),
        message: memory.bytes(message, message_size)?,
        timeout,
    };
    let mut token = 0;
    call!(guest, grpc_call, &request, &mut token)?;
    guest.memory().write_u32(return_token, token)?;
    OK
}

/// Opens a stream; messages go out with [`proxy_grpc_send`] and come with `proxy_on_grpc_receive`.
#[allow(clippy::too_many_arguments)]
pub fn proxy_grpc_stream<G: Guest>(
    guest: &mut G,
    upstream: u32,
    upstream_size: u32,
    service: u32,
    service_size: u32,
    method: u32,
    method_size: u32,
    metadata: u32,
    metadata_size: u32,
    return_token: u32,
) -> Answer {
    let memory = guest.memory();
    let metadata = GuestPairs::read(&memory, metadata, metadata_size)?;
    let request = GrpcCall {
        upstream: memory.bytes(upstream, upstream_size)?,
        service: memory.bytes(service, service_size)?,
        method: memory.bytes(method, method_size)?,
        metadata: metadata.as_pairs(),
        message: Bytes::EMPTY,
        timeout: 0,
    };
    let mut token = 0;
    call!(guest, grpc_stream, &request, &mut token)?;
    guest.memory().write_u32(return_token, token)?;
    OK
}

/// Sends a message on a stream; `end_stream` other than 0 closes the sending side.
pub fn proxy_grpc_send<G: Guest>(
    guest: &mut G,
    token: u32,
    message: u32,
    message_size: u32,
    end_stream: u32,
) -> Answer {
    let message = guest.memory().bytes(message, message_size)?;
    call!(guest, grpc_send, token, message, u32::from(end_stream != 0))?;
    OK
}

/// Closes a call or a stream in good order.
pub fn proxy_grpc_close<G: Guest>(guest: &mut G, token: u32) -> Answer {
    call!(guest, grpc_close, token)?;
    OK
}

/// Gives a call or a stream up.
pub fn proxy_grpc_cancel<G: Guest>(guest: &mut G, token: u32) -> Answer {
    call!(guest, grpc_cancel, token)?;
    OK
}
