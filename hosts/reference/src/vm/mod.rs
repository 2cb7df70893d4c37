//! A VM: one instance of a module with its contexts. One per worker and VM key; never leaves its thread.

mod http;
pub mod key;
mod state;
mod tcp;

pub use state::{AfterCall, CallKind, HostCall, LocalReply, Outbound, QueueNotifier, State};

use crate::config::{HostConfig, PluginConfig};
use crate::context::http::Http;
use crate::context::root::{HttpResponse, Root};
use crate::context::tcp::Tcp;
use crate::context::{Kind, Plugin, StreamInfo, Waker};
use crate::engine::{EngineError, Instance, Module, Setup, Trap};
use crate::host_table::HOST_TABLE;
use crate::log::Level;
use crate::maps::HeaderMap;
use core::ffi::c_void;
use nullvm_shim::guest::FunctionSet;
use nullvm_shim::host::Status;
use plugin_abi::{CALLBACKS, CallbackId};
use std::cell::RefCell;
use std::rc::Rc;

/// What the engine's host pointer points at.
pub struct HostCell(pub RefCell<State>);

/// Why a VM or a plugin in it did not start.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// No instance.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A callback of the startup trapped.
    #[error("{callback} failed: {trap}")]
    Trap {
        /// The callback.
        callback: &'static str,
        /// Its trap.
        trap: Trap,
    },
    /// A callback of the startup said no.
    #[error("{0} returned false: the plugin refuses its configuration")]
    Refused(&'static str),
}

/// See the module.
pub struct Vm {
    // Before `cell`, which it points at.
    instance: RefCell<Box<dyn Instance>>,
    exports: [bool; CALLBACKS.len()],
    params: [usize; CALLBACKS.len()],
    cell: Box<HostCell>,
}

impl Vm {
    /// Makes an instance and runs its `_initialize` or `_start`. Of `plugin` it takes the VM's part: VM id and
    /// configuration, environment, capabilities.
    ///
    /// # Errors
    /// When there is no memory for it, or it traps.
    pub fn new(
        module: &dyn Module,
        host: &HostConfig,
        plugin: &PluginConfig,
        queue_notifier: QueueNotifier,
    ) -> Result<Rc<Self>, VmError> {
        let abi = module.abi();
        let state = State::new(abi, host.clone(), &plugin.vm_id, &plugin.vm_config, queue_notifier);
        let cell = Box::new(HostCell(RefCell::new(state)));
        let capabilities = match &plugin.allowed_capabilities {
            Some(names) => FunctionSet::of_capabilities(names.iter().map(String::as_str)),
            None => FunctionSet::ALL,
        };
        let environment: Vec<Vec<u8>> =
            plugin.env.iter().map(|(k, v)| format!("{k}={v}").into_bytes()).collect();
        let setup = Setup {
            table: &HOST_TABLE,
            host: (&raw const *cell).cast_mut().cast::<c_void>(),
            limits: &host.limits,
            capabilities,
            environment: &environment,
        };
        let mut instance = module.instantiate(&setup)?;
        instance.start().map_err(EngineError::Start)?;
        let mut exports = [false; CALLBACKS.len()];
        let mut params = [0; CALLBACKS.len()];
        for callback in CALLBACKS {
            // Capabilities cover what the host calls as well, under the names of the specification.
            let allowed = match &plugin.allowed_capabilities {
                Some(names) if callback.name.starts_with("proxy_") => {
                    names.iter().any(|n| n == callback.name)
                }
                _ => true,
            };
            let known = callback.abis.contains(abi);
            exports[callback.id as usize] = allowed && known && instance.exports(callback.id);
            params[callback.id as usize] = callback.params_for(abi).len();
        }
        Ok(Rc::new(Self { instance: RefCell::new(instance), exports, params, cell }))
    }

    /// Looks at or changes the state. Not to be nested, and not to be held across calls into the guest.
    pub fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.cell.0.borrow_mut())
    }

    /// The trap that ended this VM, if one did.
    pub fn failed(&self) -> Option<Trap> {
        self.with(|s| s.failed.clone())
    }

    /// Whether a trap ended this VM.
    pub fn is_failed(&self) -> bool {
        self.with(|s| s.failed.is_some())
    }

    /// Whether the guest exports a callback and may be called at it.
    pub fn exports(&self, id: CallbackId) -> bool {
        self.exports[id as usize]
    }

    /// A copy of the guest's linear memory.
    pub fn memory(&self) -> Vec<u8> {
        self.instance.borrow_mut().memory()
    }

    /// Calls the guest on behalf of a context. `None`: no such callback, or the VM failed, by now or before.
    fn call(&self, context: u32, id: CallbackId, args: &[u32]) -> Option<u32> {
        if !self.exports[id as usize] {
            return None;
        }
        let before = self.with(|s| {
            if s.failed.is_some() {
                return None;
            }
            let before = (s.current, s.effective);
            (s.current, s.effective) = (context, 0);
            Some(before)
        })?;
        let args = &args[..self.params[id as usize].min(args.len())];
        let result = self.instance.borrow_mut().call(id, args);
        self.with(|s| {
            (s.current, s.effective) = before;
            match result {
                Ok(value) => Some(value),
                Err(trap) => {
                    let prefix =
                        s.contexts.get(&context).map(|c| c.plugin.log_prefix.clone()).unwrap_or_default();
                    let name = CALLBACKS[id as usize].name;
                    let text = format!("wasm log{prefix}: Function: {name} failed: {trap}");
                    s.config.logger.log(Level::Error, &text);
                    s.failed = Some(trap);
                    None
                }
            }
        })
    }

    /// What is due after each call into the guest. May call it again.
    fn after_call(&self) {
        self.with(|s| s.stop_next = false);
        while let Some(action) = self.with(|s| s.after_call.pop_front()) {
            match action {
                AfterCall::Continue(id, dir) => self.http_continue(id, dir),
                AfterCall::ContinueTcp(id, to_upstream) => self.tcp_continue(id, to_upstream),
                AfterCall::LocalReply(id, reply) => self.http_local_reply(id, reply),
                AfterCall::Close(id) => self.close(id),
                AfterCall::FinishShutdown(root) => self.delete_root(root),
            }
        }
        if self.with(|s| s.failed.is_some() && !std::mem::replace(&mut s.abandoned, true)) {
            self.abandon_streams();
        }
    }

    /// After a trap: nobody will ever continue the streams that the guest stopped.
    fn abandon_streams(&self) {
        let mut ids: Vec<u32> = self.with(|s| s.contexts.keys().copied().collect());
        ids.sort_unstable();
        for id in ids {
            self.http_abandon(id);
            self.tcp_abandon(id);
        }
    }

    /// Tells the guest of a context, once.
    fn create(&self, id: u32) {
        let root = self.with(|s| {
            let context = s.contexts.get_mut(&id)?;
            (!std::mem::replace(&mut context.created, true)).then_some(context.root)
        });
        if let Some(root) = root {
            let parent = if root == id { 0 } else { root };
            self.call(id, CallbackId::OnContextCreate, &[id, parent]);
            self.after_call();
        }
    }

    /// Starts a plugin: its root context, `proxy_on_vm_start`, `proxy_on_configure`. The id of the root context.
    ///
    /// # Errors
    /// When a callback traps or refuses; the VM is then of no more use.
    pub fn start_plugin(&self, plugin: Rc<Plugin>) -> Result<u32, VmError> {
        let trapped = |callback: CallbackId| match self.failed() {
            Some(trap) => Err(VmError::Trap { callback: CALLBACKS[callback as usize].name, trap }),
            None => Ok(()),
        };
        let answer = |callback: CallbackId, result: Option<u32>| {
            trapped(callback)?;
            if result == Some(0) { Err(VmError::Refused(CALLBACKS[callback as usize].name)) } else { Ok(()) }
        };
        let plugin_config_size = plugin.config.plugin_config.len() as u32;
        let (root, vm_config_size) = self.with(|s| {
            let root = s.add_context(0, plugin, Kind::Root(Box::default()));
            (root, s.vm_config.len() as u32)
        });
        let configuring = |on: bool| {
            self.with(|s| {
                if let Some(r) = s.root_of(root) {
                    r.configuring = on;
                }
            });
        };
        configuring(true);
        self.create(root);
        configuring(false);
        trapped(CallbackId::OnContextCreate)?;
        let started = self.call(root, CallbackId::OnVmStart, &[root, vm_config_size]);
        self.after_call();
        answer(CallbackId::OnVmStart, started)?;
        configuring(true);
        let configured = self.call(root, CallbackId::OnConfigure, &[root, plugin_config_size]);
        configuring(false);
        self.after_call();
        answer(CallbackId::OnConfigure, configured)?;
        Ok(root)
    }

    /// A context for an HTTP request. The guest hears of it with the request headers.
    pub fn new_http(&self, root: u32, info: StreamInfo, waker: Waker) -> u32 {
        self.with(|s| {
            let plugin = s.contexts[&root].plugin.clone();
            s.add_context(root, plugin, Kind::Http(Box::new(Http { info, waker, ..Http::default() })))
        })
    }

    /// A context for a TCP connection.
    pub fn new_tcp(&self, root: u32, info: StreamInfo, waker: Waker) -> u32 {
        self.with(|s| {
            let plugin = s.contexts[&root].plugin.clone();
            s.add_context(root, plugin, Kind::Tcp(Box::new(Tcp { info, waker, ..Tcp::default() })))
        })
    }

    /// A timer fired.
    pub fn tick(&self, root: u32) {
        self.call(root, CallbackId::OnTick, &[root]);
        self.after_call();
    }

    /// A queue that a root context registered has something.
    pub fn queue_ready(&self, root: u32, token: u32) {
        if self.with(|s| s.contexts.contains_key(&root)) {
            self.call(root, CallbackId::OnQueueReady, &[root, token]);
            self.after_call();
        }
    }

    /// An HTTP call was answered; `None`: it was broken off.
    pub fn http_call_response(&self, root: u32, token: u32, response: Option<HttpResponse>) {
        let sizes = self.with(|s| {
            if !s.pending_calls.remove(&token) {
                return None;
            }
            let root = s.root_of(root)?;
            let sizes = response.as_ref().map_or((0, 0, 0), |r| {
                (r.headers.len() as u32, r.body.len() as u32, r.trailers.len() as u32)
            });
            match response {
                Some(response) => root.http_response = Some(response),
                None => root.status = (Status::BrokenConnection as u32, "reset".to_owned()),
            }
            Some(sizes)
        });
        let Some((headers, body, trailers)) = sizes else { return };
        self.call(root, CallbackId::OnHttpCallResponse, &[root, token, headers, body, trailers]);
        self.forget(root, |r| {
            r.http_response = None;
            r.status.1.clear();
        });
        self.after_call();
    }

    fn forget(&self, root: u32, f: impl FnOnce(&mut Root)) {
        self.with(|s| {
            if let Some(r) = s.root_of(root) {
                f(r);
            }
        });
    }

    /// Initial metadata of a gRPC stream.
    pub fn grpc_initial_metadata(&self, root: u32, token: u32, metadata: HeaderMap) {
        let count = metadata.len() as u32;
        self.forget(root, |r| r.grpc_initial = Some(metadata));
        self.call(root, CallbackId::OnGrpcReceiveInitialMetadata, &[root, token, count]);
        self.forget(root, |r| r.grpc_initial = None);
        self.after_call();
    }

    /// A message of a gRPC stream, or the answer to a unary call, which ends it.
    pub fn grpc_message(&self, root: u32, token: u32, message: Vec<u8>) {
        if token & 3 == CallKind::Grpc as u32 && !self.with(|s| s.pending_calls.remove(&token)) {
            return;
        }
        let size = message.len() as u32;
        self.forget(root, |r| r.grpc_message = Some(message));
        self.call(root, CallbackId::OnGrpcReceive, &[root, token, size]);
        self.forget(root, |r| r.grpc_message = None);
        self.after_call();
    }

    /// Trailing metadata of a gRPC stream.
    pub fn grpc_trailing_metadata(&self, root: u32, token: u32, metadata: HeaderMap) {
        let count = metadata.len() as u32;
        self.forget(root, |r| r.grpc_trailing = Some(metadata));
        self.call(root, CallbackId::OnGrpcReceiveTrailingMetadata, &[root, token, count]);
        self.forget(root, |r| r.grpc_trailing = None);
        self.after_call();
    }

    /// A gRPC stream ended, or a unary call failed.
    pub fn grpc_close(&self, root: u32, token: u32, status: u32, message: &str) {
        let known = self.with(|s| {
            let known = s.pending_calls.contains(&token);
            match s.grpc_streams.get_mut(&token) {
                Some((false, remote)) => *remote = true,
                _ => {
                    s.grpc_streams.remove(&token);
                    s.pending_calls.remove(&token);
                }
            }
            known
        });
        if !known {
            return;
        }
        self.forget(root, |r| r.status = (status, message.to_owned()));
        self.call(root, CallbackId::OnGrpcClose, &[root, token, status]);
        self.forget(root, |r| r.status.1.clear());
        self.after_call();
    }

    /// Tells all root contexts to end: `proxy_on_done`, then `proxy_on_delete` or, where that was answered with "not yet",
    /// when `proxy_done` comes. Whether nothing is left to wait for.
    pub fn shut_down(&self) -> bool {
        for root in self.with(|s| s.roots.clone()) {
            if self.with(|s| s.root_of(root).is_none_or(|r| r.pending_done)) {
                continue;
            }
            let done = self.call(root, CallbackId::OnDone, &[root]) != Some(0);
            if !done {
                self.forget(root, |r| r.pending_done = true);
            }
            self.after_call();
            if done {
                self.delete_root(root);
            }
        }
        self.is_shut_down()
    }

    /// Whether no root context is left, or none that will ever answer.
    pub fn is_shut_down(&self) -> bool {
        self.with(|s| s.roots.is_empty() || s.failed.is_some())
    }

    fn delete_root(&self, root: u32) {
        self.call(root, CallbackId::OnDelete, &[root]);
        self.with(|s| {
            s.contexts.remove(&root);
            s.roots.retain(|r| *r != root);
        });
        self.after_call();
    }

    fn close(&self, id: u32) {
        self.with(|s| match s.contexts.get_mut(&id).map(|c| &mut c.kind) {
            Some(Kind::Http(http)) => {
                http.local_reply = true;
                http.response.end_sent = true;
                if http.details.is_empty() {
                    http.details = "wasm_close_stream".to_owned();
                }
                http.push(crate::context::http::Output::Reset);
            }
            Some(Kind::Tcp(tcp)) => {
                tcp.out.push_back(crate::context::tcp::TcpOutput::Close);
                tcp.waker.wake();
            }
            _ => {}
        });
    }
}
