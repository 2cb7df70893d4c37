//! `filters/rust/get_add` written by hand against Envoy's dynamic-module ABI (version 0.2.0): the yardstick of
//! `cargo xtask bench-envoy`.
//!
//! It reads the request header `user-agent`, adds it as request header `x-ua`, and adds the response header `x-get-add: 1`.
//! Configured under the name `get_add_clearing` it also has Envoy choose the route again, as Envoy's Wasm filter does for every plugin
//! that changes request headers.
//!
//! It is as cheap as such a module can be: no SDK, no allocation, no state per stream, one fixed pointer for all
//! configurations and filters of a name. The only copy is that of the header's value, because Envoy's buffers are valid only until a
//! header is set; values that are longer than [`LONGEST`] take an allocation.
#![deny(unsafe_op_in_unsafe_fn)]

use core::ffi::{CStr, c_char, c_void};

/// A pointer and a length, `envoy_dynamic_module_type_envoy_buffer` and `..._module_buffer`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Buffer {
    ptr: *const u8,
    length: usize,
}

impl Buffer {
    const fn new(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), length: bytes.len() }
    }
}

/// `envoy_dynamic_module_type_http_header_type`
const REQUEST: u32 = 0;
const RESPONSE: u32 = 2;
/// Status "go on" of every hook.
const CONTINUE: u32 = 0;
const ABI_VERSION: &CStr = c"v0.2.0";
/// Longest value that is copied on the stack.
const LONGEST: usize = 512;

// Exported by the executable, bound when it loads the module.
unsafe extern "C" {
    fn envoy_dynamic_module_callback_http_get_header(
        filter: *mut c_void,
        map: u32,
        key: Buffer,
        value: *mut Buffer,
        index: usize,
        count: *mut usize,
    ) -> bool;
    fn envoy_dynamic_module_callback_http_clear_route_cache(filter: *mut c_void);
    fn envoy_dynamic_module_callback_http_add_header(
        filter: *mut c_void,
        map: u32,
        key: Buffer,
        value: Buffer,
    ) -> bool;
}

/// What stands for a configuration and its filters: Envoy asks only that it is not null.
static PLAIN: u8 = 0;
/// As above, under the name `get_add_clearing`.
static CLEARING: u8 = 1;

/// Adds `value` to the request's headers.
///
/// # Safety
/// In a hook of `filter`; `value` is readable.
unsafe fn add_agent(filter: *mut c_void, value: &[u8]) {
    // SAFETY: the caller's promise.
    unsafe {
        envoy_dynamic_module_callback_http_add_header(
            filter,
            REQUEST,
            Buffer::new(b"x-ua"),
            Buffer::new(value),
        )
    };
}

/// Called once, when the module is loaded.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    ABI_VERSION.as_ptr()
}

/// # Safety
/// Envoy calls it, with its own pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    _config: *mut c_void,
    name: Buffer,
    _bytes: Buffer,
) -> *const c_void {
    // SAFETY: readable during the call, and the name is not empty.
    let name = unsafe { core::slice::from_raw_parts(name.ptr, name.length) };
    let kind = if name == b"get_add_clearing" { &raw const CLEARING } else { &raw const PLAIN };
    kind.cast()
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(_config: *const c_void) {}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_new(
    config: *const c_void,
    _filter: *mut c_void,
) -> *const c_void {
    config
}

#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_destroy(_module: *const c_void) {}

/// # Safety
/// Envoy calls it, with its own pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    filter: *mut c_void,
    module: *const c_void,
    _end: bool,
) -> u32 {
    let mut agent = Buffer::new(b"");
    // SAFETY: in a hook of this filter; Envoy writes `agent` and may leave out the count.
    let found = unsafe {
        let key = Buffer::new(b"user-agent");
        envoy_dynamic_module_callback_http_get_header(
            filter,
            REQUEST,
            key,
            &raw mut agent,
            0,
            core::ptr::null_mut(),
        )
    };
    if !found || agent.length == 0 {
        return CONTINUE;
    }
    // SAFETY: Envoy's buffer, valid until a header is set.
    let value = unsafe { core::slice::from_raw_parts(agent.ptr, agent.length) };
    let mut copy = [0u8; LONGEST];
    // SAFETY: in a hook of this filter, with bytes of our own.
    unsafe {
        match copy.get_mut(..value.len()) {
            Some(copy) => {
                copy.copy_from_slice(value);
                add_agent(filter, copy);
            }
            None => {
                let copy = value.to_vec();
                add_agent(filter, &copy);
            }
        }
    }
    if core::ptr::eq(module.cast(), &raw const CLEARING) {
        // SAFETY: in a hook of this filter.
        unsafe { envoy_dynamic_module_callback_http_clear_route_cache(filter) };
    }
    CONTINUE
}

/// # Safety
/// Envoy calls it, with its own pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_response_headers(
    filter: *mut c_void,
    _module: *const c_void,
    _end: bool,
) -> u32 {
    // SAFETY: in a hook of this filter, with bytes that live for ever.
    unsafe {
        let (key, value) = (Buffer::new(b"x-get-add"), Buffer::new(b"1"));
        envoy_dynamic_module_callback_http_add_header(filter, RESPONSE, key, value);
    }
    CONTINUE
}

/// Hooks that Envoy requires and that this filter has no use for.
macro_rules! unused {
    ($( $name:ident($($ty:ty),*) $(-> $result:ty)?; )*) => {
        $(
            #[unsafe(no_mangle)]
            pub extern "C" fn $name(_filter: *mut c_void, _module: *const c_void $(, _: $ty)*) $(-> $result)? {
                $( CONTINUE as $result )?
            }
        )*
    };
}

unused! {
    envoy_dynamic_module_on_http_filter_request_body(bool) -> u32;
    envoy_dynamic_module_on_http_filter_request_trailers() -> u32;
    envoy_dynamic_module_on_http_filter_response_body(bool) -> u32;
    envoy_dynamic_module_on_http_filter_response_trailers() -> u32;
    envoy_dynamic_module_on_http_filter_stream_complete();
    envoy_dynamic_module_on_http_filter_scheduled(u64);
    envoy_dynamic_module_on_http_filter_http_callout_done(u64, u32, *mut c_void, usize, *mut c_void, usize);
    envoy_dynamic_module_on_http_filter_http_stream_headers(u64, *mut c_void, usize, bool);
    envoy_dynamic_module_on_http_filter_http_stream_data(u64, *const c_void, usize, bool);
    envoy_dynamic_module_on_http_filter_http_stream_trailers(u64, *mut c_void, usize);
    envoy_dynamic_module_on_http_filter_http_stream_complete(u64);
    envoy_dynamic_module_on_http_filter_http_stream_reset(u64, u32);
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark();
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark();
}
