//! The right to run a VM.
//!
//! Its worker takes it at every hook, nearly always uncontended; the main thread now and then, and only when it is free. So all of the
//! price is on the main thread's side: the worker says that it runs the VM by a plain store and looks whether the main thread
//! does by a plain load, and the main thread has the kernel order the two on all other processors (`membarrier`) before it
//! relies on what it sees. Only the worker ever waits.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, compiler_fence, fence};
use std::time::Duration;

const FREE: u32 = 0;
const TAKEN: u32 = 1;
/// Taken, and the worker sleeps until it is given back.
const AWAITED: u32 = 2;

/// `linux/membarrier.h`
const MEMBARRIER_PRIVATE_EXPEDITED: i32 = 1 << 3;
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

/// See the module.
#[derive(Debug, Default)]
pub struct Running {
    worker: AtomicBool,
    other: AtomicU32,
}

/// The right, in the worker's hands.
pub struct ByWorker<'a>(&'a Running);

/// The right, in the hands of another thread.
pub struct ByOther<'a>(&'a Running);

/// Whether the kernel does the ordering; it is not there in some sandboxes.
fn asymmetric() -> bool {
    static ASYMMETRIC: OnceLock<bool> = OnceLock::new();
    *ASYMMETRIC.get_or_init(|| membarrier(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED))
}

/// The worker's store before its next load: by the other side's barrier, or by one here.
#[inline]
fn store_before_load() {
    if asymmetric() { compiler_fence(Ordering::SeqCst) } else { fence(Ordering::SeqCst) }
}

fn membarrier(command: i32) -> bool {
    // SAFETY: takes no pointers.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

impl Running {
    /// For the VM's worker. Waits for what the main thread is just doing.
    #[inline]
    pub fn by_worker(&self) -> ByWorker<'_> {
        loop {
            self.worker.store(true, Ordering::Relaxed);
            store_before_load();
            if self.other.load(Ordering::Acquire) == FREE {
                return ByWorker(self);
            }
            self.wait();
        }
    }

    #[cold]
    fn wait(&self) {
        self.worker.store(false, Ordering::Release);
        while self.other.load(Ordering::Relaxed) != FREE {
            let _ = self.other.compare_exchange(TAKEN, AWAITED, Ordering::Relaxed, Ordering::Relaxed);
            // SAFETY: a futex on a word that lives as long as `self`. It returns when the word is another or somebody woke us,
            // which the loop finds out.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.other.as_ptr(),
                    libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                    AWAITED,
                    core::ptr::null::<libc::timespec>(),
                );
            }
        }
    }

    /// For any other thread; `None` while somebody runs the VM.
    pub fn try_other(&self) -> Option<ByOther<'_>> {
        self.other.compare_exchange(FREE, TAKEN, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        let right = ByOther(self);
        if !asymmetric() {
            fence(Ordering::SeqCst);
        } else if !membarrier(MEMBARRIER_PRIVATE_EXPEDITED) {
            return None;
        }
        if self.worker.load(Ordering::Acquire) { None } else { Some(right) }
    }

    /// As [`Self::try_other`], until it succeeds. For loading configurations, which can wait.
    pub fn by_other(&self) -> ByOther<'_> {
        loop {
            if let Some(right) = self.try_other() {
                return right;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

impl Drop for ByWorker<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.worker.store(false, Ordering::Release);
        // Who gives the right back looks for jobs next, which somebody may have left who still saw it taken.
        store_before_load();
    }
}

impl Drop for ByOther<'_> {
    fn drop(&mut self) {
        if self.0.other.swap(FREE, Ordering::Release) == AWAITED {
            // SAFETY: wakes whoever sleeps on the word.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.0.other.as_ptr(),
                    libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                    1,
                )
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::UnsafeCell;

    struct Counted(Running, UnsafeCell<u64>);

    // SAFETY: the number is touched by whoever has the right only; this is what the test is about.
    unsafe impl Sync for Counted {}

    impl Counted {
        /// Not one instruction, so that two at once are seen. The caller has the right.
        fn add(&self) {
            // SAFETY: as said.
            unsafe {
                let now = self.1.get().read_volatile();
                core::hint::spin_loop();
                self.1.get().write_volatile(now + 1);
            }
        }
    }

    #[test]
    fn one_at_a_time_and_nobody_sleeps_for_good() {
        const TIMES: u64 = 3_000_000;
        let counted = Counted(Running::default(), UnsafeCell::new(0));
        let done = AtomicBool::new(false);
        let others = std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let mut times = 0;
                while !done.load(Ordering::Relaxed) {
                    if let Some(_right) = counted.0.try_other() {
                        counted.add();
                        times += 1;
                        if times % 512 == 0 {
                            std::thread::sleep(Duration::from_micros(10));
                        }
                    }
                }
                times
            });
            for _ in 0..TIMES {
                let _right = counted.0.by_worker();
                counted.add();
            }
            done.store(true, Ordering::Relaxed);
            other.join().unwrap()
        });
        drop(counted.0.by_other());
        assert_eq!(counted.1.into_inner(), TIMES + others);
        assert!(others > 0);
    }
}
