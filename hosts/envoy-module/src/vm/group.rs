//! VMs of one key: one per worker, and one on the main thread, each where a plugin needs it; shared by all configurations in
//! which code, VM id, VM configuration, environment, capabilities and limits are the same.

use super::Vm;
use crate::config::{Backoff, FailurePolicy, PluginConfig};
use crate::context::PluginInfo;
use crate::metrics::VmMetrics;
use crate::{lock, log, stats};
use nullvm_host_common::shared::SharedStore;
use nullvm_shim::guest::FunctionSet;
use nullvm_shim::{Limits, Plugin};
use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

/// What all copies of a VM have in common.
pub struct VmInfo {
    /// The code.
    pub plugin: Arc<Plugin>,
    /// VM id.
    pub vm_id: String,
    /// VM configuration.
    pub vm_config: Vec<u8>,
    /// WASI environment.
    pub environment: Vec<Vec<u8>>,
    /// What the guest may call.
    pub capabilities: FunctionSet,
    /// The operator's list, for callbacks.
    pub allowed: Option<Vec<String>>,
    /// Limits of each copy.
    pub limits: Limits,
    /// The guest's metrics.
    pub metrics: VmMetrics,
    /// Shared data and queues.
    pub store: SharedStore,
}

/// On which threads a plugin has a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// On the workers, of which there are so many: filters.
    Workers(u32),
    /// Also on the main thread: access loggers, which Envoy uses there as well.
    WorkersAndMain(u32),
    /// On the main thread only: services.
    Main,
}

impl Threads {
    fn workers(self) -> Option<u32> {
        match self {
            Self::Workers(n) | Self::WorkersAndMain(n) => Some(n),
            Self::Main => None,
        }
    }

    fn main(self) -> bool {
        !matches!(self, Self::Workers(_))
    }
}

/// The VM of one thread.
struct Slot {
    vm: Arc<Vm>,
    started: Instant,
    /// How long it must have lived to be replaced.
    wait: Duration,
    /// Failed ones that streams were lent, and are not back from.
    retired: Vec<Arc<Vm>>,
}

/// Where a thread's VM is.
struct Place {
    /// The one in the slot, to be read without its lock.
    live: AtomicPtr<Vm>,
    slot: Mutex<Slot>,
}

impl Place {
    fn new(vm: Arc<Vm>, wait: Duration) -> Self {
        Self {
            live: AtomicPtr::new(Arc::as_ptr(&vm).cast_mut()),
            slot: Mutex::new(Slot { vm, started: Instant::now(), wait, retired: Vec::new() }),
        }
    }

    fn vm(&self) -> Arc<Vm> {
        lock(&self.slot).vm.clone()
    }
}

/// See the module.
pub struct Group {
    info: Arc<VmInfo>,
    /// Made when the first plugin needs them.
    workers: OnceLock<Vec<Place>>,
    /// Likewise.
    main: OnceLock<Place>,
    /// The configured plugins that live in these VMs, in their order.
    plugins: Mutex<Vec<(Arc<PluginInfo>, Threads)>>,
}

type Registry = Mutex<HashMap<Vec<u8>, Weak<Group>>>;

fn registry() -> &'static Registry {
    static GROUPS: OnceLock<Registry> = OnceLock::new();
    GROUPS.get_or_init(Mutex::default)
}

/// The VMs for a configured plugin, with its root contexts started in each. Main thread.
///
/// # Errors
/// One line: no memory, a trap, or a refusal of the plugin.
pub fn join(
    plugin: &Arc<Plugin>,
    store: &SharedStore,
    config: &PluginConfig,
    info: &Arc<PluginInfo>,
    threads: Threads,
) -> Result<Arc<Group>, String> {
    // One module may run several plugins; a group keeps its own alive, so that no other has its address.
    let mut key = config.vm_key();
    key.extend_from_slice(&(Arc::as_ptr(plugin) as usize).to_le_bytes());
    let existing = lock(registry()).get(&key).and_then(Weak::upgrade);
    if let Some(group) = existing {
        group.info.metrics.define_all(&info.metrics);
        return match group.enter(info, threads) {
            Ok(()) => Ok(group),
            Err(error) => {
                group.leave(info);
                Err(error)
            }
        };
    }
    let vm_info = Arc::new(VmInfo {
        plugin: plugin.clone(),
        vm_id: config.vm_id.clone(),
        vm_config: config.vm_config.clone(),
        environment: config.environment.clone(),
        capabilities: config.capabilities(),
        allowed: config.allowed_capabilities.clone(),
        limits: config.limits,
        metrics: VmMetrics::default(),
        store: store.clone(),
    });
    let group = Arc::new(Group {
        info: vm_info,
        workers: OnceLock::new(),
        main: OnceLock::new(),
        plugins: Mutex::default(),
    });
    group.enter(info, threads)?;
    let mut groups = lock(registry());
    groups.retain(|_, g| g.strong_count() > 0);
    groups.insert(key, Arc::downgrade(&group));
    Ok(group)
}

impl Group {
    /// Starts a plugin in the VMs of its threads, which are made where there are none.
    fn enter(&self, info: &Arc<PluginInfo>, threads: Threads) -> Result<(), String> {
        lock(&self.plugins).push((info.clone(), threads));
        let new = || {
            let vm = Vm::start(&self.info, std::slice::from_ref(info))?;
            Ok::<_, String>(Place::new(vm, info.config.backoff.base))
        };
        let join = |place: &Place| {
            let vm = place.vm();
            if vm.is_failed() { Ok(()) } else { vm.start_plugin(info) }
        };
        if let Some(workers) = threads.workers() {
            match self.workers.get() {
                Some(slots) => slots.iter().try_for_each(join)?,
                None => {
                    let slots = (0..workers.max(1)).map(|_| new()).collect::<Result<_, _>>()?;
                    let _ = self.workers.set(slots);
                }
            }
        }
        if threads.main() {
            match self.main.get() {
                Some(slot) => join(slot)?,
                None => {
                    let _ = self.main.set(new()?);
                }
            }
        }
        Ok(())
    }

    fn place(&self, worker: u32) -> Option<&Place> {
        self.workers.get().and_then(|places| places.get(worker as usize)).or_else(|| self.main.get())
    }

    /// As [`Self::vm`], for a stream, without counting references: the VM stays as long as it is lent and the group lives.
    /// To be called on the worker, and given back with [`Vm::give_back`] there.
    pub fn lend(&self, worker: u32, plugin: &PluginConfig) -> Option<&Vm> {
        let live = self.place(worker)?.live.load(Ordering::Acquire);
        // SAFETY: in the slot, which only this thread changes.
        let mut vm = unsafe { &*live };
        if vm.is_failed() && plugin.failure_policy == FailurePolicy::Reload {
            self.vm(worker, plugin)?;
            // SAFETY: as above.
            vm = unsafe { &*self.place(worker)?.live.load(Ordering::Acquire) };
        }
        vm.take_out();
        Some(vm)
    }

    /// The VM of a worker, or of the main thread, which has the number after the last worker's. A failed one is replaced
    /// where the plugin's policy and backoff allow it.
    pub fn vm(&self, worker: u32, plugin: &PluginConfig) -> Option<Arc<Vm>> {
        let on_main = self.workers.get().is_none_or(|places| worker as usize >= places.len());
        let place = self.place(worker)?;
        let mut slot = lock(&place.slot);
        if !slot.vm.is_failed() || plugin.failure_policy != FailurePolicy::Reload {
            return Some(slot.vm.clone());
        }
        let Backoff { base, max } = plugin.backoff;
        let lived = slot.started.elapsed();
        if lived < slot.wait {
            stats::count(stats::Count::ReloadBackoff);
            return Some(slot.vm.clone());
        }
        // One that lived long has earned a fast replacement.
        slot.wait = if lived > max { base } else { (slot.wait * 2).clamp(base, max) };
        slot.started = Instant::now();
        let here = |threads: Threads| if on_main { threads.main() } else { threads.workers().is_some() };
        let plugins: Vec<_> =
            lock(&self.plugins).iter().filter(|(_, t)| here(*t)).map(|(plugin, _)| plugin.clone()).collect();
        match Vm::start(&self.info, &plugins) {
            Ok(vm) => {
                stats::count(stats::Count::ReloadSuccess);
                place.live.store(Arc::as_ptr(&vm).cast_mut(), Ordering::Release);
                let failed = std::mem::replace(&mut slot.vm, vm);
                slot.retired.push(failed);
                slot.retired.retain(|vm| vm.lent() > 0);
            }
            Err(error) => {
                stats::count(stats::Count::ReloadFailure);
                log::error(&format!(
                    "wasm log{}: the VM cannot be started again: {error}",
                    plugin.log_prefix()
                ));
            }
        }
        Some(slot.vm.clone())
    }

    /// The VMs as they are now.
    pub fn vms(&self) -> Vec<Arc<Vm>> {
        self.workers.get().into_iter().flatten().chain(self.main.get()).map(Place::vm).collect()
    }

    /// Ends a configured plugin in all VMs.
    pub fn leave(&self, info: &Arc<PluginInfo>) {
        // First, so that a VM which is just being replaced does not start it again.
        lock(&self.plugins).retain(|(p, _)| !Arc::ptr_eq(p, info));
        for vm in self.vms() {
            vm.stop_plugin(info);
        }
    }
}
