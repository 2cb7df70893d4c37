//! Metrics: a counter, a gauge and a histogram, and what the host says of them.

use log::info;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MetricType};
use support::printable;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<MetricsRoot>::default());
}}

#[derive(Default, Clone, Copy)]
struct MetricsRoot {
    counter: u32,
    gauge: u32,
    histogram: u32,
}

fn define(metric_type: MetricType, name: &str) -> u32 {
    let id = hostcalls::define_metric(metric_type, name).unwrap();
    info!("defined {name}");
    id
}

/// The value of a metric, or `error:STATUS`.
fn value(metric: u32) -> String {
    match hostcalls::get_metric(metric) {
        Ok(value) => value.to_string(),
        Err(status) => format!("error:{}", status as u32),
    }
}

/// `ok`, or `error:STATUS`.
fn outcome(result: Result<(), proxy_wasm::types::Status>) -> String {
    match result {
        Ok(()) => "ok".into(),
        Err(status) => format!("error:{}", status as u32),
    }
}

impl Context for MetricsRoot {}

impl RootContext for MetricsRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.counter = define(MetricType::Counter, "nullvm_counter");
        self.gauge = define(MetricType::Gauge, "nullvm_gauge");
        self.histogram = define(MetricType::Histogram, "nullvm_histogram");
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Metrics { ids: *self }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Metrics {
    ids: MetricsRoot,
}

impl Context for Metrics {}

impl HttpContext for Metrics {
    fn on_http_request_headers(&mut self, num_headers: usize, _end_of_stream: bool) -> Action {
        let path = self.get_http_request_header_bytes(":path").unwrap_or_default();
        info!("metrics for {}", printable(&path, 64));
        let _ = hostcalls::increment_metric(self.ids.counter, 2);
        let _ = hostcalls::record_metric(self.ids.gauge, num_headers as u64);
        let _ = hostcalls::increment_metric(self.ids.gauge, -1);
        let _ = hostcalls::record_metric(self.ids.histogram, 10 * num_headers as u64);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header("x-metric-counter", &value(self.ids.counter));
        self.add_http_response_header("x-metric-gauge", &value(self.ids.gauge));
        self.add_http_response_header("x-metric-histogram", &value(self.ids.histogram));
        let unknown = 0x00ff_fff0;
        self.add_http_response_header("x-metric-unknown-get", &value(unknown));
        self.add_http_response_header(
            "x-metric-unknown-increment",
            &outcome(hostcalls::increment_metric(unknown, 1)),
        );
        self.add_http_response_header(
            "x-metric-unknown-record",
            &outcome(hostcalls::record_metric(unknown, 1)),
        );
        Action::Continue
    }
}
