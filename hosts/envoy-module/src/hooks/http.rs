//! The hooks of an HTTP filter (`envoy_dynamic_module_on_http_filter_*`).
//!
//! Ownership: `config_new` and `new` hand out boxes that `config_destroy` and `destroy` take back. Every hook may run within
//! a callback of ours into Envoy, so nothing is borrowed mutably here.

use super::configured::{Configured, workers};
use super::{bodies, pairs, slice};
use crate::abi::{Bytes, Config, Family, Filter, Pair, envoy};
use crate::calls::{Incoming, Table};
use crate::config::FailurePolicy;
use crate::context::http::Dir;
use crate::context::root::Headers;
use crate::log;
use crate::vm::Vm;
use crate::vm::group::Threads;
use core::ffi::c_void;
use std::cell::{Cell, OnceCell, RefCell};

/// A filter configuration, as Envoy holds it.
pub struct FilterConfig {
    configured: Configured,
    workers: Vec<OfWorker>,
}

/// What each worker remembers of a configuration; nobody else looks at it.
#[derive(Default)]
struct OfWorker {
    /// The plugin's root context in the VM of this number; 0 for none.
    root: Cell<(u64, u32)>,
    /// Places of streams that are gone, for the next ones; as many as there were at once.
    #[expect(clippy::vec_box, reason = "Envoy holds their addresses")]
    spare: RefCell<Vec<Box<Stream>>>,
}

// SAFETY: an entry is used by the worker whose number it has.
unsafe impl Sync for OfWorker {}

impl FilterConfig {
    fn root(&self, vm: &Vm, worker: usize) -> u32 {
        let (serial, root) = self.workers[worker].root.get();
        if serial == vm.serial() {
            return root;
        }
        let root = vm.root_of_plugin(&self.configured.plugin).unwrap_or(0);
        self.workers[worker].root.set((vm.serial(), root));
        root
    }
}

/// A stream, as Envoy holds it. In one line of the processor's cache.
#[repr(align(64))]
pub struct Stream {
    filter: Cell<Filter>,
    /// Outlives its streams.
    config: *const FilterConfig,
    /// Lent; null when there is none.
    vm: *const Vm,
    worker: usize,
    /// The guest's number; 0 until it has been told, and when it has been told of the end.
    id: Cell<u32>,
    over: Cell<bool>,
    /// The direction whose hook runs; none again once the stream was resumed in it.
    hook: Cell<Option<Dir>>,
    /// Made with the first call.
    calls: OnceCell<Box<RefCell<Table<u32>>>>,
}

const _: () = assert!(size_of::<Stream>() == 64);

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("id", &self.id.get()).finish_non_exhaustive()
    }
}

impl Stream {
    /// The stream of a hook.
    ///
    /// # Safety
    /// What `new` gave, with the filter that Envoy names now.
    #[inline]
    unsafe fn of<'a>(stream: *const Self, filter: Filter) -> &'a Self {
        // SAFETY: the caller's promise.
        let stream = unsafe { &*stream };
        stream.filter.set(filter);
        stream
    }

    /// Envoy's side.
    pub fn filter(&self) -> Filter {
        self.filter.get()
    }

    /// Whether Envoy has seen its end.
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Calls that live in the stream.
    pub fn calls(&self) -> &RefCell<Table<u32>> {
        self.calls.get_or_init(Box::default)
    }

    #[inline]
    fn vm(&self) -> Option<&Vm> {
        // SAFETY: lent to this stream.
        unsafe { self.vm.as_ref() }
    }

    /// The guest's number of this stream, told to it now if it was not. 0: the request passes. Within [`Vm::run`].
    fn told(&self, vm: &Vm) -> u32 {
        if self.id.get() == 0 && !self.over.get() {
            // SAFETY: outlives the stream.
            let config = unsafe { &*self.config };
            let plugin = &config.configured.plugin;
            let open = vm.is_failed() && plugin.config.failure_policy == FailurePolicy::Open;
            match config.root(vm, self.worker) {
                root if root != 0 && !open => self.id.set(vm.http_create(root, plugin, self)),
                _ => self.over.set(true),
            }
        }
        self.id.get()
    }

    /// Runs a hook of a direction, and gives what Envoy is to do: go on, if the stream was resumed meanwhile.
    #[inline]
    fn in_hook(&self, dir: Dir, hook: impl FnOnce() -> u32) -> u32 {
        let before = self.hook.replace(Some(dir));
        let status = hook();
        let resumed = self.hook.replace(before).is_none();
        if resumed { 0 } else { status }
    }

    /// Whether a direction's own hook is still running, which goes on then instead of stopping.
    pub fn resume_in_hook(&self, dir: Dir) -> bool {
        let here = self.hook.get() == Some(dir);
        if here {
            self.hook.set(None);
        }
        here
    }

    /// Runs something for a stream that the guest knows.
    #[inline]
    fn known<R>(&self, otherwise: R, work: impl FnOnce(&Vm, u32) -> R) -> R {
        match (self.vm(), self.id.get()) {
            (Some(vm), id) if id != 0 => vm.run(Some(self.filter.get()), |vm| work(vm, id)),
            _ => otherwise,
        }
    }
}

/// A configuration is being loaded. Null to refuse it. Main thread.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    config: Config,
    name: Bytes,
    bytes: Bytes,
) -> *const FilterConfig {
    let workers = workers();
    let made =
        Configured::new(Family::Http, config, name, bytes, Threads::Workers(workers)).map(|configured| {
            FilterConfig { configured, workers: (0..workers).map(|_| OfWorker::default()).collect() }
        });
    Configured::boxed(name, made)
}

/// A configuration goes away; its streams have gone before. Main thread.
///
/// # Safety
/// What `config_new` gave, for the last time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(config: *mut FilterConfig) {
    // SAFETY: by contract.
    drop(unsafe { Box::from_raw(config) });
}

/// A stream begins.
///
/// # Safety
/// What `config_new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_new(
    config: *const FilterConfig,
    filter: Filter,
) -> *const Stream {
    // SAFETY: by contract; the configuration outlives its streams.
    let config = unsafe { &*config };
    // SAFETY: Envoy's filter, on its worker.
    let worker = unsafe { (envoy().http_filter_get_worker_index)(filter) } as usize;
    if worker >= config.workers.len() {
        // Main-thread traffic, through an upstream's filters: there is no VM for it, and a plugin must not be left out in silence.
        log::error("nullvm: a module serves the streams of workers only, not those of the main thread");
        return core::ptr::null();
    }
    let stream = Stream {
        filter: Cell::new(filter),
        config,
        vm: config.configured.lend(worker as u32).map_or(core::ptr::null(), core::ptr::from_ref),
        worker,
        id: Cell::new(0),
        over: Cell::new(false),
        hook: Cell::new(None),
        calls: OnceCell::new(),
    };
    let place = config.workers[worker].spare.borrow_mut().pop();
    Box::into_raw(match place {
        Some(mut place) => {
            *place = stream;
            place
        }
        None => Box::new(stream),
    })
}

/// A stream is gone. Envoy's side must not be touched any more.
///
/// # Safety
/// What `new` gave, for the last time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_destroy(stream: *mut Stream) {
    // SAFETY: by contract.
    let stream = unsafe { Box::from_raw(stream) };
    if let Some(vm) = stream.vm() {
        // A stream that ended without a word.
        let id = stream.id.replace(0);
        if id != 0 {
            vm.run(Some(stream.filter.get()), |vm| vm.http_end(id));
        }
        vm.give_back();
    }
    // SAFETY: outlives the stream.
    let mut spare = unsafe { &*stream.config }.workers[stream.worker].spare.borrow_mut();
    // Never freed: in Envoy before 1.40 this may run within a hook of the same stream, which then looks at it once more.
    if stream.hook.get().is_some() {
        core::mem::forget(stream);
    } else {
        spare.push(stream);
    }
}

macro_rules! data_hooks {
    ($($name:ident: $dir:ident, $method:ident, ($($end:ident)?);)*) => {
        $(
            /// A part of a message.
            ///
            /// # Safety
            /// What `new` gave.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name(filter: Filter, stream: *const Stream $(, $end: bool)?) -> u32 {
                // SAFETY: by contract.
                let stream = unsafe { Stream::of(stream, filter) };
                stream.in_hook(Dir::$dir, || stream.known(0, |vm, id| vm.$method(id, Dir::$dir $(, $end)?)))
            }
        )*
    };
}

data_hooks! {
    envoy_dynamic_module_on_http_filter_request_body: Request, http_body, (end);
    envoy_dynamic_module_on_http_filter_request_trailers: Request, http_trailers, ();
    envoy_dynamic_module_on_http_filter_response_headers: Response, http_headers, (end);
    envoy_dynamic_module_on_http_filter_response_body: Response, http_body, (end);
    envoy_dynamic_module_on_http_filter_response_trailers: Response, http_trailers, ();
}

/// The request's headers.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    filter: Filter,
    stream: *const Stream,
    end: bool,
) -> u32 {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    let Some(vm) = stream.vm() else { return 0 };
    stream.in_hook(Dir::Request, || {
        vm.run(Some(filter), |vm| {
            let id = stream.told(vm);
            vm.http_headers(id, Dir::Request, end)
        })
    })
}

/// Everything of the stream has been seen; its headers and attributes can still be read. Before the access logs, where Envoy's
/// Wasm filter tells its guest of the end as well.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(
    filter: Filter,
    stream: *const Stream,
) {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    if let Some(vm) = stream.vm() {
        vm.run(Some(filter), |vm| {
            // A request that never reached the guest (refused before) is told now.
            let id = stream.told(vm);
            stream.over.set(true);
            stream.id.set(0);
            vm.http_complete(id);
        });
    }
}

/// Somebody else reached the stream's worker through its scheduler.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_scheduled(
    filter: Filter,
    stream: *const Stream,
    _event: u64,
) {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    // Running anything runs the jobs that wait.
    stream.known((), |vm, id| vm.http_deferred(id));
}

impl Stream {
    fn on_call(&self, id: u64, last: bool, event: impl FnOnce(&mut Incoming) -> Vec<crate::calls::Event>) {
        let told = self.calls().borrow_mut().told(id, last, event);
        if let (Some((token, events)), Some(vm)) = (told, self.vm())
            && !events.is_empty()
        {
            let context = self.id.get();
            vm.run(Some(self.filter.get()), |vm| vm.call_events(context, token, last, events));
        }
    }
}

macro_rules! call_hooks {
    ($($stream_hook:ident $config_hook:ident, last $last:literal, ($($arg:ident: $ty:ty),*), |$call:ident| $event:expr;)*) => {
        $(
            /// An event of a call that lives in a stream.
            ///
            /// # Safety
            /// What `new` gave.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $stream_hook(filter: Filter, stream: *const Stream, id: u64 $(, $arg: $ty)*) {
                // SAFETY: by contract.
                let stream = unsafe { Stream::of(stream, filter) };
                stream.on_call(id, $last, |$call| $event);
            }

            /// An event of a call of the main thread.
            ///
            /// # Safety
            /// What `config_new` gave.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $config_hook(_envoy: Config, config: *const FilterConfig, id: u64 $(, $arg: $ty)*) {
                // SAFETY: by contract.
                let config = unsafe { &*config };
                config.configured.plugin.main.on_call(id, $last, |$call| $event);
            }
        )*
    };
}

call_hooks! {
    envoy_dynamic_module_on_http_filter_http_stream_headers
    envoy_dynamic_module_on_http_filter_config_http_stream_headers,
    last false, (headers: *const Pair, count: usize, end: bool),
    |call| call.headers(Headers::copy(pairs(headers, count)), end);

    envoy_dynamic_module_on_http_filter_http_stream_data
    envoy_dynamic_module_on_http_filter_config_http_stream_data,
    last false, (data: *const Bytes, count: usize, _end: bool),
    |call| bodies(data, count).flat_map(|piece| call.data(piece)).collect();

    envoy_dynamic_module_on_http_filter_http_stream_trailers
    envoy_dynamic_module_on_http_filter_config_http_stream_trailers,
    last false, (trailers: *const Pair, count: usize),
    |call| call.trailers(Headers::copy(pairs(trailers, count)));

    envoy_dynamic_module_on_http_filter_http_stream_complete
    envoy_dynamic_module_on_http_filter_config_http_stream_complete,
    last true, (),
    |call| call.complete();

    envoy_dynamic_module_on_http_filter_http_stream_reset
    envoy_dynamic_module_on_http_filter_config_http_stream_reset,
    last true, (_reason: u32),
    |call| call.reset();
}

/// Somebody left a job for the main thread.
///
/// # Safety
/// What `config_new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_scheduled(
    envoy_config: Config,
    config: *const FilterConfig,
    _event: u64,
) {
    // SAFETY: by contract.
    let config = unsafe { &*config };
    config.configured.plugin.main.run(envoy_config);
}

/// A local response is about to be sent, ours or another's. 0: let it.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_local_reply(
    _filter: Filter,
    _stream: *const Stream,
    _code: u32,
    _details: Bytes,
    _reset_imminent: bool,
) -> u32 {
    0
}

// Envoy asks for these, and this module has nothing to say: calls go through streams, flow control is Envoy's.

/// One-shot callouts are not used.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_http_callout_done(
    _filter: Filter,
    _stream: *const Stream,
    _id: u64,
    _result: u32,
    _headers: *const Pair,
    _headers_count: usize,
    _chunks: *const Bytes,
    _chunks_count: usize,
) {
}

/// Flow control is Envoy's.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(
    _filter: Filter,
    _stream: *const c_void,
) {
}

/// Flow control is Envoy's.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(
    _filter: Filter,
    _stream: *const c_void,
) {
}

/// A configuration of a route. Plugins have none: the Proxy-Wasm ABI knows nothing of routes.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(
    name: Bytes,
    _bytes: Bytes,
) -> *const c_void {
    log::error(&format!(
        "nullvm: {}: a plugin has no configuration per route; disable the filter there, or configure a second one",
        String::from_utf8_lossy(slice(name))
    ));
    core::ptr::null()
}

/// Nothing to take back.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_destroy(_config: *const c_void) {}
