//! Shared data and shared queues: what VMs of one VM id, and queues by name, have in common across workers.

use crate::log::lock;
use nullvm_shim::host::Status;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Tells the worker of a VM that a queue has something for one of its root contexts: root context, queue token.
pub type QueueNotifier = Arc<dyn Fn(u32, u32) + Send + Sync>;

struct Queue {
    items: VecDeque<Vec<u8>>,
    root: u32,
    notify: QueueNotifier,
}

/// Values of one VM id, each with its compare-and-swap number.
type Values = HashMap<Vec<u8>, (Vec<u8>, u32)>;

#[derive(Default)]
struct Data {
    values: HashMap<String, Values>,
    last_cas: u32,
}

#[derive(Default)]
struct Queues {
    tokens: HashMap<(String, Vec<u8>), u32>,
    queues: HashMap<u32, Queue>,
    last_token: u32,
}

/// Shared data and queues of a process, or of the part of it that takes clones of one `Arc`.
#[derive(Default)]
pub struct Shared {
    data: Mutex<Data>,
    queues: Mutex<Queues>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    /// A value and its compare-and-swap number.
    pub fn get(&self, vm_id: &str, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        lock(&self.data).values.get(vm_id)?.get(key).cloned()
    }

    /// Sets a value; a `cas` other than 0 must be the present number of an existing value.
    pub fn set(&self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Status {
        let mut data = lock(&self.data);
        let next = match data.last_cas.wrapping_add(1) {
            0 => 1,
            n => n,
        };
        if !data.values.contains_key(vm_id) {
            data.values.insert(vm_id.to_owned(), HashMap::new());
        }
        let values = data.values.get_mut(vm_id).expect("just inserted");
        match values.get_mut(key) {
            Some((_, present)) if cas != 0 && cas != *present => return Status::CasMismatch,
            Some(entry) => *entry = (value.to_vec(), next),
            None => {
                values.insert(key.to_vec(), (value.to_vec(), next));
            }
        }
        data.last_cas = next;
        Status::Ok
    }

    /// Registers a queue, or takes over the notifications of one that is there; its token.
    pub fn register_queue(&self, vm_id: &str, name: &[u8], root: u32, notify: QueueNotifier) -> u32 {
        let mut queues = lock(&self.queues);
        let key = (vm_id.to_owned(), name.to_vec());
        let token = match queues.tokens.get(&key) {
            Some(token) => *token,
            None => {
                let token = loop {
                    queues.last_token = queues.last_token.wrapping_add(1);
                    if queues.last_token != 0 && !queues.queues.contains_key(&queues.last_token) {
                        break queues.last_token;
                    }
                };
                queues.tokens.insert(key, token);
                token
            }
        };
        let queue = queues.queues.entry(token).or_insert_with(|| Queue {
            items: VecDeque::new(),
            root,
            notify: notify.clone(),
        });
        queue.root = root;
        queue.notify = notify;
        token
    }

    /// The token of a queue that is registered.
    pub fn resolve_queue(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        lock(&self.queues).tokens.get(&(vm_id.to_owned(), name.to_vec())).copied()
    }

    /// Adds an item and tells the VM that registered the queue last.
    pub fn enqueue(&self, token: u32, item: &[u8]) -> Status {
        let (root, notify) = {
            let mut queues = lock(&self.queues);
            let Some(queue) = queues.queues.get_mut(&token) else { return Status::NotFound };
            queue.items.push_back(item.to_vec());
            (queue.root, queue.notify.clone())
        };
        notify(root, token);
        Status::Ok
    }

    /// Takes the oldest item: [`Status::Empty`] when there is none, [`Status::NotFound`] without such a queue.
    pub fn dequeue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let mut queues = lock(&self.queues);
        let queue = queues.queues.get_mut(&token).ok_or(Status::NotFound)?;
        queue.items.pop_front().ok_or(Status::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compare_and_swap() {
        let shared = Shared::default();
        assert_eq!(shared.get("v", b"k"), None);
        assert_eq!(shared.set("v", b"k", b"1", 0), Status::Ok);
        let (value, cas) = shared.get("v", b"k").unwrap();
        assert_eq!(value, b"1");
        assert_ne!(cas, 0);
        assert_eq!(shared.set("v", b"k", b"2", cas + 1), Status::CasMismatch);
        assert_eq!(shared.set("v", b"k", b"2", cas), Status::Ok);
        assert_eq!(shared.set("v", b"k", b"3", cas), Status::CasMismatch);
        assert_eq!(shared.get("w", b"k"), None, "other VM ids see nothing");
    }

    #[test]
    fn queues_notify_the_last_registration() {
        let shared = Shared::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notify = |id: u32| -> QueueNotifier {
            let seen = seen.clone();
            Arc::new(move |root, token| lock(&seen).push((id, root, token)))
        };
        let token = shared.register_queue("v", b"q", 1, notify(1));
        assert_eq!(shared.enqueue(token, b"a"), Status::Ok);
        assert_eq!(shared.register_queue("v", b"q", 7, notify(2)), token);
        assert_eq!(shared.enqueue(token, b"b"), Status::Ok);
        assert_eq!(*lock(&seen), [(1, 1, token), (2, 7, token)]);
        assert_eq!(shared.dequeue(token), Ok(b"a".to_vec()));
        assert_eq!(shared.dequeue(token), Ok(b"b".to_vec()));
        assert_eq!(shared.dequeue(token), Err(Status::Empty));
        assert_eq!(shared.dequeue(99), Err(Status::NotFound));
        assert_eq!(shared.resolve_queue("w", b"q"), None);
    }
}
