//! What configurations of all kinds have in common, though Envoy has a set of callbacks for each kind: a way to the main
//! thread, and metrics.

use super::{AccessLog, Bootstrap, Bytes, Config, Filter, Network, Scheduler, envoy};
use nullvm_host_common::abi::MetricType;

/// Which of Envoy's sets of callbacks a configuration is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `http_filter_*`
    Http,
    /// `network_filter_*`
    Network,
    /// `access_logger_*`; there is no way to the main thread.
    AccessLogger,
    /// `bootstrap_extension_*`
    Bootstrap,
}

/// A change of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricChange {
    /// A counter grows.
    Count(u64),
    /// A gauge goes up.
    Up(u64),
    /// A gauge goes down.
    Down(u64),
    /// A gauge has a new value.
    Set(u64),
    /// A histogram gets a value.
    Record(u64),
}

type Define = unsafe extern "C" fn(Config, Bytes, *mut usize) -> u32;
type DefineLabelled = unsafe extern "C" fn(Config, Bytes, *const Bytes, usize, *mut usize) -> u32;
type Change = unsafe extern "C" fn(Config, usize, u64) -> u32;
type ChangeLabelled = unsafe extern "C" fn(Config, usize, *const Bytes, usize, u64) -> u32;

/// One of Envoy's functions, with or without labels; `None` where this Envoy has none.
enum Labels<P, L> {
    Without(Option<P>),
    With(Option<L>),
}

/// Picks the function for a metric or a change.
macro_rules! pick {
    ($which:expr, $table:expr, $($pattern:pat => $name:ident,)*) => {
        $table.and_then(|t| match $which { $($pattern => t.$name,)* })
    };
}

impl Family {
    /// Makes a configuration's scheduler; null where there is none.
    ///
    /// # Safety
    /// A configuration of this family that is being loaded.
    pub unsafe fn scheduler_new(self, config: Config) -> Scheduler {
        let function = match self {
            Self::Http => Some(envoy().http_filter_config_scheduler_new),
            Self::Network => Network::get().map(|t| t.network_filter_config_scheduler_new),
            Self::AccessLogger => None,
            Self::Bootstrap => Bootstrap::get().map(|t| t.bootstrap_extension_config_scheduler_new),
        };
        // SAFETY: the caller's promise.
        function.map_or(core::ptr::null_mut(), |f| unsafe { f(config) })
    }

    /// Has the hook `config_scheduled` run on the main thread.
    ///
    /// # Safety
    /// A scheduler of this family that has not been deleted.
    pub unsafe fn commit(self, scheduler: Scheduler) {
        let function = match self {
            Self::Http => Some(envoy().http_filter_config_scheduler_commit),
            Self::Network => Network::get().map(|t| t.network_filter_config_scheduler_commit),
            Self::AccessLogger => None,
            Self::Bootstrap => Bootstrap::get().map(|t| t.bootstrap_extension_config_scheduler_commit),
        };
        if let Some(commit) = function {
            // SAFETY: the caller's promise.
            unsafe { commit(scheduler, 0) };
        }
    }

    /// Deletes a configuration's scheduler.
    ///
    /// # Safety
    /// A scheduler of this family, for the last time.
    pub unsafe fn delete(self, scheduler: Scheduler) {
        let function = match self {
            Self::Http => Some(envoy().http_filter_config_scheduler_delete),
            Self::Network => Network::get().map(|t| t.network_filter_config_scheduler_delete),
            Self::AccessLogger => None,
            Self::Bootstrap => Bootstrap::get().map(|t| t.bootstrap_extension_config_scheduler_delete),
        };
        if let Some(delete) = function {
            // SAFETY: the caller's promise.
            unsafe { delete(scheduler) };
        }
    }

    /// Whether metrics can have labels.
    pub fn has_labels(self) -> bool {
        matches!(self, Self::Http | Self::Bootstrap)
    }

    /// Defines a metric. `None` when it is too late for that, the name is taken by another type, or this family knows no
    /// labels and there is one.
    ///
    /// # Safety
    /// A configuration of this family that lives.
    pub unsafe fn define(
        self,
        config: Config,
        ty: MetricType,
        name: &str,
        label: Option<&[u8]>,
    ) -> Option<usize> {
        use MetricType::{Counter, Gauge, Histogram};
        let function: Labels<Define, DefineLabelled> = match self {
            Self::Http => {
                let e = envoy();
                Labels::With(Some(match ty {
                    Counter => e.http_filter_config_define_counter,
                    Gauge => e.http_filter_config_define_gauge,
                    Histogram => e.http_filter_config_define_histogram,
                }))
            }
            Self::Bootstrap => Labels::With(pick!(ty, Bootstrap::get(),
                Counter => bootstrap_extension_config_define_counter,
                Gauge => bootstrap_extension_config_define_gauge,
                Histogram => bootstrap_extension_config_define_histogram,
            )),
            Self::Network => Labels::Without(pick!(ty, Network::get(),
                Counter => network_filter_config_define_counter,
                Gauge => network_filter_config_define_gauge,
                Histogram => network_filter_config_define_histogram,
            )),
            Self::AccessLogger => Labels::Without(pick!(ty, AccessLog::get(),
                Counter => access_logger_config_define_counter,
                Gauge => access_logger_config_define_gauge,
                Histogram => access_logger_config_define_histogram,
            )),
        };
        let mut id = 0usize;
        let (name, label) = (Bytes::new(name.as_bytes()), label.map(Bytes::new));
        // SAFETY: the caller's promise; Envoy copies the strings.
        let result = unsafe {
            match function {
                Labels::Without(_) if label.is_some() => return None,
                Labels::Without(define) => define?(config, name, &raw mut id),
                Labels::With(define) => {
                    let labels = label.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
                    define?(config, name, labels, usize::from(label.is_some()), &raw mut id)
                }
            }
        };
        (result == 0).then_some(id)
    }

    /// Whether metrics of HTTP filters can be changed in hooks of streams only: so it is before Envoy 1.40.
    pub fn counts_in_hooks_only() -> bool {
        envoy().http_filter_config_increment_counter.is_none()
    }

    /// Changes a metric of an HTTP filter's configuration in a hook of one of its streams.
    ///
    /// # Safety
    /// The filter of the hook that runs, and the id of a metric of its configuration, with a label if it was defined with one.
    pub unsafe fn change_in_hook(filter: Filter, id: usize, label: Option<&[u8]>, change: MetricChange) {
        use MetricChange::{Count, Down, Record, Set, Up};
        let (Count(value) | Up(value) | Down(value) | Set(value) | Record(value)) = change;
        let function: Option<ChangeLabelled> = pick!(change, Some(envoy()),
            Count(_) => http_filter_increment_counter,
            Up(_) => http_filter_increment_gauge,
            Down(_) => http_filter_decrement_gauge,
            Set(_) => http_filter_set_gauge,
            Record(_) => http_filter_record_histogram_value,
        );
        let label = label.map(Bytes::new);
        if let Some(change) = function {
            let labels = label.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
            // SAFETY: the caller's promise.
            unsafe { change(filter, id, labels, usize::from(label.is_some()), value) };
        }
    }

    /// Changes a metric.
    ///
    /// # Safety
    /// A configuration of this family that lives, and the id of a metric of its, with a label if it was defined with one.
    pub unsafe fn change(self, config: Config, id: usize, label: Option<&[u8]>, change: MetricChange) {
        use MetricChange::{Count, Down, Record, Set, Up};
        let (Count(value) | Up(value) | Down(value) | Set(value) | Record(value)) = change;
        let function: Labels<Change, ChangeLabelled> = match self {
            Self::Http => Labels::With(pick!(change, Some(envoy()),
                Count(_) => http_filter_config_increment_counter,
                Up(_) => http_filter_config_increment_gauge,
                Down(_) => http_filter_config_decrement_gauge,
                Set(_) => http_filter_config_set_gauge,
                Record(_) => http_filter_config_record_histogram_value,
            )),
            Self::Bootstrap => Labels::With(pick!(change, Bootstrap::get(),
                Count(_) => bootstrap_extension_config_increment_counter,
                Up(_) => bootstrap_extension_config_increment_gauge,
                Down(_) => bootstrap_extension_config_decrement_gauge,
                Set(_) => bootstrap_extension_config_set_gauge,
                Record(_) => bootstrap_extension_config_record_histogram_value,
            )),
            Self::Network => Labels::Without(pick!(change, Network::get(),
                Count(_) => network_filter_config_increment_counter,
                Up(_) => network_filter_config_increment_gauge,
                Down(_) => network_filter_config_decrement_gauge,
                Set(_) => network_filter_config_set_gauge,
                Record(_) => network_filter_config_record_histogram_value,
            )),
            Self::AccessLogger => Labels::Without(pick!(change, AccessLog::get(),
                Count(_) => access_logger_increment_counter,
                Up(_) => access_logger_increment_gauge,
                Down(_) => access_logger_decrement_gauge,
                Set(_) => access_logger_set_gauge,
                Record(_) => access_logger_record_histogram_value,
            )),
        };
        let label = label.map(Bytes::new);
        // SAFETY: the caller's promise.
        unsafe {
            match function {
                Labels::Without(Some(change)) => {
                    change(config, id, value);
                }
                Labels::With(Some(change)) => {
                    let labels = label.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
                    change(config, id, labels, usize::from(label.is_some()), value);
                }
                Labels::Without(None) | Labels::With(None) => {}
            }
        }
    }
}
