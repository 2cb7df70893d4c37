//! Metrics of plugins. Envoy takes new names only while a configuration is being loaded, and gives no values back.
//!
//! Each VM's metrics are numbered for the guest; each configuration maps those numbers to Envoy's. A name that comes later is
//! reported through three metrics with a label, defined beforehand; network filters and access loggers have no labels, so
//! there it is not reported. Values are kept a second time for `proxy_get_metric`.

use crate::abi::{Config, Family, Filter, MetricChange};
use crate::log;
use nullvm_host_common::abi::MetricType;
use nullvm_shim::host::Status;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

/// The name and the label of the metrics that stand for late ones.
const LATE: &str = "late";
const LATE_LABEL: &[u8] = b"metric";

/// Most metrics of one VM; a guest that makes up names must not fill the host's memory.
const MAX_METRICS: usize = 16_384;

#[derive(Clone, Debug)]
struct Metric {
    ty: MetricType,
    name: String,
    /// The value, shared by all of this name in the process.
    value: Arc<AtomicU64>,
}

/// The metrics of a VM, shared by its copies.
#[derive(Debug, Default)]
pub struct VmMetrics(RwLock<Vec<Metric>>);

/// How a configuration's metrics are known to Envoy.
#[derive(Debug)]
pub struct ConfigMetrics {
    config: RwLock<Option<Handle>>,
    /// By the metric's index in [`VmMetrics`].
    ids: RwLock<Vec<Option<usize>>>,
    late: [Option<usize>; 3],
}

#[derive(Clone, Copy, Debug)]
struct Handle(Family, Config);

// SAFETY: Envoy's metric callbacks take a configuration on any of its threads.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Handle {
    /// Defines a metric with Envoy. `None` when it is too late for that, or the name is taken by another type.
    fn define(self, ty: MetricType, name: &str, label: Option<&[u8]>) -> Option<usize> {
        // SAFETY: the configuration is being loaded or lives.
        unsafe { self.0.define(self.1, ty, name, label) }
    }
}

impl ConfigMetrics {
    /// While the configuration is being loaded.
    pub fn new(family: Family, config: Config) -> Self {
        let handle = Handle(family, config);
        let late = [MetricType::Counter, MetricType::Gauge, MetricType::Histogram]
            .map(|ty| handle.define(ty, &format!("{LATE}_{ty:?}").to_ascii_lowercase(), Some(LATE_LABEL)));
        Self { config: RwLock::new(Some(handle)), ids: RwLock::default(), late }
    }

    /// The configuration goes: its metrics are no more.
    pub fn close(&self) {
        *write(&self.config) = None;
    }

    fn define(&self, index: usize, ty: MetricType, name: &str) {
        let Some(handle) = *read(&self.config) else { return };
        let mut ids = write(&self.ids);
        let first = ids.len() <= index;
        if first {
            ids.resize(index + 1, None);
        }
        if ids[index].is_none() {
            ids[index] = handle.define(ty, name, None);
            if first && ids[index].is_none() && self.late[ty as usize].is_none() {
                log::error(&format!(
                    "nullvm: Envoy takes no new metrics here any more: {name} is not exported"
                ));
            }
        }
    }

    /// Hands a change to Envoy, if it can still take it. `hook` is the filter of this configuration whose hook runs, or null.
    fn report(&self, hook: Filter, index: usize, metric: &Metric, change: Change) {
        let config = read(&self.config);
        let Some(handle) = *config else { return };
        let id = read(&self.ids).get(index).copied().flatten();
        let (id, label) = match (id, self.late[metric.ty as usize]) {
            (Some(id), _) => (id, None),
            (None, Some(id)) => (id, Some(metric.name.as_bytes())),
            (None, None) => return,
        };
        let change = match change {
            Change::Add(n) if metric.ty == MetricType::Counter => MetricChange::Count(n as u64),
            Change::Add(n) if n >= 0 => MetricChange::Up(n as u64),
            Change::Add(n) => MetricChange::Down(n.unsigned_abs()),
            Change::Set(n) if metric.ty == MetricType::Gauge => MetricChange::Set(n),
            Change::Set(n) => MetricChange::Record(n),
        };
        // SAFETY: the configuration lives while `config` is held, the id is one of its own; the hook runs.
        unsafe {
            if !hook.is_null() && handle.0 == Family::Http && Family::counts_in_hooks_only() {
                Family::change_in_hook(hook, id, label, change);
            } else {
                handle.0.change(handle.1, id, label, change);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Change {
    Add(i64),
    Set(u64),
}

type Values = Mutex<HashMap<(MetricType, String), Arc<AtomicU64>>>;

fn shared_value(ty: MetricType, name: &str) -> Arc<AtomicU64> {
    static VALUES: OnceLock<Values> = OnceLock::new();
    let mut values =
        VALUES.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    values.entry((ty, name.to_owned())).or_default().clone()
}

impl VmMetrics {
    /// `proxy_define_metric`: the guest's id. The same name gives the same id.
    ///
    /// # Errors
    /// [`Status::BadArgument`] for an unknown type, [`Status::InternalFailure`] when there are too many.
    pub fn define(&self, config: &ConfigMetrics, ty: u32, name: &str) -> Result<u32, Status> {
        let ty = MetricType::from_u32(ty).ok_or(Status::BadArgument)?;
        let mut metrics = write(&self.0);
        let index = match metrics.iter().position(|m| m.ty == ty && m.name == name) {
            Some(index) => index,
            None if metrics.len() >= MAX_METRICS => return Err(Status::InternalFailure),
            None => {
                metrics.push(Metric { ty, name: name.to_owned(), value: shared_value(ty, name) });
                metrics.len() - 1
            }
        };
        config.define(index, ty, name);
        Ok((index as u32 + 1) << 2 | ty as u32)
    }

    /// Makes all metrics of the VM known to one more configuration that uses it.
    pub fn define_all(&self, config: &ConfigMetrics) {
        for (index, metric) in read(&self.0).iter().enumerate() {
            config.define(index, metric.ty, &metric.name);
        }
    }

    fn with<R>(
        &self,
        id: u32,
        missing: Status,
        f: impl FnOnce(usize, &Metric) -> Result<R, Status>,
    ) -> Result<R, Status> {
        let index = (id >> 2).wrapping_sub(1) as usize;
        let metrics = read(&self.0);
        match metrics.get(index) {
            Some(metric) if metric.ty as u32 == id & 3 => f(index, metric),
            _ => Err(missing),
        }
    }

    /// `proxy_increment_metric`
    ///
    /// # Errors
    /// [`Status::BadArgument`] for a histogram and for a counter that would not grow, [`Status::NotFound`].
    pub fn increment(
        &self,
        config: &ConfigMetrics,
        hook: Filter,
        id: u32,
        offset: i64,
    ) -> Result<(), Status> {
        if id & 3 == MetricType::Histogram as u32 {
            return Err(Status::BadArgument);
        }
        self.with(id, Status::NotFound, |index, metric| {
            if metric.ty == MetricType::Counter && offset <= 0 {
                return Err(Status::BadArgument);
            }
            metric.value.fetch_add(offset as u64, Ordering::Relaxed);
            config.report(hook, index, metric, Change::Add(offset));
            Ok(())
        })
    }

    /// `proxy_record_metric`
    ///
    /// # Errors
    /// [`Status::NotFound`].
    pub fn record(&self, config: &ConfigMetrics, hook: Filter, id: u32, value: u64) -> Result<(), Status> {
        self.with(id, Status::NotFound, |index, metric| {
            let change = match metric.ty {
                MetricType::Counter => {
                    metric.value.fetch_add(value, Ordering::Relaxed);
                    Change::Add(value as i64)
                }
                MetricType::Gauge => {
                    metric.value.store(value, Ordering::Relaxed);
                    Change::Set(value)
                }
                MetricType::Histogram => Change::Set(value),
            };
            config.report(hook, index, metric, change);
            Ok(())
        })
    }

    /// `proxy_get_metric`
    ///
    /// # Errors
    /// [`Status::BadArgument`] for a histogram, [`Status::NotFound`].
    pub fn get(&self, id: u32) -> Result<u64, Status> {
        if id & 3 == MetricType::Histogram as u32 {
            return Err(Status::BadArgument);
        }
        self.with(id, Status::NotFound, |_, metric| Ok(metric.value.load(Ordering::Relaxed)))
    }
}
