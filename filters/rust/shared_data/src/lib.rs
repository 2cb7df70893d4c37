//! Shared data: a counter kept by compare-and-swap under the key `nullvm.count`.

use log::info;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel, Status};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::<SharedData>::default());
}}

const KEY: &str = "nullvm.count";

#[derive(Default)]
struct SharedData {
    count: u64,
    retries: u32,
    stale: Option<&'static str>,
}

impl Context for SharedData {}

impl SharedData {
    /// The number under the key, and its compare-and-swap token.
    fn read(&self) -> (u64, Option<u32>) {
        let (value, cas) = self.get_shared_data(KEY);
        let count = value
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        (count, cas)
    }

    fn count(&mut self) {
        loop {
            let (count, cas) = self.read();
            self.count = count + 1;
            match self.set_shared_data(KEY, Some(self.count.to_string().as_bytes()), cas) {
                Err(Status::CasMismatch) if self.retries < 1000 => self.retries += 1,
                _ => return,
            }
        }
    }
}

impl HttpContext for SharedData {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.count();
        if self.get_http_request_header("x-cas-stale").is_some() {
            // A token that no write gave out: the host must refuse it.
            let stale = self.read().1.unwrap_or(0).wrapping_add(1_000_000);
            self.stale = Some(match self.set_shared_data(KEY, Some(b"0"), Some(stale)) {
                Ok(()) => "ok",
                Err(Status::CasMismatch) => "mismatch",
                Err(_) => "error",
            });
        }
        info!("shared count: {}", self.count);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header("x-shared-count", &self.count.to_string());
        self.add_http_response_header("x-shared-retries", &self.retries.to_string());
        if let Some(stale) = self.stale {
            self.add_http_response_header("x-shared-stale", stale);
        }
        Action::Continue
    }
}
