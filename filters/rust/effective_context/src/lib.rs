//! The effective context: requests pause, and the root context resumes them from its timer on their behalf.
//!
//! Configuration: `period_ms=` (default 50).

use log::info;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MapType};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use support::{printable, Config};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context_id| Box::new(EffectiveRoot { context_id, waiting: Rc::default() }));
}}

/// The contexts that wait for the next tick: their ids, and where to note that they were resumed.
type Waiting = Rc<RefCell<Vec<(u32, Rc<Cell<bool>>)>>>;

struct EffectiveRoot {
    context_id: u32,
    waiting: Waiting,
}

impl Context for EffectiveRoot {}

impl RootContext for EffectiveRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let config = Config::parse(self.get_plugin_configuration());
        self.set_tick_period(Duration::from_millis(config.number("period_ms", 50)));
        true
    }

    fn on_tick(&mut self) {
        let waiting = self.waiting.take();
        if waiting.is_empty() {
            return;
        }
        for (context_id, resumed) in waiting {
            if hostcalls::set_effective_context(context_id).is_err() {
                continue;
            }
            // These act on the request, although the callback belongs to the root context.
            let path = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, ":path");
            let path = path.ok().flatten().unwrap_or_default();
            info!("resuming {}", printable(&path, 64));
            let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, "x-resumed-by", Some("tick"));
            resumed.set(true);
            let _ = hostcalls::resume_http_request();
        }
        let _ = hostcalls::set_effective_context(self.context_id);
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Effective {
            context_id,
            waiting: self.waiting.clone(),
            resumed: Rc::default(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Effective {
    context_id: u32,
    waiting: Waiting,
    resumed: Rc<Cell<bool>>,
}

impl Context for Effective {
    fn on_done(&mut self) -> bool {
        // A request that ends while it waits must not be resumed.
        self.waiting.borrow_mut().retain(|(id, _)| *id != self.context_id);
        true
    }
}

impl HttpContext for Effective {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        info!("waiting for a tick");
        self.waiting.borrow_mut().push((self.context_id, self.resumed.clone()));
        Action::Pause
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let by = if self.resumed.get() { "tick" } else { "nobody" };
        self.add_http_response_header("x-resumed-by", by);
        Action::Continue
    }
}
