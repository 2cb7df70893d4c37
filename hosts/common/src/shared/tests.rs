use super::exchange::{Exchange, ExchangeError};
use super::*;
use crate::lock;
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The store, and the same one as another module sees it.
fn both(limits: Limits) -> [SharedStore; 2] {
    let here = SharedStore::local(limits);
    // SAFETY: a table of this module, which stays.
    let there = unsafe { SharedStore::from_exchange(here.exchange().cast()) }.unwrap();
    assert!(here.is_local() && !there.is_local());
    [here, there]
}

/// A store, and the view of another one from outside.
fn each(limits: Limits) -> [SharedStore; 2] {
    let [here, _] = both(limits);
    let [_, there] = both(limits);
    [here, there]
}

fn silent() -> QueueNotifier {
    Arc::new(|_| ())
}

#[test]
fn compare_and_swap() {
    for shared in each(Limits::default()) {
        assert_eq!(shared.get("v", b"k"), None);
        assert_eq!(shared.set("v", b"k", b"1", 0), Status::Ok);
        let (value, cas) = shared.get("v", b"k").unwrap();
        assert_eq!(value, b"1");
        assert_ne!(cas, 0);
        assert_eq!(shared.set("v", b"k", b"2", cas + 1), Status::CasMismatch);
        assert_eq!(shared.set("v", b"k", b"2", cas), Status::Ok);
        assert_eq!(shared.set("v", b"k", b"3", cas), Status::CasMismatch);
        assert_eq!(shared.set("v", b"k", b"", 0), Status::Ok);
        assert_eq!(shared.get("v", b"k").unwrap().0, b"", "an empty value is a value");
        assert_eq!(shared.set("v", b"new", b"4", 77), Status::Ok, "nothing there that could mismatch");
        assert_eq!(shared.get("w", b"k"), None, "other VM ids see nothing");
        assert_eq!(shared.set("v", b"", b"empty key", 0), Status::Ok);
        assert_eq!(shared.get("v", b"").unwrap().0, b"empty key");
    }
}

#[test]
fn both_views_are_one_store() {
    let [here, there] = both(Limits::default());
    assert_eq!(there.set("v", b"k", b"1", 0), Status::Ok);
    let (value, cas) = here.get("v", b"k").unwrap();
    assert_eq!((value.as_slice(), Some(cas)), (&b"1"[..], there.get("v", b"k").map(|(_, cas)| cas)));
    assert_eq!(there.set("v", b"k", b"2", cas + 1), Status::CasMismatch);
    assert_eq!(there.set("v", b"k", b"2", cas), Status::Ok);
    assert_eq!((there.get("v", b"k").unwrap().0, there.get("w", b"k")), (b"2".to_vec(), None));
    assert_ne!(here.owner(), there.owner());

    let token = there.register_queue("v", b"q", there.owner(), silent()).unwrap();
    assert_ne!(token, 0);
    assert_eq!(here.resolve_queue("v", b"q"), Some(token));
    assert_eq!(there.resolve_queue("v", b"q"), Some(token));
    assert_eq!((here.resolve_queue("w", b"q"), there.resolve_queue("w", b"q")), (None, None));
    assert_eq!(here.enqueue(token, b"a"), Status::Ok);
    assert_eq!(there.enqueue(token, b""), Status::Ok);
    assert_eq!(there.dequeue(token), Ok(b"a".to_vec()));
    assert_eq!(here.dequeue(token), Ok(Vec::new()));
    assert_eq!(there.dequeue(token), Err(Status::Empty));
    for shared in [here, there] {
        assert_eq!(shared.dequeue(99), Err(Status::NotFound));
        assert_eq!(shared.enqueue(99, b"x"), Status::NotFound);
    }
}

#[test]
fn queues_notify_the_last_registration() {
    for shared in each(Limits::default()) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notify = |id: u32| -> QueueNotifier {
            let (seen, shared) = (seen.clone(), shared.clone());
            // It may come back into the store: nothing is locked.
            Arc::new(move |token| lock(&seen).push((id, token, shared.resolve_queue("v", b"q"))))
        };
        let (one, two) = (shared.owner(), shared.owner());
        let token = shared.register_queue("v", b"q", one, notify(1)).unwrap();
        assert_eq!(shared.enqueue(token, b"a"), Status::Ok);
        assert_eq!(shared.register_queue("v", b"q", two, notify(2)), Ok(token));
        assert_eq!(shared.enqueue(token, b"b"), Status::Ok);
        shared.unregister(one);
        assert_eq!(shared.enqueue(token, b"c"), Status::Ok);
        shared.unregister(two);
        assert_eq!(shared.enqueue(token, b"d"), Status::Ok, "the queue is there without an owner");
        assert_eq!(*lock(&seen), [(1, token, Some(token)), (2, token, Some(token)), (2, token, Some(token))]);
        assert_eq!(shared.dequeue(token), Ok(b"a".to_vec()));
        assert_eq!(shared.register_queue("v", b"q", shared.owner(), notify(3)), Ok(token));
        assert_eq!(shared.dequeue(token), Ok(b"b".to_vec()), "items stay");
    }
}

/// Notes when it is dropped.
struct Noted(Arc<AtomicUsize>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn notifiers_are_released_once() {
    for shared in each(Limits { bytes: 1000, ..Limits::default() }) {
        let dropped = Arc::new(AtomicUsize::new(0));
        let notify = || -> QueueNotifier {
            let noted = Noted(dropped.clone());
            Arc::new(move |_| assert_eq!(noted.0.load(Ordering::SeqCst), 0, "called after its end"))
        };
        let owner = shared.owner();
        let token = shared.register_queue("v", b"q", owner, notify()).unwrap();
        assert_eq!(shared.enqueue(token, b"x"), Status::Ok);
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        shared.unregister(owner);
        shared.unregister(owner);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        // Refused: released as well.
        let refused = shared.register_queue("v", &[0; 2000], owner, notify());
        assert_eq!(refused, Err(Status::InternalFailure));
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
    }
}

/// An owner that goes away inside its own notification, and another thread's, does no harm.
#[test]
fn unregistering_while_notified() {
    let [here, there] = both(Limits::default());
    let owner = there.owner();
    let again = there.clone();
    let token = there.register_queue("v", b"q", owner, Arc::new(move |_| again.unregister(owner))).unwrap();
    assert_eq!(here.enqueue(token, b"x"), Status::Ok);

    let calls = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..2000).for_each(|_| assert_eq!(here.enqueue(token, b"y"), Status::Ok)));
        }
        for _ in 0..500 {
            let (owner, calls) = (there.owner(), calls.clone());
            let notify: QueueNotifier = Arc::new(move |_| {
                calls.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(there.register_queue("v", b"q", owner, notify), Ok(token));
            there.unregister(owner);
        }
    });
    let left = std::iter::from_fn(|| there.dequeue(token).ok()).count();
    assert_eq!(left, 8001);
}

#[test]
fn increments_of_many_threads_are_all_counted() {
    let [here, there] = both(Limits::default());
    here.set("v", b"n", &[0; 4], 0);
    std::thread::scope(|scope| {
        for shared in [&here, &there, &here, &there] {
            scope.spawn(move || {
                for _ in 0..500 {
                    let increment = || {
                        let (value, cas) = shared.get("v", b"n").unwrap();
                        let n = u32::from_le_bytes(value.try_into().unwrap()) + 1;
                        shared.set("v", b"n", &n.to_le_bytes(), cas)
                    };
                    while increment() != Status::Ok {}
                }
            });
        }
    });
    assert_eq!(there.get("v", b"n").unwrap().0, 2000u32.to_le_bytes());
}

#[test]
fn a_vm_id_takes_no_more_than_its_share() {
    for shared in each(Limits { bytes: 10_000, vm_ids: 2 }) {
        let (fits, large) = (vec![1; 6000], vec![2; 10_000]);
        assert_eq!(shared.set("a", b"k", &large, 0), Status::InternalFailure);
        assert_eq!(shared.set("a", b"k", &fits, 0), Status::Ok);
        assert_eq!(shared.set("a", b"k", &fits, 0), Status::Ok, "in place of the old one");
        assert_eq!(shared.set("a", b"other", &fits, 0), Status::InternalFailure);
        assert_eq!(shared.get("a", b"k").map(|(value, _)| value), Some(fits.clone()), "unchanged");
        // Queues count too, and what is taken out is free again.
        let token = shared.register_queue("a", b"q", shared.owner(), silent()).unwrap();
        assert_eq!(shared.enqueue(token, &[0; 3000]), Status::Ok);
        assert_eq!(shared.enqueue(token, &[0; 3000]), Status::InternalFailure);
        assert!(shared.dequeue(token).is_ok());
        assert_eq!(shared.enqueue(token, &[0; 3000]), Status::Ok);
        let empty = (0..1000).take_while(|_| shared.enqueue(token, b"") == Status::Ok).count();
        assert!(empty < 100, "items of no bytes are not free");
        let tokens = (0..1000u32)
            .take_while(|i| shared.register_queue("a", &i.to_le_bytes(), shared.owner(), silent()).is_ok())
            .count();
        assert!(tokens < 100, "nor are queues");
        assert_eq!(shared.set("a", b"k", b"", 0), Status::Ok, "smaller is always possible");
        assert_eq!(shared.set("b", b"k", &fits, 0), Status::Ok, "other VM ids have their own");
        assert_eq!(shared.set("c", b"k", b"", 0), Status::InternalFailure);
        assert!(shared.register_queue("c", b"q", shared.owner(), silent()).is_err());
    }
}

/// A registry of pointers, as Envoy has one.
#[derive(Default)]
struct Registry(Mutex<Vec<(String, usize)>>);

impl Registry {
    fn lookup(&self, key: &str) -> Option<*const c_void> {
        lock(&self.0).iter().rev().find(|(k, _)| k == key).map(|(_, p)| *p as *const c_void)
    }

    fn register(&self, key: &str, pointer: *const c_void) -> bool {
        lock(&self.0).push((key.to_owned(), pointer as usize));
        true
    }

    fn join(&self) -> (SharedStore, Option<ExchangeError>) {
        // SAFETY: all tables are of this module, or have no mark.
        unsafe { SharedStore::join(Limits::default(), |k| self.lookup(k), |k, p| self.register(k, p)) }
    }
}

#[test]
fn modules_join_the_first_ones_store() {
    let registry = Registry::default();
    let (first, error) = registry.join();
    assert!(error.is_none() && first.is_local());
    let (second, error) = registry.join();
    assert!(error.is_none() && !second.is_local());
    assert_eq!(lock(&registry.0).len(), 1);
    second.set("v", b"k", b"1", 0);
    assert_eq!(first.get("v", b"k").unwrap().0, b"1");
    assert_eq!(second.exchange(), first_table(&registry), "a joined store passes the same table on");
}

fn first_table(registry: &Registry) -> *const Exchange {
    registry.lookup(exchange::KEY).unwrap().cast()
}

#[test]
fn a_lost_race_uses_the_winners_store() {
    let registry = Registry::default();
    let winner = SharedStore::default();
    winner.set("v", b"k", b"winner", 0);
    // SAFETY: as above.
    let (store, error) = unsafe {
        SharedStore::join(
            Limits::default(),
            |k| registry.lookup(k),
            |k, p| registry.register(k, p) && registry.register(k, winner.exchange().cast()),
        )
    };
    assert_eq!((error, store.get("v", b"k").map(|(v, _)| v)), (None, Some(b"winner".to_vec())));
}

#[test]
fn other_tables_are_refused() {
    let table = SharedStore::default().exchange();
    let with = |at: usize, value: u32| {
        let words = size_of::<Exchange>() / 4;
        let mut copy: Vec<u64> = vec![0; words.div_ceil(2)];
        // SAFETY: both are as long as a table.
        unsafe { std::ptr::copy_nonoverlapping(table.cast::<u32>(), copy.as_mut_ptr().cast(), words) };
        // SAFETY: inside of the copy.
        unsafe { copy.as_mut_ptr().cast::<u32>().add(at).write(value) };
        // SAFETY: what is read of it is there.
        unsafe { SharedStore::from_exchange(copy.as_ptr().cast()) }.map(drop)
    };
    assert_eq!(with(0, 1), Err(ExchangeError::NoTable));
    assert_eq!(with(2, 2), Err(ExchangeError::Version { found: 2 }));
    assert_eq!(with(3, 64), Err(ExchangeError::Size { found: 64 }));
    // SAFETY: neither is read.
    let (null, odd) = unsafe {
        (
            SharedStore::from_exchange(std::ptr::null()),
            SharedStore::from_exchange(table.cast::<u8>().add(1).cast()),
        )
    };
    assert!(matches!((null, odd), (Err(ExchangeError::NoTable), Err(ExchangeError::NoTable))));

    let registry = Registry::default();
    let stray = [0u64; 2];
    registry.register(exchange::KEY, stray.as_ptr().cast());
    let (store, error) = registry.join();
    assert_eq!((store.is_local(), error), (true, Some(ExchangeError::NoTable)));
    assert_eq!(store.set("v", b"k", b"", 0), Status::Ok, "and it works alone");
    // SAFETY: nothing is looked up.
    let (store, error) = unsafe { SharedStore::join(Limits::default(), |_| None, |_, _| false) };
    assert_eq!((store.is_local(), error), (true, Some(ExchangeError::NotPublished)));
}
