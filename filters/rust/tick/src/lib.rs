//! Timers: counts ticks and shows the count to each request and response.
//!
//! Configuration: `period_ms=` (default 50; 0 stops the timer).

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use support::Config;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<TickRoot>::default());
}}

#[derive(Default)]
struct TickRoot {
    ticks: Rc<Cell<u64>>,
}

impl Context for TickRoot {}

impl RootContext for TickRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let config = Config::parse(self.get_plugin_configuration());
        let period = config.number("period_ms", 50);
        self.set_tick_period(Duration::from_millis(period));
        info!("tick period: {period} ms");
        true
    }

    fn on_tick(&mut self) {
        self.ticks.set(self.ticks.get() + 1);
        if self.ticks.get() <= 3 {
            info!("tick {}", self.ticks.get());
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Tick {
            ticks: self.ticks.clone(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Tick {
    ticks: Rc<Cell<u64>>,
}

impl Context for Tick {}

impl HttpContext for Tick {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.set_http_request_header("x-ticks", Some(&self.ticks.get().to_string()));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header("x-ticks", Some(&self.ticks.get().to_string()));
        Action::Continue
    }
}
