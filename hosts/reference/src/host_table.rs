//! The functions that plugins call, once for all engines: each acts on the effective context of the VM behind the host
//! pointer.
//!
//! What is handed out lies in the state's scratch areas or in the maps themselves, and stays there until the next call
//! other than `log` and the clocks, which touch neither.

use crate::buffers::BufferType;
use crate::context::Kind;
use crate::context::http::{Dir, Iteration};
use crate::grpc::{self, GrpcRequest};
use crate::http_call;
use crate::log::Level;
use crate::maps::{HeaderMap, MapType};
use crate::properties;
use crate::timer::TimerChange;
use crate::vm::{AfterCall, CallKind, HostCall, HostCell, LocalReply, Outbound, State};
use core::ffi::c_void;
use nullvm_host_common::buffers::write;
use nullvm_shim::host::{Bytes, GrpcCall, HostTable, HttpCall, LocalResponse, Pair, Pairs, Status};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The one table.
pub static HOST_TABLE: HostTable = HostTable {
    size: size_of::<HostTable>(),
    log: Some(log),
    get_log_level: Some(get_log_level),
    time: Some(time),
    monotonic_time: Some(monotonic_time),
    capability_error: Some(capability_error),
    get_status: Some(get_status),
    set_tick_period: Some(set_tick_period),
    get_configuration: Some(get_configuration),
    continue_stream: Some(continue_stream),
    close_stream: Some(close_stream),
    clear_route_cache: Some(clear_route_cache),
    send_local_response: Some(send_local_response),
    get_property: Some(get_property),
    set_property: Some(set_property),
    get_header: Some(get_header),
    add_header: Some(add_header),
    replace_header: Some(replace_header),
    remove_header: Some(remove_header),
    get_headers: Some(get_headers),
    set_headers: Some(set_headers),
    get_headers_size: Some(get_headers_size),
    get_buffer_status: Some(get_buffer_status),
    read_buffer: Some(read_buffer),
    set_buffer: Some(set_buffer),
    http_call: Some(http_call),
    grpc_call: Some(grpc_call),
    grpc_stream: Some(grpc_stream),
    grpc_send: Some(grpc_send),
    grpc_close: Some(grpc_close),
    grpc_cancel: Some(grpc_cancel),
    get_shared_data: Some(get_shared_data),
    set_shared_data: Some(set_shared_data),
    register_shared_queue: Some(register_shared_queue),
    resolve_shared_queue: Some(resolve_shared_queue),
    enqueue_shared_queue: Some(enqueue_shared_queue),
    dequeue_shared_queue: Some(dequeue_shared_queue),
    define_metric: Some(define_metric),
    increment_metric: Some(increment_metric),
    record_metric: Some(record_metric),
    get_metric: Some(get_metric),
    set_effective_context: Some(set_effective_context),
    done: Some(done),
    call_foreign_function: Some(call_foreign_function),
    redis_init: None,
    redis_call: None,
    resolve_dns: None,
    call_import: None,
};

/// An argument or result as [`HostCall`] keeps it.
trait Record {
    fn record(&self, out: &mut Vec<u8>);
}

impl Record for u32 {
    fn record(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Record for u64 {
    fn record(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Record for i64 {
    fn record(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Record for Bytes {
    fn record(&self, out: &mut Vec<u8>) {
        (self.len as u32).record(out);
        // SAFETY: slices in and out are readable during the call, see `nullvm_shim::host`.
        out.extend_from_slice(unsafe { self.as_slice() });
    }
}

impl Record for Pairs {
    fn record(&self, out: &mut Vec<u8>) {
        (self.len as u32).record(out);
        // SAFETY: as above.
        for pair in unsafe { self.as_slice() } {
            pair.key.record(out);
            pair.value.record(out);
        }
    }
}

/// One host call: its state, borrowed for as long as it takes.
///
/// # Safety
/// `host` is the pointer that a VM gave its instance, and the VM lives.
unsafe fn with_state<R>(host: *mut c_void, f: impl FnOnce(&mut State) -> R) -> R {
    // SAFETY: the caller's promise; the cell is only ever shared.
    let cell = unsafe { &*host.cast::<HostCell>() };
    f(&mut cell.0.borrow_mut())
}

/// Runs a host function and records it, if calls are recorded. `f` answers by a status and what it gave.
fn recorded<R: Record>(
    state: &mut State,
    name: &'static str,
    args: &[&dyn Record],
    f: impl FnOnce(&mut State) -> Result<R, Status>,
) -> Result<R, Status> {
    let result = f(state);
    if let Some(recorder) = &mut state.recorder {
        let (mut bytes, mut output) = (Vec::new(), Vec::new());
        args.iter().for_each(|a| a.record(&mut bytes));
        let status = match &result {
            Ok(value) => {
                value.record(&mut output);
                Status::Ok
            }
            Err(status) => *status,
        };
        let call = HostCall { name, args: bytes, status: status as u32, output };
        recorder.push(call);
    }
    result
}

impl Record for () {
    fn record(&self, _: &mut Vec<u8>) {}
}

impl Record for (u32, Bytes) {
    fn record(&self, out: &mut Vec<u8>) {
        self.0.record(out);
        self.1.record(out);
    }
}

impl Record for (Bytes, u32) {
    fn record(&self, out: &mut Vec<u8>) {
        self.0.record(out);
        self.1.record(out);
    }
}

impl Record for (u32, u32) {
    fn record(&self, out: &mut Vec<u8>) {
        self.0.record(out);
        self.1.record(out);
    }
}

fn ok_if(status: Status) -> Result<(), Status> {
    if status == Status::Ok { Ok(()) } else { Err(status) }
}

/// Declares host functions. Arguments, then what a success is stored in; the body answers `Result<out, Status>`.
macro_rules! host_functions {
    ($( fn $name:ident($state:ident $(, $arg:ident: $ty:ty)*) $(-> ($($out:ident: $out_ty:ty),+))? $body:block )*) => {
        $(
            unsafe extern "C" fn $name(host: *mut c_void $(, $arg: $ty)* $($(, $out: *mut $out_ty)+)?) -> u32 {
                // SAFETY: the shim passes the pointer that the instance was made with.
                let result = unsafe {
                    with_state(host, |state| {
                        recorded(state, stringify!($name), &[$(&$arg),*], |$state: &mut State| $body)
                    })
                };
                match result {
                    Ok(value) => {
                        host_functions!(@store value $($($out),+)?);
                        Status::Ok as u32
                    }
                    Err(status) => status as u32,
                }
            }
        )*
    };
    (@store $value:ident) => { let () = $value; };
    // SAFETY (of both): out-parameters point at host memory of their types.
    (@store $value:ident $out:ident) => { unsafe { $out.write($value) } };
    (@store $value:ident $first:ident, $second:ident) => {
        unsafe {
            $first.write($value.0);
            $second.write($value.1);
        }
    };
}

/// The bytes of an argument.
fn slice<'a>(bytes: Bytes) -> &'a [u8] {
    // SAFETY: slices passed in are readable during the host call, and nothing of theirs is kept beyond it.
    unsafe { bytes.as_slice() }
}

fn pairs<'a>(pairs: Pairs) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    // SAFETY: as in `slice`.
    unsafe { pairs.as_slice() }.iter().map(|p| (slice(p.key), slice(p.value)))
}

fn map_of(pairs_in: Pairs) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.replace(pairs(pairs_in));
    map
}

/// Hands out bytes from the scratch area.
fn give(state: &mut State, bytes: Vec<u8>) -> Bytes {
    state.scratch = bytes;
    Bytes::new(&state.scratch)
}

fn map_type(map: u32) -> Result<MapType, Status> {
    MapType::from_u32(map).ok_or(Status::BadArgument)
}

fn map_mut(state: &mut State, map: u32) -> Result<&mut HeaderMap, Status> {
    let ty = map_type(map)?;
    state.map_mut(ty).ok_or(Status::BadArgument)
}

/// A buffer that the guest may read now.
fn buffer(state: &mut State, buffer: u32) -> Option<&[u8]> {
    let ty = BufferType::from_u32(buffer)?;
    let (id, root) = (state.effective_id(), state.root_id());
    match ty {
        BufferType::VmConfiguration => Some(&state.vm_config),
        BufferType::PluginConfiguration => {
            let context = state.contexts.get(&root)?;
            let Kind::Root(r) = &context.kind else { return None };
            r.configuring.then_some(context.plugin.config.plugin_config.as_slice())
        }
        BufferType::RequestBody | BufferType::ResponseBody => body(state, ty).map(|b| b.as_slice()),
        BufferType::DownstreamData => {
            state.tcp(id).filter(|t| t.downstream.visible).map(|t| t.downstream.data.as_slice())
        }
        BufferType::UpstreamData => {
            state.tcp(id).filter(|t| t.upstream.visible).map(|t| t.upstream.data.as_slice())
        }
        BufferType::HttpCallBody => state.root_of(root)?.http_response.as_ref().map(|r| r.body.as_slice()),
        BufferType::GrpcMessage => state.root_of(root)?.grpc_message.as_deref(),
        BufferType::CallData => Some(&[]),
    }
}

/// A body: what is shown now, or what the guest keeps of a stopped one.
fn body(state: &mut State, ty: BufferType) -> Option<&mut Vec<u8>> {
    let id = state.effective_id();
    let dir = if ty == BufferType::RequestBody { Dir::Request } else { Dir::Response };
    let half = state.http(id)?.half(dir);
    if half.visible_open {
        return Some(&mut half.visible);
    }
    (half.keeping && half.iteration == Iteration::Stopped).then_some(&mut half.held)
}

fn grpc_request(
    state: &mut State,
    kind: CallKind,
    upstream: Bytes,
    path: (Bytes, Bytes),
    metadata: Pairs,
) -> Result<GrpcRequest, Status> {
    let (cluster, service) = grpc::upstream(&state.config.clusters, slice(upstream))?;
    let text = |b| std::str::from_utf8(slice(b)).map_err(|_| Status::BadArgument);
    let path = format!("/{}/{}", text(path.0)?, text(path.1)?);
    let token = state.next_call(kind);
    state.pending_calls.insert(token);
    let (root, mut metadata) = (state.root_id(), map_of(metadata));
    for (key, value) in &service.initial_metadata {
        metadata.add(key, value);
    }
    let authority = service.authority;
    Ok(GrpcRequest { root, token, cluster, path, authority, metadata, message: None, timeout: None })
}

host_functions! {
    fn log(state, level: u32, message: Bytes) {
        let level = Level::from_u32(level).ok_or(Status::BadArgument)?;
        ok_if(state.log_plugin(level, slice(message)))
    }

    fn get_log_level(state) -> (out: u32) {
        Ok(state.config.logger.level() as u32)
    }

    fn time(state) -> (out: u64) {
        let real = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
        Ok(state.tick_clock().unwrap_or_else(real))
    }

    fn monotonic_time(state) -> (out: u64) {
        Ok(state.tick_clock().unwrap_or_else(monotonic))
    }

    fn get_status(state) -> (code: u32, message: Bytes) {
        let root = state.root_id();
        let (code, message) = state.root_of(root).map(|r| r.status.clone()).unwrap_or_default();
        Ok((code, give(state, message.into_bytes())))
    }

    fn set_tick_period(state, period: u32) {
        let root = state.root_id();
        state.outbox.push_back(Outbound::Timer(TimerChange::new(root, period)));
        Ok(())
    }

    fn get_configuration(state) -> (out: Bytes) {
        let root = state.root_id();
        let plugin = match state.contexts.get(&root) {
            Some(c) if matches!(&c.kind, Kind::Root(r) if r.configuring) => Some(c.plugin.config.plugin_config.clone()),
            _ => None,
        };
        let config = plugin.unwrap_or_else(|| state.vm_config.clone());
        Ok(give(state, config))
    }

    fn continue_stream(state, stream_type: u32) {
        let id = state.effective_id();
        if let Some(tcp) = state.tcp(id) {
            let to_upstream = match stream_type {
                2 => true,
                3 => false,
                _ => return Ok(()),
            };
            let flow = if to_upstream { &mut tcp.downstream } else { &mut tcp.upstream };
            flow.visible = false;
            state.after_call.push_back(AfterCall::ContinueTcp(id, to_upstream));
            return Ok(());
        }
        let dir = match stream_type {
            0 => Dir::Request,
            1 => Dir::Response,
            _ => return Err(Status::BadArgument),
        };
        if let Some(http) = state.http(id) {
            // What was held is on its way: the guest must not look at it any more.
            let half = http.half(dir);
            half.headers_open = false;
            half.trailers_open = false;
            half.keeping = false;
            state.after_call.push_back(AfterCall::Continue(id, dir));
        }
        Ok(())
    }

    fn close_stream(state, stream_type: u32) {
        if stream_type > 3 {
            return Err(Status::BadArgument);
        }
        let id = state.effective_id();
        let fits = if state.http(id).is_some() { stream_type < 2 } else { state.tcp(id).is_some() && stream_type >= 2 };
        if fits {
            state.after_call.push_back(AfterCall::Close(id));
        }
        Ok(())
    }

    fn clear_route_cache(_state) {
        // There is one route.
        Ok(())
    }

    fn get_property(state, path: Bytes) -> (out: Bytes) {
        let value = properties::get(state, slice(path))?;
        Ok(give(state, value))
    }

    fn set_property(state, path: Bytes, value: Bytes) {
        ok_if(properties::set(state, slice(path), slice(value)))
    }

    fn get_header(state, map: u32, key: Bytes) -> (out: Bytes) {
        let map = state.map(map_type(map)?).ok_or(Status::BadArgument)?;
        map.get(slice(key)).map(Bytes::new).ok_or(Status::NotFound)
    }

    fn add_header(state, map: u32, key: Bytes, value: Bytes) {
        map_mut(state, map)?.add(slice(key), slice(value));
        Ok(())
    }

    fn replace_header(state, map: u32, key: Bytes, value: Bytes) {
        map_mut(state, map)?.set(slice(key), slice(value));
        Ok(())
    }

    fn remove_header(state, map: u32, key: Bytes) {
        map_mut(state, map)?.remove(slice(key));
        Ok(())
    }

    fn get_headers(state, map: u32) -> (out: Pairs) {
        let ty = map_type(map)?;
        let mut out = std::mem::take(&mut state.pairs);
        out.clear();
        // A map that is not there has no headers.
        if let Some(map) = state.map(ty) {
            out.extend(map.entries().iter().map(|(k, v)| Pair { key: Bytes::new(k), value: Bytes::new(v) }));
        }
        state.pairs = out;
        Ok(Pairs { data: state.pairs.as_ptr(), len: state.pairs.len() })
    }

    fn set_headers(state, map: u32, all: Pairs) {
        map_mut(state, map)?.replace(pairs(all));
        Ok(())
    }

    fn get_headers_size(state, map: u32) -> (out: u32) {
        let ty = map_type(map)?;
        state.map(ty).map(|m| m.byte_size() as u32).ok_or(Status::BadArgument)
    }

    fn get_buffer_status(state, buffer_type: u32) -> (length: u32, flags: u32) {
        let length = buffer(state, buffer_type).ok_or(Status::NotFound)?.len();
        Ok((u32::try_from(length).unwrap_or(u32::MAX), 0))
    }

    fn set_buffer(state, buffer_type: u32, start: u32, length: u32, data: Bytes) {
        let ty = BufferType::from_u32(buffer_type).ok_or(Status::BadArgument)?;
        if buffer(state, buffer_type).is_none() {
            return Err(Status::NotFound);
        }
        let id = state.effective_id();
        let target = match ty {
            BufferType::RequestBody | BufferType::ResponseBody => body(state, ty),
            BufferType::DownstreamData => state.tcp(id).map(|t| &mut t.downstream.data),
            BufferType::UpstreamData => state.tcp(id).map(|t| &mut t.upstream.data),
            _ => None,
        };
        write(target.ok_or(Status::BadArgument)?, start, length, slice(data))
    }

    fn grpc_send(state, token: u32, message: Bytes, end: u32) {
        if token & 3 == CallKind::Grpc as u32 {
            return Err(Status::BadArgument);
        }
        let (local_closed, _) = state.grpc_streams.get_mut(&token).ok_or(Status::NotFound)?;
        *local_closed |= end != 0;
        state.outbox.push_back(Outbound::GrpcSend(token, slice(message).to_vec(), end != 0));
        Ok(())
    }

    fn grpc_close(state, token: u32) {
        match state.grpc_streams.get_mut(&token) {
            Some((local, remote)) => {
                *local = true;
                if *remote {
                    state.grpc_streams.remove(&token);
                    state.pending_calls.remove(&token);
                }
            }
            None if token & 3 == CallKind::Grpc as u32 && state.pending_calls.remove(&token) => {}
            None => return Err(Status::NotFound),
        }
        state.outbox.push_back(Outbound::GrpcClose(token));
        Ok(())
    }

    fn grpc_cancel(state, token: u32) {
        let known = token & 3 != CallKind::Http as u32 && state.pending_calls.remove(&token);
        if !known {
            return Err(Status::NotFound);
        }
        state.grpc_streams.remove(&token);
        state.outbox.push_back(Outbound::GrpcCancel(token));
        Ok(())
    }

    fn get_shared_data(state, key: Bytes) -> (out: Bytes, cas: u32) {
        let (value, cas) = state.config.shared.get(&state.vm_id, slice(key)).ok_or(Status::NotFound)?;
        Ok((give(state, value), cas))
    }

    fn set_shared_data(state, key: Bytes, value: Bytes, cas: u32) {
        ok_if(state.config.shared.set(&state.vm_id, slice(key), slice(value), cas))
    }

    fn register_shared_queue(state, name: Bytes) -> (token: u32) {
        let (root, notify) = (state.root_id(), state.queue_notifier.clone());
        let notify = Arc::new(move |token| notify(root, token));
        state.config.shared.register_queue(&state.vm_id, slice(name), state.queue_owner, notify)
    }

    fn resolve_shared_queue(state, vm_id: Bytes, name: Bytes) -> (token: u32) {
        let vm_id = std::str::from_utf8(slice(vm_id)).map_err(|_| Status::NotFound)?;
        let vm_id = if vm_id.is_empty() { &state.vm_id } else { vm_id };
        state.config.shared.resolve_queue(vm_id, slice(name)).ok_or(Status::NotFound)
    }

    fn enqueue_shared_queue(state, token: u32, data: Bytes) {
        ok_if(state.config.shared.enqueue(token, slice(data)))
    }

    fn dequeue_shared_queue(state, token: u32) -> (out: Bytes) {
        let item = state.config.shared.dequeue(token)?;
        Ok(give(state, item))
    }

    fn define_metric(state, metric_type: u32, name: Bytes) -> (id: u32) {
        let name = String::from_utf8_lossy(slice(name));
        let metrics = state.config.metrics.clone();
        state.metrics.define(&metrics, metric_type, &name)
    }

    fn increment_metric(state, id: u32, offset: i64) {
        // Histograms cannot be incremented, whether there is one of this id or not.
        if id & 3 == 2 {
            return Err(Status::BadArgument);
        }
        ok_if(state.metrics.get(id)?.increment(offset))
    }

    fn record_metric(state, id: u32, value: u64) {
        match state.metrics.get(id) {
            Ok(metric) => ok_if(metric.record(value)),
            Err(_) => Err(Status::NotFound),
        }
    }

    fn get_metric(state, id: u32) -> (out: u64) {
        if id & 3 == 2 {
            return Err(Status::BadArgument);
        }
        state.metrics.get(id)?.get()
    }

    fn set_effective_context(state, context: u32) {
        if !state.contexts.contains_key(&context) {
            return Err(Status::BadArgument);
        }
        state.effective = context;
        Ok(())
    }

    fn done(state) {
        let root = state.root_id();
        match state.root_of(root) {
            Some(r) if r.pending_done => {
                r.pending_done = false;
                state.after_call.push_back(AfterCall::FinishShutdown(root));
                Ok(())
            }
            _ => Err(Status::NotFound),
        }
    }

    fn call_foreign_function(state, name: Bytes, arguments: Bytes) -> (out: Bytes) {
        let name = std::str::from_utf8(slice(name)).map_err(|_| Status::NotFound)?;
        if name == "clear_route_cache" {
            return Ok(give(state, Vec::new()));
        }
        if let Some(result) = expression(state, name, slice(arguments)) {
            return result.map(|bytes| give(state, bytes));
        }
        let function = state.foreign.get(name).ok_or(Status::NotFound)?;
        let results = function(slice(arguments))?;
        Ok(give(state, results))
    }
}

/// The foreign functions of expressions: `None` for another name.
fn expression(state: &mut State, name: &str, arguments: &[u8]) -> Option<Result<Vec<u8>, Status>> {
    let mut expressions = std::mem::take(&mut state.expressions);
    let result = expressions.call(name, arguments, &properties::Stream(state));
    state.expressions = expressions;
    Some(result?.map_err(|error| {
        state.config.logger.log(Level::Debug, &format!("{name}: {error}"));
        error.status
    }))
}

fn monotonic() -> u64 {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

unsafe extern "C" fn capability_error(host: *mut c_void, message: Bytes) {
    // SAFETY: the shim passes the pointer that the instance was made with.
    unsafe {
        with_state(host, |state| {
            let text = format!("wasm log: {}", String::from_utf8_lossy(slice(message)));
            state.config.logger.log(Level::Error, &text);
        });
    }
}

unsafe extern "C" fn read_buffer(
    host: *mut c_void,
    buffer_type: u32,
    start: u32,
    len: u32,
    out: *mut u8,
) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with.
    let result = unsafe {
        with_state(host, |state| {
            recorded(state, "read_buffer", &[&buffer_type, &start, &len], |state| {
                let bytes = buffer(state, buffer_type).ok_or(Status::NotFound)?;
                let range = start as usize..start as usize + len as usize;
                let bytes = bytes.get(range).ok_or(Status::BadArgument)?;
                // SAFETY: `out` has room for `len` bytes of the guest's memory, which is not the host's.
                core::ptr::copy_nonoverlapping(bytes.as_ptr(), out, bytes.len());
                Ok(Bytes::new(bytes))
            })
        })
    };
    result.map_or_else(|status| status as u32, |_| Status::Ok as u32)
}

unsafe extern "C" fn send_local_response(host: *mut c_void, response: *const LocalResponse) -> u32 {
    // SAFETY: the shim passes a valid structure and the pointer that the instance was made with.
    let result = unsafe {
        let r = &*response;
        with_state(host, |state| {
            let args: [&dyn Record; 5] = [&r.code, &(r.grpc_status as u32), &r.details, &r.body, &r.headers];
            recorded(state, "send_local_response", &args, |state| {
                let id = state.effective_id();
                if state.http(id).is_some() {
                    let reply = LocalReply {
                        code: r.code,
                        grpc_status: r.grpc_status,
                        details: String::from_utf8_lossy(slice(r.details)).into_owned(),
                        body: slice(r.body).to_vec(),
                        headers: pairs(r.headers).map(|(k, v)| (k.to_vec(), v.to_vec())).collect(),
                    };
                    state.after_call.push_back(AfterCall::LocalReply(id, reply));
                }
                state.stop_next = true;
                Ok(())
            })
        })
    };
    result.map_or_else(|status| status as u32, |()| Status::Ok as u32)
}

unsafe extern "C" fn http_call(host: *mut c_void, call: *const HttpCall, token: *mut u32) -> u32 {
    // SAFETY: as in `send_local_response`.
    let result = unsafe {
        let c = &*call;
        with_state(host, |state| {
            let args: [&dyn Record; 5] = [&c.upstream, &c.headers, &c.body, &c.trailers, &c.timeout];
            recorded(state, "http_call", &args, |state| {
                let (headers, trailers) = (map_of(c.headers), map_of(c.trailers));
                let clusters = &state.config.clusters;
                let mut request = http_call::check(
                    clusters,
                    slice(c.upstream),
                    headers,
                    slice(c.body),
                    trailers,
                    c.timeout,
                )?;
                request.root = state.root_id();
                request.token = state.next_call(CallKind::Http);
                let token = request.token;
                state.pending_calls.insert(token);
                state.outbox.push_back(Outbound::Http(request));
                Ok(token)
            })
        })
    };
    store_token(result, token)
}

unsafe extern "C" fn grpc_call(host: *mut c_void, call: *const GrpcCall, token: *mut u32) -> u32 {
    // SAFETY: as in `send_local_response`.
    let result = unsafe {
        let c = &*call;
        with_state(host, |state| {
            let args: [&dyn Record; 6] =
                [&c.upstream, &c.service, &c.method, &c.metadata, &c.message, &c.timeout];
            recorded(state, "grpc_call", &args, |state| {
                let mut request =
                    grpc_request(state, CallKind::Grpc, c.upstream, (c.service, c.method), c.metadata)?;
                request.message = Some(slice(c.message).to_vec());
                request.timeout = (c.timeout > 0).then(|| Duration::from_millis(u64::from(c.timeout)));
                let token = request.token;
                state.outbox.push_back(Outbound::Grpc(request));
                Ok(token)
            })
        })
    };
    store_token(result, token)
}

unsafe extern "C" fn grpc_stream(host: *mut c_void, call: *const GrpcCall, token: *mut u32) -> u32 {
    // SAFETY: as in `send_local_response`.
    let result = unsafe {
        let c = &*call;
        with_state(host, |state| {
            let args: [&dyn Record; 4] = [&c.upstream, &c.service, &c.method, &c.metadata];
            recorded(state, "grpc_stream", &args, |state| {
                let request =
                    grpc_request(state, CallKind::GrpcStream, c.upstream, (c.service, c.method), c.metadata)?;
                let token = request.token;
                state.grpc_streams.insert(token, (false, false));
                state.outbox.push_back(Outbound::Grpc(request));
                Ok(token)
            })
        })
    };
    store_token(result, token)
}

fn store_token(result: Result<u32, Status>, out: *mut u32) -> u32 {
    match result {
        Ok(token) => {
            // SAFETY: the out-parameter points at host memory.
            unsafe { out.write(token) };
            Status::Ok as u32
        }
        Err(status) => status as u32,
    }
}
