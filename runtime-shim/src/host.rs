//! `nullvm_host_t`: the table of functions through which the shim asks its host.
//!
//! The rules, for every function:
//! - The first argument is the `host` pointer given at `nullvm_instance_new`.
//! - Slices passed in point into the guest's memory or into constant data and are valid during the call only.
//! - Slices handed out ([`Bytes`], [`Pairs`]) belong to the host and stay valid until the next call into this host
//!   table, other than `log`, `time`, `monotonic_time` and `capability_error`, which a guest may cause from within its
//!   allocator.
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

/// A run of bytes. `data` may be null when `len` is 0.
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

/// A key and a value.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pair {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Bytes,
}

/// A run of pairs.
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

/// What `proxy_send_local_response` asks for.
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

/// What `proxy_http_call` asks for.
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

/// What `proxy_grpc_call` and `proxy_grpc_stream` ask for.
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

/// The functions of a host. `size` is `sizeof(nullvm_host_t)` of the header that the host was compiled with: functions
/// behind it are taken as null.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HostTable {
    /// Bytes of this structure.
    pub size: usize,
    /// A log line of the guest: level 0 trace to 5 critical (`proxy_log_level_t`).
    pub log: Option<unsafe extern "C" fn(host: *mut c_void, level: u32, message: Bytes) -> u32>,
    /// The level that is logged now.
    pub get_log_level: Option<unsafe extern "C" fn(host: *mut c_void, out: *mut u32) -> u32>,
    /// Wall clock in nanoseconds since the epoch. Null: the shim reads the system's clock.
    pub time: Option<unsafe extern "C" fn(host: *mut c_void, out: *mut u64) -> u32>,
    /// Monotonic clock in nanoseconds. Null: the shim reads the system's clock.
    pub monotonic_time: Option<unsafe extern "C" fn(host: *mut c_void, out: *mut u64) -> u32>,
    /// The guest called a function whose capability is restricted; a line for the log.
    pub capability_error: Option<unsafe extern "C" fn(host: *mut c_void, message: Bytes)>,
    /// `proxy_get_status`: code and message of the last call that failed.
    pub get_status:
        Option<unsafe extern "C" fn(host: *mut c_void, code: *mut u32, message: *mut Bytes) -> u32>,
    /// `proxy_set_tick_period_milliseconds`; 0 stops the timer.
    pub set_tick_period: Option<unsafe extern "C" fn(host: *mut c_void, period: u32) -> u32>,
    /// `proxy_get_configuration` of ABI 0.1.0.
    pub get_configuration: Option<unsafe extern "C" fn(host: *mut c_void, out: *mut Bytes) -> u32>,
    /// `proxy_continue_stream`; `proxy_continue_request` is type 0, `proxy_continue_response` type 1.
    pub continue_stream: Option<unsafe extern "C" fn(host: *mut c_void, stream_type: u32) -> u32>,
    /// `proxy_close_stream`.
    pub close_stream: Option<unsafe extern "C" fn(host: *mut c_void, stream_type: u32) -> u32>,
    /// `proxy_clear_route_cache` of ABI 0.1.0.
    pub clear_route_cache: Option<unsafe extern "C" fn(host: *mut c_void) -> u32>,
    /// `proxy_send_local_response`.
    pub send_local_response:
        Option<unsafe extern "C" fn(host: *mut c_void, response: *const LocalResponse) -> u32>,
    /// `proxy_get_property`: `path` has its parts separated by NUL.
    pub get_property: Option<unsafe extern "C" fn(host: *mut c_void, path: Bytes, out: *mut Bytes) -> u32>,
    /// `proxy_set_property`.
    pub set_property: Option<unsafe extern "C" fn(host: *mut c_void, path: Bytes, value: Bytes) -> u32>,
    /// `proxy_get_header_map_value`. Missing: [`Status::NotFound`]; the shim turns that into an empty value for ABI 0.1.0.
    pub get_header:
        Option<unsafe extern "C" fn(host: *mut c_void, map: u32, key: Bytes, out: *mut Bytes) -> u32>,
    /// `proxy_add_header_map_value`.
    pub add_header:
        Option<unsafe extern "C" fn(host: *mut c_void, map: u32, key: Bytes, value: Bytes) -> u32>,
    /// `proxy_replace_header_map_value`.
    pub replace_header:
        Option<unsafe extern "C" fn(host: *mut c_void, map: u32, key: Bytes, value: Bytes) -> u32>,
    /// `proxy_remove_header_map_value`.
    pub remove_header: Option<unsafe extern "C" fn(host: *mut c_void, map: u32, key: Bytes) -> u32>,
    /// `proxy_get_header_map_pairs`.
    pub get_headers: Option<unsafe extern "C" fn(host: *mut c_void, map: u32, out: *mut Pairs) -> u32>,
    /// `proxy_set_header_map_pairs`.
    pub set_headers: Option<unsafe extern "C" fn(host: *mut c_void, map: u32, pairs: Pairs) -> u32>,
    /// `proxy_get_header_map_size`: bytes of all keys and values.
    pub get_headers_size: Option<unsafe extern "C" fn(host: *mut c_void, map: u32, out: *mut u32) -> u32>,
    /// Length in bytes and flags (`proxy_get_buffer_status`) of a buffer (`proxy_buffer_type_t`).
    pub get_buffer_status: Option<
        unsafe extern "C" fn(host: *mut c_void, buffer: u32, length: *mut u32, flags: *mut u32) -> u32,
    >,
    /// Copies `len` bytes of a buffer from `start` on to `out`, which has room for them; in range, as
    /// `get_buffer_status` said just before.
    pub read_buffer: Option<
        unsafe extern "C" fn(host: *mut c_void, buffer: u32, start: u32, len: u32, out: *mut u8) -> u32,
    >,
    /// `proxy_set_buffer_bytes`.
    pub set_buffer: Option<
        unsafe extern "C" fn(host: *mut c_void, buffer: u32, start: u32, len: u32, data: Bytes) -> u32,
    >,
    /// `proxy_http_call`; `token` identifies the call in `proxy_on_http_call_response`.
    pub http_call:
        Option<unsafe extern "C" fn(host: *mut c_void, call: *const HttpCall, token: *mut u32) -> u32>,
    /// `proxy_grpc_call`.
    pub grpc_call:
        Option<unsafe extern "C" fn(host: *mut c_void, call: *const GrpcCall, token: *mut u32) -> u32>,
    /// `proxy_grpc_stream`.
    pub grpc_stream:
        Option<unsafe extern "C" fn(host: *mut c_void, call: *const GrpcCall, token: *mut u32) -> u32>,
    /// `proxy_grpc_send`.
    pub grpc_send:
        Option<unsafe extern "C" fn(host: *mut c_void, token: u32, message: Bytes, end_stream: u32) -> u32>,
    /// `proxy_grpc_close`.
    pub grpc_close: Option<unsafe extern "C" fn(host: *mut c_void, token: u32) -> u32>,
    /// `proxy_grpc_cancel`.
    pub grpc_cancel: Option<unsafe extern "C" fn(host: *mut c_void, token: u32) -> u32>,
    /// `proxy_get_shared_data`.
    pub get_shared_data:
        Option<unsafe extern "C" fn(host: *mut c_void, key: Bytes, out: *mut Bytes, cas: *mut u32) -> u32>,
    /// `proxy_set_shared_data`; `cas` 0 sets unconditionally.
    pub set_shared_data:
        Option<unsafe extern "C" fn(host: *mut c_void, key: Bytes, value: Bytes, cas: u32) -> u32>,
    /// `proxy_register_shared_queue`.
    pub register_shared_queue:
        Option<unsafe extern "C" fn(host: *mut c_void, name: Bytes, token: *mut u32) -> u32>,
    /// `proxy_resolve_shared_queue`.
    pub resolve_shared_queue:
        Option<unsafe extern "C" fn(host: *mut c_void, vm_id: Bytes, name: Bytes, token: *mut u32) -> u32>,
    /// `proxy_enqueue_shared_queue`.
    pub enqueue_shared_queue: Option<unsafe extern "C" fn(host: *mut c_void, token: u32, data: Bytes) -> u32>,
    /// `proxy_dequeue_shared_queue`.
    pub dequeue_shared_queue:
        Option<unsafe extern "C" fn(host: *mut c_void, token: u32, out: *mut Bytes) -> u32>,
    /// `proxy_define_metric`: type 0 counter, 1 gauge, 2 histogram.
    pub define_metric:
        Option<unsafe extern "C" fn(host: *mut c_void, metric_type: u32, name: Bytes, id: *mut u32) -> u32>,
    /// `proxy_increment_metric`.
    pub increment_metric: Option<unsafe extern "C" fn(host: *mut c_void, id: u32, offset: i64) -> u32>,
    /// `proxy_record_metric`.
    pub record_metric: Option<unsafe extern "C" fn(host: *mut c_void, id: u32, value: u64) -> u32>,
    /// `proxy_get_metric`.
    pub get_metric: Option<unsafe extern "C" fn(host: *mut c_void, id: u32, out: *mut u64) -> u32>,
    /// `proxy_set_effective_context`.
    pub set_effective_context: Option<unsafe extern "C" fn(host: *mut c_void, context_id: u32) -> u32>,
    /// `proxy_done`.
    pub done: Option<unsafe extern "C" fn(host: *mut c_void) -> u32>,
    /// `proxy_call_foreign_function`.
    pub call_foreign_function: Option<
        unsafe extern "C" fn(host: *mut c_void, name: Bytes, arguments: Bytes, out: *mut Bytes) -> u32,
    >,
    /// `proxy_redis_init` of Higress: timeout in milliseconds.
    pub redis_init: Option<
        unsafe extern "C" fn(
            host: *mut c_void,
            upstream: Bytes,
            username: Bytes,
            password: Bytes,
            timeout: u32,
        ) -> u32,
    >,
    /// `proxy_redis_call` of Higress.
    pub redis_call: Option<
        unsafe extern "C" fn(host: *mut c_void, upstream: Bytes, query: Bytes, token: *mut u32) -> u32,
    >,
    /// `envoy_resolve_dns`.
    pub resolve_dns: Option<unsafe extern "C" fn(host: *mut c_void, name: Bytes, token: *mut u32) -> u32>,
    /// An import of a module without Proxy-Wasm checks: `values` holds the arguments, 16 bytes each, and receives the
    /// results. 0 goes on, anything else is a trap ([`plugin_abi::TrapCode::Host`]).
    pub call_import: Option<unsafe extern "C" fn(host: *mut c_void, import: u32, values: *mut u8) -> u32>,
}

impl HostTable {
    /// A table without any function.
    pub const EMPTY: HostTable = {
        // SAFETY: zeros are null function pointers, which `Option` takes as `None`.
        let mut table: HostTable = unsafe { core::mem::zeroed() };
        table.size = size_of::<HostTable>();
        table
    };
}
