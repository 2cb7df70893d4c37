//! The host of the benches: the same functions for every engine, each as little as it can be.
#![allow(dead_code)]

use nullvm_host::config::{EngineKind, GuestLimits};
use nullvm_host::engine::{self, Instance, LoadOptions, Module, Setup};
use nullvm_shim::guest::FunctionSet;
use nullvm_shim::host::{Bytes, HostTable, Pair, Pairs, Status};
use plugin_abi::CallbackId;
use std::ffi::c_void;
use std::path::Path;
use std::sync::Arc;

/// What the host has, and counts.
pub struct Host {
    /// Headers added, lines logged, metrics changed.
    pub effects: u64,
    headers: Vec<Pair>,
    body: Vec<u8>,
}

impl Host {
    /// One with so many request headers and so long a body.
    pub fn new(headers: usize, body: usize) -> Self {
        let pair = Pair { key: Bytes::new(b"x-some-header"), value: Bytes::new(b"a value of 20 bytes!") };
        Self { effects: 0, headers: vec![pair; headers], body: vec![b'x'; body] }
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

/// The host of a call.
///
/// # Safety
/// `host` is the pointer given to [`Setup`], which outlives the instance.
unsafe fn host<'a>(host: *mut c_void) -> &'a mut Host {
    // SAFETY: the caller's promise; nobody else has it during a call.
    unsafe { &mut *host.cast::<Host>() }
}

unsafe extern "C" fn effect(to: *mut c_void) -> u32 {
    // SAFETY: as `host` asks for.
    unsafe { host(to).effects += 1 };
    Status::Ok as u32
}

unsafe extern "C" fn log(to: *mut c_void, _: u32, _: Bytes) -> u32 {
    // SAFETY: passed on.
    unsafe { effect(to) }
}

unsafe extern "C" fn get_header(_: *mut c_void, _: u32, _: Bytes, out: *mut Bytes) -> u32 {
    // SAFETY: the shim gives room for the result.
    unsafe { *out = Bytes::new(b"curl/8.0") };
    Status::Ok as u32
}

unsafe extern "C" fn get_headers(from: *mut c_void, _: u32, out: *mut Pairs) -> u32 {
    // SAFETY: as above; the headers stay as long as the host.
    unsafe {
        let headers = &host(from).headers;
        *out = Pairs { data: headers.as_ptr(), len: headers.len() };
    }
    Status::Ok as u32
}

unsafe extern "C" fn add_header(to: *mut c_void, _: u32, _: Bytes, _: Bytes) -> u32 {
    // SAFETY: passed on.
    unsafe { effect(to) }
}

unsafe extern "C" fn get_property(_: *mut c_void, _: Bytes, out: *mut Bytes) -> u32 {
    // SAFETY: the shim gives room for the result.
    unsafe { *out = Bytes::new(b"/some/path") };
    Status::Ok as u32
}

unsafe extern "C" fn get_buffer_status(from: *mut c_void, _: u32, len: *mut u32, flags: *mut u32) -> u32 {
    // SAFETY: the shim gives room for the results.
    unsafe {
        let body = host(from).body.len() as u32;
        if body == 0 {
            return Status::NotFound as u32;
        }
        *len = body;
        *flags = 0;
    }
    Status::Ok as u32
}

unsafe extern "C" fn read_buffer(from: *mut c_void, _: u32, start: u32, len: u32, out: *mut u8) -> u32 {
    // SAFETY: the shim has asked how much there is, and gives room for it.
    unsafe {
        let body = &host(from).body[start as usize..][..len as usize];
        out.copy_from_nonoverlapping(body.as_ptr(), body.len());
    }
    Status::Ok as u32
}

unsafe extern "C" fn define_metric(_: *mut c_void, _: u32, _: Bytes, id: *mut u32) -> u32 {
    // SAFETY: the shim gives room for the result.
    unsafe { *id = 1 };
    Status::Ok as u32
}

unsafe extern "C" fn increment_metric(to: *mut c_void, _: u32, _: i64) -> u32 {
    // SAFETY: passed on.
    unsafe { effect(to) }
}

unsafe extern "C" fn time(_: *mut c_void, out: *mut u64) -> u32 {
    // SAFETY: the shim gives room for the result.
    unsafe { *out = 1 };
    Status::Ok as u32
}

unsafe extern "C" fn set_effective_context(_: *mut c_void, _: u32) -> u32 {
    Status::Ok as u32
}

static TABLE: HostTable = HostTable {
    log: Some(log),
    time: Some(time),
    get_property: Some(get_property),
    get_header: Some(get_header),
    get_headers: Some(get_headers),
    add_header: Some(add_header),
    replace_header: Some(add_header),
    get_buffer_status: Some(get_buffer_status),
    read_buffer: Some(read_buffer),
    define_metric: Some(define_metric),
    increment_metric: Some(increment_metric),
    set_effective_context: Some(set_effective_context),
    ..HostTable::EMPTY
};

/// An instance that has not started.
pub fn instantiate(module: &dyn Module, host: &mut Host) -> Box<dyn Instance> {
    let limits = GuestLimits::default();
    let setup = Setup {
        table: &TABLE,
        host: (&raw mut *host).cast(),
        limits: &limits,
        capabilities: FunctionSet::ALL,
        environment: &[],
    };
    module.instantiate(&setup).expect("an instance")
}

/// An instance with a root context 1 and a stream 2.
pub fn started(module: &dyn Module, host: &mut Host) -> Box<dyn Instance> {
    let mut instance = instantiate(module, host);
    instance.start().expect("it initialises");
    let mut call = |id, args: &[u32]| {
        if instance.exports(id) {
            instance.call(id, args).expect("no trap");
        }
    };
    call(CallbackId::OnContextCreate, &[1, 0]);
    call(CallbackId::OnVmStart, &[1, 0]);
    call(CallbackId::OnConfigure, &[1, 0]);
    call(CallbackId::OnContextCreate, &[2, 1]);
    instance
}

/// A filter's module.
pub fn filter(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("filters/prebuilt").join(name).with_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A module in an engine.
pub fn load(kind: EngineKind, name: &str, wasm: &[u8]) -> Arc<dyn Module> {
    engine::load(kind, name, wasm, LoadOptions::default()).unwrap_or_else(|e| panic!("{kind}: {name}: {e}"))
}

/// A module without imports, as native code.
pub fn native(wasm: &[u8], options: &nullvm_compiler::Options) -> Box<nullvm_shim::Instance> {
    let module = nullvm_compiler::compile(wasm, options).expect("it compiles");
    let image = nullvm_compiler::emit::image(&module).expect("an image");
    let plugin = nullvm_shim::Plugin::from_image(nullvm_shim::Image::map(&image).expect("it maps"));
    let (plugin, limits) = (plugin.expect("it loads"), nullvm_shim::Limits::default());
    nullvm_shim::Instance::new(&plugin, &HostTable::EMPTY, std::ptr::null_mut(), &limits)
        .expect("an instance")
}
