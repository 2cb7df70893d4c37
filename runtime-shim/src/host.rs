//! `nullvm_host_t`: the table of functions through which the shim asks its host.
//!
//! The rules, for every function:
//! - The first argument is the `host` pointer given at `nullvm_instance_new`.
//! - Slices passed in point into the guest's memory or into constant data and are valid during the call only.
//! - Slices handed out ([`Bytes`], [`Pairs`]) belong to the host and stay valid until the next call into this host
//!   table, other than `log`, `time` and `capability_error`, which a guest may cause from within its allocator.
//! - Out-parameters are written only when the result is [`Status::Ok`], and point at host memory, never into the guest.
//! - A function may call back into the same instance (entries nest).
//! - A null function pointer is answered with [`Status::Unimplemented`].

use core::ffi::c_void;

/// `proxy_status_t` of the Proxy-Wasm specification, as proxy-wasm-cpp-host numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Success.
    Ok = 0,
    /// The thing asked for does not exist.
    NotFound = 1,
    /// An argument makes no sense here.
    BadArgument = 2,
    /// Something could not be serialized.
    SerializationFailure = 3,
    /// Something could not be parsed.
    ParseFailure = 4,
    /// A bad expression.
    BadExpression = 5,
    /// A guest pointer or length outside of the linear memory, or an allocation that failed.
    InvalidMemoryAccess = 6,
    /// Nothing to give.
    Empty = 7,
    /// Compare-and-swap failed.
    CasMismatch = 8,
    /// A result of an unexpected kind.
    ResultMismatch = 9,
    /// The host failed, or the capability is restricted.
    InternalFailure = 10,
    /// The connection is broken.
    BrokenConnection = 11,
    /// The host does not offer it.
    Unimplemented = 12,
}

impl Status {
    /// The status with this number; a number out of range is an [`Status::InternalFailure`].
    pub const fn from_u32(n: u32) -> Self {
        match n {
            0 => Self::Ok,
            1 => Self::NotFound,
            2 => Self::BadArgument,
            3 => Self::SerializationFailure,
            4 => Self::ParseFailure,
            5 => Self::BadExpression,
            6 => Self::InvalidMemoryAccess,
            7 => Self::Empty,
            8 => Self::CasMismatch,
            9 => Self::ResultMismatch,
            11 => Self::BrokenConnection,
            12 => Self::Unimplemented,
            _ => Self::InternalFailure,
        }
    }
}

/// `nullvm_bytes_t`: a run of bytes. `data` may be null when `len` is 0.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Bytes {
    /// First byte.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

impl Bytes {
    /// No bytes.
    pub const EMPTY: Bytes = Bytes { data: core::ptr::null(), len: 0 };

    /// The bytes of a slice; valid as long as the slice.
    pub const fn new(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() }
    }

    /// The slice.
    ///
    /// # Safety
    /// `data` and `len` describe readable memory that lives as long as `'a`.
    pub const unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.len == 0 || self.data.is_null() {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { core::slice::from_raw_parts(self.data, self.len) }
    }
}

/// `nullvm_pair_t`: a key and a value.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pair {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Bytes,
}

/// `nullvm_pairs_t`: a run of pairs.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pairs {
    /// First pair; may be null when `len` is 0.
    pub data: *const Pair,
    /// Number of pairs.
    pub len: usize,
}

impl Pairs {
    /// No pairs.
    pub const EMPTY: Pairs = Pairs { data: core::ptr::null(), len: 0 };

    /// The slice.
    ///
    /// # Safety
    /// `data` and `len` describe readable memory that lives as long as `'a`.
    pub const unsafe fn as_slice<'a>(self) -> &'a [Pair] {
        if self.len == 0 || self.data.is_null() {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { core::slice::from_raw_parts(self.data, self.len) }
    }
}

/// `nullvm_local_response_t`: what `proxy_send_local_response` asks for.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LocalResponse {
    /// HTTP status.
    pub code: u32,
    /// gRPC status, -1 for none.
    pub grpc_status: i32,
    /// Response code details.
    pub details: Bytes,
    /// The body.
    pub body: Bytes,
    /// Extra headers.
    pub headers: Pairs,
}

/// `nullvm_http_call_t`: what `proxy_http_call` asks for.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct HttpCall {
    /// Name of the upstream (cluster).
    pub upstream: Bytes,
    /// Request headers with the pseudo-headers.
    pub headers: Pairs,
    /// The body.
    pub body: Bytes,
    /// Request trailers.
    pub trailers: Pairs,
    /// Milliseconds.
    pub timeout: u32,
}

/// `nullvm_grpc_call_t`: what `proxy_grpc_call` and `proxy_grpc_stream` ask for.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct GrpcCall {
    /// Name of the upstream, or a serialized `GrpcService`.
    pub upstream: Bytes,
    /// Service.
    pub service: Bytes,
    /// Method.
    pub method: Bytes,
    /// Initial metadata.
    pub metadata: Pairs,
    /// The message of a unary call; empty for a stream.
    pub message: Bytes,
    /// Milliseconds; 0 for a stream.
    pub timeout: u32,
}

/// Declares the table: one `Option` of a function pointer per line.
macro_rules! host_table {
    ($( $(#[$doc:meta])* fn $name:ident($($param:ident: $ty:ty),* $(,)?) $(-> $ret:ty)?; )*) => {
        /// `nullvm_host_t`: the functions of a host. `size` is `sizeof(nullvm_host_t)` of the header that the host was
        /// compiled with: functions behind it are taken as null.
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct HostTable {
            /// Bytes of this structure.
            pub size: usize,
            $( $(#[$doc])* pub $name: Option<unsafe extern "C" fn(host: *mut c_void $(, $param: $ty)*) $(-> $ret)?>, )*
        }

        impl HostTable {
            /// A table without any function.
            pub const EMPTY: HostTable = HostTable { size: size_of::<HostTable>(), $( $name: None, )* };
        }
    };
}

host_table! {
    /// A log line of the guest: level 0 trace to 5 critical (`proxy_log_level_t`).
    fn log(level: u32, message: Bytes) -> u32;
    /// The level that is logged now.
    fn get_log_level(out: *mut u32) -> u32;
    /// Wall clock in nanoseconds since the epoch. Null: the shim reads the system's clock.
    fn time(out: *mut u64) -> u32;
    /// Monotonic clock in nanoseconds. Null: the shim reads the system's clock.
    fn monotonic_time(out: *mut u64) -> u32;
    /// The guest called a function whose capability is restricted; a line for the log.
    fn capability_error(message: Bytes);
    /// `proxy_get_status`: code and message of the last call that failed.
    fn get_status(code: *mut u32, message: *mut Bytes) -> u32;
    /// `proxy_set_tick_period_milliseconds`; 0 stops the timer.
    fn set_tick_period(period: u32) -> u32;
    /// `proxy_get_configuration` of ABI 0.1.0.
    fn get_configuration(out: *mut Bytes) -> u32;
    /// `proxy_continue_stream`; `proxy_continue_request` is type 0, `proxy_continue_response` type 1.
    fn continue_stream(stream_type: u32) -> u32;
    /// `proxy_close_stream`.
    fn close_stream(stream_type: u32) -> u32;
    /// `proxy_clear_route_cache` of ABI 0.1.0.
    fn clear_route_cache() -> u32;
    /// `proxy_send_local_response`.
    fn send_local_response(response: *const LocalResponse) -> u32;
    /// `proxy_get_property`: `path` has its parts separated by NUL.
    fn get_property(path: Bytes, out: *mut Bytes) -> u32;
    /// `proxy_set_property`.
    fn set_property(path: Bytes, value: Bytes) -> u32;
    /// `proxy_get_header_map_value`. Missing: [`Status::NotFound`]; the shim turns that into an empty value for ABI 0.1.0.
    fn get_header(map: u32, key: Bytes, out: *mut Bytes) -> u32;
    /// `proxy_add_header_map_value`.
    fn add_header(map: u32, key: Bytes, value: Bytes) -> u32;
    /// `proxy_replace_header_map_value`.
    fn replace_header(map: u32, key: Bytes, value: Bytes) -> u32;
    /// `proxy_remove_header_map_value`.
    fn remove_header(map: u32, key: Bytes) -> u32;
    /// `proxy_get_header_map_pairs`.
    fn get_headers(map: u32, out: *mut Pairs) -> u32;
    /// `proxy_set_header_map_pairs`.
    fn set_headers(map: u32, pairs: Pairs) -> u32;
    /// `proxy_get_header_map_size`: bytes of all keys and values.
    fn get_headers_size(map: u32, out: *mut u32) -> u32;
    /// Length in bytes and flags (`proxy_get_buffer_status`) of a buffer (`proxy_buffer_type_t`).
    fn get_buffer_status(buffer: u32, length: *mut u32, flags: *mut u32) -> u32;
    /// Copies `len` bytes of a buffer from `start` on to `out`, which has room for them; in range, as
    /// `get_buffer_status` said just before.
    fn read_buffer(buffer: u32, start: u32, len: u32, out: *mut u8) -> u32;
    /// `proxy_set_buffer_bytes`.
    fn set_buffer(buffer: u32, start: u32, len: u32, data: Bytes) -> u32;
    /// `proxy_http_call`; `token` identifies the call in `proxy_on_http_call_response`.
    fn http_call(call: *const HttpCall, token: *mut u32) -> u32;
    /// `proxy_grpc_call`.
    fn grpc_call(call: *const GrpcCall, token: *mut u32) -> u32;
    /// `proxy_grpc_stream`.
    fn grpc_stream(call: *const GrpcCall, token: *mut u32) -> u32;
    /// `proxy_grpc_send`.
    fn grpc_send(token: u32, message: Bytes, end_stream: u32) -> u32;
    /// `proxy_grpc_close`.
    fn grpc_close(token: u32) -> u32;
    /// `proxy_grpc_cancel`.
    fn grpc_cancel(token: u32) -> u32;
    /// `proxy_get_shared_data`.
    fn get_shared_data(key: Bytes, out: *mut Bytes, cas: *mut u32) -> u32;
    /// `proxy_set_shared_data`; `cas` 0 sets unconditionally.
    fn set_shared_data(key: Bytes, value: Bytes, cas: u32) -> u32;
    /// `proxy_register_shared_queue`.
    fn register_shared_queue(name: Bytes, token: *mut u32) -> u32;
    /// `proxy_resolve_shared_queue`.
    fn resolve_shared_queue(vm_id: Bytes, name: Bytes, token: *mut u32) -> u32;
    /// `proxy_enqueue_shared_queue`.
    fn enqueue_shared_queue(token: u32, data: Bytes) -> u32;
    /// `proxy_dequeue_shared_queue`.
    fn dequeue_shared_queue(token: u32, out: *mut Bytes) -> u32;
    /// `proxy_define_metric`: type 0 counter, 1 gauge, 2 histogram.
    fn define_metric(metric_type: u32, name: Bytes, id: *mut u32) -> u32;
    /// `proxy_increment_metric`.
    fn increment_metric(id: u32, offset: i64) -> u32;
    /// `proxy_record_metric`.
    fn record_metric(id: u32, value: u64) -> u32;
    /// `proxy_get_metric`.
    fn get_metric(id: u32, out: *mut u64) -> u32;
    /// `proxy_set_effective_context`.
    fn set_effective_context(context_id: u32) -> u32;
    /// `proxy_done`.
    fn done() -> u32;
    /// `proxy_call_foreign_function`.
    fn call_foreign_function(name: Bytes, arguments: Bytes, out: *mut Bytes) -> u32;
    /// `proxy_redis_init` of Higress: timeout in milliseconds.
    fn redis_init(upstream: Bytes, username: Bytes, password: Bytes, timeout: u32) -> u32;
    /// `proxy_redis_call` of Higress.
    fn redis_call(upstream: Bytes, query: Bytes, token: *mut u32) -> u32;
    /// `envoy_resolve_dns`.
    fn resolve_dns(name: Bytes, token: *mut u32) -> u32;
    /// An import of a module without Proxy-Wasm checks: `values` holds the arguments, 16 bytes each, and receives the
    /// results. 0 goes on, anything else is a trap ([`plugin_abi::TrapCode::Host`]).
    fn call_import(import: u32, values: *mut u8) -> u32;
}
