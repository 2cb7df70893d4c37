//! Metrics that plugins define, shared by all workers, and their text forms.

use crate::log::lock;
pub use nullvm_host_common::abi::MetricType;
use nullvm_shim::host::Status;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What Envoy puts before the names of metrics that plugins define.
const NAMESPACE: &str = "wasmcustom";

/// Upper bounds of the buckets in the Prometheus form of a histogram.
const PROMETHEUS_BUCKETS: &[f64] = &[
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

const QUANTILES: &[(&str, f64)] = &[
    ("P0", 0.0),
    ("P25", 0.25),
    ("P50", 0.5),
    ("P75", 0.75),
    ("P90", 0.9),
    ("P95", 0.95),
    ("P99", 0.99),
    ("P99.5", 0.995),
    ("P99.9", 0.999),
    ("P100", 1.0),
];

/// A distribution, values kept to two significant digits: as exact as the quantiles that are shown of it.
#[derive(Clone, Debug, Default)]
struct Histogram {
    counts: BTreeMap<u64, u64>,
    count: u64,
    sum: u128,
}

impl Histogram {
    fn record(&mut self, value: u64) {
        let mut scale = 1;
        while value / scale >= 100 {
            scale *= 10;
        }
        *self.counts.entry(value / scale * scale).or_default() += 1;
        self.count += 1;
        self.sum += u128::from(value);
    }

    fn quantile(&self, q: f64) -> u64 {
        let rank = ((self.count as f64 * q).ceil() as u64).max(1);
        let mut seen = 0;
        for (value, n) in &self.counts {
            seen += n;
            if seen >= rank {
                return *value;
            }
        }
        0
    }
}

/// A metric's value, held by every VM that defined it.
#[derive(Debug)]
pub struct Metric {
    ty: MetricType,
    value: AtomicU64,
    histogram: Mutex<Histogram>,
}

impl Metric {
    fn new(ty: MetricType) -> Self {
        Self { ty, value: AtomicU64::new(0), histogram: Mutex::default() }
    }

    /// Adds to a counter or gauge. A counter takes only what is above 0, a histogram nothing.
    pub fn increment(&self, offset: i64) -> Status {
        match self.ty {
            MetricType::Counter if offset <= 0 => Status::BadArgument,
            MetricType::Histogram => Status::BadArgument,
            _ => {
                self.value.fetch_add(offset as u64, Ordering::Relaxed);
                Status::Ok
            }
        }
    }

    /// Adds to a counter, sets a gauge, records in a histogram.
    pub fn record(&self, value: u64) -> Status {
        match self.ty {
            MetricType::Counter => {
                self.value.fetch_add(value, Ordering::Relaxed);
            }
            MetricType::Gauge => self.value.store(value, Ordering::Relaxed),
            MetricType::Histogram => lock(&self.histogram).record(value),
        }
        Status::Ok
    }

    /// The value of a counter or gauge.
    pub fn get(&self) -> Result<u64, Status> {
        match self.ty {
            MetricType::Histogram => Err(Status::BadArgument),
            _ => Ok(self.value.load(Ordering::Relaxed)),
        }
    }
}

/// All metrics of a host.
#[derive(Debug, Default)]
pub struct Metrics {
    metrics: Mutex<BTreeMap<(String, MetricType), Arc<Metric>>>,
}

impl Metrics {
    /// The metric of this name and type; made at the first definition.
    pub fn define(&self, ty: MetricType, name: &str) -> Arc<Metric> {
        self.named(format!("{NAMESPACE}.{name}"), ty)
    }

    /// A counter of the host itself, under its own name.
    pub fn own(&self, ty: MetricType, name: &str) -> Arc<Metric> {
        self.named(name.to_owned(), ty)
    }

    fn named(&self, name: String, ty: MetricType) -> Arc<Metric> {
        lock(&self.metrics).entry((name, ty)).or_insert_with(|| Arc::new(Metric::new(ty))).clone()
    }

    /// The value of a counter or gauge that a plugin defined.
    pub fn value(&self, name: &str) -> Option<u64> {
        let metrics = lock(&self.metrics);
        [MetricType::Counter, MetricType::Gauge]
            .into_iter()
            .find_map(|ty| metrics.get(&(format!("{NAMESPACE}.{name}"), ty)))
            .and_then(|m| m.get().ok())
    }

    /// One line per metric, `name: value`, sorted by name; histograms behind the others.
    pub fn stats(&self) -> String {
        let (mut values, mut histograms) = (String::new(), String::new());
        for ((name, _), metric) in lock(&self.metrics).iter() {
            match metric.get() {
                Ok(value) => {
                    let _ = writeln!(values, "{name}: {value}");
                }
                Err(_) => {
                    let h = lock(&metric.histogram).clone();
                    let _ = write!(histograms, "{name}:");
                    if h.count == 0 {
                        histograms.push_str(" No recorded values");
                    } else {
                        for (label, q) in QUANTILES {
                            let _ = write!(histograms, " {label}(nan,{})", h.quantile(*q));
                        }
                    }
                    histograms.push('\n');
                }
            }
        }
        values + &histograms
    }

    /// The Prometheus text form. Metrics of plugins lose their namespace, and those whose name is then no Prometheus
    /// name are left out, as in Envoy; the host's own get the prefix `nullvm_`.
    pub fn prometheus(&self) -> String {
        let mut out = String::new();
        for ((full, ty), metric) in lock(&self.metrics).iter() {
            let name = match full.strip_prefix("wasmcustom.") {
                Some(name) => sanitize(name),
                None => format!("nullvm_{}", sanitize(full)),
            };
            if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                continue;
            }
            let _ = match ty {
                MetricType::Counter | MetricType::Gauge => {
                    let kind = if *ty == MetricType::Counter { "counter" } else { "gauge" };
                    let value = metric.value.load(Ordering::Relaxed);
                    writeln!(out, "# TYPE {name} {kind}\n{name}{{}} {value}")
                }
                MetricType::Histogram => {
                    let h = lock(&metric.histogram).clone();
                    let _ = writeln!(out, "# TYPE {name} histogram");
                    for bound in PROMETHEUS_BUCKETS {
                        let n: u64 =
                            h.counts.iter().take_while(|(v, _)| **v as f64 <= *bound).map(|(_, n)| n).sum();
                        let _ = writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {n}");
                    }
                    writeln!(
                        out,
                        "{name}_bucket{{le=\"+Inf\"}} {0}\n{name}_sum{{}} {1}\n{name}_count{{}} {0}",
                        h.count, h.sum
                    )
                }
            };
        }
        out
    }
}

fn sanitize(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

/// The metrics that one VM defined, by the ids it was given: multiples of 4 plus the type.
#[derive(Debug, Default)]
pub struct VmMetrics {
    by_type: [Vec<Arc<Metric>>; 3],
}

impl VmMetrics {
    /// Defines a metric and gives its id.
    pub fn define(&mut self, metrics: &Metrics, ty: u32, name: &str) -> Result<u32, Status> {
        let ty = MetricType::from_u32(ty).ok_or(Status::BadArgument)?;
        let list = &mut self.by_type[ty as usize];
        list.push(metrics.define(ty, name));
        Ok(list.len() as u32 * 4 + ty as u32)
    }

    /// The metric with this id: [`Status::NotFound`] for one that was not defined, [`Status::BadArgument`] for an id of
    /// no type.
    pub fn get(&self, id: u32) -> Result<&Metric, Status> {
        let list = self.by_type.get((id & 3) as usize).ok_or(Status::BadArgument)?;
        let index = (id >> 2).checked_sub(1).ok_or(Status::NotFound)?;
        list.get(index as usize).map(Arc::as_ref).ok_or(Status::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_values() {
        let metrics = Metrics::default();
        let mut vm = VmMetrics::default();
        let c = vm.define(&metrics, 0, "c").unwrap();
        let g = vm.define(&metrics, 1, "g.x").unwrap();
        let h = vm.define(&metrics, 2, "h").unwrap();
        assert_eq!((c, g, h), (4, 5, 6));
        assert_eq!(vm.get(c).unwrap().increment(0), Status::BadArgument);
        assert_eq!(vm.get(c).unwrap().increment(3), Status::Ok);
        assert_eq!(vm.get(g).unwrap().record(9), Status::Ok);
        assert_eq!(vm.get(g).unwrap().increment(-2), Status::Ok);
        assert_eq!(vm.get(h).unwrap().record(1234), Status::Ok);
        assert_eq!(vm.get(h).unwrap().get(), Err(Status::BadArgument));
        assert_eq!(vm.get(0x00ff_fff0).map(|_| ()), Err(Status::NotFound));
        assert_eq!(vm.get(3).map(|_| ()), Err(Status::BadArgument));
        assert_eq!(vm.define(&metrics, 3, "x"), Err(Status::BadArgument));
        let text = metrics.stats();
        assert!(text.starts_with("wasmcustom.c: 3\nwasmcustom.g.x: 7\nwasmcustom.h: P0(nan,1200)"), "{text}");
        let text = metrics.prometheus();
        assert!(text.contains("# TYPE c counter\nc{} 3\n"), "{text}");
        assert!(
            text.contains("g_x{} 7\n")
                && text.contains("h_bucket{le=\"2500\"} 1\n")
                && text.contains("h_sum{} 1234\n")
        );
    }
}
