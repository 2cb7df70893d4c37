//! Ticks: one thread for all root contexts of the process, that sleeps until the next one is due and tells the main thread.

use crate::lock;
use crate::main_thread::{Mailbox, MainJob};
use crate::vm::Vm;
use std::sync::{Condvar, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

struct Timer {
    vm: Weak<Vm>,
    root: u32,
    period: Duration,
    due: Instant,
    main: Mailbox,
}

#[derive(Default)]
struct Timers {
    list: Mutex<Vec<Timer>>,
    changed: Condvar,
}

fn timers() -> &'static Timers {
    static TIMERS: OnceLock<&'static Timers> = OnceLock::new();
    TIMERS.get_or_init(|| {
        let timers: &'static Timers = Box::leak(Box::default());
        // Without the thread there are no ticks; nothing else depends on it.
        let started = std::thread::Builder::new().name("nullvm-timer".to_owned()).spawn(move || run(timers));
        if let Err(error) = started {
            crate::log::error(&format!("nullvm: no thread for timers, plugins get no ticks: {error}"));
        }
        timers
    })
}

/// Starts, changes or (with 0) stops the timer of a root context.
pub fn set(vm: &Weak<Vm>, root: u32, period_ms: u32, main: &Mailbox) {
    let timers = timers();
    let mut list = lock(&timers.list);
    list.retain(|t| !(t.root == root && Weak::ptr_eq(&t.vm, vm)));
    if period_ms > 0 {
        let period = Duration::from_millis(u64::from(period_ms));
        let due = Instant::now() + period;
        list.push(Timer { vm: vm.clone(), root, period, due, main: main.clone() });
        timers.changed.notify_one();
    }
}

/// Stops the timer of a root context.
pub fn clear(vm: &Vm, root: u32) {
    lock(&timers().list).retain(|t| !(t.root == root && std::ptr::eq(t.vm.as_ptr(), vm)));
}

fn run(timers: &Timers) {
    // Signals are for the threads of the proxy.
    // SAFETY: sets the mask of this thread.
    unsafe {
        let mut all: libc::sigset_t = core::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, core::ptr::null_mut());
    }
    let mut list = lock(&timers.list);
    loop {
        let now = Instant::now();
        list.retain(|t| t.vm.strong_count() > 0);
        for timer in list.iter_mut().filter(|t| t.due <= now) {
            timer.due = now + timer.period;
            timer.main.post(MainJob::Tick(timer.vm.clone(), timer.root));
        }
        let next = list.iter().map(|t| t.due).min();
        list = match next {
            Some(due) => {
                let wait = due.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
                match timers.changed.wait_timeout(list, wait) {
                    Ok((list, _)) => list,
                    Err(e) => e.into_inner().0,
                }
            }
            None => timers.changed.wait(list).unwrap_or_else(std::sync::PoisonError::into_inner),
        };
    }
}
