//! Root contexts: starting and stopping plugins in a VM, ticks, queues, answers of calls.

use super::{Job, Vm};
use crate::abi::Logger;
use crate::calls::{Event, Place};
use crate::context::{Kind, PluginInfo};
use crate::timer;
use nullvm_host_common::abi::CallKind;
use plugin_abi::CallbackId;
use std::sync::Arc;

impl Vm {
    /// Gives a configured plugin its root context: created, started, configured.
    ///
    /// # Errors
    /// One line: what trapped, or refused.
    pub fn start_plugin(&self, plugin: &Arc<PluginInfo>) -> Result<(), String> {
        self.run(None, |vm| {
            // A VM that was replaced meanwhile has started it already.
            if vm.root_of_plugin(plugin).is_some() {
                return Ok(());
            }
            let root = vm.with(|s| s.add_context(0, plugin, Kind::Root(Box::default())));
            let sizes = (vm.info().vm_config.len() as u32, plugin.config.configuration.len() as u32);
            vm.call(root, CallbackId::OnContextCreate, [root, 0]);
            vm.must(root, CallbackId::OnVmStart, [root, sizes.0])?;
            vm.with(|s| s.root_of(root).map(|r| r.configuring = true));
            vm.must(root, CallbackId::ValidateConfiguration, [root, sizes.1])?;
            vm.must(root, CallbackId::OnConfigure, [root, sizes.1])?;
            vm.with(|s| s.root_of(root).map(|r| r.configuring = false));
            Ok(())
        })
    }

    fn must<const N: usize>(&self, root: u32, callback: CallbackId, args: [u32; N]) -> Result<(), String> {
        let name = plugin_abi::CALLBACKS[callback as usize].name;
        let result = self.call(root, callback, args);
        if self.is_failed() {
            return Err(format!("{name} failed"));
        }
        match result {
            Some(0) => Err(format!("{name} returned false: the plugin refuses its configuration")),
            _ => Ok(()),
        }
    }

    /// The root context of a configured plugin.
    pub fn root_of_plugin(&self, plugin: &Arc<PluginInfo>) -> Option<u32> {
        self.with(|s| {
            s.roots.iter().copied().find(|r| s.contexts.get(*r).is_some_and(|c| c.plugin.is(plugin)))
        })
    }

    /// Ends a configured plugin: `proxy_on_done`, then `proxy_on_delete` or, where that was answered with "not yet", when
    /// `proxy_done` comes.
    pub fn stop_plugin(&self, plugin: &Arc<PluginInfo>) {
        self.post(Job::Stop(plugin.clone()));
        self.wake();
    }

    pub(super) fn run_job(&self, job: Job) {
        match job {
            Job::Tick(root) => {
                if self.with(|s| s.root_of(root).is_some()) {
                    self.call(root, CallbackId::OnTick, [root]);
                }
            }
            Job::QueueReady(root, token) => {
                if self.with(|s| s.root_of(root).is_some()) {
                    self.call(root, CallbackId::OnQueueReady, [root, token]);
                }
            }
            Job::Call(token, event) => self.call_event(token, event),
            Job::Stop(plugin) => {
                let Some(root) = self.root_of_plugin(&plugin) else { return };
                timer::clear(self, root);
                if self.call(root, CallbackId::OnDone, [root]) == Some(0) {
                    self.with(|s| s.root_of(root).map(|r| r.pending_done = true));
                } else {
                    self.delete_root(root);
                }
            }
        }
    }

    pub(super) fn delete_root(&self, root: u32) {
        self.call(root, CallbackId::OnDelete, [root]);
        self.with(|s| {
            s.remove_context(root);
            s.roots.retain(|r| *r != root);
        });
    }

    /// An entry of the access log: `proxy_on_log` of the plugin's root context.
    pub fn log_entry(&self, plugin: &Arc<PluginInfo>, logger: Logger) {
        let Some(root) = self.root_of_plugin(plugin) else { return };
        self.with(|s| s.logger = logger);
        self.call(root, CallbackId::OnLog, [root]);
        self.with(|s| s.logger = core::ptr::null_mut());
    }

    /// What came in on a call. Calls that the guest gave up are forgotten.
    pub fn call_event(&self, token: u32, event: Event) {
        let Some((root, kind)) = self.with(|s| s.calls.get(&token).map(|c| (c.root, c.kind))) else { return };
        let forget = |vm: &Self| {
            vm.with(|s| s.calls.remove(&token));
        };
        if self.with(|s| s.root_of(root).is_none()) {
            return forget(self);
        }
        match event {
            Event::Http(response) => {
                forget(self);
                let sizes = self.with(|s| {
                    let root = s.root_of(root)?;
                    Some(match response {
                        Some(response) => {
                            let sizes =
                                (response.headers.0.len(), response.body.len(), response.trailers.0.len());
                            root.http_response = Some(response);
                            root.status = (0, String::new());
                            sizes
                        }
                        None => {
                            root.status = (10, "reset".to_owned());
                            (0, 0, 0)
                        }
                    })
                });
                let Some((headers, body, trailers)) = sizes else { return };
                let args = [root, token, headers as u32, body as u32, trailers as u32];
                self.call(root, CallbackId::OnHttpCallResponse, args);
                self.with(|s| s.root_of(root).map(|r| r.http_response = None));
            }
            Event::GrpcInitial(headers) => {
                let count = headers.0.len() as u32;
                self.with(|s| s.root_of(root).map(|r| r.grpc_initial = Some(headers)));
                self.call(root, CallbackId::OnGrpcReceiveInitialMetadata, [root, token, count]);
                self.with(|s| s.root_of(root).map(|r| r.grpc_initial = None));
            }
            Event::GrpcMessage(message) => {
                if kind == CallKind::Grpc {
                    forget(self);
                }
                let len = message.len() as u32;
                self.with(|s| s.root_of(root).map(|r| r.grpc_message = Some(message)));
                self.call(root, CallbackId::OnGrpcReceive, [root, token, len]);
                self.with(|s| s.root_of(root).map(|r| r.grpc_message = None));
            }
            Event::GrpcTrailing(trailers) => {
                let count = trailers.0.len() as u32;
                self.with(|s| s.root_of(root).map(|r| r.grpc_trailing = Some(trailers)));
                self.call(root, CallbackId::OnGrpcReceiveTrailingMetadata, [root, token, count]);
                self.with(|s| s.root_of(root).map(|r| r.grpc_trailing = None));
            }
            Event::GrpcClose(status, message) => {
                self.with(|s| {
                    match s.calls.get_mut(&token) {
                        // The other side is done; the guest's own half is still open.
                        Some(call) if kind == CallKind::GrpcStream && !call.local_closed => {
                            call.remote_closed = true;
                            // Its stream may be gone before the guest closes its half: nothing is sent there any more.
                            call.place = Place::Waiting;
                        }
                        _ => {
                            s.calls.remove(&token);
                        }
                    }
                    s.root_of(root).map(|r| r.status = (status, message))
                });
                self.call(root, CallbackId::OnGrpcClose, [root, token, status]);
                self.with(|s| s.root_of(root).map(|r| r.status.1.clear()));
            }
        }
    }

    /// `proxy_done` came for a root context that waited for it.
    pub(super) fn finish_shutdown(&self, root: u32) {
        self.delete_root(root);
    }
}
