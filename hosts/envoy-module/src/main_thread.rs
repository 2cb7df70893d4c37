//! The main thread's part: calls that outlive their stream, ticks, and waking VMs.
//!
//! Everybody else leaves a job in a configuration's mailbox; Envoy then runs it on its main thread.

use crate::abi::{Bootstrap, Bytes, Config, Family, Pair, Scheduler, callout_init, envoy};
use crate::calls::{self, Incoming, Remote, Request, Table};
use crate::lock;
use crate::vm::{Job, Vm};
use nullvm_host_common::abi::CallKind;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

/// Something that only the main thread can do.
#[derive(Debug)]
pub enum MainJob {
    /// Start a call.
    StartCall {
        /// Who is told.
        vm: Weak<Vm>,
        /// Its token there.
        token: u32,
        /// HTTP or gRPC.
        kind: CallKind,
        /// What is sent.
        request: Box<Request>,
    },
    /// Send on a gRPC stream.
    Send {
        /// Whose.
        vm: Weak<Vm>,
        /// Its token.
        token: u32,
        /// A framed message; empty for none.
        data: Vec<u8>,
        /// Whether it is the last.
        end: bool,
    },
    /// Give a call up.
    Cancel {
        /// Whose.
        vm: Weak<Vm>,
        /// Its token.
        token: u32,
    },
    /// Run what waits for a VM.
    Wake(Weak<Vm>),
    /// A timer of a root context fired.
    Tick(Weak<Vm>, u32),
}

impl std::fmt::Debug for Vm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vm").field("failed", &self.is_failed()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Inner {
    family: Family,
    /// Services are there before Envoy has clusters.
    ready: AtomicBool,
    /// Envoy's, until the configuration goes.
    scheduler: Mutex<Option<Commit>>,
    queue: Mutex<VecDeque<MainJob>>,
    calls: MainCell<Table<Remote>>,
}

#[derive(Clone, Copy, Debug)]
struct Commit(Scheduler);

// SAFETY: Envoy's scheduler takes events on any thread.
unsafe impl Send for Commit {}

/// What the main thread alone touches.
#[derive(Debug)]
struct MainCell<T>(RefCell<T>);

// SAFETY: used in hooks that Envoy runs on its main thread only.
unsafe impl<T> Send for MainCell<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for MainCell<T> {}

/// The way to the main thread, one per configuration.
#[derive(Clone, Debug)]
pub struct Mailbox(Arc<Inner>);

/// The mailboxes of all living configurations: not every family of Envoy's callbacks can do everything, and those that
/// cannot ask another.
fn open() -> MutexGuard<'static, Vec<Mailbox>> {
    static OPEN: OnceLock<Mutex<Vec<Mailbox>>> = OnceLock::new();
    lock(OPEN.get_or_init(Mutex::default))
}

/// Tells a VM that its call is over.
fn failed(vm: &Weak<Vm>, token: u32, kind: CallKind) {
    if let Some(vm) = vm.upgrade() {
        calls::deliver(&vm, token, vec![calls::broken(kind)]);
    }
}

impl Mailbox {
    /// While the configuration is being loaded.
    pub fn new(family: Family, config: Config) -> Self {
        // SAFETY: the configuration is being loaded.
        let scheduler = unsafe { family.scheduler_new(config) };
        let mailbox = Self(Arc::new(Inner {
            family,
            ready: AtomicBool::new(family != Family::Bootstrap),
            scheduler: Mutex::new((!scheduler.is_null()).then_some(Commit(scheduler))),
            queue: Mutex::default(),
            calls: MainCell(RefCell::default()),
        }));
        if !scheduler.is_null() {
            open().push(mailbox.clone());
        }
        mailbox
    }

    /// Whether calls of a kind can be made through this configuration. One-shot calls know no streams, and thus no gRPC.
    fn carries(&self, kind: CallKind) -> bool {
        match self.0.family {
            Family::Http => envoy().http_filter_config_start_http_stream.is_some(),
            Family::Bootstrap => {
                kind == CallKind::Http
                    && Bootstrap::get().is_some_and(|t| t.bootstrap_extension_http_callout.is_some())
            }
            Family::Network | Family::AccessLogger => false,
        }
    }

    /// The mailbox through which calls of a kind are made: this one, or that of another configuration of the module.
    pub fn carrier(&self, kind: CallKind) -> Option<Self> {
        if self.carries(kind) {
            return Some(self.clone());
        }
        open().iter().find(|other| other.carries(kind)).cloned()
    }

    /// Leaves a job. Dropped when the configuration is gone.
    pub fn post(&self, job: MainJob) {
        if self.0.family == Family::AccessLogger {
            let other = open().first().cloned();
            match (other, job) {
                (Some(other), job) => other.post(job),
                // Nobody can reach the main thread: the VM's worker finds the job when it comes by.
                (None, MainJob::Tick(vm, root)) => {
                    if let Some(vm) = vm.upgrade() {
                        vm.post(Job::Tick(root));
                    }
                }
                (None, _) => {}
            }
            return;
        }
        let scheduler = lock(&self.0.scheduler);
        if let Some(commit) = *scheduler {
            lock(&self.0.queue).push_back(job);
            // SAFETY: not deleted while `scheduler` is held.
            unsafe { self.0.family.commit(commit.0) };
        }
    }

    /// Envoy is up: services can make calls from now on.
    pub fn set_ready(&self) {
        self.0.ready.store(true, Ordering::Release);
    }

    /// Whether Envoy is up, for a service.
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// The configuration goes away. Main thread, except for access loggers. Calls of other configurations that went through
    /// this one are over.
    pub fn close(&self) {
        open().retain(|other| !Arc::ptr_eq(&other.0, &self.0));
        let Some(commit) = lock(&self.0.scheduler).take() else { return };
        // SAFETY: ours.
        unsafe { self.0.family.delete(commit.0) };
        let jobs = std::mem::take(&mut *lock(&self.0.queue));
        for job in jobs {
            if let MainJob::StartCall { vm, token, kind, .. } = job {
                failed(&vm, token, kind);
            }
        }
        let calls = self.0.calls.0.borrow_mut().end();
        for ((vm, token), kind) in calls {
            failed(&vm, token, kind);
        }
    }

    /// Does what waits. Main thread, with the configuration that it is for.
    pub fn run(&self, config: Config) {
        // Those that are there now: each has been announced, and what they bring about is announced again.
        let waiting = lock(&self.0.queue).len();
        for _ in 0..waiting {
            let job = lock(&self.0.queue).pop_front();
            let Some(job) = job else { return };
            match job {
                MainJob::StartCall { vm, token, kind, request } => {
                    self.start(config, vm, token, kind, &request)
                }
                MainJob::Send { vm, token, data, end } => {
                    if let (Some(id), Some(send)) =
                        (self.stream_of(&vm, token), envoy().http_filter_config_stream_send_data)
                    {
                        // SAFETY: on the main thread, with a call of this configuration.
                        unsafe { send(config, id, Bytes::new(&data), end) };
                    }
                }
                MainJob::Cancel { vm, token } => {
                    if let (Some(id), Some(reset)) =
                        (self.stream_of(&vm, token), envoy().http_filter_config_reset_http_stream)
                    {
                        // SAFETY: as above.
                        unsafe { reset(config, id) };
                    }
                }
                MainJob::Wake(vm) => {
                    if let Some(vm) = vm.upgrade() {
                        vm.wake();
                    }
                }
                MainJob::Tick(vm, root) => {
                    if let Some(vm) = vm.upgrade() {
                        vm.post(Job::Tick(root));
                        vm.wake();
                    }
                }
            }
        }
    }

    /// Envoy's number of a call that is a stream, and not a one-shot.
    fn stream_of(&self, vm: &Weak<Vm>, token: u32) -> Option<u64> {
        if self.0.family != Family::Http {
            return None;
        }
        self.0.calls.0.borrow().id_of(|(of, t)| Weak::ptr_eq(of, vm) && *t == token)
    }

    fn start(&self, config: Config, vm: Weak<Vm>, token: u32, kind: CallKind, request: &Request) {
        if !self.carries(kind) {
            return failed(&vm, token, kind);
        }
        let one_shot = Bootstrap::get().and_then(|t| t.bootstrap_extension_http_callout);
        self.0.calls.0.borrow_mut().starting((vm.clone(), token), kind);
        let result = calls::send(request, |id, cluster, headers, count, body, end, timeout| {
            // SAFETY: on the main thread, with a living configuration; Envoy copies what it is given.
            unsafe {
                match (self.0.family, envoy().http_filter_config_start_http_stream, one_shot) {
                    (Family::Http, Some(start), _) => {
                        start(config, id, cluster, headers, count, body, end, timeout)
                    }
                    (Family::Bootstrap, _, Some(start)) => {
                        start(config, id, cluster, headers, count, body, timeout)
                    }
                    _ => callout_init::CANNOT_CREATE,
                }
            }
        });
        let id = result.ok();
        self.0.calls.0.borrow_mut().started(id);
        let Some(id) = id else { return failed(&vm, token, kind) };
        let trailers =
            envoy().http_filter_config_stream_send_trailers.filter(|_| self.0.family == Family::Http);
        calls::send_trailers(request, |pairs: *const Pair, count| {
            // SAFETY: as above.
            trailers.is_some_and(|send| unsafe { send(config, id, pairs, count) })
        });
    }

    /// An event of a call. Main thread.
    pub fn on_call(&self, id: u64, last: bool, event: impl FnOnce(&mut Incoming) -> Vec<calls::Event>) {
        let told = self.0.calls.0.borrow_mut().told(id, last, event);
        if let Some(((vm, token), events)) = told
            && let Some(vm) = vm.upgrade()
        {
            calls::deliver(&vm, token, events);
        }
    }
}
