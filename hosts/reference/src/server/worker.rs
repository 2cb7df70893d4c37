//! A worker: one thread with its VM, timers and calls. Everything of it stays on its thread.

use super::calls::GrpcHandle;
use super::upstream::Clients;
use crate::config::ServerConfig;
use crate::context::Plugin;
use crate::engine::Module;
use crate::log::Level;
use crate::metrics::{Metric, MetricType};
use crate::timer::TimerChange;
use crate::vm::{Outbound, QueueNotifier, Vm, VmError};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Which VM a queue's notification is for, its root context, and the queue.
pub type QueueEvent = (u64, u32, u32);

/// See the module.
pub struct Worker {
    pub(super) config: Arc<ServerConfig>,
    pub(super) clients: Clients,
    module: Arc<dyn Module>,
    plugin: Rc<Plugin>,
    live: RefCell<Rc<LiveVm>>,
    mailbox: mpsc::UnboundedSender<QueueEvent>,
    active: Arc<Metric>,
}

/// A VM with the tasks that work for it.
pub struct LiveVm {
    /// The VM.
    pub vm: Rc<Vm>,
    /// The plugin's root context.
    pub root: u32,
    serial: u64,
    clients: Clients,
    timers: RefCell<HashMap<u32, JoinHandle<()>>>,
    pub(super) grpc: RefCell<HashMap<u32, GrpcHandle>>,
    myself: Weak<LiveVm>,
    active: Arc<Metric>,
}

impl Drop for LiveVm {
    fn drop(&mut self) {
        self.stop_timers();
        self.active.increment(-1);
    }
}

thread_local!(static NEXT_SERIAL: Cell<u64> = const { Cell::new(0) });

impl Worker {
    /// Starts a VM and the plugin in it; events of its queues go to `mailbox`.
    pub(super) fn start(
        config: Arc<ServerConfig>,
        module: Arc<dyn Module>,
        mailbox: mpsc::UnboundedSender<QueueEvent>,
    ) -> Result<Rc<Self>, VmError> {
        let plugin = Plugin::new(config.plugin.clone());
        let active = config.host.metrics.own(MetricType::Gauge, "wasm.active");
        let live = LiveVm::start(&config, &*module, &plugin, &mailbox, &active)?;
        let worker = Rc::new(Self {
            config,
            clients: Clients::default(),
            module,
            plugin,
            live: RefCell::new(live.clone()),
            mailbox,
            active,
        });
        live.pump();
        Ok(worker)
    }

    /// The VM for a new stream. One that a trap ended is replaced; where that does not work it is given nevertheless: it
    /// refuses streams, or lets them pass.
    pub fn live(&self) -> Rc<LiveVm> {
        let live = self.live.borrow().clone();
        if !live.vm.is_failed() {
            return live;
        }
        match LiveVm::start(&self.config, &*self.module, &self.plugin, &self.mailbox, &self.active) {
            Ok(fresh) => {
                *self.live.borrow_mut() = fresh.clone();
                fresh.pump();
                fresh
            }
            Err(error) => {
                let text = format!("wasm log{}: cannot restart the plugin: {error}", self.plugin.log_prefix);
                self.config.host.logger.log(Level::Error, &text);
                live
            }
        }
    }

    /// A queue has something for a VM of this worker, if it still lives.
    pub(super) fn queue_ready(&self, (serial, root, token): QueueEvent) {
        let live = self.live.borrow().clone();
        if live.serial == serial {
            live.enter(|vm| vm.queue_ready(root, token));
        }
    }

    /// Tells the plugin to end, and waits until it has, for as long as `patience`.
    pub(super) async fn shut_down(&self, patience: std::time::Duration) {
        let live = self.live.borrow().clone();
        if live.enter(Vm::shut_down) {
            return;
        }
        let deadline = tokio::time::Instant::now() + patience;
        while !live.vm.is_shut_down() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

impl LiveVm {
    fn start(
        config: &ServerConfig,
        module: &dyn Module,
        plugin: &Rc<Plugin>,
        mailbox: &mpsc::UnboundedSender<QueueEvent>,
        active: &Arc<Metric>,
    ) -> Result<Rc<Self>, VmError> {
        let serial = NEXT_SERIAL.replace(NEXT_SERIAL.get() + 1);
        let mailbox = mailbox.clone();
        let notifier: QueueNotifier = Arc::new(move |root, token| {
            // A worker that is gone has no use for it.
            let _ = mailbox.send((serial, root, token));
        });
        let vm = Vm::new(module, &config.host, &plugin.config, notifier)?;
        let root = vm.start_plugin(plugin.clone())?;
        config.host.metrics.own(MetricType::Counter, "wasm.created").increment(1);
        active.increment(1);
        Ok(Rc::new_cyclic(|myself| Self {
            vm,
            root,
            serial,
            clients: Clients::default(),
            timers: RefCell::default(),
            grpc: RefCell::default(),
            myself: myself.clone(),
            active: active.clone(),
        }))
    }

    /// Runs something of the VM, then does what the plugin asked for.
    pub fn enter<R>(&self, f: impl FnOnce(&Vm) -> R) -> R {
        let result = f(&self.vm);
        self.pump();
        result
    }

    fn pump(&self) {
        let out: Vec<Outbound> = self.vm.with(|s| s.outbox.drain(..).collect());
        for wish in out {
            let me = self.myself.clone();
            match wish {
                Outbound::Http(call) => {
                    let client = self.clients.get(&call.cluster, false);
                    tokio::task::spawn_local(super::calls::http_call(me, client, call));
                }
                Outbound::Grpc(call) => {
                    let client = self.clients.get(&call.cluster, true);
                    let token = call.token;
                    let handle = GrpcHandle::open(me, client, call);
                    self.grpc.borrow_mut().insert(token, handle);
                }
                Outbound::GrpcSend(token, message, end) => {
                    if let Some(handle) = self.grpc.borrow().get(&token) {
                        handle.send(&message, end);
                    }
                }
                Outbound::GrpcClose(token) => {
                    let mut grpc = self.grpc.borrow_mut();
                    if let Some(handle) = grpc.get(&token)
                        && !handle.close()
                    {
                        grpc.remove(&token);
                    }
                }
                Outbound::GrpcCancel(token) => {
                    self.grpc.borrow_mut().remove(&token);
                }
                Outbound::Timer(change) => self.set_timer(change),
            }
        }
        if self.vm.is_failed() {
            self.stop_timers();
        }
    }

    fn set_timer(&self, change: TimerChange) {
        let mut timers = self.timers.borrow_mut();
        if let Some(old) = timers.remove(&change.root) {
            old.abort();
        }
        let Some(period) = change.period else { return };
        let me = self.myself.clone();
        let task = tokio::task::spawn_local(async move {
            let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                interval.tick().await;
                let Some(live) = me.upgrade() else { return };
                live.enter(|vm| vm.tick(change.root));
            }
        });
        timers.insert(change.root, task);
    }

    fn stop_timers(&self) {
        for (_, timer) in self.timers.borrow_mut().drain() {
            timer.abort();
        }
    }
}
