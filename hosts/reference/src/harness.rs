//! A host without a network: streams are driven call by call, and everything that would go out is collected.
//!
//! For tests and benches: synchronous, and reproducible where [`crate::config::HostConfig::fixed_clock`] is set.

use crate::config::{EngineKind, HostConfig, PluginConfig};
use crate::context::http::{Dir, Output};
use crate::context::root::HttpResponse;
use crate::context::tcp::{Peer, TcpOutput};
use crate::context::{Plugin, StreamInfo, Waker};
use crate::engine::{self, EngineError, LoadOptions, Module};
use crate::log::{Level, LogSink, Logger, lock};
use crate::maps::HeaderMap;
use crate::vm::{HostCall, Outbound, QueueNotifier, Vm, VmError};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// Why a harness did not start.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// The module is refused.
    #[error(transparent)]
    Load(#[from] EngineError),
    /// The plugin did not start.
    #[error(transparent)]
    Start(#[from] VmError),
}

/// A VM with its root contexts.
pub struct Harness {
    module: Arc<dyn Module>,
    host: HostConfig,
    plugins: Vec<Rc<Plugin>>,
    vm: Rc<Vm>,
    roots: Vec<u32>,
    queue: Arc<Mutex<VecDeque<(u32, u32)>>>,
    recording: bool,
}

impl Harness {
    /// Loads a module and starts a plugin of it, with a captured log and real time.
    ///
    /// # Errors
    /// When the module or the plugin's start is refused.
    pub fn new(kind: EngineKind, wasm: &[u8], plugin: PluginConfig) -> Result<Self, HarnessError> {
        let logger = Arc::new(Logger::new(Level::Trace, LogSink::Capture));
        Self::with_host(kind, wasm, plugin, HostConfig { logger, ..HostConfig::default() })
    }

    /// As [`Harness::new`], in a host of the caller's.
    ///
    /// # Errors
    /// When the module or the plugin's start is refused.
    pub fn with_host(
        kind: EngineKind,
        wasm: &[u8],
        plugin: PluginConfig,
        host: HostConfig,
    ) -> Result<Self, HarnessError> {
        let options =
            LoadOptions { interruptible: host.limits.deadline_ms.is_some(), ..LoadOptions::default() };
        let module = engine::load(kind, &plugin.name, wasm, options)?;
        Ok(Self::with_module(module, plugin, host)?)
    }

    /// Starts a plugin of a module that is loaded already.
    ///
    /// # Errors
    /// When the plugin's start is refused.
    pub fn with_module(
        module: Arc<dyn Module>,
        plugin: PluginConfig,
        host: HostConfig,
    ) -> Result<Self, VmError> {
        Self::start(module, plugin, host, false)
    }

    /// As [`Harness::with_module`], with every host call recorded from the start on.
    ///
    /// # Errors
    /// When the plugin's start is refused.
    pub fn recording(
        module: Arc<dyn Module>,
        plugin: PluginConfig,
        host: HostConfig,
    ) -> Result<Self, VmError> {
        Self::start(module, plugin, host, true)
    }

    fn start(
        module: Arc<dyn Module>,
        plugin: PluginConfig,
        host: HostConfig,
        recording: bool,
    ) -> Result<Self, VmError> {
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        let plugin = Plugin::new(plugin);
        let vm = Vm::new(&*module, &host, &plugin.config, notifier(&queue))?;
        if recording {
            vm.with(|s| s.recorder = Some(Vec::new()));
        }
        let root = vm.start_plugin(plugin.clone())?;
        Ok(Self { module, host, plugins: vec![plugin], vm, roots: vec![root], queue, recording })
    }

    /// Starts a further plugin in the same VM, as hosts do for plugins of one VM id, VM configuration and code. Its
    /// number for [`Harness::stream_of`].
    ///
    /// # Errors
    /// When the plugin's start is refused.
    pub fn add_plugin(&mut self, plugin: PluginConfig) -> Result<usize, VmError> {
        let plugin = Plugin::new(plugin);
        self.roots.push(self.vm.start_plugin(plugin.clone())?);
        self.plugins.push(plugin);
        Ok(self.plugins.len() - 1)
    }

    /// The VM.
    pub fn vm(&self) -> &Rc<Vm> {
        &self.vm
    }

    /// The root context of the first plugin.
    pub fn root(&self) -> u32 {
        self.roots[0]
    }

    /// Replaces the VM by a fresh one if a trap ended it, as hosts do before the next request.
    ///
    /// # Errors
    /// When the fresh one does not start.
    pub fn revive(&mut self) -> Result<(), VmError> {
        if !self.vm.is_failed() {
            return Ok(());
        }
        let mut fresh = Self::start(
            self.module.clone(),
            self.plugins[0].config.clone(),
            self.host.clone(),
            self.recording,
        )?;
        for plugin in &self.plugins[1..] {
            fresh.add_plugin(plugin.config.clone())?;
        }
        *self = fresh;
        Ok(())
    }

    /// An HTTP stream of the first plugin.
    pub fn stream(&self) -> HttpExchange {
        self.stream_of(0)
    }

    /// An HTTP stream of a plugin.
    pub fn stream_of(&self, plugin: usize) -> HttpExchange {
        let info = StreamInfo { protocol: "HTTP/1.1", connection_id: 1, ..StreamInfo::default() };
        let id = self.vm.new_http(self.roots[plugin], info, Waker::default());
        HttpExchange { vm: self.vm.clone(), id, sent: Sent::default() }
    }

    /// A TCP stream of the first plugin; see [`Vm::tcp_data`] and its neighbours.
    pub fn tcp(&self) -> TcpExchange {
        let id = self.vm.new_tcp(
            self.roots[0],
            StreamInfo { connection_id: 1, ..StreamInfo::default() },
            Waker::default(),
        );
        TcpExchange { vm: self.vm.clone(), id }
    }

    /// Fires the timer of the first plugin's root context.
    pub fn tick(&self) {
        self.vm.tick(self.roots[0]);
    }

    /// Delivers `proxy_on_queue_ready` for every item that was announced; how many.
    pub fn deliver_queues(&self) -> usize {
        let mut delivered = 0;
        loop {
            let Some((root, token)) = lock(&self.queue).pop_front() else { return delivered };
            self.vm.queue_ready(root, token);
            delivered += 1;
        }
    }

    /// What the plugin asked of its driver since the last look: calls, timers.
    pub fn take_outbound(&self) -> Vec<Outbound> {
        self.vm.with(|s| s.outbox.drain(..).collect())
    }

    /// Answers an HTTP call; `None` breaks it off.
    pub fn answer_http_call(&self, token: u32, response: Option<HttpResponse>) {
        self.vm.http_call_response(self.roots[0], token, response);
    }

    /// The texts logged so far, without prefixes of time and place.
    pub fn logs(&self) -> Vec<String> {
        self.host.logger.texts()
    }

    /// The host's configuration.
    pub fn host(&self) -> &HostConfig {
        &self.host
    }

    /// The host calls recorded since the last look.
    pub fn take_calls(&self) -> Vec<HostCall> {
        self.vm.with(|s| s.recorder.as_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Ends all root contexts; whether none asked for more time.
    pub fn shut_down(&self) -> bool {
        self.vm.shut_down()
    }
}

fn notifier(queue: &Arc<Mutex<VecDeque<(u32, u32)>>>) -> QueueNotifier {
    let queue = queue.clone();
    Arc::new(move |root, token| lock(&queue).push_back((root, token)))
}

/// One direction of an exchange, as it went on behind the plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentHalf {
    /// The headers, once they went on.
    pub headers: Option<HeaderMap>,
    /// The body so far.
    pub body: Vec<u8>,
    /// The trailers, once they went on.
    pub trailers: Option<HeaderMap>,
    /// Whether the end went on.
    pub ended: bool,
}

/// What went on behind the plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// To the upstream.
    pub request: SentHalf,
    /// To the client.
    pub response: SentHalf,
    /// Whether the plugin or the host answered.
    pub local_reply: bool,
    /// Whether the stream was broken off.
    pub reset: bool,
}

impl Sent {
    fn half(&mut self, dir: Dir) -> &mut SentHalf {
        match dir {
            Dir::Request => &mut self.request,
            Dir::Response => &mut self.response,
        }
    }
}

/// An HTTP stream without a network.
pub struct HttpExchange {
    vm: Rc<Vm>,
    id: u32,
    sent: Sent,
}

impl HttpExchange {
    /// The context's number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The request's headers come.
    pub fn request_headers(&mut self, headers: &[(&str, &str)], end: bool) -> &Sent {
        self.vm.http_request_headers(self.id, headers.iter().copied().collect(), end);
        self.sent()
    }

    /// A piece of the request's body comes.
    pub fn request_body(&mut self, data: &[u8], end: bool) -> &Sent {
        self.vm.http_request_data(self.id, data.to_vec(), end);
        self.sent()
    }

    /// The request's trailers come.
    pub fn request_trailers(&mut self, trailers: &[(&str, &str)]) -> &Sent {
        self.vm.http_request_trailers(self.id, trailers.iter().copied().collect());
        self.sent()
    }

    /// The response's headers come.
    pub fn response_headers(&mut self, headers: &[(&str, &str)], end: bool) -> &Sent {
        self.vm.http_response_headers(self.id, headers.iter().copied().collect(), end);
        self.sent()
    }

    /// A piece of the response's body comes.
    pub fn response_body(&mut self, data: &[u8], end: bool) -> &Sent {
        self.vm.http_response_data(self.id, data.to_vec(), end);
        self.sent()
    }

    /// The response's trailers come.
    pub fn response_trailers(&mut self, trailers: &[(&str, &str)]) -> &Sent {
        self.vm.http_response_trailers(self.id, trailers.iter().copied().collect());
        self.sent()
    }

    /// What went on so far.
    pub fn sent(&mut self) -> &Sent {
        let sent = &mut self.sent;
        self.vm.with(|s| {
            let Some(http) = s.http(self.id) else { return };
            while let Some(output) = http.out.pop_front() {
                match output {
                    Output::Headers(dir, end) => {
                        let half = sent.half(dir);
                        half.headers = Some(http.half_ref(dir).headers.clone());
                        half.ended |= end;
                    }
                    Output::Data(dir, data, end) => {
                        let half = sent.half(dir);
                        half.body.extend_from_slice(&data);
                        half.ended |= end;
                    }
                    Output::Trailers(dir) => {
                        let half = sent.half(dir);
                        half.trailers.clone_from(&http.half_ref(dir).trailers);
                        half.ended = true;
                    }
                    Output::LocalReply => sent.local_reply = true,
                    Output::Reset => sent.reset = true,
                }
            }
        });
        &self.sent
    }

    /// Ends the stream: log, done, delete. What went on.
    pub fn finish(mut self) -> Sent {
        self.sent();
        self.vm.http_finish(self.id);
        std::mem::take(&mut self.sent)
    }
}

/// A TCP stream without a network.
pub struct TcpExchange {
    vm: Rc<Vm>,
    id: u32,
}

impl TcpExchange {
    /// The client connected; whether the plugin lets it go on.
    pub fn connect(&self) -> bool {
        self.vm.tcp_new_connection(self.id)
    }

    /// The client sent something. What goes on.
    pub fn from_client(&self, data: &[u8], end: bool) -> Vec<TcpOutput> {
        self.vm.tcp_data(self.id, true, data, end);
        self.take()
    }

    /// The upstream sent something. What goes on.
    pub fn from_upstream(&self, data: &[u8], end: bool) -> Vec<TcpOutput> {
        self.vm.tcp_data(self.id, false, data, end);
        self.take()
    }

    /// What goes on since the last look.
    pub fn take(&self) -> Vec<TcpOutput> {
        self.vm.with(|s| s.tcp(self.id).map(|t| t.out.drain(..).collect()).unwrap_or_default())
    }

    /// The client's connection closed.
    pub fn close(self, peer: Peer) {
        self.vm.tcp_closed(self.id, peer);
    }
}
