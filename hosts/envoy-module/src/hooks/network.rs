//! The hooks of a network filter (`envoy_dynamic_module_on_network_filter_*`).
//!
//! Ownership: `config_new` and `new` hand out boxes that `config_destroy` and `destroy` take back. Every hook may run within
//! a callback of ours into Envoy, so nothing is borrowed mutably here.

use super::configured::{Configured, workers};
use super::{bodies, one_shot, pairs};
use crate::abi::{
    Bytes, CLOSE_FLUSH_WRITE, Config, Family, Filter, Network, Pair, connection_event, network_status,
};
use crate::calls::Table;
use crate::context::PluginInfo;
use crate::vm::group::Threads;
use crate::vm::tcp::From;
use crate::vm::{Hook, Vm};
use nullvm_host_common::abi::Peer;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A filter configuration, as Envoy holds it.
pub struct NetworkConfig {
    configured: Configured,
    abi: &'static Network,
    workers: u32,
}

/// A connection, as Envoy holds it.
pub struct Stream {
    abi: &'static Network,
    filter: Cell<Filter>,
    plugin: Arc<PluginInfo>,
    vm: Option<Arc<Vm>>,
    /// The guest's number; 0 while there is no context.
    id: Cell<u32>,
    /// The connection has been closed: nothing is to be asked of it any more.
    closed: Cell<bool>,
    calls: RefCell<Table<u32>>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("id", &self.id.get()).finish_non_exhaustive()
    }
}

impl Stream {
    /// The connection of a hook.
    ///
    /// # Safety
    /// What `new` gave, with the filter that Envoy names now.
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

    /// Calls that live in the stream.
    pub fn calls(&self) -> &RefCell<Table<u32>> {
        &self.calls
    }

    /// Whether the connection has been closed.
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Goes on with what the client sent. Hooks of other filters run within.
    pub fn go_on(&self) {
        if !self.closed.get() {
            // SAFETY: a filter of this worker, whose connection is open.
            unsafe { (self.abi.network_filter_continue_reading)(self.filter.get()) };
        }
    }

    /// Closes the connection, after what was written so far. The hook `event` runs within.
    pub fn close(&self, details: &str) {
        if !self.closed.get() {
            let details = Bytes::new(details.as_bytes());
            // SAFETY: a filter of this worker, whose connection is open.
            unsafe {
                (self.abi.network_filter_close_with_details)(self.filter.get(), CLOSE_FLUSH_WRITE, details)
            };
        }
    }

    /// Runs something for a connection that the guest knows.
    fn known<R>(&self, otherwise: R, work: impl FnOnce(&Vm, u32) -> R) -> R {
        match (&self.vm, self.id.get()) {
            (Some(vm), id) if id != 0 => vm.run_in(Hook::Network(self.filter.get()), |vm| work(vm, id)),
            _ => otherwise,
        }
    }

    fn data(&self, from: From, size: usize, end: bool) -> u32 {
        self.known(network_status::CONTINUE, |vm, id| vm.tcp_data(id, from, size, end))
    }
}

/// A configuration is being loaded. Null to refuse it. Main thread.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_network_filter_config_new(
    config: Config,
    name: Bytes,
    bytes: Bytes,
) -> *const NetworkConfig {
    let made = Network::require().and_then(|abi| {
        let workers = workers();
        let configured = Configured::new(Family::Network, config, name, bytes, Threads::Workers(workers))?;
        Ok(NetworkConfig { configured, abi, workers })
    });
    Configured::boxed(name, made)
}

/// A configuration goes away; its connections have gone before. Main thread.
///
/// # Safety
/// What `config_new` gave, for the last time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_config_destroy(config: *mut NetworkConfig) {
    // SAFETY: by contract.
    drop(unsafe { Box::from_raw(config) });
}

/// A client connects.
///
/// # Safety
/// What `config_new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_new(
    config: *const NetworkConfig,
    filter: Filter,
) -> *const Stream {
    // SAFETY: by contract; the configuration outlives its connections.
    let config = unsafe { &*config };
    // SAFETY: Envoy's filter, on its worker.
    let worker = unsafe { (config.abi.network_filter_get_worker_index)(filter) };
    let stream = Stream {
        abi: config.abi,
        filter: Cell::new(filter),
        plugin: config.configured.plugin.clone(),
        vm: if worker < config.workers { config.configured.vm(worker) } else { None },
        id: Cell::new(0),
        closed: Cell::new(false),
        calls: RefCell::default(),
    };
    Box::into_raw(Box::new(stream))
}

/// The connection is there.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_new_connection(
    filter: Filter,
    stream: *const Stream,
) -> u32 {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    let Some(vm) = &stream.vm else { return network_status::CONTINUE };
    vm.run_in(Hook::Network(filter), |vm| {
        let id = vm.tcp_create(&stream.plugin, stream);
        stream.id.set(id);
        if id == 0 { network_status::CONTINUE } else { vm.tcp_new_connection(id) }
    })
}

/// The client sent something; `size` with what Envoy kept of it before.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_read(
    filter: Filter,
    stream: *const Stream,
    size: usize,
    end: bool,
) -> u32 {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    stream.data(From::Downstream, size, end)
}

/// Something is to be sent to the client.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_write(
    filter: Filter,
    stream: *const Stream,
    size: usize,
    end: bool,
) -> u32 {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    stream.data(From::Upstream, size, end)
}

/// The connection is established or closed.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_event(
    filter: Filter,
    stream: *const Stream,
    event: u32,
) {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    let peer = match event {
        connection_event::REMOTE_CLOSE => Peer::Remote,
        connection_event::LOCAL_CLOSE => Peer::Local,
        _ => return,
    };
    stream.closed.set(true);
    stream.known((), |vm, id| vm.tcp_closed(id, Some(peer)));
    stream.id.set(0);
}

/// A connection is gone. Envoy's side must not be touched any more.
///
/// # Safety
/// What `new` gave, for the last time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_destroy(stream: *mut Stream) {
    // SAFETY: by contract.
    let stream = unsafe { Box::from_raw(stream) };
    stream.closed.set(true);
    // Only where Envoy ends without closing its connections.
    if let (Some(vm), id) = (&stream.vm, stream.id.get())
        && id != 0
    {
        vm.run_in(Hook::Worker, |vm| vm.tcp_gone(id));
    }
}

/// Somebody else reached the connection's worker through its scheduler.
///
/// # Safety
/// What `new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_scheduled(
    filter: Filter,
    stream: *const Stream,
    _event: u64,
) {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    // Running anything runs the jobs that wait.
    stream.known((), Vm::tcp_deferred);
}

/// A call that lives in a connection is over.
///
/// # Safety
/// What `new` gave, and arrays of as many elements as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_http_callout_done(
    filter: Filter,
    stream: *const Stream,
    id: u64,
    result: u32,
    headers: *const Pair,
    headers_count: usize,
    chunks: *const Bytes,
    chunks_count: usize,
) {
    // SAFETY: by contract.
    let stream = unsafe { Stream::of(stream, filter) };
    let told = stream.calls.borrow_mut().told(id, true, |call| {
        one_shot(call, result, pairs(headers, headers_count), bodies(chunks, chunks_count))
    });
    let (Some((token, events)), Some(vm)) = (told, &stream.vm) else { return };
    let context = stream.id.get();
    vm.run_in(Hook::Network(filter), |vm| vm.call_events(context, token, true, events));
}

/// Somebody left a job for the main thread.
///
/// # Safety
/// What `config_new` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_config_scheduled(
    config: *const NetworkConfig,
    _event: u64,
) {
    // SAFETY: by contract.
    let configured = unsafe { &(*config).configured };
    configured.plugin.main.run(configured.envoy());
}
