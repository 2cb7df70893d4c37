//! What the host functions see of a VM: contexts, the current call, and what the driver must do.

use crate::config::HostConfig;
use crate::context::http::{Dir, Http, Iteration};
use crate::context::root::Root;
use crate::context::{Context, Kind, Plugin, StreamInfo};
use crate::engine::Trap;
use crate::foreign::Registry;
use crate::grpc::GrpcRequest;
use crate::http_call::HttpCallRequest;
use crate::log::Level;
use crate::maps::{HeaderMap, MapType};
use crate::metrics::VmMetrics;
use crate::timer::TimerChange;
pub use nullvm_host_common::abi::CallKind;
use nullvm_host_common::cel::Expressions;
use nullvm_host_common::ids::ById;
use nullvm_host_common::shared::Owner;
use nullvm_shim::host::{Pair, Status};
use plugin_abi::AbiVersion;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// Contexts by id.
pub type Contexts = ById<Context>;

/// What a driver must do besides moving streams.
#[derive(Clone, Debug)]
pub enum Outbound {
    /// Send a request; the answer goes to `Vm::http_call_response`.
    Http(HttpCallRequest),
    /// Open a gRPC call or stream; its events go to `Vm::grpc_*`.
    Grpc(GrpcRequest),
    /// Send a message on a stream; whether it is the last.
    GrpcSend(u32, Vec<u8>, bool),
    /// Half-close a stream, or give up a call.
    GrpcClose(u32),
    /// Reset a stream or call.
    GrpcCancel(u32),
    /// Start, change or stop a timer.
    Timer(TimerChange),
}

/// A local response, kept until the guest's call returns.
#[derive(Clone, Debug, Default)]
pub struct LocalReply {
    /// HTTP status.
    pub code: u32,
    /// -1 for none.
    pub grpc_status: i32,
    /// For `response.code_details`.
    pub details: String,
    /// The body.
    pub body: Vec<u8>,
    /// Further headers.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What a host function asked for that has to wait until the guest's call returns.
#[derive(Clone, Debug)]
pub enum AfterCall {
    /// Go on with a direction of an HTTP stream.
    Continue(u32, Dir),
    /// Go on with a TCP stream; whether towards the upstream.
    ContinueTcp(u32, bool),
    /// Answer an HTTP stream.
    LocalReply(u32, LocalReply),
    /// Break an HTTP stream off, or close a TCP stream.
    Close(u32),
    /// Delete a root context whose `proxy_done` came.
    FinishShutdown(u32),
}

/// A host call as it was made, for comparing runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// The host table's function.
    pub name: &'static str,
    /// Its arguments: numbers little-endian, byte slices as they are, each slice and pair preceded by its length.
    pub args: Vec<u8>,
    /// What it answered.
    pub status: u32,
    /// What it gave, in the same form.
    pub output: Vec<u8>,
}

/// See the module.
pub struct State {
    /// The plugin's ABI version.
    pub abi: AbiVersion,
    /// What all VMs of the host have in common.
    pub config: HostConfig,
    /// The VM id.
    pub vm_id: String,
    /// The VM's configuration.
    pub vm_config: Vec<u8>,
    /// All contexts.
    pub contexts: Contexts,
    /// Ids of the root contexts in their order.
    pub roots: Vec<u32>,
    last_context: u32,
    /// The context of the current call; 0 outside of calls.
    pub current: u32,
    /// What `proxy_set_effective_context` chose during the current call; 0 for nothing.
    pub effective: u32,
    /// Whether a local response was sent during the current call: its result counts as "stop".
    pub stop_next: bool,
    /// See [`AfterCall`].
    pub after_call: VecDeque<AfterCall>,
    /// For the driver.
    pub outbox: VecDeque<Outbound>,
    /// The plugin's metrics.
    pub metrics: VmMetrics,
    /// Foreign functions.
    pub foreign: Registry,
    /// Expressions that the plugin made.
    pub expressions: Expressions,
    /// Told of items in queues that this VM registers.
    pub queue_notifier: QueueNotifier,
    /// This VM, for the shared queues.
    pub queue_owner: Owner,
    last_call: [u32; 3],
    /// Calls that wait for their answer, by token.
    pub pending_calls: HashSet<u32>,
    /// gRPC streams: token, whether this side closed, whether the other side closed.
    pub grpc_streams: HashMap<u32, (bool, bool)>,
    /// The trap that ended this VM.
    pub failed: Option<Trap>,
    /// Whether the streams that waited for the VM were told of its end.
    pub abandoned: bool,
    /// Bytes handed out by the last host call.
    pub scratch: Vec<u8>,
    /// Pairs handed out by the last host call.
    pub pairs: Vec<Pair>,
    /// Host calls so far, when they are recorded.
    pub recorder: Option<Vec<HostCall>>,
    /// The clock of reproducible runs.
    pub clock: u64,
}

/// Tells the worker of a VM that a queue has something for one of its root contexts: root context, queue token.
pub type QueueNotifier = Arc<dyn Fn(u32, u32) + Send + Sync>;

impl Drop for State {
    fn drop(&mut self) {
        self.config.shared.unregister(self.queue_owner);
    }
}

impl State {
    /// A VM without contexts.
    pub fn new(
        abi: AbiVersion,
        config: HostConfig,
        vm_id: &str,
        vm_config: &[u8],
        queue_notifier: QueueNotifier,
    ) -> Self {
        Self {
            abi,
            clock: config.fixed_clock.unwrap_or(0),
            vm_id: vm_id.to_owned(),
            vm_config: vm_config.to_vec(),
            contexts: Contexts::default(),
            roots: Vec::new(),
            last_context: 0,
            current: 0,
            effective: 0,
            stop_next: false,
            after_call: VecDeque::new(),
            outbox: VecDeque::new(),
            metrics: VmMetrics::default(),
            foreign: Registry::default(),
            expressions: Expressions::default(),
            queue_owner: config.shared.owner(),
            queue_notifier,
            last_call: [CallKind::Http as u32, CallKind::Grpc as u32, CallKind::GrpcStream as u32],
            pending_calls: HashSet::new(),
            config,
            grpc_streams: HashMap::new(),
            failed: None,
            abandoned: false,
            scratch: Vec::new(),
            pairs: Vec::new(),
            recorder: None,
        }
    }

    /// A new context, not yet known to the guest. `root` 0 makes a root context.
    pub fn add_context(&mut self, root: u32, plugin: Rc<Plugin>, kind: Kind) -> u32 {
        loop {
            self.last_context = self.last_context.wrapping_add(1);
            if self.last_context != 0 && !self.contexts.contains_key(&self.last_context) {
                break;
            }
        }
        let id = self.last_context;
        let is_root = root == 0;
        let root = if is_root { id } else { root };
        self.contexts.insert(id, Context { id, root, plugin, created: false, kind });
        if is_root {
            self.roots.push(id);
        }
        id
    }

    /// The number of the effective context: the one chosen, while it lives, or that of the call.
    pub fn effective_id(&self) -> u32 {
        if self.effective != 0 && self.contexts.contains_key(&self.effective) {
            self.effective
        } else {
            self.current
        }
    }

    /// The effective context; none during `_initialize` and `_start`.
    pub fn context(&mut self) -> Option<&mut Context> {
        let id = self.effective_id();
        self.contexts.get_mut(&id)
    }

    /// The root context of the effective one.
    pub fn root_id(&self) -> u32 {
        self.contexts.get(&self.effective_id()).map_or(0, |c| c.root)
    }

    /// The state of a root context.
    pub fn root_of(&mut self, id: u32) -> Option<&mut Root> {
        match &mut self.contexts.get_mut(&id)?.kind {
            Kind::Root(root) => Some(root),
            _ => None,
        }
    }

    /// The state of an HTTP stream.
    pub fn http(&mut self, id: u32) -> Option<&mut Http> {
        match &mut self.contexts.get_mut(&id)?.kind {
            Kind::Http(http) => Some(http),
            _ => None,
        }
    }

    /// The state of a TCP stream.
    pub fn tcp(&mut self, id: u32) -> Option<&mut crate::context::tcp::Tcp> {
        match &mut self.contexts.get_mut(&id)?.kind {
            Kind::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// What is known of the effective context's stream; none for a root context.
    pub fn stream_info(&mut self) -> Option<&mut StreamInfo> {
        match &mut self.context()?.kind {
            Kind::Root(_) => None,
            Kind::Http(http) => Some(&mut http.info),
            Kind::Tcp(tcp) => Some(&mut tcp.info),
        }
    }

    /// A map that the guest may read now.
    pub fn map(&mut self, ty: MapType) -> Option<&HeaderMap> {
        let root = self.root_id();
        match ty {
            MapType::GrpcInitialMetadata => return self.root_of(root)?.grpc_initial.as_ref(),
            MapType::GrpcTrailingMetadata => return self.root_of(root)?.grpc_trailing.as_ref(),
            MapType::HttpCallHeaders => {
                return self.root_of(root)?.http_response.as_ref().map(|r| &r.headers);
            }
            MapType::HttpCallTrailers => {
                return self.root_of(root)?.http_response.as_ref().map(|r| &r.trailers);
            }
            _ => {}
        }
        let id = self.effective_id();
        let http = self.http(id)?;
        match ty {
            MapType::RequestHeaders => {
                (http.request.headers_open || http.logging).then_some(&http.request.headers)
            }
            MapType::ResponseHeaders => {
                let readable = http.response.headers_open || (http.logging && http.response.have_headers);
                readable.then_some(&http.response.headers)
            }
            MapType::RequestTrailers => http.request.trailers.as_ref().filter(|_| http.request.trailers_open),
            _ => http.response.trailers.as_ref().filter(|_| http.response.trailers_open || http.logging),
        }
    }

    /// A map that the guest may change now. Trailers spring up while the end of a body is shown.
    pub fn map_mut(&mut self, ty: MapType) -> Option<&mut HeaderMap> {
        let (dir, trailers) = match ty {
            MapType::RequestHeaders => (Dir::Request, false),
            MapType::RequestTrailers => (Dir::Request, true),
            MapType::ResponseHeaders => (Dir::Response, false),
            MapType::ResponseTrailers => (Dir::Response, true),
            _ => return None,
        };
        let id = self.effective_id();
        let half = self.http(id)?.half(dir);
        if !trailers {
            return Some(&mut half.headers).filter(|_| half.headers_open);
        }
        if half.trailers.is_none()
            && half.visible_open
            && half.ended
            && half.iteration != Iteration::StoppedAll
        {
            half.trailers = Some(HeaderMap::new());
            half.trailers_open = true;
            half.trailers_shown = true;
        }
        half.trailers.as_mut().filter(|_| half.trailers_open)
    }

    /// The token of a new call.
    pub fn next_call(&mut self, kind: CallKind) -> u32 {
        let last = &mut self.last_call[kind as usize];
        loop {
            *last = last.wrapping_add(4);
            if *last >= 4 && !self.pending_calls.contains(last) {
                return *last;
            }
        }
    }

    /// Writes a line of the plugin's.
    pub fn log_plugin(&mut self, level: Level, message: &[u8]) -> Status {
        if self.config.logger.shows(level) {
            let prefix = self.context().map(|c| c.plugin.log_prefix.clone()).unwrap_or_default();
            self.config.logger.log(level, &format!("wasm log{prefix}: {}", String::from_utf8_lossy(message)));
        }
        Status::Ok
    }

    /// Nanoseconds of the clock; `None` for real time.
    pub fn tick_clock(&mut self) -> Option<u64> {
        self.config.fixed_clock?;
        self.clock += 1000;
        Some(self.clock)
    }
}
