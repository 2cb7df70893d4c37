//! Linear memories: reservations of address space ("slots"), the copy-on-write initial image, and the pool that makes
//! creating an instance cheap.
//!
//! A slot holds an instance's state and, directly above it, its linear memory, which grows in place and never moves:
//!
//! ```text
//!   start            base             base + min          base + size           end
//!   | state (rw)     | initial (rw)   | grown (rw)        | reserved (none)     |
//! ```
//!
//! What one instance wrote is never seen by the next one in the same slot: `Slot::reset` is the only way back into the
//! pool, and a slot that cannot be reset is unmapped.

use crate::os;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use plugin_abi::{DataRecord, FLAG_BOUNDS_GUARD, FLAG_MEMORY, Meta, NONE, TrapCode, context};

/// Bytes of a WebAssembly page.
pub const WASM_PAGE: u64 = 64 * 1024;

/// Why there is no memory for an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryError {
    /// The address space cannot hold another reservation.
    AddressSpace {
        /// Bytes asked for.
        bytes: u64,
        /// Whether the code needs the large reservation of `--bounds guard`.
        guard: bool,
        /// What the system said.
        errno: i32,
    },
    /// The initial memory could not be made accessible.
    Commit {
        /// What the system said.
        errno: i32,
    },
    /// The plugin's initial memory is larger than the limit.
    Limit {
        /// Bytes that the plugin starts with.
        minimum: u64,
        /// Bytes that it may have.
        limit: u64,
    },
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AddressSpace { bytes, guard: true, errno } => write!(
                f,
                "cannot reserve {} MiB of address space (errno {errno}): raise `ulimit -v` or the sysctl vm.max_map_count, \
                 or compile the plugin with `--bounds explicit`, which reserves no more than the memory limit",
                bytes >> 20
            ),
            Self::AddressSpace { bytes, guard: false, errno } => write!(
                f,
                "cannot reserve {} MiB of address space (errno {errno}): lower the memory limit of the instance, or raise \
                 `ulimit -v` or the sysctl vm.max_map_count",
                bytes >> 20
            ),
            Self::Commit { errno } => write!(
                f,
                "cannot map the initial memory (errno {errno}): the system is out of memory or has too many mappings; the \
                 sysctl vm.max_map_count may need to be raised"
            ),
            Self::Limit { minimum, limit } => write!(
                f,
                "the plugin starts with {minimum} bytes of memory, the limit is {limit}: raise the memory limit"
            ),
        }
    }
}

impl core::error::Error for MemoryError {}

/// Bytes of segments that are written at once.
const WRITE: usize = 64 * 1024;

/// Zeros that are written between segments rather than skipped.
const GAP: u64 = 256;

/// Ranges of bytes, as long as there are few of them.
#[derive(Default)]
struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// More are not kept: then nothing is known to be free.
    const MOST: usize = 64;

    fn add(&mut self, from: u64, to: u64) {
        if let Some(last) = self.0.last_mut().filter(|last| last.1 == from) {
            last.1 = to;
        } else if from < to && self.0.len() <= Self::MOST {
            self.0.push((from, to));
        }
    }

    /// Whether none of them reaches into this one.
    fn free(&self, from: u64, to: u64) -> bool {
        self.0.len() <= Self::MOST && self.0.iter().all(|r| r.1 <= from || to <= r.0)
    }
}

/// The bytes that a memory starts with, as a file that slots map copy-on-write.
#[derive(Debug)]
struct InitialFile {
    fd: i32,
    /// Where it starts in the linear memory; a multiple of the page size, as is `len`.
    first: u64,
    len: u64,
}

impl InitialFile {
    /// A sealed file with the bytes of the active segments, or `None` where the system gives none.
    fn create(meta: &Meta<'_>, first: u64, len: u64) -> Option<Self> {
        // SAFETY: the name is NUL-terminated.
        let fd = unsafe {
            libc::memfd_create(c"nullvm-initial-memory".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING)
        };
        if fd < 0 {
            return None;
        }
        let file = Self { fd, first, len };
        // SAFETY: a descriptor of our own.
        if unsafe { libc::ftruncate(fd, len as i64) } != 0 {
            return None;
        }
        if !file.write_all(meta) {
            return None;
        }
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
        // SAFETY: a descriptor of our own. A kernel without seals only loses a safety net.
        unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, seals) };
        Some(file)
    }

    /// Writes the active segments in their order, those that follow each other closely in one go: some toolchains make tens of
    /// thousands of a few bytes each. Not through a mapping, where a system without memory answers with a signal.
    fn write_all(&self, meta: &Meta<'_>) -> bool {
        let mut pending = Vec::with_capacity(WRITE);
        let mut at = 0;
        // What has been written, which zeros must not cover.
        let mut written = Ranges::default();
        for d in meta.data.iter().filter(|d| d.active != 0 && d.len > 0) {
            let (offset, bytes) = (u64::from(d.memory_offset) - self.first, segment_bytes(meta, d));
            let end = at + pending.len() as u64;
            let gap = offset.checked_sub(end).filter(|gap| *gap <= GAP && written.free(end, offset));
            match gap {
                Some(gap) if pending.len() + gap as usize + bytes.len() <= WRITE => {
                    pending.resize(pending.len() + gap as usize, 0);
                }
                _ => {
                    if !self.write(at, &pending) {
                        return false;
                    }
                    written.add(at, end);
                    pending.clear();
                    at = offset;
                }
            }
            if bytes.len() > WRITE {
                if !self.write(offset, bytes) {
                    return false;
                }
                at = offset + bytes.len() as u64;
                written.add(offset, at);
            } else {
                pending.extend_from_slice(bytes);
            }
        }
        self.write(at, &pending)
    }

    fn write(&self, mut offset: u64, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            // SAFETY: `bytes` is readable for its length.
            let n = unsafe { libc::pwrite(self.fd, bytes.as_ptr().cast(), bytes.len(), offset as i64) };
            if n <= 0 {
                if n < 0 && os::errno() == libc::EINTR {
                    continue;
                }
                return false;
            }
            offset += n as u64;
            bytes = &bytes[n as usize..];
        }
        true
    }
}

impl Drop for InitialFile {
    fn drop(&mut self) {
        // SAFETY: a descriptor of our own, closed once.
        unsafe { libc::close(self.fd) };
    }
}

/// The bytes of a data segment.
pub(crate) fn segment_bytes<'a>(meta: &Meta<'a>, d: &DataRecord) -> &'a [u8] {
    &meta.data_bytes[d.first as usize..][..d.len as usize]
}

/// What all memories of one plugin have in common.
#[derive(Debug)]
pub(crate) struct MemoryPlan {
    /// Bytes of state below the base.
    state: usize,
    /// Bytes directly below the base that are in use.
    state_used: usize,
    /// Initial bytes.
    pub(crate) min: u64,
    /// Most bytes that the module lets it grow to.
    pub(crate) max: u64,
    /// Whether the code does without bounds checks.
    guard: bool,
    file: Option<InitialFile>,
    /// Whether the segments are copied because there is no file.
    copy: bool,
    /// The trap that instantiation ends with, because a segment does not fit.
    pub(crate) trap: Option<TrapCode>,
}

impl MemoryPlan {
    pub(crate) fn new(meta: &Meta<'_>) -> Self {
        let h = meta.header;
        let has_memory = h.flags & FLAG_MEMORY != 0;
        let min = if has_memory { u64::from(h.memory_min) * WASM_PAGE } else { 0 };
        let max_pages = if h.memory_max == NONE { 65536 } else { h.memory_max.max(h.memory_min) };
        let mut plan = Self {
            state: h.state_size as usize,
            state_used: context::HEADER_SIZE as usize + 16 * (meta.tables.len() + meta.globals.len()),
            min,
            max: if has_memory { u64::from(max_pages) * WASM_PAGE } else { 0 },
            guard: has_memory && h.flags & FLAG_BOUNDS_GUARD != 0,
            file: None,
            copy: false,
            trap: None,
        };
        let page = os::page_size() as u64;
        let (mut first, mut end) = (u64::MAX, 0);
        for d in meta.data.iter().filter(|d| d.active != 0) {
            let (from, to) = (u64::from(d.memory_offset), u64::from(d.memory_offset) + u64::from(d.len));
            if to > min {
                plan.trap = Some(TrapCode::MemoryOutOfBounds);
                return plan;
            }
            if d.len > 0 {
                first = first.min(from / page * page);
                end = end.max(to.next_multiple_of(page));
            }
        }
        if end > 0 {
            plan.file = InitialFile::create(meta, first, end - first);
            plan.copy = plan.file.is_none();
        }
        plan
    }

    /// Most bytes that a memory with this limit may grow to.
    pub(crate) fn capacity(&self, limit: u64) -> Result<u64, MemoryError> {
        let limit = limit / WASM_PAGE * WASM_PAGE;
        if self.min > limit {
            return Err(MemoryError::Limit { minimum: self.min, limit });
        }
        Ok(self.max.min(limit))
    }

    /// Writes what a fresh memory holds, where that is not mapped.
    pub(crate) fn fill(&self, slot: &mut Slot, meta: &Meta<'_>) {
        if !self.copy {
            return;
        }
        for d in meta.data.iter().filter(|d| d.active != 0) {
            let bytes = segment_bytes(meta, d);
            // SAFETY: `new` checked every active segment against `min`, all of which is writable.
            unsafe {
                ptr::copy_nonoverlapping(bytes.as_ptr(), slot.base.add(d.memory_offset as usize), bytes.len())
            };
        }
    }
}

/// A reservation for the state and the linear memory of one instance.
#[derive(Debug)]
pub(crate) struct Slot {
    start: *mut u8,
    len: usize,
    base: *mut u8,
    size: u64,
}

// SAFETY: owns its mapping; nothing about it belongs to a thread.
unsafe impl Send for Slot {}

impl Slot {
    /// Maps a fresh slot that can grow to `capacity` bytes.
    pub(crate) fn new(plan: &MemoryPlan, capacity: u64) -> Result<Self, MemoryError> {
        let memory = if plan.guard { context::GUARD_RESERVATION + context::GUARD_SIZE } else { capacity };
        let len = plan.state + (memory as usize).next_multiple_of(os::page_size());
        // SAFETY: a new mapping, wherever the kernel likes.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(MemoryError::AddressSpace {
                bytes: len as u64,
                guard: plan.guard,
                errno: os::errno(),
            });
        }
        let start = start.cast::<u8>();
        // SAFETY: `state` is less than `len`.
        let slot = Self { start, len, base: unsafe { start.add(plan.state) }, size: plan.min };
        let rw = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: within our own reservation, which nobody uses yet.
        unsafe {
            if libc::mprotect(start.cast(), plan.state + plan.min as usize, rw) != 0 {
                return Err(MemoryError::Commit { errno: os::errno() });
            }
            if let Some(file) = &plan.file {
                let at = slot.base.add(file.first as usize).cast();
                let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
                if libc::mmap(at, file.len as usize, rw, flags, file.fd, 0) == libc::MAP_FAILED {
                    return Err(MemoryError::Commit { errno: os::errno() });
                }
            }
        }
        Ok(slot)
    }

    /// The context pointer.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Whether it can grow to `capacity` bytes.
    pub(crate) fn holds(&self, capacity: u64) -> bool {
        self.base as u64 - self.start as u64 + capacity <= self.len as u64
    }

    /// Makes the memory accessible up to `size`, which is within the capacity. `false` when the system refuses.
    pub(crate) fn grow(&mut self, size: u64) -> bool {
        if size <= self.size {
            return true;
        }
        // SAFETY: within the reservation, whose capacity the caller checked, and above what is in use.
        let ok = unsafe {
            libc::mprotect(
                self.base.add(self.size as usize).cast(),
                (size - self.size) as usize,
                libc::PROT_READ | libc::PROT_WRITE,
            ) == 0
        };
        if ok {
            self.size = size;
        }
        ok
    }

    /// Forgets everything that an instance wrote. `false` when the system refuses; the slot must then not be used again.
    #[must_use]
    pub(crate) fn reset(&mut self, plan: &MemoryPlan) -> bool {
        // SAFETY: all within our own reservation, which no instance uses any more. MADV_DONTNEED gives anonymous pages
        // back as zeros and pages of the private file mapping as the file has them.
        unsafe {
            if self.size > 0 && libc::madvise(self.base.cast(), self.size as usize, libc::MADV_DONTNEED) != 0
            {
                return false;
            }
            if self.size > plan.min {
                let from = self.base.add(plan.min as usize).cast();
                if libc::mprotect(from, (self.size - plan.min) as usize, libc::PROT_NONE) != 0 {
                    return false;
                }
                self.size = plan.min;
            }
            ptr::write_bytes(self.base.sub(plan.state_used), 0, plan.state_used);
        }
        true
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: our own mapping, unmapped once.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

/// Slots of one plugin that wait for their next instance.
#[derive(Debug)]
pub(crate) struct Pool {
    free: os::Mutex<Vec<Slot>>,
    /// Most slots that wait.
    bound: usize,
}

impl Pool {
    pub(crate) const fn new(bound: usize) -> Self {
        Self { free: os::Mutex::new(Vec::new()), bound }
    }

    /// A slot as fresh from [`Slot::new`].
    pub(crate) fn acquire(&self, plan: &MemoryPlan, capacity: u64) -> Result<Slot, MemoryError> {
        let waiting = self.free.lock().pop();
        match waiting {
            Some(slot) if slot.holds(capacity) => Ok(slot),
            // One that is too small for this instance's limit makes room for one that is not.
            _ => Slot::new(plan, capacity),
        }
    }

    /// Takes a slot back.
    pub(crate) fn release(&self, mut slot: Slot, plan: &MemoryPlan) {
        if !slot.reset(plan) {
            return;
        }
        let mut free = self.free.lock();
        if free.len() < self.bound && free.try_reserve(1).is_ok() {
            free.push(slot);
        } else {
            drop(free);
            drop(slot);
        }
    }
}
