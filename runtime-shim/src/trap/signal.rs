//! Hardware traps: the signal handler, and living together with the handlers of others.
//!
//! The handler owns exactly the faults whose address is a known trapping instruction of the guest that this thread runs.
//! Everything else goes to whoever had the signal before, with the flags they asked for. It never allocates, never locks
//! and never jumps out: it rewrites the interrupted registers and returns, so that the kernel restores the signal mask.
//!
//! Others replace our handler (V8 removes its own *and ours* with it after a fault that is not its own), therefore every
//! new instance has it put back on top. The handlers that were there form a list, newest first. Three things could make it a
//! loop: a handler of the list that calls ours (it saved ours as *its* predecessor), one that reinstalls ours and sends the
//! signal again (V8), and one that reinstalls ours and has the instruction run again. All are recognised, and answered by an
//! older handler, at last by the default action.
//!
//! The thread's variables are touched only after the program counter was seen to be in the code of a plugin: reaching them may
//! allocate in a thread that never entered a guest, and that one may have faulted inside `malloc`. A thread that faults in
//! a plugin's code has them, and is in the middle of nothing else.

#[cfg(feature = "dynamic-tls")]
use super::process;
use super::{Trap, header, instance, isa, reported, text, tls};
use crate::os::{self, Mutex};
use alloc::boxed::Box;
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use libc::{c_int, c_void, siginfo_t, ucontext_t};
use plugin_abi::context::{GUARD_RESERVATION, GUARD_SIZE};
use plugin_abi::{FLAG_BOUNDS_GUARD, FLAG_TRAPS_SIGNAL, TrapCode};

/// A handler that was there before ours. Never freed: a signal may be on its way through the list.
struct Previous {
    action: libc::sigaction,
    /// Set once a SA_RESETHAND handler has run.
    spent: AtomicU32,
    older: *const Previous,
}

/// One signal that we handle.
struct Slot {
    signal: c_int,
    newest: AtomicPtr<Previous>,
}

static SLOTS: [Slot; 4] = [
    Slot { signal: libc::SIGSEGV, newest: AtomicPtr::new(ptr::null_mut()) },
    Slot { signal: libc::SIGBUS, newest: AtomicPtr::new(ptr::null_mut()) },
    Slot { signal: libc::SIGFPE, newest: AtomicPtr::new(ptr::null_mut()) },
    Slot { signal: libc::SIGILL, newest: AtomicPtr::new(ptr::null_mut()) },
];

/// Taken while handlers are installed, never by the handler.
static INSTALL: Mutex<()> = Mutex::new(());

/// How often a thread may fault without any progress before the next older handler is asked.
const STUCK: u32 = 1000;
static LAST_FAULT: AtomicU64 = AtomicU64::new(0);
static LAST_COUNT: AtomicU32 = AtomicU32::new(0);

fn slot(signal: c_int) -> Option<&'static Slot> {
    SLOTS.iter().find(|s| s.signal == signal)
}

/// Puts our handler on top for the signals that code with these flags needs. An `errno` when the system refuses.
pub(crate) fn ensure_handlers(flags: u32) -> Result<(), i32> {
    if flags & (FLAG_BOUNDS_GUARD | FLAG_TRAPS_SIGNAL) == 0 {
        return Ok(());
    }
    #[cfg(feature = "dynamic-tls")]
    return process::ensure_handlers_of_first(flags);
    #[cfg(not(feature = "dynamic-tls"))]
    ensure_own(flags)
}

/// Puts the handler of this copy of the shim on top.
pub(super) fn ensure_own(flags: u32) -> Result<(), i32> {
    // Out-of-bounds accesses come as the first two; the others only where traps are hardware traps.
    let wanted = if flags & FLAG_TRAPS_SIGNAL != 0 { &SLOTS[..] } else { &SLOTS[..2] };
    for slot in wanted {
        if !is_ours(&current(slot.signal)?) {
            install(slot)?;
        }
    }
    Ok(())
}

fn is_ours(action: &libc::sigaction) -> bool {
    action.sa_sigaction == handle as *const () as usize
}

fn current(signal: c_int) -> Result<libc::sigaction, i32> {
    let mut action = MaybeUninit::uninit();
    // SAFETY: reads the action into `action`.
    match unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } {
        // SAFETY: filled in on success.
        0 => Ok(unsafe { action.assume_init() }),
        _ => Err(os::errno()),
    }
}

#[cold]
fn install(slot: &Slot) -> Result<(), i32> {
    let _lock = INSTALL.lock();
    let before = current(slot.signal)?;
    if is_ours(&before) {
        return Ok(());
    }
    // Into the list first: from the moment that ours is on top, a fault may need it.
    let newest = slot.newest.load(Ordering::Acquire);
    if !listed(newest, &before) {
        let previous = Previous { action: before, spent: AtomicU32::new(0), older: newest };
        slot.newest.store(Box::into_raw(Box::new(previous)), Ordering::Release);
    }
    // SAFETY: `action` is fully initialised; the handler is async-signal-safe.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handle as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        libc::sigemptyset(&mut action.sa_mask);
        if libc::sigaction(slot.signal, &action, ptr::null_mut()) != 0 {
            return Err(os::errno());
        }
    }
    Ok(())
}

/// Whether the list has this handler already: two that keep replacing each other must not make it grow.
fn listed(mut list: *const Previous, action: &libc::sigaction) -> bool {
    // SAFETY: entries are never freed.
    while let Some(previous) = unsafe { list.as_ref() } {
        if previous.action.sa_sigaction == action.sa_sigaction && previous.action.sa_flags == action.sa_flags
        {
            // It was put there anew, so it may run anew.
            previous.spent.store(0, Ordering::Relaxed);
            return true;
        }
        list = previous.older;
    }
    false
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, ucontext: *mut c_void) {
    // SAFETY: the kernel's arguments (SA_SIGINFO), or those of a handler that passes them on.
    unsafe {
        let errno = *libc::__errno_location();
        #[cfg(feature = "dynamic-tls")]
        let taken = process::take(signal, info, ucontext.cast());
        #[cfg(not(feature = "dynamic-tls"))]
        let taken = guest_trap(signal, info, ucontext.cast());
        if !taken {
            chain(signal, info, ucontext);
        }
        *libc::__errno_location() = errno;
    }
}

/// Takes the fault if it is a trap of the guest that runs on this thread.
///
/// # Safety
/// The arguments of a signal handler.
pub(super) unsafe extern "C" fn guest_trap(
    signal: c_int,
    info: *const siginfo_t,
    ucontext: *mut ucontext_t,
) -> bool {
    // SAFETY: the kernel's; `si_code` is positive for faults, others may send the same signals.
    let (context, code, address) = unsafe { (&mut *ucontext, (*info).si_code, (*info).si_addr() as usize) };
    if code <= 0 {
        return false;
    }
    let (pc, sp, fp) = isa::registers(context);
    if !text::is_known(pc) {
        return false;
    }
    let thread = tls();
    // SAFETY: the thread's own variables.
    let activation = unsafe { (*thread).activation };
    // SAFETY: an activation is on the stack of this thread and its instance lives as long as its guest runs.
    let Some(entered) = (unsafe { activation.as_ref() }) else { return false };
    // SAFETY: as above.
    let (instance, header) = unsafe { (instance(entered.context), header(entered.context)) };
    let plugin = instance.plugin();
    let Some(trap) = plugin.text_offset(pc).and_then(|offset| plugin.meta().trap_at(offset)) else {
        return false;
    };
    let memory_fault = matches!(signal, libc::SIGSEGV | libc::SIGBUS);
    if memory_fault {
        // A fault anywhere else is a bug, and must not pass for a trap.
        let reach = (GUARD_RESERVATION + GUARD_SIZE) as usize;
        let in_reservation = address.wrapping_sub(entered.context as usize) < reach;
        if trap != TrapCode::MemoryOutOfBounds || !in_reservation {
            return false;
        }
    }
    let mut record = Trap::new(reported(trap, header));
    if fp >= sp {
        // SAFETY: the guest's registers at the fault, and the activation that it was entered by.
        unsafe { record.walk(plugin, pc, fp, activation) };
    } else {
        // SAFETY: a frame pointer below the stack pointer is not followed.
        unsafe { record.walk(plugin, pc, 0, activation) };
    }
    instance.record(record);
    isa::redirect(context, thread);
    true
}

/// Gives a signal that is not ours to who had it before.
///
/// # Safety
/// The arguments of a signal handler.
unsafe fn chain(signal: c_int, info: *mut siginfo_t, ucontext: *mut c_void) {
    let Some(slot) = slot(signal) else { return };
    let sp = isa::stack_pointer();
    let outer = Handing::of(ucontext).filter(|h| sp < h.sp.load(Ordering::Relaxed));
    // SAFETY: entries of the list are never freed; the rest as the caller promised.
    unsafe {
        let asked = outer.map(|h| h.asked.load(Ordering::Acquire).cast_const());
        // A handler of the list called ours with the signal that we gave it, or sent it again.
        let first = match asked.or_else(|| Handing::sent_again(signal, info, sp)) {
            Some(asked) => asked.as_ref().map_or(ptr::null(), |previous| previous.older),
            None => older(slot.newest.load(Ordering::Acquire), stuck(info, ucontext.cast())),
        };
        let Some(previous) = first.as_ref() else {
            return default_action(signal, info);
        };
        match outer {
            Some(handing) => handing.asked.store(first.cast_mut(), Ordering::Release),
            None => Handing::begin(signal, ucontext, sp, first),
        }
        let before = isa::fingerprint(&*ucontext.cast());
        call_previous(previous, signal, info, ucontext);
        if isa::fingerprint(&*ucontext.cast()) != before {
            // It lets the thread go on somewhere else: that is progress.
            LAST_FAULT.store(0, Ordering::Relaxed);
        }
        match asked {
            Some(asked) => {
                if let Some(handing) = Handing::of(ucontext) {
                    handing.asked.store(asked.cast_mut(), Ordering::Release);
                }
            }
            None => Handing::end(ucontext),
        }
    }
}

/// A signal that is being handed on to others, and how far. In no thread's variables, which a thread that never entered
/// a guest may not have yet. No lock is needed: the address of a `ucontext_t` is of one thread's stack, and only that thread
/// looks for it.
struct Handing {
    /// The `ucontext_t` of the signal; null where there is none.
    ucontext: AtomicPtr<c_void>,
    /// Where the stack pointer was. Who comes back to us is below it; a signal that is not below it has come anew, to the same
    /// place of the stack, after a handler did not return.
    sp: AtomicUsize,
    /// The handler that has it.
    asked: AtomicPtr<Previous>,
    /// The signal's number and the thread's.
    signal: AtomicI32,
    thread: AtomicI32,
}

/// As many signals as may be on their way at the same time.
static HANDINGS: [Handing; 64] = [const {
    Handing {
        ucontext: AtomicPtr::new(ptr::null_mut()),
        sp: AtomicUsize::new(0),
        asked: AtomicPtr::new(ptr::null_mut()),
        signal: AtomicI32::new(0),
        thread: AtomicI32::new(0),
    }
}; 64];

/// Which one gives way when there is no room.
static EVICT: AtomicUsize = AtomicUsize::new(0);

impl Handing {
    fn of(ucontext: *mut c_void) -> Option<&'static Self> {
        HANDINGS.iter().find(|h| h.ucontext.load(Ordering::Relaxed) == ucontext)
    }

    /// The handler that sent this thread the signal that we had given it, if that is where the signal comes from.
    ///
    /// # Safety
    /// The arguments of a signal handler.
    unsafe fn sent_again(signal: c_int, info: *const siginfo_t, sp: usize) -> Option<*const Previous> {
        // SAFETY: the kernel's; a signal of this code has a sender.
        if unsafe { (*info).si_code != libc::SI_TKILL || (*info).si_pid() != libc::getpid() } {
            return None;
        }
        let thread = thread();
        let ours = |h: &&Self| {
            !h.ucontext.load(Ordering::Relaxed).is_null()
                && h.thread.load(Ordering::Relaxed) == thread
                && h.signal.load(Ordering::Relaxed) == signal
                && h.sp.load(Ordering::Relaxed) > sp
        };
        let innermost = HANDINGS.iter().filter(ours).min_by_key(|h| h.sp.load(Ordering::Relaxed));
        innermost.map(|h| h.asked.load(Ordering::Acquire).cast_const())
    }

    /// Where there is no room, one of the others is forgotten, most likely one whose handler never returned. If it is on its way
    /// and comes back to us, it starts at the newest handler again.
    fn begin(signal: c_int, ucontext: *mut c_void, sp: usize, asked: *const Previous) {
        let take = |h: &&Self| {
            h.ucontext
                .compare_exchange(ptr::null_mut(), ucontext, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        let handing = Self::of(ucontext).or_else(|| HANDINGS.iter().find(take)).unwrap_or_else(|| {
            let evicted = &HANDINGS[EVICT.fetch_add(1, Ordering::Relaxed) % HANDINGS.len()];
            evicted.ucontext.store(ucontext, Ordering::Relaxed);
            evicted
        });
        handing.signal.store(signal, Ordering::Relaxed);
        handing.thread.store(thread(), Ordering::Relaxed);
        handing.sp.store(sp, Ordering::Relaxed);
        handing.asked.store(asked.cast_mut(), Ordering::Release);
    }

    fn end(ucontext: *mut c_void) {
        if let Some(handing) = Self::of(ucontext) {
            let (null, relaxed) = (ptr::null_mut(), Ordering::Relaxed);
            // Another may have taken it meanwhile.
            let _ = handing.ucontext.compare_exchange(ucontext, null, relaxed, relaxed);
        }
    }
}

/// This thread, for the kernel.
fn thread() -> i32 {
    // SAFETY: no preconditions.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}

/// How many handlers to pass over, because the same fault came again and again.
unsafe fn stuck(info: *const siginfo_t, ucontext: *const ucontext_t) -> u32 {
    // SAFETY: the kernel's arguments.
    let mark = unsafe { isa::fingerprint(&*ucontext) ^ (*info).si_addr() as u64 };
    if LAST_FAULT.swap(mark, Ordering::Relaxed) != mark {
        LAST_COUNT.store(0, Ordering::Relaxed);
        return 0;
    }
    LAST_COUNT.fetch_add(1, Ordering::Relaxed) / STUCK
}

/// # Safety
/// `list` is a list of handlers.
unsafe fn older(mut list: *const Previous, steps: u32) -> *const Previous {
    for _ in 0..steps {
        // SAFETY: entries are never freed.
        match unsafe { list.as_ref() } {
            Some(previous) => list = previous.older,
            None => break,
        }
    }
    list
}

/// # Safety
/// The arguments of a signal handler.
unsafe fn call_previous(previous: &Previous, signal: c_int, info: *mut siginfo_t, ucontext: *mut c_void) {
    let action = &previous.action;
    // SAFETY: the action was that of this signal, and gets what the kernel would have given it.
    unsafe {
        if action.sa_sigaction == libc::SIG_IGN {
            // The kernel ignores what others send, but never a fault.
            if (*info).si_code <= 0 {
                return;
            }
            return default_action(signal, info);
        }
        let reset = action.sa_flags & libc::SA_RESETHAND != 0;
        if action.sa_sigaction == libc::SIG_DFL || (reset && previous.spent.swap(1, Ordering::Relaxed) != 0) {
            return default_action(signal, info);
        }
        // Ours runs with nothing blocked; theirs gets the mask that it asked for.
        let mut mask = action.sa_mask;
        if action.sa_flags & libc::SA_NODEFER == 0 {
            libc::sigaddset(&mut mask, signal);
        }
        let mut before = MaybeUninit::uninit();
        libc::pthread_sigmask(libc::SIG_BLOCK, &mask, before.as_mut_ptr());
        if action.sa_flags & libc::SA_SIGINFO != 0 {
            let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                mem::transmute(action.sa_sigaction);
            handler(signal, info, ucontext);
        } else {
            let handler: extern "C" fn(c_int) = mem::transmute(action.sa_sigaction);
            handler(signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
    }
}

/// Restores the default action and lets it happen: a fault happens again on return, anything else is sent again.
///
/// # Safety
/// The arguments of a signal handler.
unsafe fn default_action(signal: c_int, info: *const siginfo_t) {
    // SAFETY: `action` is fully initialised.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &action, ptr::null_mut());
        if (*info).si_code <= 0 {
            libc::raise(signal);
        }
    }
}
