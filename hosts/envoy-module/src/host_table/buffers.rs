//! Buffers.
//!
//! A body that the guest keeps lies in Envoy in two parts, what came before and the piece of the current hook; the guest sees
//! one. The parts are Envoy's, in chunks, and are read and changed there.

use super::{host_functions, slice};
use crate::abi::{BodyType, Filter, Network, envoy};
use crate::context::Kind;
use crate::context::http::{Body, Dir, Half};
use crate::vm::state::State;
use core::ffi::c_void;
use nullvm_host_common::buffers::{self, Edit};
use nullvm_shim::host::{Bytes, Status};

/// `proxy_buffer_type_t`
const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const DOWNSTREAM_DATA: u32 = 2;
const UPSTREAM_DATA: u32 = 3;
const CALL_BODY: u32 = 4;
const GRPC_MESSAGE: u32 = 5;
const VM_CONFIGURATION: u32 = 6;
const PLUGIN_CONFIGURATION: u32 = 7;
const CALL_DATA: u32 = 8;

/// A buffer of Envoy's.
#[derive(Clone, Copy)]
enum Part {
    /// Of an HTTP stream.
    Body(BodyType),
    /// What a TCP stream's client sent.
    Read(&'static Network),
    /// What is on its way to a TCP stream's client.
    Write(&'static Network),
}

/// Data in Envoy: its parts, in their order.
struct Parts {
    filter: Filter,
    parts: [Option<Part>; 2],
    /// Where something new goes.
    last: Part,
}

enum Buffer<'a> {
    Envoy(Parts),
    /// Our own copy of a local response's body.
    Own(&'a mut Vec<u8>),
    /// Not to be changed.
    Fixed(&'a [u8]),
}

fn parts(filter: Filter, dir: Dir, half: &Half) -> Option<Parts> {
    let (parts, last) = match half.body {
        Body::Received => ([Some(dir.received()), None], dir.received()),
        Body::All => ([Some(dir.kept()), Some(dir.received())], dir.received()),
        Body::Closed if half.paused && half.keeping => ([Some(dir.kept()), None], dir.kept()),
        Body::Closed => return None,
    };
    Some(Parts { filter, parts: parts.map(|p| p.map(Part::Body)), last: Part::Body(last) })
}

/// The data of a TCP stream.
fn stream_data(state: &mut State, number: u32) -> Option<Parts> {
    let on_worker = state.on_worker();
    let abi = Network::get()?;
    let Kind::Tcp(tcp) = &state.context()?.kind else { return None };
    let (open, part) = match number {
        DOWNSTREAM_DATA => (tcp.downstream_open, Part::Read(abi)),
        _ => (tcp.upstream_open, Part::Write(abi)),
    };
    let usable = open && on_worker && !tcp.filter.is_null();
    usable.then_some(Parts { filter: tcp.filter, parts: [Some(part), None], last: part })
}

fn buffer(state: &mut State, number: u32) -> Option<Buffer<'_>> {
    match number {
        REQUEST_BODY | RESPONSE_BODY => {
            let dir = if number == REQUEST_BODY { Dir::Request } else { Dir::Response };
            let on_worker = state.on_worker();
            let http = state.effective_http()?;
            if dir == Dir::Response && http.synthetic().is_some() {
                let open = http.response.body != Body::Closed;
                let own = http.rare.as_mut().and_then(|r| r.synthetic.as_mut());
                return own.filter(|_| open).map(|s| Buffer::Own(&mut s.body));
            }
            if !on_worker || http.filter.is_null() {
                return None;
            }
            let half = *http.half(dir);
            parts(http.filter, dir, &half).map(Buffer::Envoy)
        }
        VM_CONFIGURATION => {
            let info: &crate::vm::group::VmInfo = &state.info;
            // The configuration outlives the call: the state holds it.
            Some(Buffer::Fixed(&info.vm_config))
        }
        PLUGIN_CONFIGURATION => {
            let root = state.root_id();
            let context = state.contexts.get(root)?;
            let Kind::Root(r) = &context.kind else { return None };
            r.configuring.then_some(Buffer::Fixed(&context.plugin.config.configuration))
        }
        CALL_BODY | GRPC_MESSAGE => {
            let root = state.root_id();
            let root = state.root_of(root)?;
            let bytes = if number == CALL_BODY {
                root.http_response.as_ref().map(|r| r.body.as_slice())
            } else {
                root.grpc_message.as_deref()
            };
            bytes.map(Buffer::Fixed)
        }
        CALL_DATA => Some(Buffer::Fixed(&[])),
        // Where there are none, there are no bytes of them; as in Envoy's Wasm filter that is no error.
        DOWNSTREAM_DATA | UPSTREAM_DATA => {
            Some(stream_data(state, number).map_or(Buffer::Fixed(&[]), Buffer::Envoy))
        }
        _ => None,
    }
}

impl Parts {
    fn iter(&self) -> impl Iterator<Item = Part> {
        self.parts.into_iter().flatten()
    }

    fn len_of(&self, part: Part) -> usize {
        // SAFETY: a filter of this worker.
        unsafe {
            match part {
                Part::Body(body) => (envoy().http_get_body_size)(self.filter, body as u32),
                Part::Read(t) => (t.network_filter_get_read_buffer_size)(self.filter),
                Part::Write(t) => (t.network_filter_get_write_buffer_size)(self.filter),
            }
        }
    }

    fn len(&self) -> usize {
        self.iter().map(|p| self.len_of(p)).sum()
    }

    fn chunks(&self, part: Part) -> Vec<Bytes> {
        let mut chunks: Vec<Bytes> = Vec::new();
        let filter = self.filter;
        // SAFETY: a filter of this worker; Envoy fills as many buffers as it said.
        unsafe {
            let count = match part {
                Part::Body(body) => (envoy().http_get_body_chunks_size)(filter, body as u32),
                Part::Read(t) => (t.network_filter_get_read_buffer_chunks_size)(filter),
                Part::Write(t) => (t.network_filter_get_write_buffer_chunks_size)(filter),
            };
            chunks.reserve(count);
            let out = chunks.as_mut_ptr();
            let filled = count > 0
                && match part {
                    Part::Body(body) => (envoy().http_get_body_chunks)(filter, body as u32, out),
                    Part::Read(t) => (t.network_filter_get_read_buffer_chunks)(filter, out),
                    Part::Write(t) => (t.network_filter_get_write_buffer_chunks)(filter, out),
                };
            if filled {
                chunks.set_len(count);
            }
        }
        chunks
    }

    /// Copies `len` bytes from `start` on.
    ///
    /// # Safety
    /// `out` has room for them, outside of Envoy's buffers.
    unsafe fn read(&self, mut start: usize, mut len: usize, mut out: *mut u8) -> bool {
        for part in self.iter() {
            for chunk in self.chunks(part) {
                if start >= chunk.len {
                    start -= chunk.len;
                    continue;
                }
                let n = (chunk.len - start).min(len);
                // SAFETY: in range of the chunk; the caller's promise for `out`.
                unsafe {
                    core::ptr::copy_nonoverlapping(chunk.data.add(start), out, n);
                    out = out.add(n);
                }
                (start, len) = (0, len - n);
                if len == 0 {
                    return true;
                }
            }
        }
        len == 0
    }

    fn drain(&self) {
        for part in self.iter() {
            let len = self.len_of(part);
            if len > 0 {
                // SAFETY: a filter of this worker.
                unsafe {
                    match part {
                        Part::Body(body) => (envoy().http_drain_body)(self.filter, body as u32, len),
                        Part::Read(t) => (t.network_filter_drain_read_buffer)(self.filter, len),
                        Part::Write(t) => (t.network_filter_drain_write_buffer)(self.filter, len),
                    }
                };
            }
        }
    }

    fn append(&self, data: &[u8]) -> bool {
        if data.is_empty() {
            return true;
        }
        let data = Bytes::new(data);
        // SAFETY: a filter of this worker; Envoy copies.
        unsafe {
            match self.last {
                Part::Body(body) => (envoy().http_append_body)(self.filter, body as u32, data),
                Part::Read(t) => (t.network_filter_append_read_buffer)(self.filter, data),
                Part::Write(t) => (t.network_filter_append_write_buffer)(self.filter, data),
            }
        }
    }

    /// As Envoy's Wasm filter: at the start prepends (nothing replaced) or replaces all, at the end appends.
    fn write(&self, start: u32, len: u32, data: &[u8]) -> Result<(), Status> {
        let size = self.len();
        let done = match Edit::of(size, start, len)? {
            Edit::Replace => {
                self.drain();
                self.append(data)
            }
            Edit::Prepend => {
                let mut all = data.to_vec();
                let at = all.len();
                all.resize(at + size, 0);
                // SAFETY: room for `size` bytes.
                let read = unsafe { self.read(0, size, all.as_mut_ptr().add(at)) };
                if read {
                    self.drain();
                }
                read && self.append(&all)
            }
            Edit::Append => self.append(data),
        };
        if done { Ok(()) } else { Err(Status::InternalFailure) }
    }
}

host_functions! {
    /// `proxy_get_configuration` of ABI 0.1.0: the plugin's while it is configured, else the VM's.
    fn get_configuration(state) -> (out: Bytes) {
        let root = state.root_id();
        let plugin = match state.contexts.get(root) {
            Some(c) if matches!(&c.kind, Kind::Root(r) if r.configuring) => Some(c.plugin.config.configuration.clone()),
            _ => None,
        };
        let configuration = plugin.unwrap_or_else(|| state.info.vm_config.clone());
        Ok(state.give(configuration))
    }

    /// `proxy_set_buffer_bytes`
    fn set_buffer(state, number: u32, start: u32, len: u32, data: Bytes) {
        match buffer(state, number).ok_or(Status::NotFound)? {
            Buffer::Envoy(parts) => parts.write(start, len, slice(data)),
            Buffer::Own(buffer) => buffers::write(buffer, start, len, slice(data)),
            Buffer::Fixed(_) => Err(Status::BadArgument),
        }
    }
}

/// The length of a buffer.
pub(super) unsafe extern "C" fn get_buffer_status(
    host: *mut c_void,
    number: u32,
    length: *mut u32,
    flags: *mut u32,
) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with.
    let cell = unsafe { super::cell(host) };
    let len = cell.with(|state| {
        Some(match buffer(state, number)? {
            Buffer::Envoy(parts) => parts.len(),
            Buffer::Own(buffer) => buffer.len(),
            Buffer::Fixed(bytes) => bytes.len(),
        })
    });
    let Some(len) = len else { return Status::NotFound as u32 };
    // SAFETY: out-parameters point at host memory.
    unsafe {
        length.write(u32::try_from(len).unwrap_or(u32::MAX));
        flags.write(0);
    }
    Status::Ok as u32
}

/// Copies a part of a buffer.
pub(super) unsafe extern "C" fn read_buffer(
    host: *mut c_void,
    number: u32,
    start: u32,
    len: u32,
    out: *mut u8,
) -> u32 {
    // SAFETY: the shim passes the pointer that the instance was made with.
    let cell = unsafe { super::cell(host) };
    let (start, len) = (start as usize, len as usize);
    let copy = |bytes: &[u8]| match bytes.get(start..).and_then(|b| b.get(..len)) {
        Some(bytes) => {
            // SAFETY: `out` has room for `len` bytes of the guest's memory, which is not the host's.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), out, len) };
            Ok(())
        }
        None => Err(Status::BadArgument),
    };
    let result = cell.with(|state| match buffer(state, number).ok_or(Status::NotFound)? {
        Buffer::Envoy(parts) => {
            // SAFETY: `out` has room for `len` bytes.
            if unsafe { parts.read(start, len, out) } { Ok(()) } else { Err(Status::BadArgument) }
        }
        Buffer::Own(buffer) => copy(buffer),
        Buffer::Fixed(bytes) => copy(bytes),
    });
    result.map_or_else(|status| status as u32, |()| Status::Ok as u32)
}
