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

use crate::image::ImageFile;
use crate::os::{self, File};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use plugin_abi::{DataRecord, FLAG_BOUNDS_GUARD, FLAG_MEMORY, Meta, NONE, TrapCode, context};

pub use plugin_abi::WASM_PAGE;

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

/// Bytes of holes that a file with a plugin's initial memory may have, besides as many as it has bytes.
const SPARSE: u64 = 1 << 20;

/// Most mappings that the initial memory of an instance may take.
const MOST_PARTS: usize = 8;

/// A range of a file that is the start of a range of the memory; all multiples of the page size.
#[derive(Clone, Copy, Debug)]
struct Part {
    memory: u64,
    file: u64,
    len: u64,
}

/// The bytes that a memory starts with, as a file that slots map copy-on-write.
#[derive(Debug)]
struct InitialFile {
    file: File,
    parts: Vec<Part>,
}

impl InitialFile {
    /// The image's own file, when the compiler laid the segments out in pages (`--emit image` does, where that is not much larger).
    fn of_image(image: ImageFile, meta: &Meta<'_>) -> Option<Self> {
        let page = os::page_size() as u64;
        let data = image.meta_offset + u64::from(meta.header.data_bytes.offset);
        let parts: Vec<Part> = active(meta)
            .take(MOST_PARTS + 1)
            .map(|d| Part {
                memory: u64::from(d.memory_offset),
                file: data + u64::from(d.first),
                len: u64::from(d.len),
            })
            .collect();
        let pages = |p: &Part| [p.memory, p.file, p.len].iter().all(|n| n.is_multiple_of(page));
        (parts.len() <= MOST_PARTS && parts.iter().all(pages)).then_some(Self { file: image.file, parts })
    }

    /// A sealed file with the bytes of the active segments, or `None` where the system gives none, and for segments that are far apart:
    /// the file is outside of every instance's limit, and is no larger for what a guest writes or reads than what the plugin brought.
    fn create(meta: &Meta<'_>) -> Option<Self> {
        let page = os::page_size() as u64;
        let first = active(meta).map(|d| u64::from(d.memory_offset)).min()? / page * page;
        let end = active(meta).map(|d| u64::from(d.memory_offset) + u64::from(d.len)).max()?;
        let len = end.next_multiple_of(page) - first;
        let bytes: u64 = active(meta).map(|d| u64::from(d.len)).sum();
        if len > 2 * bytes + SPARSE {
            return None;
        }
        let file = File::memory(c"nullvm-initial-memory")?;
        file.resize(len).ok()?;
        // Not through a mapping, where a system without memory answers with a signal.
        for d in active(meta) {
            file.write_at(segment_bytes(meta, d), u64::from(d.memory_offset) - first).ok()?;
        }
        // A kernel without seals only loses a safety net.
        let _ = file.seal();
        Some(Self { file, parts: vec![Part { memory: first, file: 0, len }] })
    }

    /// Maps it over the start of a fresh memory.
    ///
    /// # Safety
    /// At `base` begins a memory of our own that nobody uses yet, and that holds all active segments.
    unsafe fn map(&self, base: *mut u8) -> Result<(), MemoryError> {
        for part in &self.parts {
            // SAFETY: the caller's promise.
            let mapped = unsafe {
                libc::mmap(
                    base.add(part.memory as usize).cast(),
                    part.len as usize,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_FIXED,
                    self.file.fd(),
                    part.file as libc::off_t,
                )
            };
            if mapped == libc::MAP_FAILED {
                return Err(MemoryError::Commit { errno: os::errno() });
            }
        }
        Ok(())
    }
}

/// The active segments that write something, in their order.
fn active<'a>(meta: &Meta<'a>) -> impl Iterator<Item = &'a DataRecord> + use<'a> {
    meta.data.iter().filter(|d| d.active != 0 && d.len > 0)
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
    /// Whether the segments are copied into each instance because there is no file.
    copy: bool,
    /// The trap that instantiation ends with, because a segment does not fit.
    pub(crate) trap: Option<TrapCode>,
}

impl MemoryPlan {
    /// `image`: the file that the metadata is mapped from, if it is.
    pub(crate) fn new(meta: &Meta<'_>, image: Option<ImageFile>) -> Self {
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
        let outside = |d: &&DataRecord| u64::from(d.memory_offset) + u64::from(d.len) > min;
        if meta.data.iter().filter(|d| d.active != 0).any(|d| outside(&d)) {
            plan.trap = Some(TrapCode::MemoryOutOfBounds);
        } else if active(meta).next().is_some() {
            plan.file =
                image.and_then(|i| InitialFile::of_image(i, meta)).or_else(|| InitialFile::create(meta));
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
        for d in active(meta) {
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
                file.map(slot.base)?;
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
