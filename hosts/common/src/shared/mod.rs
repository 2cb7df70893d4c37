//! Shared data and shared queues: what VMs of one VM id, and queues by name, have in common across workers, plugins
//! and modules of a process.
//!
//! [`Store`] holds them. Hosts use [`SharedStore`], which is one in this module or, through [`exchange`], one in
//! another module of the process. Notifiers are called with nothing locked.

pub mod exchange;
mod store;

pub use store::{Limits, Store};

use crate::Status;
use std::sync::Arc;

/// Tells the VM which registered a queue that there is something in it: the queue's token. Called on the thread that
/// enqueues, so it must hand the work over and return; it may call the store.
pub type QueueNotifier = Arc<dyn Fn(u32) + Send + Sync>;

/// Who registers queues: a VM, so that its notifiers go when it goes. Distinct across all modules of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner(pub(crate) u64);

/// Shared data and queues, wherever they are kept. Clones are the same store; all methods are for any thread.
#[derive(Clone, Debug)]
pub struct SharedStore(Place);

#[derive(Clone, Debug)]
enum Place {
    Here(Arc<Store>),
    There(exchange::Remote),
}

impl Default for SharedStore {
    fn default() -> Self {
        Self::local(Limits::default())
    }
}

impl SharedStore {
    /// A new store in this module.
    pub fn local(limits: Limits) -> Self {
        Self(Place::Here(Arc::new(Store::new(limits))))
    }

    /// Whether the store is this module's own.
    pub fn is_local(&self) -> bool {
        matches!(self.0, Place::Here(_))
    }

    /// A new owner of queues.
    pub fn owner(&self) -> Owner {
        match &self.0 {
            Place::Here(store) => store.owner(),
            Place::There(remote) => remote.owner(),
        }
    }

    /// A value and its compare-and-swap number, which is never 0.
    pub fn get(&self, vm_id: &str, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        match &self.0 {
            Place::Here(store) => store.get(vm_id, key),
            Place::There(remote) => remote.get(vm_id, key),
        }
    }

    /// Sets a value. [`Status::CasMismatch`] when `cas` is not 0 and not the present number of an existing value,
    /// [`Status::InternalFailure`] when the VM id has no room left.
    pub fn set(&self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Status {
        match &self.0 {
            Place::Here(store) => store.set(vm_id, key, value, cas),
            Place::There(remote) => remote.set(vm_id, key, value, cas),
        }
    }

    /// Registers a queue, or takes over the notifications of one that is there; its token, which is never 0.
    /// [`Status::InternalFailure`] when the VM id has no room left.
    pub fn register_queue(
        &self,
        vm_id: &str,
        name: &[u8],
        owner: Owner,
        notify: QueueNotifier,
    ) -> Result<u32, Status> {
        match &self.0 {
            Place::Here(store) => store.register_queue(vm_id, name, owner, notify),
            Place::There(remote) => remote.register_queue(vm_id, name, owner, notify),
        }
    }

    /// The token of a queue that is registered.
    pub fn resolve_queue(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        match &self.0 {
            Place::Here(store) => store.resolve_queue(vm_id, name),
            Place::There(remote) => remote.resolve_queue(vm_id, name),
        }
    }

    /// Adds an item and tells the owner that registered the queue last, if it is still there.
    /// [`Status::NotFound`] without such a queue, [`Status::InternalFailure`] when its VM id has no room left.
    pub fn enqueue(&self, token: u32, item: &[u8]) -> Status {
        match &self.0 {
            Place::Here(store) => store.enqueue(token, item),
            Place::There(remote) => remote.enqueue(token, item),
        }
    }

    /// Takes the oldest item: [`Status::Empty`] when there is none, [`Status::NotFound`] without such a queue.
    pub fn dequeue(&self, token: u32) -> Result<Vec<u8>, Status> {
        match &self.0 {
            Place::Here(store) => store.dequeue(token),
            Place::There(remote) => remote.dequeue(token),
        }
    }

    /// Drops the notifiers of an owner; its queues and their items stay. A call of a notifier that another thread
    /// began before may still run: the notifier itself lives until it is through.
    pub fn unregister(&self, owner: Owner) {
        match &self.0 {
            Place::Here(store) => store.unregister(owner),
            Place::There(remote) => remote.unregister(owner),
        }
    }
}

#[cfg(test)]
mod tests;
