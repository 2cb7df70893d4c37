//! What a plugin exports for the host to call: entry points, allocator and Proxy-Wasm callbacks.

use crate::{AbiSet, ValType};

/// A function that a plugin may export and a host may call.
#[derive(Clone, Copy, Debug)]
pub struct Callback {
    /// Which it is; also its index in [`CALLBACKS`].
    pub id: CallbackId,
    /// The export's name.
    pub name: &'static str,
    /// Parameters, all of them `i32`.
    pub params: u32,
    /// Whether it returns an `i32`.
    pub result: bool,
    /// The ABI versions whose hosts look it up.
    pub abis: AbiSet,
}

impl Callback {
    /// The parameter types under an ABI version. Only `proxy_on_request_headers` and `proxy_on_response_headers` differ:
    /// version 0.1.0 has no `end_of_stream`.
    pub fn params_for(&self, abi: crate::AbiVersion) -> &'static [ValType] {
        const I32S: &[ValType] = &[ValType::I32; 8];
        let shorter = abi == crate::AbiVersion::V0_1_0
            && matches!(self.id, CallbackId::OnRequestHeaders | CallbackId::OnResponseHeaders);
        &I32S[..self.params as usize - shorter as usize]
    }

    /// The result types.
    pub fn results(&self) -> &'static [ValType] {
        const I32: &[ValType] = &[ValType::I32];
        if self.result { I32 } else { &[] }
    }
}

macro_rules! callbacks {
    ($( $(#[$doc:meta])* $id:ident $name:literal $params:literal $result:literal $abis:ident ;)*) => {
        /// Which callback. The numbers are part of the ABI: they index [`crate::MetaHeader::callbacks`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[allow(missing_docs)]
        pub enum CallbackId { $( $(#[$doc])* $id ),* }

        /// Every callback, indexed by [`CallbackId`].
        pub const CALLBACKS: &[Callback] = &[
            $( Callback { id: CallbackId::$id, name: $name, params: $params, result: $result, abis: AbiSet::$abis } ),*
        ];
    };
}

callbacks! {
    Initialize "_initialize" 0 false ALL;
    Start "_start" 0 false ALL;
    Main "main" 2 true ALL;
    MainVoid "__main_void" 0 true ALL;
    Malloc "malloc" 1 true ALL;
    OnMemoryAllocate "proxy_on_memory_allocate" 1 true ALL;
    ValidateConfiguration "proxy_validate_configuration" 2 true ALL;
    OnVmStart "proxy_on_vm_start" 2 true ALL;
    OnConfigure "proxy_on_configure" 2 true ALL;
    OnTick "proxy_on_tick" 1 false ALL;
    OnContextCreate "proxy_on_context_create" 2 false ALL;
    OnNewConnection "proxy_on_new_connection" 1 true ALL;
    OnDownstreamData "proxy_on_downstream_data" 3 true ALL;
    OnUpstreamData "proxy_on_upstream_data" 3 true ALL;
    OnDownstreamConnectionClose "proxy_on_downstream_connection_close" 2 false ALL;
    OnUpstreamConnectionClose "proxy_on_upstream_connection_close" 2 false ALL;
    OnRequestHeaders "proxy_on_request_headers" 3 true ALL;
    OnRequestBody "proxy_on_request_body" 3 true ALL;
    OnRequestTrailers "proxy_on_request_trailers" 2 true ALL;
    OnRequestMetadata "proxy_on_request_metadata" 2 true ALL;
    OnResponseHeaders "proxy_on_response_headers" 3 true ALL;
    OnResponseBody "proxy_on_response_body" 3 true ALL;
    OnResponseTrailers "proxy_on_response_trailers" 2 true ALL;
    OnResponseMetadata "proxy_on_response_metadata" 2 true ALL;
    OnHttpCallResponse "proxy_on_http_call_response" 5 false ALL;
    OnGrpcReceive "proxy_on_grpc_receive" 3 false ALL;
    OnGrpcClose "proxy_on_grpc_close" 3 false ALL;
    OnGrpcReceiveInitialMetadata "proxy_on_grpc_receive_initial_metadata" 3 false ALL;
    OnGrpcReceiveTrailingMetadata "proxy_on_grpc_receive_trailing_metadata" 3 false ALL;
    OnQueueReady "proxy_on_queue_ready" 2 false ALL;
    OnDone "proxy_on_done" 1 true ALL;
    OnLog "proxy_on_log" 1 false ALL;
    OnDelete "proxy_on_delete" 1 false ALL;
    OnForeignFunction "proxy_on_foreign_function" 3 false SINCE_0_2_0;
    OnRedisCallResponse "proxy_on_redis_call_response" 4 false HIGRESS;
    OnStatsUpdate "envoy_on_stats_update" 2 false ALL;
    OnResolveDns "envoy_on_resolve_dns" 3 false ALL;
}

const _: () = {
    let mut i = 0;
    while i < CALLBACKS.len() {
        assert!(CALLBACKS[i].id as usize == i);
        i += 1;
    }
};

/// The callback with this export name.
pub fn callback_by_name(name: &str) -> Option<&'static Callback> {
    CALLBACKS.iter().find(|c| c.name == name)
}
