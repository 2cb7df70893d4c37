//! Moving TCP streams: what the driver brings, what the guest says to it, what goes on.

use super::Vm;
use crate::context::tcp::{Flow, Peer, Tcp, TcpOutput};
use plugin_abi::CallbackId;

fn forward(tcp: &mut Tcp, to_upstream: bool) {
    let flow = if to_upstream { &mut tcp.downstream } else { &mut tcp.upstream };
    flow.visible = false;
    let (data, end) = (std::mem::take(&mut flow.data), flow.ended);
    if data.is_empty() && !end {
        return;
    }
    tcp.out.push_back(if to_upstream {
        TcpOutput::ToUpstream(data, end)
    } else {
        TcpOutput::ToDownstream(data, end)
    });
    tcp.waker.wake();
}

impl Vm {
    /// Runs a callback of a TCP stream. Whether the stream may go on; a failed guest closes it, or lets it pass.
    fn tcp_call(&self, id: u32, callback: CallbackId, args: &[u32]) -> bool {
        let result = if self.is_failed() { None } else { self.call(id, callback, args) };
        if !self.is_failed() {
            return result.unwrap_or(0) == 0;
        }
        let fail_open = self.with(|s| s.contexts.get(&id).is_none_or(|c| c.plugin.config.fail_open));
        if !fail_open {
            self.close(id);
        }
        fail_open
    }

    /// A client connected. Nothing of it is to be read while the result is `false`.
    pub fn tcp_new_connection(&self, id: u32) -> bool {
        self.create(id);
        let go = self.tcp_call(id, CallbackId::OnNewConnection, &[id]);
        self.with(|s| {
            if let Some(tcp) = s.tcp(id) {
                tcp.stopped = !go;
            }
        });
        self.after_call();
        self.with(|s| s.tcp(id).is_none_or(|tcp| !tcp.stopped))
    }

    /// Data came, from the client or from the upstream.
    pub fn tcp_data(&self, id: u32, from_client: bool, data: &[u8], end: bool) {
        let size = self.with(|s| {
            let tcp = s.tcp(id)?;
            let flow: &mut Flow = if from_client { &mut tcp.downstream } else { &mut tcp.upstream };
            flow.data.extend_from_slice(data);
            flow.ended |= end;
            flow.visible = true;
            Some(flow.data.len() as u32)
        });
        let Some(size) = size else { return };
        let callback = if from_client { CallbackId::OnDownstreamData } else { CallbackId::OnUpstreamData };
        let go = self.tcp_call(id, callback, &[id, size, u32::from(end)]);
        self.with(|s| {
            if let Some(tcp) = s.tcp(id).filter(|_| go) {
                forward(tcp, from_client);
            }
        });
        self.after_call();
        if end && !from_client {
            self.tcp_upstream_closed(id, Peer::Unknown);
        }
    }

    fn tcp_upstream_closed(&self, id: u32, peer: Peer) {
        let first =
            self.with(|s| s.tcp(id).is_some_and(|t| !std::mem::replace(&mut t.upstream_closed, true)));
        if first {
            self.call(id, CallbackId::OnUpstreamConnectionClose, &[id, peer as u32]);
            self.after_call();
        }
    }

    /// The client's connection is closed: the guest hears of it, then the context ends.
    pub fn tcp_closed(&self, id: u32, peer: Peer) {
        if self.with(|s| s.tcp(id).is_none()) {
            return;
        }
        self.call(id, CallbackId::OnDownstreamConnectionClose, &[id, peer as u32]);
        self.after_call();
        self.with(|s| {
            if let Some(tcp) = s.tcp(id) {
                tcp.info.duration = Some(tcp.info.start_monotonic.elapsed().as_nanos() as u64);
            }
        });
        for callback in [CallbackId::OnDone, CallbackId::OnLog, CallbackId::OnDelete] {
            self.call(id, callback, &[id]);
            self.after_call();
        }
        self.with(|s| s.contexts.remove(&id));
    }

    /// The guest is gone. A stream that it stopped goes on or ends.
    pub(super) fn tcp_abandon(&self, id: u32) {
        let held = |t: &mut Tcp| t.stopped || !t.downstream.data.is_empty() || !t.upstream.data.is_empty();
        if self.with(|s| s.tcp(id).map(held)) != Some(true) {
            return;
        }
        if self.with(|s| s.contexts.get(&id).is_none_or(|c| c.plugin.config.fail_open)) {
            self.tcp_continue(id, true);
            self.tcp_continue(id, false);
        } else {
            self.close(id);
        }
    }

    /// `proxy_continue_stream` for a TCP stream.
    pub(super) fn tcp_continue(&self, id: u32, to_upstream: bool) {
        self.with(|s| {
            if let Some(tcp) = s.tcp(id) {
                tcp.stopped = false;
                forward(tcp, to_upstream);
                tcp.waker.wake();
            }
        });
    }
}
