//! An HTTP call while the request waits.
//!
//! Configuration: `cluster=`, `path=` (default `/`), `authority=` (default: the cluster), `timeout_ms=` (default 1000).

use log::{info, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::rc::Rc;
use std::time::Duration;
use support::{printable, Config};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(HttpCallRoot { config: Rc::default() }));
}}

struct HttpCallRoot {
    config: Rc<Config>,
}

impl Context for HttpCallRoot {}

impl RootContext for HttpCallRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.config = Rc::new(Config::parse(self.get_plugin_configuration()));
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(HttpCall {
            config: self.config.clone(),
            answer: None,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct HttpCall {
    config: Rc<Config>,
    /// Status and start of the body that the callout brought.
    answer: Option<(String, String)>,
}

impl Context for HttpCall {
    fn on_http_call_response(&mut self, _token: u32, headers: usize, size: usize, trailers: usize) {
        let status = match headers {
            0 => "none".to_string(),
            _ => self.get_http_call_response_header(":status").unwrap_or("none".into()),
        };
        let body = self.get_http_call_response_body(0, size).unwrap_or_default();
        info!("http call response: status {status}, {headers} headers, {size} bytes, {trailers} trailers");
        self.set_http_request_header("x-callout-status", Some(&status));
        self.answer = Some((status, printable(&body, 32)));
        self.resume_http_request();
    }
}

impl HttpContext for HttpCall {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let cluster = self.config.or("cluster", "");
        let headers = vec![
            (":method", "GET"),
            (":path", self.config.or("path", "/")),
            (":authority", self.config.or("authority", cluster)),
            ("x-callout", "nullvm"),
        ];
        let timeout = Duration::from_millis(self.config.number("timeout_ms", 1000));
        match self.dispatch_http_call(cluster, headers, None, vec![], timeout) {
            Ok(_token) => info!("http call dispatched to {cluster}"),
            Err(status) => {
                warn!("http call to {cluster} not dispatched: {status:?}");
                self.send_http_response(500, vec![("x-callout", "failed")], Some(b"http call not dispatched\n"));
            }
        }
        Action::Pause
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some((status, body)) = &self.answer {
            self.set_http_response_header("x-callout-status", Some(status));
            self.set_http_response_header("x-callout-body", Some(body));
        }
        Action::Continue
    }
}
