//! TCP streams: what a hook of Envoy's means to the guest, and what the guest's answer means to Envoy.

use super::steps::Step;
use super::{Vm, Waker};
use crate::abi::{Network, network_status};
use crate::config::FailurePolicy;
use crate::context::tcp::Tcp;
use crate::context::{Kind, PluginInfo};
use crate::hooks::network::Stream;
use crate::vm::state::AfterCall;
use nullvm_host_common::abi::Peer;
use plugin_abi::CallbackId;
use std::sync::Arc;

/// Why a connection was closed, for Envoy's access log.
pub(super) const CLOSED_BY_GUEST: &str = "wasm_close_stream";
const GUEST_GONE: &str = "wasm_fail_stream";

/// Who sent a piece of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The client.
    Downstream,
    /// The upstream.
    Upstream,
}

impl Vm {
    fn tcp_with<R>(&self, id: u32, f: impl FnOnce(&mut Tcp) -> R) -> Option<R> {
        self.with(|s| s.tcp(id).map(f))
    }

    /// A context for a connection, known to the guest. 0 for one that passes: the plugin has no root context here, or is gone
    /// and lets everything pass.
    pub fn tcp_create(&self, plugin: &Arc<PluginInfo>, stream: &Stream) -> u32 {
        if self.is_failed() && plugin.config.failure_policy == FailurePolicy::Open {
            return 0;
        }
        let Some(root) = self.root_of_plugin(plugin) else { return 0 };
        let id = self
            .with(|s| s.add_context(root, plugin, Kind::Tcp(Box::new(Tcp::new(stream.filter(), stream)))));
        self.call(id, CallbackId::OnContextCreate, [id, root]);
        id
    }

    /// Runs a callback of a TCP stream. Whether the stream may go on; a guest that is gone closes it, or lets it pass.
    fn tcp_call<const N: usize>(&self, id: u32, callback: CallbackId, args: [u32; N]) -> bool {
        let result = self.call(id, callback, args);
        if !self.is_failed() {
            return result.unwrap_or(0) == 0;
        }
        self.with(|s| {
            let Some(context) = s.find(id) else { return true };
            if context.plugin.config.fail_open {
                return true;
            }
            if let Kind::Tcp(tcp) = &mut context.kind
                && !tcp.filter.is_null()
                && !std::mem::replace(&mut tcp.failed, true)
            {
                let step = Step::CloseTcp(tcp.stream, GUEST_GONE);
                s.steps.push(step);
            }
            false
        })
    }

    /// A client has connected.
    pub fn tcp_new_connection(&self, id: u32) -> u32 {
        let go = self.tcp_call(id, CallbackId::OnNewConnection, [id]);
        self.tcp_result(id, go)
    }

    /// A piece of data came; `size` is what of it (and of pieces that the guest kept) can be read.
    pub fn tcp_data(&self, id: u32, from: From, size: usize, end: bool) -> u32 {
        let open = |open: bool| {
            move |tcp: &mut Tcp| match from {
                From::Downstream => tcp.downstream_open = open,
                From::Upstream => tcp.upstream_open = open,
            }
        };
        if self.tcp_with(id, open(true)).is_none() {
            return network_status::CONTINUE;
        }
        let callback = match from {
            From::Downstream => CallbackId::OnDownstreamData,
            From::Upstream => CallbackId::OnUpstreamData,
        };
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let go = self.tcp_call(id, callback, [id, size, u32::from(end)]);
        if from == From::Downstream {
            if go {
                self.tcp_with(id, open(false));
            }
            return self.tcp_result(id, go);
        }
        self.tcp_with(id, open(false));
        // Envoy has no event for this: its Wasm filter, too, tells it by the last piece of data.
        if end && self.tcp_with(id, |t| !std::mem::replace(&mut t.upstream_closed, true)) == Some(true) {
            self.call(id, CallbackId::OnUpstreamConnectionClose, [id, Peer::Unknown as u32]);
        }
        if go { network_status::CONTINUE } else { network_status::STOP }
    }

    /// What the guest's answer on the client's side means, unless it asked to go on in the same breath.
    fn tcp_result(&self, id: u32, go: bool) -> u32 {
        let go = go
            || self.with(|s| {
                let asked = |a: &AfterCall| matches!(a, AfterCall::ContinueTcp(of) if *of == id);
                let before = s.after_call.len();
                if s.on_worker() && !s.tcp(id).is_some_and(|t| t.failed) {
                    s.after_call.retain(|a| !asked(a));
                }
                s.after_call.len() < before
            });
        self.tcp_with(id, |tcp| {
            tcp.paused = !go;
            tcp.downstream_open &= !go;
            if go || !tcp.scheduler.is_null() || tcp.filter.is_null() {
                return;
            }
            if let Some(t) = Network::get() {
                // SAFETY: in a hook of this filter.
                tcp.scheduler = unsafe { (t.network_filter_scheduler_new)(tcp.filter) };
                if !tcp.scheduler.is_null() {
                    self.add_waker(id, Waker::Tcp(tcp.scheduler));
                }
            }
        });
        if go { network_status::CONTINUE } else { network_status::STOP }
    }

    /// The connection is closed: the guest hears of it, then the context ends. `None`: it goes without having been closed.
    pub fn tcp_closed(&self, id: u32, peer: Option<Peer>) {
        if self.tcp_with(id, |t| t.downstream_open = false).is_none() {
            return;
        }
        if let Some(peer) = peer {
            self.call(id, CallbackId::OnDownstreamConnectionClose, [id, peer as u32]);
        }
        // In the order of Envoy's Wasm filter, which is another one than for HTTP.
        for callback in [CallbackId::OnDone, CallbackId::OnLog, CallbackId::OnDelete] {
            self.call(id, callback, [id]);
        }
        self.remove_waker(id);
        let calls = self.with(|s| match s.remove_context(id) {
            Some(Kind::Tcp(tcp)) => tcp.calls,
            _ => Vec::new(),
        });
        self.break_calls(calls);
    }

    /// Envoy's side is gone, and nobody said that the connection was closed.
    pub fn tcp_gone(&self, id: u32) {
        self.tcp_with(id, |tcp| (tcp.filter, tcp.stream) = (core::ptr::null_mut(), core::ptr::null()));
        self.tcp_closed(id, None);
    }

    /// What had to wait for the stream's worker.
    pub fn tcp_deferred(&self, id: u32) {
        self.with(|s| {
            let Some(tcp) = s.tcp(id) else { return };
            let deferred = std::mem::take(&mut tcp.deferred);
            s.after_call.extend(deferred);
        });
    }

    /// `proxy_continue_stream`
    pub(super) fn tcp_continue(&self, id: u32) {
        self.with(|s| {
            let Some(tcp) = s.tcp(id) else { return };
            if !tcp.paused || tcp.filter.is_null() {
                return;
            }
            (tcp.paused, tcp.downstream_open) = (false, false);
            let step = Step::ContinueTcp(tcp.stream);
            s.steps.push(step);
        });
    }
}
