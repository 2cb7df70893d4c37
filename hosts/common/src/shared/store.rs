//! The store itself.

use super::{Owner, QueueNotifier};
use crate::{Status, lock};
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one VM id may take of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of keys, values, queue names and items of a VM id together, with some for each entry.
    pub bytes: usize,
    /// VM ids with anything in the store.
    pub vm_ids: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, vm_ids: 4096 }
    }
}

/// Counted for an entry beside its bytes, so that entries of no bytes are not free: about what they cost.
const ENTRY: usize = 64;

struct Queue {
    vm_id: String,
    items: VecDeque<Vec<u8>>,
    owner: Owner,
    notify: Option<QueueNotifier>,
}

#[derive(Default)]
struct Vm {
    bytes: usize,
    values: HashMap<Vec<u8>, (Vec<u8>, u32)>,
    tokens: HashMap<Vec<u8>, u32>,
}

#[derive(Default)]
struct State {
    vms: HashMap<String, Vm>,
    queues: HashMap<u32, Queue>,
    last_cas: u32,
    last_token: u32,
}

impl State {
    /// The VM id, made where there is none and room for it.
    fn vm(&mut self, vm_id: &str, limits: &Limits) -> Result<&mut Vm, Status> {
        if !self.vms.contains_key(vm_id) {
            if self.vms.len() >= limits.vm_ids {
                return Err(Status::InternalFailure);
            }
            self.vms.insert(vm_id.to_owned(), Vm::default());
        }
        self.vms.get_mut(vm_id).ok_or(Status::InternalFailure)
    }
}

impl Vm {
    /// Accounts for `new` bytes in place of `old` ones, or refuses.
    fn account(&mut self, old: usize, new: usize, limits: &Limits) -> Result<(), Status> {
        let bytes = self.bytes.saturating_sub(old).saturating_add(new);
        if new > old && bytes > limits.bytes {
            return Err(Status::InternalFailure);
        }
        self.bytes = bytes;
        Ok(())
    }
}

/// Shared data and queues of a process, or of the part of it that shares one `Arc`.
pub struct Store {
    limits: Limits,
    state: Mutex<State>,
    owners: AtomicU64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default(), owners: AtomicU64::new(1) }
    }

    /// As [`super::SharedStore::owner`].
    pub fn owner(&self) -> Owner {
        Owner(self.owners.fetch_add(1, Ordering::Relaxed))
    }

    /// As [`super::SharedStore::get`].
    pub fn get(&self, vm_id: &str, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        lock(&self.state).vms.get(vm_id)?.values.get(key).cloned()
    }

    /// As [`super::SharedStore::set`].
    pub fn set(&self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Status {
        self.try_set(vm_id, key, value, cas).err().unwrap_or(Status::Ok)
    }

    fn try_set(&self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let value = value.to_vec();
        let mut state = lock(&self.state);
        // 0 stands for "whatever is there" in a guest's call.
        let next = state.last_cas.checked_add(1).unwrap_or(1);
        let vm = state.vm(vm_id, &self.limits)?;
        let old = vm.values.get(key);
        if old.is_some_and(|(_, present)| cas != 0 && cas != *present) {
            return Err(Status::CasMismatch);
        }
        let old = old.map_or(0, |(old, _)| ENTRY + key.len() + old.len());
        vm.account(old, ENTRY + key.len() + value.len(), &self.limits)?;
        match vm.values.get_mut(key) {
            Some(entry) => *entry = (value, next),
            None => {
                vm.values.insert(key.to_vec(), (value, next));
            }
        }
        state.last_cas = next;
        Ok(())
    }

    /// As [`super::SharedStore::register_queue`].
    pub fn register_queue(
        &self,
        vm_id: &str,
        name: &[u8],
        owner: Owner,
        notify: QueueNotifier,
    ) -> Result<u32, Status> {
        let mut state = lock(&self.state);
        if let Some(token) = state.vms.get(vm_id).and_then(|vm| vm.tokens.get(name)).copied()
            && let Some(queue) = state.queues.get_mut(&token)
        {
            queue.owner = owner;
            let before = queue.notify.replace(notify);
            // Dropping may run the code of whoever owned it: not under the lock.
            drop(state);
            drop(before);
            return Ok(token);
        }
        state.vm(vm_id, &self.limits)?.account(0, ENTRY + name.len(), &self.limits)?;
        let token = loop {
            state.last_token = state.last_token.wrapping_add(1);
            if state.last_token != 0 && !state.queues.contains_key(&state.last_token) {
                break state.last_token;
            }
        };
        let queue = Queue { vm_id: vm_id.to_owned(), items: VecDeque::new(), owner, notify: Some(notify) };
        state.queues.insert(token, queue);
        state.vm(vm_id, &self.limits)?.tokens.insert(name.to_vec(), token);
        Ok(token)
    }

    /// As [`super::SharedStore::resolve_queue`].
    pub fn resolve_queue(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        lock(&self.state).vms.get(vm_id)?.tokens.get(name).copied()
    }

    /// As [`super::SharedStore::enqueue`].
    pub fn enqueue(&self, token: u32, item: &[u8]) -> Status {
        let item = item.to_vec();
        let notify = {
            let mut guard = lock(&self.state);
            let state = &mut *guard;
            let Some(queue) = state.queues.get_mut(&token) else { return Status::NotFound };
            let Some(vm) = state.vms.get_mut(&queue.vm_id) else { return Status::NotFound };
            if let Err(status) = vm.account(0, ENTRY + item.len(), &self.limits) {
                return status;
            }
            queue.items.push_back(item);
            queue.notify.clone()
        };
        if let Some(notify) = notify {
            notify(token);
        }
        Status::Ok
    }

    /// As [`super::SharedStore::dequeue`].
    pub fn dequeue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        let queue = state.queues.get_mut(&token).ok_or(Status::NotFound)?;
        let item = queue.items.pop_front().ok_or(Status::Empty)?;
        if let Some(vm) = state.vms.get_mut(&queue.vm_id) {
            vm.bytes = vm.bytes.saturating_sub(ENTRY + item.len());
        }
        Ok(item)
    }

    /// As [`super::SharedStore::unregister`].
    pub fn unregister(&self, owner: Owner) {
        let gone: Vec<_> = {
            let mut state = lock(&self.state);
            state.queues.values_mut().filter(|q| q.owner == owner).filter_map(|q| q.notify.take()).collect()
        };
        // Dropping may run the code of whoever owned them: not under the lock.
        drop(gone);
    }
}
