//! The tutorial filter: adds the configured headers to every response and logs each callback.
//!
//! Configuration: one `key=value` per line; blank lines and lines that start with `#` are ignored.

use log::{info, warn};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MetricType};
use std::rc::Rc;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AddHeaderRoot::default()));
}}

#[derive(Default)]
struct AddHeaderRoot {
    headers: Rc<Vec<(String, String)>>,
    counter: Option<u32>,
}

impl Context for AddHeaderRoot {}

impl RootContext for AddHeaderRoot {
    fn on_vm_start(&mut self, size: usize) -> bool {
        info!("on_vm_start: {size} bytes of configuration");
        true
    }

    fn on_configure(&mut self, _size: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let mut headers = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.split_once('=') {
                Some((key, value)) => {
                    headers.push((key.trim().to_string(), value.trim().to_string()));
                }
                None => warn!("line {} ignored: no '=' in it", number + 1),
            }
        }
        info!("on_configure: {} headers to add", headers.len());
        self.headers = Rc::new(headers);
        if self.counter.is_none() {
            self.counter = hostcalls::define_metric(MetricType::Counter, "hello_header_counter").ok();
        }
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(AddHeader {
            headers: self.headers.clone(),
            counter: self.counter,
            request_headers: 0,
            response_headers: 0,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct AddHeader {
    headers: Rc<Vec<(String, String)>>,
    counter: Option<u32>,
    request_headers: usize,
    response_headers: usize,
}

impl Context for AddHeader {}

impl HttpContext for AddHeader {
    fn on_http_request_headers(&mut self, num_headers: usize, _end_of_stream: bool) -> Action {
        info!("on_http_request_headers: {num_headers} headers");
        self.request_headers = num_headers;
        if let Some(counter) = self.counter {
            if self.get_http_request_header("hello").is_some() {
                let _ = hostcalls::increment_metric(counter, 1);
            }
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, num_headers: usize, _end_of_stream: bool) -> Action {
        info!("on_http_response_headers: {num_headers} headers");
        self.response_headers = num_headers;
        for (name, value) in self.headers.iter() {
            self.add_http_response_header(name, value);
        }
        self.add_http_response_header("x-wasm-filter", "nullvm");
        Action::Continue
    }

    fn on_log(&mut self) {
        info!(
            "on_log: {} request headers, {} response headers",
            self.request_headers, self.response_headers
        );
    }
}
