//! The host's clock and the environment, as far as a module without WASI can see them.

use log::info;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use std::time::{SystemTime, UNIX_EPOCH};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::<TimeEnv>::default());
}}

#[derive(Default)]
struct TimeEnv {
    start: Option<SystemTime>,
}

impl Context for TimeEnv {}

impl HttpContext for TimeEnv {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.start = Some(self.get_current_time());
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let now = self.get_current_time();
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.add_http_response_header("x-time-ns", &since_epoch.as_nanos().to_string());
        let order = match self.start.map(|start| now.duration_since(start)) {
            Some(Ok(_)) => "forward",
            Some(Err(_)) => "backward",
            None => "unknown",
        };
        self.add_http_response_header("x-time-order", order);
        // Always `none` on wasm32-unknown-unknown, whatever the host offers.
        let variable = std::env::var("NULLVM_TEST");
        self.add_http_response_header("x-env", variable.as_deref().unwrap_or("none"));
        info!("time goes {order}");
        Action::Continue
    }
}
