//! A host that writes down what it is asked and gives the same results to everybody.

use nullvm_shim::host::{Bytes, GrpcCall, HostTable, HttpCall, LocalResponse, Pair, Pairs, Status};
use std::ffi::c_void;

/// What every function with an id, a token, a level, flags and so on gives.
pub const NUMBER: u32 = 0x0706_0504;

/// What every function with a 64-bit result gives.
pub const LONG: u64 = 0x1122_3344_5566_7788;

pub struct Recorder {
    /// The calls, `name(arguments)`.
    pub calls: Vec<String>,
    /// What the functions answer.
    pub status: u32,
    /// The one function that does so; the others succeed.
    pub only: Option<&'static str>,
    /// Every value, message and buffer.
    pub value: Vec<u8>,
    /// Every header map.
    pub pairs: Vec<(&'static str, &'static str)>,
    handed_out: Vec<Pair>,
}

impl Recorder {
    pub fn new() -> Self {
        Self {
            calls: Vec::new(),
            status: 0,
            only: None,
            value: b"value".to_vec(),
            pairs: vec![("a", "bc"), ("", "")],
            handed_out: Vec::new(),
        }
    }

    pub fn fails_with(&mut self, status: Status) {
        self.status = status as u32;
    }

    fn pairs(&mut self) -> Pairs {
        let pair = |&(key, value): &(&'static str, &'static str)| Pair {
            key: Bytes::new(key.as_bytes()),
            value: Bytes::new(value.as_bytes()),
        };
        self.handed_out = self.pairs.iter().map(pair).collect();
        Pairs { data: self.handed_out.as_ptr(), len: self.handed_out.len() }
    }
}

/// An argument in a recorded call; out-parameters show as nothing.
trait Show {
    fn show(&self) -> Option<String>;
}

macro_rules! show_numbers {
    ($($ty:ty)*) => {$(
        impl Show for $ty {
            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

show_numbers!(u32 u64 i64);

impl Show for Bytes {
    fn show(&self) -> Option<String> {
        // SAFETY: valid during the call.
        Some(unsafe { self.as_slice() }.escape_ascii().to_string())
    }
}

impl Show for Pairs {
    fn show(&self) -> Option<String> {
        // SAFETY: valid during the call.
        let pairs = unsafe { self.as_slice() };
        let pair = |pair: &Pair| format!("{}={}", pair.key.show().unwrap(), pair.value.show().unwrap());
        Some(format!("[{}]", pairs.iter().map(pair).collect::<Vec<_>>().join(" ")))
    }
}

impl<T> Show for *mut T {
    fn show(&self) -> Option<String> {
        None
    }
}

macro_rules! show_requests {
    ($($ty:ty: $($field:ident)*;)*) => {$(
        impl Show for *const $ty {
            fn show(&self) -> Option<String> {
                // SAFETY: valid during the call.
                let request = unsafe { &**self };
                Some([$(format!("{}", request.$field.show().unwrap())),*].join(", "))
            }
        }
    )*};
}

impl Show for i32 {
    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

show_requests! {
    LocalResponse: code grpc_status details body headers;
    HttpCall: upstream headers body trailers timeout;
    GrpcCall: upstream service method metadata message timeout;
}

macro_rules! recording {
    ($($name:ident($($param:ident: $ty:ty),*) $(=> $recorder:ident $out:block)?;)*) => {
        $(
            unsafe extern "C" fn $name(host: *mut c_void $(, $param: $ty)*) -> u32 {
                // SAFETY: the host pointer of a `TestGuest`.
                let recorder = unsafe { &mut *host.cast::<Recorder>() };
                let arguments: Vec<Option<String>> = vec![$($param.show()),*];
                let arguments: Vec<String> = arguments.into_iter().flatten().collect();
                recorder.calls.push(format!("{}({})", stringify!($name), arguments.join(", ")));
                if recorder.status != 0 && recorder.only.is_none_or(|only| only == stringify!($name)) {
                    return recorder.status;
                }
                $(
                    let $recorder = recorder;
                    // SAFETY: out-parameters are writable.
                    unsafe { $out }
                )?
                0
            }
        )*

        /// A table with every function.
        pub fn table() -> HostTable {
            HostTable {
                size: size_of::<HostTable>(),
                $($name: Some($name),)*
                capability_error: Some(capability_error),
                call_import: None,
            }
        }
    };
}

unsafe extern "C" fn capability_error(host: *mut c_void, message: Bytes) {
    // SAFETY: the host pointer of a `TestGuest`.
    let recorder = unsafe { &mut *host.cast::<Recorder>() };
    recorder.calls.push(format!("capability_error({})", message.show().unwrap()));
}

recording! {
    log(level: u32, message: Bytes);
    get_log_level(out: *mut u32) => _r { *out = NUMBER };
    time(out: *mut u64) => _r { *out = LONG };
    monotonic_time(out: *mut u64) => _r { *out = LONG + 1 };
    get_status(code: *mut u32, message: *mut Bytes) => r { *code = NUMBER; *message = Bytes::new(&r.value) };
    set_tick_period(period: u32);
    get_configuration(out: *mut Bytes) => r { *out = Bytes::new(&r.value) };
    continue_stream(stream_type: u32);
    close_stream(stream_type: u32);
    clear_route_cache();
    send_local_response(response: *const LocalResponse);
    get_property(path: Bytes, out: *mut Bytes) => r { *out = Bytes::new(&r.value) };
    set_property(path: Bytes, value: Bytes);
    get_header(map: u32, key: Bytes, out: *mut Bytes) => r { *out = Bytes::new(&r.value) };
    add_header(map: u32, key: Bytes, value: Bytes);
    replace_header(map: u32, key: Bytes, value: Bytes);
    remove_header(map: u32, key: Bytes);
    get_headers(map: u32, out: *mut Pairs) => r { *out = r.pairs() };
    set_headers(map: u32, pairs: Pairs);
    get_headers_size(map: u32, out: *mut u32) => _r { *out = NUMBER };
    get_buffer_status(buffer: u32, length: *mut u32, flags: *mut u32) => r {
        *length = r.value.len() as u32;
        *flags = NUMBER;
    };
    read_buffer(buffer: u32, start: u32, len: u32, out: *mut u8) => r {
        let part = &r.value[start as usize..][..len as usize];
        out.copy_from(part.as_ptr(), part.len());
    };
    set_buffer(buffer: u32, start: u32, len: u32, data: Bytes);
    http_call(call: *const HttpCall, token: *mut u32) => _r { *token = NUMBER };
    grpc_call(call: *const GrpcCall, token: *mut u32) => _r { *token = NUMBER };
    grpc_stream(call: *const GrpcCall, token: *mut u32) => _r { *token = NUMBER };
    grpc_send(token: u32, message: Bytes, end_stream: u32);
    grpc_close(token: u32);
    grpc_cancel(token: u32);
    get_shared_data(key: Bytes, out: *mut Bytes, cas: *mut u32) => r { *out = Bytes::new(&r.value); *cas = NUMBER };
    set_shared_data(key: Bytes, value: Bytes, cas: u32);
    register_shared_queue(name: Bytes, token: *mut u32) => _r { *token = NUMBER };
    resolve_shared_queue(vm_id: Bytes, name: Bytes, token: *mut u32) => _r { *token = NUMBER };
    enqueue_shared_queue(token: u32, data: Bytes);
    dequeue_shared_queue(token: u32, out: *mut Bytes) => r { *out = Bytes::new(&r.value) };
    define_metric(metric_type: u32, name: Bytes, id: *mut u32) => _r { *id = NUMBER };
    increment_metric(id: u32, offset: i64);
    record_metric(id: u32, value: u64);
    get_metric(id: u32, out: *mut u64) => _r { *out = LONG };
    set_effective_context(context_id: u32);
    done();
    call_foreign_function(name: Bytes, arguments: Bytes, out: *mut Bytes) => r { *out = Bytes::new(&r.value) };
    redis_init(upstream: Bytes, username: Bytes, password: Bytes, timeout: u32);
    redis_call(upstream: Bytes, query: Bytes, token: *mut u32) => _r { *token = NUMBER };
    resolve_dns(name: Bytes, token: *mut u32) => _r { *token = NUMBER };
}
