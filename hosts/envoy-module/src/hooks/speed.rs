//! What the adapter itself takes of a stream, without Envoy around it:
//! `cargo test --release -p nullvm-envoy-module speed -- --ignored --nocapture`.
//!
//! To be read against itself only: the archive that modules are made of is optimised as a whole.

use super::http::{
    envoy_dynamic_module_on_http_filter_config_destroy as config_destroy,
    envoy_dynamic_module_on_http_filter_config_new as config_new,
    envoy_dynamic_module_on_http_filter_destroy as destroy, envoy_dynamic_module_on_http_filter_new as new,
    envoy_dynamic_module_on_http_filter_request_headers as request_headers,
    envoy_dynamic_module_on_http_filter_response_body as response_body,
    envoy_dynamic_module_on_http_filter_response_headers as response_headers,
    envoy_dynamic_module_on_http_filter_stream_complete as stream_complete,
};
use crate::abi::{Bytes, Config, Filter, install_for_tests};
use core::ffi::c_void;
use nullvm_shim::Plugin;
use nullvm_shim::image::Image;
use std::time::Instant;

const COPIES: usize = 20;
const STREAMS: u32 = 200_000;

unsafe extern "C" fn header(
    _: Filter,
    _map: u32,
    _key: Bytes,
    out: *mut Bytes,
    _index: usize,
    _total: *mut usize,
) -> bool {
    // SAFETY: the adapter's variable.
    unsafe { out.write(Bytes::new(b"GET")) };
    true
}

unsafe extern "C" fn change_header(_: Filter, _map: u32, _key: Bytes, _value: Bytes) -> bool {
    true
}

unsafe extern "C" fn size(_: Filter, _which: u32) -> usize {
    7
}

unsafe extern "C" fn nothing(_: Filter) {}

unsafe extern "C" fn worker(_: Filter) -> u32 {
    0
}

unsafe extern "C" fn one() -> u32 {
    1
}

unsafe extern "C" fn enabled(_level: u32) -> bool {
    false
}

unsafe extern "C" fn scheduler(_: Config) -> *mut c_void {
    core::ptr::dangling_mut()
}

unsafe extern "C" fn define(_: Config, _name: Bytes, _: *const Bytes, _: usize, _id: *mut usize) -> u32 {
    0
}

unsafe extern "C" fn log(_level: u32, message: Bytes) {
    eprintln!("{}", String::from_utf8_lossy(super::slice(message)));
}

fn find(name: &str) -> Option<*mut c_void> {
    Some(match name {
        "http_get_header" => header as *mut c_void,
        "http_add_header" | "http_set_header" => change_header as *mut c_void,
        "http_get_headers_size" | "http_get_body_size" => size as *mut c_void,
        "http_clear_route_cache" | "http_filter_config_scheduler_delete" => nothing as *mut c_void,
        "http_filter_get_worker_index" => worker as *mut c_void,
        "http_filter_config_scheduler_new" => scheduler as *mut c_void,
        "http_filter_config_define_counter"
        | "http_filter_config_define_gauge"
        | "http_filter_config_define_histogram" => define as *mut c_void,
        "log" => log as *mut c_void,
        "get_concurrency" => one as *mut c_void,
        "log_enabled" => enabled as *mut c_void,
        _ => return None,
    })
}

#[test]
#[ignore = "a measurement"]
fn a_stream() {
    install_for_tests(find);
    let wasm = include_bytes!("../../../../filters/prebuilt/get_add.wasm");
    let options = nullvm_compiler::Options { interruptible: true, ..nullvm_compiler::Options::default() };
    let module = nullvm_compiler::compile(wasm, &options).unwrap();
    let image = Image::map(&nullvm_compiler::emit::image(&module).unwrap()).unwrap();
    super::for_tests::set_plugin(Plugin::from_image(image).unwrap());

    let configs: Vec<_> = (0..COPIES)
        .map(|_| config_new(core::ptr::dangling_mut(), Bytes::new(b"get_add"), Bytes::new(b"")))
        .collect();
    assert!(configs.iter().all(|config| !config.is_null()));
    let mut streams = [core::ptr::null(); COPIES];
    let filter: Filter = core::ptr::dangling_mut();
    let mut chain = || {
        // SAFETY: in Envoy's order, with what the adapter gave.
        unsafe {
            for (stream, config) in streams.iter_mut().zip(&configs) {
                *stream = new(*config, filter);
            }
            for stream in streams {
                assert_eq!(request_headers(filter, stream, true), 0);
            }
            for stream in streams.into_iter().rev() {
                assert_eq!(response_headers(filter, stream, false), 0);
                assert_eq!(response_body(filter, stream, true), 0);
            }
            for stream in streams {
                stream_complete(filter, stream);
            }
            for stream in streams {
                destroy(stream.cast_mut());
            }
        }
    };
    let rounds = STREAMS / COPIES as u32;
    let best = (0..10)
        .map(|_| {
            let started = Instant::now();
            (0..rounds).for_each(|_| chain());
            started.elapsed()
        })
        .min();
    let best = best.unwrap_or_default() / STREAMS;
    eprintln!("a stream takes {} ns", best.as_nanos());
    for config in configs {
        // SAFETY: for the last time.
        unsafe { config_destroy(config.cast_mut()) };
    }
}
