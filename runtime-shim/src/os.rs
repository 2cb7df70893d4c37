//! What the shim asks of the operating system besides memory and signals: a lock, files in memory, the page size, a thread's
//! stack.
//!
//! Never takes a lock in code that a signal handler runs.

use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// `errno` of the calling thread.
pub(crate) fn errno() -> i32 {
    // SAFETY: always a valid pointer to the thread's own variable.
    unsafe { *libc::__errno_location() }
}

/// Bytes of a page.
pub(crate) fn page_size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    match SIZE.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: no preconditions.
            let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
            SIZE.store(size, Ordering::Relaxed);
            size
        }
        size => size,
    }
}

/// An open file. Closed when dropped.
#[derive(Debug)]
pub(crate) struct File(i32);

impl File {
    /// An empty file in memory, which nobody else has a name for; `None` where the kernel has none.
    pub(crate) fn memory(name: &CStr) -> Option<Self> {
        /// Kernels from 6.3 on want to be told whether the file may be run.
        const MFD_EXEC: u32 = 0x10;
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        // A system call and not the C library's function, which is not in all of them.
        let create = |flags: u32| {
            // SAFETY: the name is NUL-terminated.
            unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), flags) as i32 }
        };
        let fd = create(flags | MFD_EXEC);
        let fd = if fd < 0 && errno() == libc::EINVAL { create(flags) } else { fd };
        (fd >= 0).then_some(Self(fd))
    }

    /// Another descriptor of an open file; `None` when the process has no more.
    pub(crate) fn duplicate(fd: i32) -> Option<Self> {
        // SAFETY: no preconditions.
        let fd = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        (fd >= 0).then_some(Self(fd))
    }

    /// Its descriptor.
    pub(crate) fn fd(&self) -> i32 {
        self.0
    }

    /// Makes it `len` bytes long.
    ///
    /// # Errors
    /// `errno`.
    pub(crate) fn resize(&self, len: u64) -> Result<(), i32> {
        // SAFETY: a descriptor of our own.
        if unsafe { libc::ftruncate(self.0, len as libc::off_t) } != 0 { Err(errno()) } else { Ok(()) }
    }

    /// Writes bytes, all of them, from an offset on.
    ///
    /// # Errors
    /// `errno`.
    pub(crate) fn write_at(&self, mut bytes: &[u8], mut offset: u64) -> Result<(), i32> {
        while !bytes.is_empty() {
            // SAFETY: `bytes` is readable for its length.
            match unsafe { libc::pwrite(self.0, bytes.as_ptr().cast(), bytes.len(), offset as libc::off_t) } {
                written @ 1.. => {
                    bytes = bytes.get(written as usize..).unwrap_or_default();
                    offset += written as u64;
                }
                0 => return Err(libc::ENOSPC),
                _ if errno() == libc::EINTR => {}
                _ => return Err(errno()),
            }
        }
        Ok(())
    }

    /// From now on nobody can change it, not even we.
    ///
    /// # Errors
    /// `errno`.
    pub(crate) fn seal(&self) -> Result<(), i32> {
        self.add_seals(if future_writes_can_be_sealed() {
            libc::F_SEAL_FUTURE_WRITE
        } else {
            libc::F_SEAL_WRITE
        })
    }

    fn add_seals(&self, against_writing: i32) -> Result<(), i32> {
        let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | against_writing;
        // SAFETY: a descriptor of our own.
        if unsafe { libc::fcntl(self.0, libc::F_ADD_SEALS, seals) } != 0 { Err(errno()) } else { Ok(()) }
    }
}

/// Whether `F_SEAL_FUTURE_WRITE` does here what `F_SEAL_WRITE` does for files that were never mapped writable, without a look at every page
/// of them. Not so in gVisor, which takes it and seals nothing, and in Linux 5.1 to 5.4, which then refuses to make private mappings
/// writable: so it is tried, once per process.
fn future_writes_can_be_sealed() -> bool {
    const YES: u32 = 1;
    const NO: u32 = 2;
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    match KNOWN.load(Ordering::Relaxed) {
        0 => {
            let holds = try_to_seal_future_writes();
            KNOWN.store(if holds { YES } else { NO }, Ordering::Relaxed);
            holds
        }
        known => known == YES,
    }
}

fn try_to_seal_future_writes() -> bool {
    let page = page_size();
    let Some(file) = File::memory(c"nullvm-probe") else { return false };
    if file.resize(page as u64).is_err() || file.add_seals(libc::F_SEAL_FUTURE_WRITE).is_err() {
        return false;
    }
    let map = |protection, flags| {
        // SAFETY: a new mapping of a file of our own, wherever the kernel likes.
        let at = unsafe { libc::mmap(core::ptr::null_mut(), page, protection, flags, file.fd(), 0) };
        (at != libc::MAP_FAILED).then_some(at)
    };
    let read_write = libc::PROT_READ | libc::PROT_WRITE;
    let shared = map(read_write, libc::MAP_SHARED);
    let private = map(libc::PROT_READ, libc::MAP_PRIVATE);
    // SAFETY: our own mappings, which nobody else knows of.
    unsafe {
        let changeable = private.is_some_and(|at| libc::mprotect(at, page, read_write) == 0);
        for at in [shared, private].into_iter().flatten() {
            libc::munmap(at, page);
        }
        shared.is_none() && changeable && file.write_at(b"x", 0).is_err()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: a descriptor of our own, closed once.
        unsafe { libc::close(self.0) };
    }
}

/// Sleeps while `word` holds `value`, at most `timeout`.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, timeout: Option<&libc::timespec>) {
    let timeout = timeout.map_or(core::ptr::null(), |t| t as *const libc::timespec);
    // SAFETY: FUTEX_WAIT reads the word and the timeout, both alive.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            value,
            timeout,
        )
    };
}

/// Wakes one thread that sleeps on `word`.
pub(crate) fn futex_wake(word: &AtomicU32) {
    // SAFETY: FUTEX_WAKE uses the address as a key only.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1) };
}

/// A mutual exclusion lock: 0 free, 1 taken, 2 taken and somebody sleeps.
#[derive(Debug)]
pub(crate) struct Mutex<T> {
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the lock lets one thread at a time at the value.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: as for the value.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { word: AtomicU32::new(0), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        if self.word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            self.lock_contended();
        }
        Guard(self)
    }

    #[cold]
    fn lock_contended(&self) {
        while self.word.swap(2, Ordering::Acquire) != 0 {
            futex_wait(&self.word, 2, None);
        }
    }
}

/// A taken lock.
pub(crate) struct Guard<'a, T>(&'a Mutex<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is taken.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is taken, and the guard is borrowed exclusively.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if self.0.word.swap(0, Ordering::Release) == 2 {
            futex_wake(&self.0.word);
        }
    }
}

/// Lowest and highest address of the calling thread's stack, where the system tells.
pub(crate) fn thread_stack() -> Option<(usize, usize)> {
    let mut attributes = core::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut low = core::ptr::null_mut();
    let mut size = 0;
    // SAFETY: `attributes` is initialised by the first call before the others read it, and destroyed.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let result = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        if result != 0 {
            return None;
        }
    }
    Some((low as usize, low as usize + size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With either seal: nobody writes any more, and a private mapping may be made writable, which the file does not see.
    #[test]
    fn sealed_is_sealed() {
        for seal in [libc::F_SEAL_WRITE, libc::F_SEAL_FUTURE_WRITE] {
            let file = File::memory(c"nullvm-test").unwrap();
            file.write_at(b"before", 0).unwrap();
            if file.add_seals(seal).is_err() {
                assert!(!future_writes_can_be_sealed());
                continue;
            }
            assert_eq!(file.write_at(b"after", 0), Err(libc::EPERM));
            assert!(file.resize(1).is_err() && file.resize(100).is_err());
            assert!(file.add_seals(libc::F_SEAL_WRITE).is_err());
            // SAFETY: a mapping of our own, private or refused.
            unsafe {
                let page = page_size();
                let rw = libc::PROT_READ | libc::PROT_WRITE;
                let map =
                    |flags| libc::mmap(core::ptr::null_mut(), page, rw, flags, file.fd(), 0).cast::<u8>();
                assert_eq!(map(libc::MAP_SHARED).cast(), libc::MAP_FAILED);
                let (one, two) = (map(libc::MAP_PRIVATE), map(libc::MAP_PRIVATE));
                one.write(b'x');
                assert_eq!((one.read(), two.read()), (b'x', b'b'));
                libc::munmap(one.cast(), page);
                libc::munmap(two.cast(), page);
            }
        }
    }
}
