//! A VM: one instance of the plugin with its contexts. There is one per worker and VM key.
//!
//! The instance is used by its worker, and by the main thread for what no stream of the worker can carry (ticks, answers
//! of calls that outlive their stream), one at a time: a lock around each piece of work that is taken by the worker without
//! contention. Nobody but the worker ever waits for it: others leave a job in the inbox, and run it only when the lock is
//! free; who holds the lock empties the inbox before going.
//!
//! Envoy's callbacks that run hooks of their own (local responses, continuing, calls) are made after the lock is released,
//! as steps. See `docs/decisions/0006-envoy-threads.md`.

pub mod contexts;
pub mod group;
mod http;
mod root;
mod running;
pub mod state;
mod steps;
pub mod tcp;

use crate::abi::{Filter, Network, Scheduler, envoy};
use crate::calls::Event;
use crate::context::{Kind, PluginInfo};
use crate::host_table::HOST_TABLE;
use crate::log;
use crate::main_thread::MainJob;
use crate::{lock, stats};
use core::ffi::c_void;
use group::VmInfo;
use nullvm_host_common::shared::Owner;
use nullvm_shim::{CallError, Instance};
use plugin_abi::{CALLBACKS, CallbackId};
use running::Running;
use state::State;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
pub use steps::Step;

/// What the shim's host pointer points at.
pub struct HostCell {
    state: RefCell<State>,
    vm: Weak<Vm>,
}

/// Work for a VM that comes from outside of its streams.
#[derive(Debug)]
pub enum Job {
    /// `proxy_on_tick`
    Tick(u32),
    /// `proxy_on_queue_ready`
    QueueReady(u32, u32),
    /// An event of a call.
    Call(u32, Event),
    /// A plugin's configuration goes away.
    Stop(Arc<PluginInfo>),
}

/// Jobs of a VM from which on a queue that is known to have items is not told again.
const MAX_TOLD: usize = 1024;

static SERIAL: AtomicU64 = AtomicU64::new(1);

/// See the module.
pub struct Vm {
    running: Running,
    inbox: Mutex<VecDeque<Job>>,
    has_jobs: AtomicBool,
    failed: AtomicBool,
    /// Streams that wait, and how to reach their worker.
    wakers: Mutex<Vec<(u32, Waker)>>,
    /// What the guest exports and may be called at.
    callable: [bool; CALLBACKS.len()],
    // Before `cell`, which it points at.
    instance: OnceCell<Box<Instance>>,
    cell: HostCell,
    info: Arc<VmInfo>,
    owner: Owner,
    memory: Cell<u64>,
    /// Streams of its worker that hold it, see [`group::Group::lend`].
    lent: Cell<u32>,
    serial: u64,
}

// SAFETY: `instance`, `cell` and `memory` are used by the one that holds `running` only, `lent` by the worker only.
unsafe impl Send for Vm {}
// SAFETY: as above.
unsafe impl Sync for Vm {}

/// The scheduler of a stream that waits.
#[derive(Clone, Copy)]
enum Waker {
    Http(Scheduler),
    Tcp(Scheduler),
}

// SAFETY: schedulers may be used on any thread until they are deleted, and are deleted under the list's lock.
unsafe impl Send for Waker {}

impl Waker {
    /// # Safety
    /// Not deleted.
    unsafe fn wake(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::Http(scheduler) => (envoy().http_filter_scheduler_commit)(scheduler, 0),
                Self::Tcp(scheduler) => {
                    if let Some(t) = Network::get() {
                        (t.network_filter_scheduler_commit)(scheduler, 0);
                    }
                }
            }
        }
    }

    /// # Safety
    /// Ours, and in nobody's hands any more.
    unsafe fn delete(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::Http(scheduler) => (envoy().http_filter_scheduler_delete)(scheduler),
                Self::Tcp(scheduler) => {
                    if let Some(t) = Network::get() {
                        (t.network_filter_scheduler_delete)(scheduler);
                    }
                }
            }
        }
    }
}

/// Where a VM is run.
#[derive(Clone, Copy, Debug)]
pub enum Hook {
    /// On another thread than its worker.
    Elsewhere,
    /// On its worker, in a hook of an HTTP filter.
    Http(Filter),
    /// On its worker, in a hook of a network filter.
    Network(Filter),
    /// On its worker, in another hook.
    Worker,
}

impl Vm {
    /// Makes an instance, runs its `_initialize` or `_start`, and starts plugins in it.
    ///
    /// # Errors
    /// One line for the log.
    pub fn start(info: &Arc<VmInfo>, plugins: &[Arc<PluginInfo>]) -> Result<Arc<Self>, String> {
        let started = std::time::Instant::now();
        let owner = info.store.owner();
        let vm = Arc::new_cyclic(|me| Self {
            running: Running::default(),
            inbox: Mutex::default(),
            has_jobs: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            wakers: Mutex::default(),
            callable: core::array::from_fn(|i| {
                let callback = &CALLBACKS[i];
                let allowed = !callback.name.starts_with("proxy_on_")
                    || info.allowed.as_ref().is_none_or(|names| names.iter().any(|n| n == callback.name));
                allowed && info.plugin.exports(callback.id)
            }),
            instance: OnceCell::new(),
            cell: HostCell { state: RefCell::new(State::new(info.clone())), vm: me.clone() },
            info: info.clone(),
            owner,
            memory: Cell::new(0),
            lent: Cell::new(0),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        });
        let host = (&raw const vm.cell).cast_mut().cast::<c_void>();
        let mut instance =
            Instance::new(&info.plugin, &HOST_TABLE, host, &info.limits).map_err(|e| e.to_string())?;
        let state = instance.state();
        state.restrict(info.capabilities);
        state.environment.clone_from(&info.environment);
        vm.instance.get_or_init(|| instance);
        stats::started();
        vm.run(None, |vm| {
            if let Err(error) = vm.instance().start() {
                return Err(vm.trapped("the module's start", error));
            }
            Ok(())
        })?;
        for plugin in plugins {
            vm.start_plugin(plugin)?;
        }
        stats::loaded(started.elapsed());
        Ok(vm)
    }

    /// For those that must not keep it alive.
    pub fn weak(&self) -> Weak<Self> {
        self.cell.vm.clone()
    }

    /// As [`Self::with`], for its worker when it does not run the VM.
    pub(crate) fn with_running<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let _running = self.running.by_worker();
        self.with(f)
    }

    fn instance(&self) -> &Instance {
        match self.instance.get() {
            Some(instance) => instance,
            None => unreachable!("made before the VM is given to anybody"),
        }
    }

    /// What all copies have in common.
    pub fn info(&self) -> &Arc<VmInfo> {
        &self.info
    }

    /// Tells it from all others, also from those that are gone.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// How many streams hold it. Worker.
    fn lent(&self) -> u32 {
        self.lent.get()
    }

    fn take_out(&self) {
        self.lent.set(self.lent.get() + 1);
    }

    /// A stream that [`group::Group::lend`] gave it to is gone. Worker.
    pub fn give_back(&self) {
        self.lent.set(self.lent.get() - 1);
    }

    /// For registering queues.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Whether a trap has ended it.
    #[inline]
    pub fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Looks at or changes the state. For whoever runs the VM; not to be nested, nor held across calls into the guest.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.cell.state.borrow_mut())
    }

    /// Runs a piece of work, then the jobs that came meanwhile, then what was asked of Envoy. `worker` is Envoy's filter of
    /// the hook that this happens in, `None` on any thread but the VM's worker.
    #[inline]
    pub fn run<R>(&self, worker: Option<Filter>, work: impl FnOnce(&Self) -> R) -> R {
        self.run_in(worker.map_or(Hook::Elsewhere, Hook::Http), work)
    }

    /// As [`Self::run`], in any kind of hook.
    #[inline]
    pub fn run_in<R>(&self, hook: Hook, work: impl FnOnce(&Self) -> R) -> R {
        let (result, steps) = if matches!(hook, Hook::Elsewhere) {
            let _running = self.running.by_other();
            self.run_held(hook, work)
        } else {
            let _running = self.running.by_worker();
            self.run_held(hook, work)
        };
        if let Some(steps) = steps {
            steps::take(self, steps);
        }
        if self.has_jobs.load(Ordering::Acquire) {
            self.run_jobs(hook);
        }
        result
    }

    #[inline(always)]
    fn run_held<R>(&self, hook: Hook, work: impl FnOnce(&Self) -> R) -> (R, Option<Vec<Step>>) {
        self.with(|s| s.hook = hook);
        let result = work(self);
        (result, self.finish())
    }

    #[inline(always)]
    fn finish(&self) -> Option<Vec<Step>> {
        let has_jobs = self.has_jobs.load(Ordering::Acquire);
        let steps = if has_jobs || self.with(|s| !s.after_call.is_empty() || !s.steps.is_empty()) {
            Some(self.finish_rest())
        } else {
            None
        };
        let memory = self.instance().memory().size();
        let before = self.memory.get();
        if memory != before {
            self.memory.set(memory);
            stats::memory(before, memory);
        }
        steps
    }

    /// What most hooks leave nothing of.
    #[cold]
    fn finish_rest(&self) -> Vec<Step> {
        if self.has_jobs.load(Ordering::Acquire) {
            self.empty_inbox();
        }
        self.settle();
        self.with(|s| std::mem::take(&mut s.steps))
    }

    /// Runs the jobs that are there; those that come of them wait for the next time.
    fn empty_inbox(&self) {
        let waiting = lock(&self.inbox).len();
        for _ in 0..waiting {
            let job = {
                let mut inbox = lock(&self.inbox);
                let job = inbox.pop_front();
                self.has_jobs.store(!inbox.is_empty(), Ordering::Release);
                job
            };
            let Some(job) = job else { return };
            self.run_job(job);
            self.settle();
        }
    }

    /// Runs waiting jobs once more, if nobody else runs the VM, who would do it before leaving. What is there after that, a guest that
    /// answers each event by the next, goes by the main thread, so that neither thread is kept.
    fn run_jobs(&self, hook: Hook) {
        let main = |vm: &Self| {
            vm.with(|s| s.roots.first().and_then(|r| s.contexts.get(*r).map(|c| c.plugin.main.clone())))
        };
        let (main, steps) = if matches!(hook, Hook::Elsewhere) {
            let Some(_running) = self.running.try_other() else { return };
            self.run_held(hook, main)
        } else {
            let _running = self.running.by_worker();
            self.run_held(hook, main)
        };
        if let Some(steps) = steps {
            steps::take(self, steps);
        }
        if let (true, Some(main)) = (self.has_jobs.load(Ordering::Acquire), main) {
            main.post(MainJob::Wake(self.weak()));
        }
    }

    /// Leaves a job; somebody has to [`Self::wake`] the VM.
    pub fn post(&self, job: Job) {
        let mut inbox = lock(&self.inbox);
        // Ticks that nobody had time for do not pile up.
        if let Job::Tick(root) = job
            && inbox.iter().any(|j| matches!(j, Job::Tick(r) if *r == root))
        {
            return;
        }
        // Nor do items of a queue beyond what anybody needs to be told.
        if let Job::QueueReady(root, token) = job
            && inbox.len() > MAX_TOLD
            && inbox.iter().any(|j| matches!(j, Job::QueueReady(r, t) if (*r, *t) == (root, token)))
        {
            return;
        }
        inbox.push_back(job);
        self.has_jobs.store(true, Ordering::Release);
    }

    /// Has the jobs run: on the VM's worker, if a stream waits there, or else here. Main thread.
    pub fn wake(&self) {
        {
            let wakers = lock(&self.wakers);
            if let Some((_, waker)) = wakers.first() {
                // SAFETY: not deleted as long as it is in the list.
                unsafe { waker.wake() };
                return;
            }
        }
        self.run_jobs(Hook::Elsewhere);
    }

    /// A stream waits from now on, and its worker can be reached through `waker`.
    fn add_waker(&self, id: u32, waker: Waker) {
        lock(&self.wakers).push((id, waker));
    }

    fn wake_stream(&self, id: u32) {
        let wakers = lock(&self.wakers);
        if let Some((_, waker)) = wakers.iter().find(|(waiting, _)| *waiting == id) {
            // SAFETY: not deleted as long as it is in the list.
            unsafe { waker.wake() };
        }
    }

    fn remove_waker(&self, id: u32) {
        let mut wakers = lock(&self.wakers);
        if let Some(at) = wakers.iter().position(|(waiting, _)| *waiting == id) {
            let (_, waker) = wakers.swap_remove(at);
            // SAFETY: ours, and in nobody's hands any more.
            unsafe { waker.delete() };
        }
    }

    /// Whether the guest exports a callback and may be called at it.
    #[inline]
    pub fn exports(&self, callback: CallbackId) -> bool {
        self.callable[callback as usize]
    }

    /// Calls the guest in a context. `None` when it has no such callback, or has failed now or before.
    #[inline]
    pub fn call<const N: usize>(&self, context: u32, callback: CallbackId, args: [u32; N]) -> Option<u32> {
        self.call_and_stop(context, callback, args).map(|(result, _)| result)
    }

    /// As [`Self::call`]; also whether the guest sent a local response: its result counts as "stop" then.
    #[inline(never)]
    pub fn call_and_stop<const N: usize>(
        &self,
        context: u32,
        callback: CallbackId,
        args: [u32; N],
    ) -> Option<(u32, bool)> {
        if self.is_failed() || !self.exports(callback) {
            return None;
        }
        let before = self.with(|s| {
            s.stop_next = false;
            (std::mem::replace(&mut s.current, context), std::mem::replace(&mut s.effective, 0))
        });
        let result = self.instance().call(callback, &args);
        if let Err(error) = result {
            self.trapped(CALLBACKS[callback as usize].name, error);
        }
        let stop = self.with(|s| {
            (s.current, s.effective) = before;
            s.stop_next
        });
        result.ok().map(|value| (value, stop))
    }

    /// Notes that the guest is gone, and says so in the log, in the words of Envoy's Wasm filter.
    #[cold]
    fn trapped(&self, what: &str, error: CallError) -> String {
        let instance = self.instance();
        let text = instance.trap_message().unwrap_or_else(|| format!("Function: {what} failed: {error}"));
        if !self.failed.swap(true, Ordering::Relaxed) {
            let prefix = self.with(|s| s.context().map(|c| c.plugin.log_prefix.clone()).unwrap_or_default());
            // Behind the reason, before the backtrace.
            let (reason, backtrace) = text.split_once('\n').map_or((text.as_str(), ""), |(r, b)| (r, b));
            let line = match backtrace {
                "" => format!("{reason} (wasm log{prefix})"),
                _ => format!("{reason} (wasm log{prefix})\n{backtrace}"),
            };
            log::error(&line);
            stats::trap(instance.last_trap().map(|t| t.code));
        }
        text
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.info.store.unregister(self.owner);
        for (_, waker) in lock(&self.wakers).drain(..) {
            // SAFETY: ours.
            unsafe { waker.delete() };
        }
        // Where there was no memory for an instance, none was counted.
        if self.instance.get().is_some() {
            stats::stopped(self.memory.get());
        }
    }
}

impl HostCell {
    /// One host call: the state, borrowed for as long as it takes.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.borrow_mut())
    }

    /// The VM that called.
    pub fn vm(&self) -> &Weak<Vm> {
        &self.vm
    }
}

/// Whether a context is that of a stream which Envoy still has.
pub(crate) fn is_live(kind: &Kind) -> bool {
    match kind {
        Kind::Root(_) | Kind::Gone => false,
        Kind::Http(http) => !http.filter.is_null(),
        Kind::Tcp(tcp) => !tcp.filter.is_null(),
    }
}
