//! Where the code of plugins lies: what the signal handler can ask without the thread's variables.
//!
//! A list whose nodes are never freed, only used again, so that the handler can walk it at any time. A plugin is in it before
//! any thread runs its code and until none does. What the handler reads while others change a node may be of use to nobody, but
//! it is never about code that the interrupted thread runs.

use crate::os::Mutex;
use alloc::boxed::Box;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

#[derive(Debug)]
struct Node {
    start: AtomicUsize,
    /// 0 when the node is free.
    end: AtomicUsize,
    next: *const Node,
}

static NEWEST: AtomicPtr<Node> = AtomicPtr::new(ptr::null_mut());

/// Taken by those who change the list, never by the handler.
static CHANGE: Mutex<()> = Mutex::new(());

fn nodes() -> impl Iterator<Item = &'static Node> {
    let mut next = NEWEST.load(Ordering::SeqCst).cast_const();
    core::iter::from_fn(move || {
        // SAFETY: nodes are never freed.
        let node = unsafe { next.as_ref() }?;
        next = node.next;
        Some(node)
    })
}

/// Whether an address is in the code of a plugin. Safe in signal handlers.
pub(super) fn is_known(pc: usize) -> bool {
    nodes().any(|node| {
        let end = node.end.load(Ordering::SeqCst);
        // The end once more: it is taken away before the start changes.
        pc < end && pc >= node.start.load(Ordering::SeqCst) && node.end.load(Ordering::SeqCst) == end
    })
}

/// A plugin's code, known to the signal handler until it is dropped.
#[derive(Debug)]
pub(crate) struct KnownText(&'static Node);

impl KnownText {
    pub(crate) fn new(start: usize, len: usize) -> Self {
        let _lock = CHANGE.lock();
        if let Some(free) = nodes().find(|n| n.end.load(Ordering::SeqCst) == 0) {
            free.start.store(start, Ordering::SeqCst);
            free.end.store(start + len, Ordering::SeqCst);
            return Self(free);
        }
        let node = Box::leak(Box::new(Node {
            start: AtomicUsize::new(start),
            end: AtomicUsize::new(start + len),
            next: NEWEST.load(Ordering::SeqCst),
        }));
        NEWEST.store(node, Ordering::SeqCst);
        Self(node)
    }
}

impl Drop for KnownText {
    fn drop(&mut self) {
        let _lock = CHANGE.lock();
        self.0.end.store(0, Ordering::SeqCst);
    }
}

// SAFETY: only atomics change.
unsafe impl Sync for Node {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_until_dropped() {
        // Addresses that no code has.
        let at = 1 << 60;
        let one = KnownText::new(at, 100);
        let two = KnownText::new(at + 1000, 100);
        let known = |offset: usize| is_known(at + offset);
        assert!(known(0) && known(99) && known(1000) && known(1099));
        assert!(!is_known(at - 1) && !known(100) && !known(999) && !known(1100) && !is_known(0));
        drop(one);
        assert!(!known(0) && !known(99) && known(1000));
        let count = nodes().count();
        let one = KnownText::new(at + 5000, 10);
        assert!(known(5009) && !known(5010) && !known(0));
        assert!(nodes().count() <= count, "a free node is used again");
        drop((one, two));
        assert!(!known(1000) && !known(5000));
    }
}
