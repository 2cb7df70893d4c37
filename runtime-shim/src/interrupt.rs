//! Stopping a guest from another thread: handles, and the watchdog behind `Limits::deadline_ms`.
//!
//! An interrupt sets two words of the context: `interrupt`, which loop heads of interruptible code look at, and
//! `stack_limit`, which every function entry compares. Both are changed under the lock of `Link` only, whether set by an
//! interrupt or put back by an entry, so that an interrupt is seen either by both checks or by none. An entry that finds
//! both as it wants them takes no lock.
//!
//! The watchdog is one thread per process. It wakes every millisecond while a call with a deadline runs and sleeps
//! otherwise; entries cost a load and a store. It counts ticks and not time, so that a call never gets less than its
//! deadline, however late the watchdog is scheduled.

use crate::os::{self, Mutex};
use crate::trap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence};
use plugin_abi::context::ContextHeader;

/// "No deadline" in [`Link::deadline`].
const NEVER: u64 = u64::MAX;
/// "The deadline has passed" there; set by the watchdog under the lock.
const FIRED: u64 = 0;

/// Where stack pointers lie for which a stack limit does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackWindow {
    /// The end of the stack of a thread on which it holds.
    stack_low: usize,
    low: usize,
    len: usize,
}

impl StackWindow {
    /// None.
    pub(crate) const NOWHERE: Self = Self { stack_low: 0, low: usize::MAX, len: 0 };

    /// A limit will do where it is an eighth off at most, or is the end of the thread's stack.
    fn new(limit: usize, size: usize, stack_low: usize, stack_high: usize) -> Self {
        if limit < stack_low {
            return Self::NOWHERE;
        }
        let low = if limit == stack_low { limit } else { limit.saturating_add(size - size / 8) };
        let high = limit.saturating_add(size + size / 8).min(stack_high);
        if low > high {
            return Self::NOWHERE;
        }
        Self { stack_low, low, len: high - low }
    }

    /// # Safety
    /// `thread` holds the variables of this thread.
    #[inline(always)]
    pub(crate) unsafe fn holds(self, sp: usize, thread: *mut trap::Tls) -> bool {
        // SAFETY: the caller's promise. A thread that never entered a guest has 0 there.
        let known = unsafe { trap::known_stack_low(thread) };
        known == self.stack_low && sp.wrapping_sub(self.low) <= self.len
    }
}

/// What an instance shares with those who may interrupt it.
#[derive(Debug)]
pub(crate) struct Link {
    /// The context's hot fields while the instance lives.
    header: Mutex<Header>,
    /// The tick after which the current call is interrupted.
    deadline: AtomicU64,
    /// Where it stands in the watchdog's list.
    index: AtomicUsize,
}

#[derive(Debug)]
struct Header(Option<*mut ContextHeader>);

// SAFETY: used under the lock, through atomic operations.
unsafe impl Send for Header {}

impl Header {
    /// Sets both words. `false` when the instance is gone.
    fn interrupt(&self) -> bool {
        let Some(header) = self.0 else { return false };
        // SAFETY: the instance lives, as it has not called `close`.
        let (interrupt, limit) = unsafe { words(header) };
        interrupt.store(plugin_abi::context::STOP, Ordering::SeqCst);
        limit.store(plugin_abi::context::STOP, Ordering::SeqCst);
        true
    }
}

/// Whether an interrupt is pending.
///
/// # Safety
/// `header` is that of a living instance.
#[inline(always)]
pub(crate) unsafe fn is_pending(header: *mut ContextHeader) -> bool {
    // SAFETY: the caller's promise.
    unsafe { words(header) }.0.load(Ordering::Relaxed) != 0
}

/// The words of a context that other threads write.
///
/// # Safety
/// `header` is that of a living instance.
unsafe fn words<'a>(header: *mut ContextHeader) -> (&'a AtomicU64, &'a AtomicU64) {
    // SAFETY: aligned u64 fields that the shim touches through atomics only.
    unsafe {
        (
            AtomicU64::from_ptr(&raw mut (*header).interrupt),
            AtomicU64::from_ptr(&raw mut (*header).stack_limit),
        )
    }
}

impl Link {
    /// # Safety
    /// `header` is that of an instance that calls [`Link::close`] before it dies.
    pub(crate) unsafe fn new(header: *mut ContextHeader) -> Arc<Self> {
        Arc::new(Self {
            header: Mutex::new(Header(Some(header))),
            deadline: AtomicU64::new(NEVER),
            index: AtomicUsize::new(usize::MAX),
        })
    }

    /// The instance dies.
    pub(crate) fn close(&self) {
        self.header.lock().0 = None;
    }

    fn interrupt(&self) -> bool {
        self.header.lock().interrupt()
    }

    /// Interrupts the call whose deadline has passed at `epoch`, and no other. Whether a call with a deadline runs.
    fn expire(&self, epoch: u64) -> bool {
        let deadline = self.deadline.load(Ordering::Relaxed);
        if deadline == NEVER || deadline > epoch {
            return deadline != NEVER;
        }
        let header = self.header.lock();
        // The call may have ended meanwhile. If not, its `disarm` waits for this lock, so that no later call is hit.
        let fired =
            self.deadline.compare_exchange(deadline, FIRED, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if fired {
            header.interrupt();
        }
        fired
    }

    /// Makes an outermost entry ready: no interrupt pending, and about `size` bytes of stack below the current frame, as far
    /// as the thread has them. Until an interrupt, that holds for all entries in the window that it gives.
    ///
    /// # Safety
    /// `header` is the one given to [`Link::new`], `thread` the variables of this thread.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn prepare(
        &self,
        header: *mut ContextHeader,
        size: usize,
        thread: *mut trap::Tls,
    ) -> StackWindow {
        let sp = trap::stack_pointer();
        // SAFETY: the caller's promise.
        let (low, high) = unsafe { trap::stack_bounds(thread) };
        // SAFETY: the instance lives.
        let (interrupt, limit) = unsafe { words(header) };
        let mut lowest = sp.saturating_sub(size);
        // Within the thread's stack the end counts, also where what is left of it belongs to the host: the guest then traps
        // at its first check. On a stack of the host's own making (a fiber) the thread's bounds say nothing.
        if sp <= high && sp >= low.saturating_sub(trap::HOST_HEADROOM) {
            lowest = lowest.max(low);
        }
        let _lock = self.header.lock();
        interrupt.store(0, Ordering::SeqCst);
        limit.store(lowest as u64, Ordering::SeqCst);
        StackWindow::new(lowest, size, low, high)
    }

    /// An outermost call begins that may take `ticks`.
    #[inline]
    pub(crate) fn arm(&self, ticks: u64) {
        self.deadline.store(EPOCH.load(Ordering::Relaxed) + ticks + 1, Ordering::Relaxed);
        // The watchdog's side of this has a `membarrier`, so that the compiler's order is enough here.
        compiler_fence(Ordering::SeqCst);
        if IDLE.load(Ordering::Relaxed) != 0 {
            wake();
        }
    }

    /// The call is over.
    #[inline]
    pub(crate) fn disarm(&self) {
        if self.deadline.swap(NEVER, Ordering::SeqCst) == FIRED {
            drop(self.header.lock());
        }
    }
}

/// Stops what an instance runs, from any thread and at any time. Outlives the instance; useless then, but safe.
#[derive(Clone, Debug)]
pub struct InterruptHandle(pub(crate) Arc<Link>);

impl InterruptHandle {
    /// Asks the guest to stop. Its current call ends with [`plugin_abi::TrapCode::Interrupt`] as soon as it reaches a function entry,
    /// or a loop head in code compiled with `--interruptible`. When no call runs, nothing happens: the next call clears the
    /// request. `false` when the instance is gone.
    pub fn interrupt(&self) -> bool {
        self.0.interrupt()
    }
}

/// Ticks of about a millisecond that the watchdog has seen.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// 1 while the watchdog sleeps until it is woken.
static IDLE: AtomicU32 = AtomicU32::new(0);

/// Instances with a deadline.
static WATCHED: Mutex<Watched> = Mutex::new(Watched { links: Vec::new(), process: 0 });

struct Watched {
    links: Vec<Arc<Link>>,
    /// The process whose watchdog runs; a child that was forked has none yet.
    process: libc::pid_t,
}

/// Whether `membarrier` can order the watchdog against entries.
static BARRIER: AtomicBool = AtomicBool::new(false);

/// Ticks without any call before the watchdog sleeps.
const IDLE_TICKS: u32 = 100;

const MEMBARRIER_PRIVATE_EXPEDITED: i32 = 1 << 3;
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

fn membarrier(command: i32) -> bool {
    // SAFETY: no pointers.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

#[cold]
fn wake() {
    if IDLE.swap(0, Ordering::SeqCst) != 0 {
        os::futex_wake(&IDLE);
    }
}

/// Has the watchdog look after an instance. An `errno` when there can be no watchdog.
pub(crate) fn watch(link: &Arc<Link>) -> Result<(), i32> {
    let mut watched = WATCHED.lock();
    // SAFETY: no preconditions.
    let process = unsafe { libc::getpid() };
    if watched.process != process {
        IDLE.store(0, Ordering::SeqCst);
        BARRIER.store(membarrier(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED), Ordering::Relaxed);
        start()?;
        watched.process = process;
    }
    link.index.store(watched.links.len(), Ordering::Relaxed);
    watched.links.push(link.clone());
    Ok(())
}

/// Ends [`watch`].
pub(crate) fn unwatch(link: &Arc<Link>) {
    let mut watched = WATCHED.lock();
    let index = link.index.load(Ordering::Relaxed);
    if index < watched.links.len() {
        watched.links.swap_remove(index);
        if let Some(moved) = watched.links.get(index) {
            moved.index.store(index, Ordering::Relaxed);
        }
    }
}

/// Starts the thread, deaf to all signals.
fn start() -> Result<(), i32> {
    let mut thread = core::mem::MaybeUninit::<libc::pthread_t>::uninit();
    let mut all = core::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = core::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: everything is initialised by one call before the next one reads it.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        let result = libc::pthread_create(thread.as_mut_ptr(), ptr::null(), watchdog, ptr::null_mut());
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        if result != 0 {
            return Err(result);
        }
        libc::pthread_detach(thread.assume_init());
    }
    Ok(())
}

extern "C" fn watchdog(_: *mut libc::c_void) -> *mut libc::c_void {
    const TICK: i64 = 1_000_000;
    let now = || {
        let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: writes the time to `t`.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
        t.tv_sec * 1_000_000_000 + t.tv_nsec
    };
    let mut quiet = 0;
    let mut next = now() + TICK;
    loop {
        let until = libc::timespec { tv_sec: next / 1_000_000_000, tv_nsec: next % 1_000_000_000 };
        // SAFETY: reads `until`.
        unsafe {
            libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, ptr::null_mut());
        }
        // Late ticks are not made up for: a call must not lose the time that the watchdog did not get.
        next = (next + TICK).max(now());
        quiet = if tick() { 0 } else { quiet + 1 };
        if quiet >= IDLE_TICKS && BARRIER.load(Ordering::Relaxed) {
            sleep();
            quiet = 0;
            next = now() + TICK;
        }
    }
}

/// One tick. Whether any call with a deadline runs.
fn tick() -> bool {
    let epoch = EPOCH.fetch_add(1, Ordering::Relaxed) + 1;
    let mut active = false;
    for link in &WATCHED.lock().links {
        active |= link.expire(epoch);
    }
    active
}

/// Sleeps until an entry wakes the watchdog, unless one got in meanwhile.
fn sleep() {
    IDLE.store(1, Ordering::SeqCst);
    // After this, an entry either sees that we are idle, or its deadline is seen here.
    if !membarrier(MEMBARRIER_PRIVATE_EXPEDITED) {
        BARRIER.store(false, Ordering::Relaxed);
    }
    let active = !BARRIER.load(Ordering::Relaxed)
        || WATCHED.lock().links.iter().any(|l| l.deadline.load(Ordering::Relaxed) != NEVER);
    if active {
        IDLE.store(0, Ordering::SeqCst);
        return;
    }
    while IDLE.load(Ordering::SeqCst) != 0 {
        os::futex_wait(&IDLE, 1, None);
    }
}
