//! Many copies of the shim in one process: one signal handler for all of them.
//!
//! A process that loads many shared objects with a shim inside would have a handler of each in line, each handing on to others
//! that hand on to it; and whoever is in between (V8) would take itself and some of them away. Therefore the copy whose object
//! the dynamic linker lists first has the only handler, and asks every other one whether a fault is its own. The copies
//! find each other by a note in their objects. Objects must not be unloaded once they had an instance, or another copy
//! had one: link them with `-z nodelete`.

use super::signal;
use crate::os::Mutex;
use core::arch::global_asm;
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use libc::{dl_phdr_info, siginfo_t, ucontext_t};

/// A copy of the shim, in the list of the first.
#[repr(C)]
struct Member {
    guest_trap: unsafe extern "C" fn(c_int, *const siginfo_t, *mut ucontext_t) -> bool,
    next: AtomicPtr<Member>,
}

/// What the first copy has for all of them.
#[repr(C)]
struct Head {
    /// Those that may have guests. Never leave.
    members: AtomicPtr<Member>,
    /// [`signal::ensure_own`] of that copy; an `errno`, or 0.
    ensure_handlers: extern "C" fn(u32) -> c_int,
}

static OWN: Member = Member { guest_trap: signal::guest_trap, next: AtomicPtr::new(ptr::null_mut()) };

static HEAD: Head = Head { members: AtomicPtr::new(ptr::null_mut()), ensure_handlers };

/// The head of the process once this copy is a member.
static FIRST: AtomicPtr<Head> = AtomicPtr::new(ptr::null_mut());

/// Taken while this copy becomes a member.
static JOIN: Mutex<()> = Mutex::new(());

extern "C" fn ensure_handlers(flags: u32) -> c_int {
    signal::ensure_own(flags).err().unwrap_or(0)
}

/// Owner of the note, and the type that stands for the layout of [`Member`] and [`Head`].
const OWNER: &[u8; 15] = b"nullvm-signals\0";
const LAYOUT: u32 = 1;

// Its content is the distance from itself to the head.
global_asm!(
    ".pushsection .note.nullvm.signals,\"a\",@note",
    ".balign 4",
    ".long {owner_len}",
    ".long 4",
    ".long {layout}",
    ".asciz \"nullvm-signals\"",
    ".balign 4",
    ".long {head} - .",
    ".popsection",
    owner_len = const OWNER.len(),
    layout = const LAYOUT,
    head = sym HEAD,
);

/// Whether a member takes the fault.
///
/// # Safety
/// The arguments of a signal handler.
pub(super) unsafe fn take(signal: c_int, info: *const siginfo_t, ucontext: *mut ucontext_t) -> bool {
    let mut next = HEAD.members.load(Ordering::Acquire);
    // SAFETY: members stay.
    while let Some(member) = unsafe { next.as_ref() } {
        // SAFETY: the caller's promise.
        if unsafe { (member.guest_trap)(signal, info, ucontext) } {
            return true;
        }
        next = member.next.load(Ordering::Acquire);
    }
    false
}

/// Has the first copy put its handler on top.
pub(super) fn ensure_handlers_of_first(flags: u32) -> Result<(), i32> {
    let first = match FIRST.load(Ordering::Acquire) {
        joined if joined.is_null() => join(),
        joined => joined,
    };
    // SAFETY: the first copy stays.
    match unsafe { ((*first).ensure_handlers)(flags) } {
        0 => Ok(()),
        errno => Err(errno),
    }
}

#[cold]
fn join() -> *mut Head {
    let mut first: *mut Head = ptr::null_mut();
    // Without our lock: the dynamic linker has its own.
    // SAFETY: `visit` gets the pointer that it expects.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut first).cast()) };
    if first.is_null() {
        first = (&raw const HEAD).cast_mut();
    }
    let _lock = JOIN.lock();
    if FIRST.load(Ordering::Acquire).is_null() {
        // SAFETY: a head of this layout, which stays.
        let members = unsafe { &(*first).members };
        let own = (&raw const OWN).cast_mut();
        let mut newest = members.load(Ordering::Acquire);
        loop {
            OWN.next.store(newest, Ordering::Release);
            match members.compare_exchange(newest, own, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(other) => newest = other,
            }
        }
        FIRST.store(first, Ordering::Release);
    }
    FIRST.load(Ordering::Acquire)
}

/// Stops at the first object with our note, and stores where its head is.
unsafe extern "C" fn visit(info: *mut dl_phdr_info, _size: usize, found: *mut c_void) -> c_int {
    // SAFETY: the dynamic linker's description of an object that is loaded; notes are within its memory.
    unsafe {
        let info = &*info;
        if info.dlpi_phdr.is_null() {
            return 0;
        }
        let headers = core::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
        let inside = |at: u64, len: u64| {
            headers
                .iter()
                .any(|h| h.p_type == libc::PT_LOAD && at >= h.p_vaddr && at + len <= h.p_vaddr + h.p_filesz)
        };
        for header in headers.iter().filter(|h| h.p_type == libc::PT_NOTE && inside(h.p_vaddr, h.p_memsz)) {
            let start = (info.dlpi_addr + header.p_vaddr) as *const u8;
            let bytes = core::slice::from_raw_parts(start, header.p_memsz as usize);
            if let Some(content) = content(bytes, header.p_align) {
                let at = content.as_ptr();
                let distance = at.cast::<i32>().read_unaligned() as isize;
                *found.cast::<*mut Head>() = at.offset(distance).cast_mut().cast();
                return 1;
            }
        }
        0
    }
}

/// The content of our note among others.
fn content(mut notes: &[u8], align: u64) -> Option<&[u8]> {
    let align = if align == 8 { 8 } else { 4 };
    while notes.len() >= 12 {
        let word = |i: usize| u32::from_le_bytes([notes[i], notes[i + 1], notes[i + 2], notes[i + 3]]);
        let (owner_len, len, layout) = (word(0) as usize, word(4) as usize, word(8));
        let at = (12 + owner_len).next_multiple_of(align);
        let content = notes.get(at..at + len)?;
        if notes[12..].starts_with(OWNER) && owner_len == OWNER.len() && layout == LAYOUT && len == 4 {
            return Some(content);
        }
        notes = notes.get((at + len).next_multiple_of(align)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_one_copy() {
        assert!(core::ptr::eq(join(), &raw const HEAD));
        assert!(core::ptr::eq(join(), &raw const HEAD));
        // Joined once.
        assert!(core::ptr::eq(HEAD.members.load(Ordering::SeqCst), &raw const OWN));
        assert!(OWN.next.load(Ordering::SeqCst).is_null());
    }

    #[test]
    fn notes_are_found_among_others() {
        let note = |owner: &[u8], layout: u32, content: &[u8]| {
            let mut bytes = std::vec::Vec::new();
            for word in [owner.len() as u32, content.len() as u32, layout] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            for part in [owner, content] {
                bytes.extend_from_slice(part);
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
            bytes
        };
        let other = note(b"GNU\0", 3, &[7; 21]);
        let newer = note(OWNER, LAYOUT + 1, &[2; 4]);
        let ours = note(OWNER, LAYOUT, &[1; 4]);
        assert_eq!(content(&[other.clone(), newer.clone(), ours.clone()].concat(), 4), Some(&[1; 4][..]));
        assert_eq!(content(&[other.clone(), newer].concat(), 4), None);
        // Damaged ones are passed over.
        for len in 0..ours.len() {
            assert_eq!(content(&ours[..len], 4), None);
        }
        assert_eq!(content(&[0xff; 40], 4), None);
        assert_eq!(content(&other, 8), None);
    }
}
