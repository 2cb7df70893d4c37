//! What the host functions see of a VM: its contexts, the current call, and what waits until that call returns.

use crate::abi::Logger;
use crate::calls::Call;
use crate::context::http::{Dir, Http, LocalReply};
use crate::context::root::Root;
use crate::context::tcp::Tcp;
use crate::context::{Context, Kind, Owned, PluginInfo, PluginRef};
use crate::vm::Hook;
use crate::vm::contexts::Contexts;
use crate::vm::group::VmInfo;
use nullvm_host_common::abi::CallKind;
use nullvm_host_common::ids::ById;
use nullvm_shim::host::{Bytes, Pair, Status};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a host function asked for that has to wait until the guest's call has returned and the VM is free: Envoy runs hooks
/// of the same filter inside these.
#[derive(Clone, Debug)]
pub enum AfterCall {
    /// Go on with a direction of an HTTP stream.
    Continue(u32, Dir),
    /// Answer an HTTP stream.
    LocalReply(u32, Box<LocalReply>),
    /// Break a stream off.
    Close(u32),
    /// Go on with what a TCP stream's client sends.
    ContinueTcp(u32),
    /// Start an HTTP or gRPC call.
    StartCall(u32),
    /// Send a message on a gRPC stream; whether it is the last.
    GrpcSend(u32, Vec<u8>, bool),
    /// Give up a call.
    CancelCall(u32),
    /// Delete a root context whose `proxy_done` came.
    FinishShutdown(u32),
}

/// Places of contexts that are kept.
const MAX_SPARE: usize = 256;

/// Actions, calls under way, and bytes of both, that a guest may have waiting.
pub(crate) const MAX_WAITING: usize = 65_536;
const MAX_WAITING_BYTES: usize = 256 << 20;

/// See the module.
pub struct State {
    /// What all copies of the VM have in common.
    pub info: Arc<VmInfo>,
    /// All contexts.
    pub contexts: Contexts,
    /// The context that was looked at last; one hook or host call looks at the same one again and again.
    last: (u32, *mut Context),
    /// Places of contexts that are gone, for the next ones.
    spare: Vec<Owned>,
    /// Ids of the root contexts in their order.
    pub roots: Vec<u32>,
    /// The context of the current call; 0 outside of calls.
    pub current: u32,
    /// What `proxy_set_effective_context` chose during the current call; 0 for nothing.
    pub effective: u32,
    /// Whether a local response was sent during the current call: its result counts as "stop".
    pub stop_next: bool,
    /// Where the VM runs.
    pub hook: Hook,
    /// Envoy's access logger, while a root context is told of an entry; else null.
    pub logger: Logger,
    /// What is asked of Envoy once the VM is free.
    pub steps: Vec<super::Step>,
    /// See [`AfterCall`].
    pub after_call: VecDeque<AfterCall>,
    /// Bytes of guests' data in there.
    waiting_bytes: usize,
    /// Calls that wait for their answer, by token.
    pub calls: ById<Box<Call>>,
    last_call: [u32; 3],
    /// Compiled expressions of the guest.
    pub expressions: nullvm_host_common::cel::Expressions,
    /// Bytes handed out by the last host call.
    pub scratch: Vec<u8>,
    /// Pairs handed out by the last host call.
    pub pairs: Vec<Pair>,
}

impl State {
    /// A VM without contexts.
    pub fn new(info: Arc<VmInfo>) -> Self {
        Self {
            info,
            contexts: Contexts::default(),
            last: (0, core::ptr::null_mut()),
            spare: Vec::new(),
            roots: Vec::new(),
            current: 0,
            effective: 0,
            stop_next: false,
            hook: Hook::Elsewhere,
            logger: core::ptr::null_mut(),
            steps: Vec::new(),
            after_call: VecDeque::new(),
            waiting_bytes: 0,
            calls: ById::default(),
            last_call: [CallKind::Http as u32, CallKind::Grpc as u32, CallKind::GrpcStream as u32],
            expressions: nullvm_host_common::cel::Expressions::default(),
            scratch: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// A new context, not yet known to the guest. `root` 0 makes a root context.
    pub fn add_context(&mut self, root: u32, plugin: &Arc<PluginInfo>, mut kind: Kind) -> u32 {
        let is_root = match &mut kind {
            Kind::Root(root) => {
                root.keeps = Some(plugin.clone());
                true
            }
            _ => false,
        };
        let context = Context { root, plugin: PluginRef::new(plugin), kind };
        let place = match self.spare.pop() {
            Some(mut place) => {
                // What was there is `Gone`, with nothing to drop.
                std::mem::forget(std::mem::replace(&mut *place, context));
                place
            }
            None => Owned::new(context),
        };
        let at = place.as_ptr();
        let id = self.contexts.add(place);
        self.last = (id, at);
        if is_root {
            self.roots.push(id);
        }
        if root == 0
            && let Some(context) = self.find(id)
        {
            context.root = id;
        }
        id
    }

    /// Removes a context, and gives what it was.
    pub fn remove_context(&mut self, id: u32) -> Option<Kind> {
        self.last = (0, core::ptr::null_mut());
        let mut place = self.contexts.remove(id)?;
        let kind = std::mem::replace(&mut place.kind, Kind::Gone);
        if self.spare.len() < MAX_SPARE {
            self.spare.push(place);
        }
        Some(kind)
    }

    /// A context.
    #[inline]
    pub fn find(&mut self, id: u32) -> Option<&mut Context> {
        if id != self.last.0 || id == 0 {
            self.last = (id, self.contexts.get(id)?.as_ptr());
        }
        // SAFETY: contexts stay where they are until they are removed, which forgets the last one.
        Some(unsafe { &mut *self.last.1 })
    }

    /// Whether this is the streams' own worker: elsewhere Envoy's filters must not be touched.
    #[inline]
    pub fn on_worker(&self) -> bool {
        !matches!(self.hook, Hook::Elsewhere)
    }

    /// The number of the effective context: the one chosen, while it lives, or that of the call.
    #[inline]
    pub fn effective_id(&self) -> u32 {
        if self.effective != 0 && self.contexts.contains(self.effective) {
            self.effective
        } else {
            self.current
        }
    }

    /// The effective context; none during `_initialize` and `_start`.
    #[inline]
    pub fn context(&mut self) -> Option<&mut Context> {
        let id = self.effective_id();
        self.find(id)
    }

    /// The root context of the effective one.
    pub fn root_id(&self) -> u32 {
        self.contexts.get(self.effective_id()).map_or(0, |c| c.root)
    }

    /// The state of a root context.
    pub fn root_of(&mut self, id: u32) -> Option<&mut Root> {
        match &mut self.find(id)?.kind {
            Kind::Root(root) => Some(root),
            _ => None,
        }
    }

    /// The state of an HTTP stream.
    #[inline]
    pub fn http(&mut self, id: u32) -> Option<&mut Http> {
        match &mut self.find(id)?.kind {
            Kind::Http(http) => Some(http),
            _ => None,
        }
    }

    /// The state of a TCP stream.
    pub fn tcp(&mut self, id: u32) -> Option<&mut Tcp> {
        match &mut self.find(id)?.kind {
            Kind::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// The access log entry that the effective context, a root context, is told of.
    #[inline]
    pub fn log_entry(&self) -> Option<Logger> {
        if self.logger.is_null() {
            return None;
        }
        let root = self.contexts.get(self.effective_id()).is_some_and(|c| matches!(c.kind, Kind::Root(_)));
        root.then_some(self.logger)
    }

    /// The HTTP stream of the effective context.
    #[inline]
    pub fn effective_http(&mut self) -> Option<&mut Http> {
        match &mut self.context()?.kind {
            Kind::Http(http) => Some(http),
            _ => None,
        }
    }

    /// Keeps an action, with so many bytes of the guest's, until its call has returned.
    ///
    /// # Errors
    /// [`Status::InternalFailure`] when one call asks for more than any plugin needs: host memory is not the guest's to fill.
    pub fn later(&mut self, action: AfterCall, bytes: usize) -> Result<(), Status> {
        if self.after_call.len() >= MAX_WAITING || self.waiting_bytes + bytes > MAX_WAITING_BYTES {
            return Err(Status::InternalFailure);
        }
        self.waiting_bytes += bytes;
        self.after_call.push_back(action);
        Ok(())
    }

    /// The next action.
    pub fn next_action(&mut self) -> Option<AfterCall> {
        let action = self.after_call.pop_front();
        if action.is_none() {
            self.waiting_bytes = 0;
        }
        action
    }

    /// The token of a new call.
    pub fn next_call(&mut self, kind: CallKind) -> u32 {
        let last = &mut self.last_call[kind as usize];
        loop {
            *last = last.wrapping_add(4);
            if *last >= 4 && !self.calls.contains_key(last) {
                return *last;
            }
        }
    }

    /// Hands out bytes from the scratch area; they stay until the next host call.
    pub fn give(&mut self, bytes: Vec<u8>) -> Bytes {
        self.scratch = bytes;
        Bytes::new(&self.scratch)
    }
}
