//! One store for all modules of a process: a table of C functions over it.
//!
//! Each module carries its own copy of this crate, with its own statics and maybe its own allocator, so what crosses
//! from one to another is C only: nothing allocated on one side is freed on the other. The first module publishes a
//! [`Exchange`] under [`KEY`] in whatever registry of pointers the process has; others find it there. A table is
//! never freed, and the module that made it must stay loaded.

use super::{Owner, Place, QueueNotifier, SharedStore, Store};
use crate::Status;
use std::ffi::c_void;
use std::sync::Arc;

/// Under which the table stands in a registry of pointers. Has the number of the version: modules of another one
/// have a store of their own.
pub const KEY: &str = "nullvm.shared_store.v1";

/// Version of [`Exchange`]; changes when a present field changes its meaning. New functions go to the end, and show
/// in `size`.
pub const VERSION: u32 = 1;

/// Marks a table, so that a stray pointer under the key is not taken for one.
const MAGIC: u64 = u64::from_le_bytes(*b"nullvmSS");

/// Bytes on the other side, for the duration of a call. `ptr` may be anything when `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    ptr: *const u8,
    len: usize,
}

/// Takes bytes out of the store: called at most once, before the function returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Sink {
    context: *mut c_void,
    take: unsafe extern "C" fn(context: *mut c_void, bytes: Bytes),
}

/// A notifier on the other side. The store owns it: it calls `release` once, after the last `call` returned.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Notifier {
    context: *mut c_void,
    call: unsafe extern "C" fn(context: *mut c_void, token: u32),
    release: unsafe extern "C" fn(context: *mut c_void),
}

/// The table. Statuses are the numbers of [`Status`]. Every function is for any thread and never unwinds.
#[repr(C)]
#[derive(Debug)]
pub struct Exchange {
    magic: u64,
    version: u32,
    /// Bytes of the table that its maker knows.
    size: u32,
    /// First argument of each function.
    store: *const c_void,
    owner: unsafe extern "C" fn(store: *const c_void) -> u64,
    /// Writes the compare-and-swap number and gives the value to the sink, or answers `NotFound`.
    get: unsafe extern "C" fn(*const c_void, vm_id: Bytes, key: Bytes, value: Sink, cas: *mut u32) -> u32,
    set: unsafe extern "C" fn(*const c_void, vm_id: Bytes, key: Bytes, value: Bytes, cas: u32) -> u32,
    register_queue: unsafe extern "C" fn(
        *const c_void,
        vm_id: Bytes,
        name: Bytes,
        owner: u64,
        notifier: Notifier,
        token: *mut u32,
    ) -> u32,
    resolve_queue: unsafe extern "C" fn(*const c_void, vm_id: Bytes, name: Bytes, token: *mut u32) -> u32,
    enqueue: unsafe extern "C" fn(*const c_void, token: u32, item: Bytes) -> u32,
    dequeue: unsafe extern "C" fn(*const c_void, token: u32, item: Sink) -> u32,
    unregister: unsafe extern "C" fn(*const c_void, owner: u64),
}

/// Why a pointer under [`KEY`] cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Null, not aligned, or without the table's mark.
    #[error("what stands under {KEY} is no table of a shared store")]
    NoTable,
    /// Made by a module of another version.
    #[error(
        "the shared store of this process has version {found}, this module needs {VERSION}: shared data and queues stay apart"
    )]
    Version {
        /// The table's version.
        found: u32,
    },
    /// Shorter than what this module calls.
    #[error("the shared store's table has {found} bytes, this module needs {}", size_of::<Exchange>())]
    Size {
        /// The table's size.
        found: u32,
    },
    /// The registry of pointers did not take the table.
    #[error("the shared store could not be registered: shared data and queues stay apart")]
    NotPublished,
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }

    /// # Safety
    ///
    /// The bytes live for `'a`.
    unsafe fn slice<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }

    /// # Safety
    ///
    /// The bytes live for `'a`. They are those of a `str` of the other side: were they not, an empty one.
    unsafe fn text<'a>(self) -> &'a str {
        // SAFETY: the caller's promise.
        std::str::from_utf8(unsafe { self.slice() }).unwrap_or_default()
    }
}

/// A notifier of another module, as a closure of this one.
struct Foreign(Notifier);

// SAFETY: a notifier is for any thread, its maker promises so: it is made of a `QueueNotifier`.
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Foreign {
    fn call(&self, token: u32) {
        // SAFETY: `release` has not been called: that is `drop`.
        unsafe { (self.0.call)(self.0.context, token) }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // SAFETY: the last use.
        unsafe { (self.0.release)(self.0.context) }
    }
}

/// A closure of this module, for another one.
fn give(notify: QueueNotifier) -> Notifier {
    unsafe extern "C" fn call(context: *mut c_void, token: u32) {
        // SAFETY: `context` is the box of below, not released yet.
        let notify = unsafe { &*context.cast::<QueueNotifier>() };
        notify(token);
    }
    unsafe extern "C" fn release(context: *mut c_void) {
        // SAFETY: `context` is the box of below, and this is the last use.
        drop(unsafe { Box::from_raw(context.cast::<QueueNotifier>()) });
    }
    Notifier { context: Box::into_raw(Box::new(notify)).cast(), call, release }
}

/// The functions of a table over a [`Store`] of this module.
mod serve {
    use super::*;

    /// # Safety
    ///
    /// `store` is what [`super::publish`] put into the table.
    unsafe fn store<'a>(store: *const c_void) -> &'a Store {
        // SAFETY: the caller's promise; the table's reference is never given up.
        unsafe { &*store.cast::<Store>() }
    }

    pub unsafe extern "C" fn owner(at: *const c_void) -> u64 {
        // SAFETY: the table's `store`.
        unsafe { store(at) }.owner().0
    }

    pub unsafe extern "C" fn get(
        at: *const c_void,
        vm_id: Bytes,
        key: Bytes,
        value: Sink,
        cas: *mut u32,
    ) -> u32 {
        // SAFETY: the table's `store`, and bytes of the caller, which live until it returns.
        let found = unsafe { store(at).get(vm_id.text(), key.slice()) };
        let Some((bytes, number)) = found else { return Status::NotFound as u32 };
        // SAFETY: the caller's place for a number, and its sink.
        unsafe {
            cas.write(number);
            (value.take)(value.context, Bytes::of(&bytes));
        }
        Status::Ok as u32
    }

    pub unsafe extern "C" fn set(at: *const c_void, vm_id: Bytes, key: Bytes, value: Bytes, cas: u32) -> u32 {
        // SAFETY: as in `get`.
        unsafe { store(at).set(vm_id.text(), key.slice(), value.slice(), cas) as u32 }
    }

    pub unsafe extern "C" fn register_queue(
        at: *const c_void,
        vm_id: Bytes,
        name: Bytes,
        owner: u64,
        notifier: Notifier,
        token: *mut u32,
    ) -> u32 {
        let foreign = Foreign(notifier);
        let notify: QueueNotifier = Arc::new(move |token| foreign.call(token));
        // SAFETY: as in `get`.
        match unsafe { store(at).register_queue(vm_id.text(), name.slice(), Owner(owner), notify) } {
            Ok(n) => {
                // SAFETY: the caller's place for a token.
                unsafe { token.write(n) };
                Status::Ok as u32
            }
            Err(status) => status as u32,
        }
    }

    pub unsafe extern "C" fn resolve_queue(
        at: *const c_void,
        vm_id: Bytes,
        name: Bytes,
        token: *mut u32,
    ) -> u32 {
        // SAFETY: as in `get`.
        match unsafe { store(at).resolve_queue(vm_id.text(), name.slice()) } {
            Some(n) => {
                // SAFETY: the caller's place for a token.
                unsafe { token.write(n) };
                Status::Ok as u32
            }
            None => Status::NotFound as u32,
        }
    }

    pub unsafe extern "C" fn enqueue(at: *const c_void, token: u32, item: Bytes) -> u32 {
        // SAFETY: as in `get`.
        unsafe { store(at).enqueue(token, item.slice()) as u32 }
    }

    pub unsafe extern "C" fn dequeue(at: *const c_void, token: u32, item: Sink) -> u32 {
        // SAFETY: as in `get`.
        match unsafe { store(at).dequeue(token) } {
            Ok(bytes) => {
                // SAFETY: the caller's sink.
                unsafe { (item.take)(item.context, Bytes::of(&bytes)) };
                Status::Ok as u32
            }
            Err(status) => status as u32,
        }
    }

    pub unsafe extern "C" fn unregister(at: *const c_void, owner: u64) {
        // SAFETY: as in `get`.
        unsafe { store(at).unregister(Owner(owner)) }
    }
}

/// A store behind a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remote(&'static Exchange);

// SAFETY: the functions of a table are for any thread, and it never changes.
unsafe impl Send for Remote {}
// SAFETY: as above.
unsafe impl Sync for Remote {}

/// A sink into a vector.
fn into(out: &mut Vec<u8>) -> Sink {
    unsafe extern "C" fn take(context: *mut c_void, bytes: Bytes) {
        // SAFETY: `context` is the vector of the caller, which waits; the bytes live until this returns.
        unsafe { (*context.cast::<Vec<u8>>()).extend_from_slice(bytes.slice()) }
    }
    Sink { context: std::ptr::from_mut(out).cast(), take }
}

fn status(number: u32) -> Result<(), Status> {
    match Status::from_u32(number) {
        Status::Ok => Ok(()),
        status => Err(status),
    }
}

// SAFETY of every call below: the table was checked, its functions get its own `store`, bytes and places that live
// until the call returns.
impl Remote {
    /// # Safety
    ///
    /// A pointer that is neither null nor misaligned is one that [`publish`] of some module made, or one to at least
    /// 16 readable bytes without the table's mark.
    unsafe fn new(table: *const c_void) -> Result<Self, ExchangeError> {
        let table = table.cast::<Exchange>();
        if table.is_null() || !table.is_aligned() {
            return Err(ExchangeError::NoTable);
        }
        // SAFETY: the caller's promise: the mark, version and size are the first 16 bytes in every version.
        let (magic, version, size) = unsafe {
            (
                (&raw const (*table).magic).read(),
                (&raw const (*table).version).read(),
                (&raw const (*table).size).read(),
            )
        };
        if magic != MAGIC {
            return Err(ExchangeError::NoTable);
        }
        if version != VERSION {
            return Err(ExchangeError::Version { found: version });
        }
        if (size as usize) < size_of::<Exchange>() {
            return Err(ExchangeError::Size { found: size });
        }
        // SAFETY: a table of this version, of this size or more, which is never freed.
        Ok(Self(unsafe { &*table }))
    }

    pub(super) fn owner(self) -> Owner {
        Owner(unsafe { (self.0.owner)(self.0.store) })
    }

    pub(super) fn get(self, vm_id: &str, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        let (mut value, mut cas) = (Vec::new(), 0);
        let (vm_id, key) = (Bytes::of(vm_id.as_bytes()), Bytes::of(key));
        let found = unsafe { (self.0.get)(self.0.store, vm_id, key, into(&mut value), &mut cas) };
        status(found).is_ok().then_some((value, cas))
    }

    pub(super) fn set(self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Status {
        let vm_id = Bytes::of(vm_id.as_bytes());
        Status::from_u32(unsafe { (self.0.set)(self.0.store, vm_id, Bytes::of(key), Bytes::of(value), cas) })
    }

    pub(super) fn register_queue(
        self,
        vm_id: &str,
        name: &[u8],
        owner: Owner,
        notify: QueueNotifier,
    ) -> Result<u32, Status> {
        let mut token = 0;
        let (vm_id, name) = (Bytes::of(vm_id.as_bytes()), Bytes::of(name));
        let done =
            unsafe { (self.0.register_queue)(self.0.store, vm_id, name, owner.0, give(notify), &mut token) };
        status(done).map(|()| token)
    }

    pub(super) fn resolve_queue(self, vm_id: &str, name: &[u8]) -> Option<u32> {
        let mut token = 0;
        let (vm_id, name) = (Bytes::of(vm_id.as_bytes()), Bytes::of(name));
        let found = unsafe { (self.0.resolve_queue)(self.0.store, vm_id, name, &mut token) };
        status(found).is_ok().then_some(token)
    }

    pub(super) fn enqueue(self, token: u32, item: &[u8]) -> Status {
        Status::from_u32(unsafe { (self.0.enqueue)(self.0.store, token, Bytes::of(item)) })
    }

    pub(super) fn dequeue(self, token: u32) -> Result<Vec<u8>, Status> {
        let mut item = Vec::new();
        status(unsafe { (self.0.dequeue)(self.0.store, token, into(&mut item)) }).map(|()| item)
    }

    pub(super) fn unregister(self, owner: Owner) {
        unsafe { (self.0.unregister)(self.0.store, owner.0) }
    }
}

/// The table of a store, for a registry of pointers. It is never freed, and keeps the store: once per process.
fn publish(store: Arc<Store>) -> &'static Exchange {
    Box::leak(Box::new(Exchange {
        magic: MAGIC,
        version: VERSION,
        size: size_of::<Exchange>() as u32,
        store: Arc::into_raw(store).cast(),
        owner: serve::owner,
        get: serve::get,
        set: serve::set,
        register_queue: serve::register_queue,
        resolve_queue: serve::resolve_queue,
        enqueue: serve::enqueue,
        dequeue: serve::dequeue,
        unregister: serve::unregister,
    }))
}

impl SharedStore {
    /// The table of this store, to be registered under [`KEY`]. Each call leaks one: call it once.
    pub fn exchange(&self) -> *const Exchange {
        match &self.0 {
            Place::Here(store) => publish(store.clone()),
            Place::There(remote) => remote.0,
        }
    }

    /// The store behind a table that another module registered.
    ///
    /// # Safety
    ///
    /// `table` is null, misaligned, came from [`SharedStore::exchange`] of a module that is never unloaded, or points
    /// to 16 readable bytes at least.
    pub unsafe fn from_exchange(table: *const c_void) -> Result<Self, ExchangeError> {
        // SAFETY: the caller's promise.
        Ok(Self(Place::There(unsafe { Remote::new(table) }?)))
    }

    /// This process's store: the registered one, or a new one that is registered here. With an error for the log, a
    /// store of this module alone. `lookup` and `register` are the registry's, for [`KEY`].
    ///
    /// # Safety
    ///
    /// What `lookup` gives keeps the promise of [`SharedStore::from_exchange`], and this module is never unloaded.
    pub unsafe fn join(
        limits: super::Limits,
        lookup: impl Fn(&str) -> Option<*const c_void>,
        register: impl FnOnce(&str, *const c_void) -> bool,
    ) -> (Self, Option<ExchangeError>) {
        let own = Self::local(limits);
        let found = match lookup(KEY) {
            Some(table) => table,
            None if !register(KEY, own.exchange().cast()) => {
                return (own, Some(ExchangeError::NotPublished));
            }
            // Another thread may have registered in between: whatever stands there now is everybody's.
            None => match lookup(KEY) {
                Some(table) => table,
                None => return (own, Some(ExchangeError::NotPublished)),
            },
        };
        // SAFETY: the caller's promise.
        match unsafe { Self::from_exchange(found) } {
            Ok(store) => match &own.0 {
                // Its own store, just registered: used without the detour.
                Place::Here(mine) if std::ptr::eq(Arc::as_ptr(mine).cast(), store.table_store()) => {
                    (own, None)
                }
                _ => (store, None),
            },
            Err(error) => (own, Some(error)),
        }
    }

    fn table_store(&self) -> *const c_void {
        match &self.0 {
            Place::Here(store) => Arc::as_ptr(store).cast(),
            Place::There(remote) => remote.0.store,
        }
    }
}
