//! Memory: allocates as many MiB as the request header `x-alloc-mb` says and tells whether that worked.

use log::info;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::<MemoryGrow>::default());
}}

const PAGE: usize = 64 << 10;

#[derive(Default)]
struct MemoryGrow {
    /// Held until the request ends.
    room: Vec<u8>,
    outcome: Option<&'static str>,
}

impl MemoryGrow {
    /// Allocates `mebibytes` and writes to each page of it.
    fn allocate(&mut self, mebibytes: usize) -> &'static str {
        let Some(size) = mebibytes.checked_mul(1 << 20) else {
            return "failed";
        };
        if self.room.try_reserve_exact(size).is_err() {
            return "failed";
        }
        let start = self.room.as_mut_ptr();
        for offset in (0..size).step_by(PAGE) {
            // SAFETY: `offset` is below the reserved capacity.
            unsafe { start.add(offset).write_volatile(offset as u8) };
        }
        "ok"
    }
}

impl Context for MemoryGrow {}

impl HttpContext for MemoryGrow {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let asked = self.get_http_request_header("x-alloc-mb");
        if let Some(mebibytes) = asked.and_then(|value| value.parse().ok()) {
            let outcome = self.allocate(mebibytes);
            info!("allocation of {mebibytes} MiB: {outcome}");
            self.outcome = Some(outcome);
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(outcome) = self.outcome {
            self.add_http_response_header("x-alloc", outcome);
        }
        let pages = core::arch::wasm32::memory_size::<0>();
        self.add_http_response_header("x-memory-pages", &pages.to_string());
        Action::Continue
    }
}
