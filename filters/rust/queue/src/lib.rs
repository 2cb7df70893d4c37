//! Shared queues: requests put their path into the queue `q`, the root context takes it out when told.
//!
//! Configuration: `vm_id=` (optional): the requests then also resolve `q` under that VM id.

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::cell::Cell;
use std::rc::Rc;
use support::{printable, Config};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<QueueRoot>::default());
}}

#[derive(Default)]
struct QueueRoot {
    config: Rc<Config>,
    queue: u32,
    /// How many items this instance took out so far.
    dequeued: Rc<Cell<u64>>,
}

impl Context for QueueRoot {}

impl RootContext for QueueRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.config = Rc::new(Config::parse(self.get_plugin_configuration()));
        self.queue = self.register_shared_queue("q");
        info!("registered queue q");
        true
    }

    fn on_queue_ready(&mut self, queue: u32) {
        while let Ok(Some(item)) = self.dequeue_shared_queue(queue) {
            self.dequeued.set(self.dequeued.get() + 1);
            info!("dequeued: {}", printable(&item, 256));
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Queue {
            config: self.config.clone(),
            queue: self.queue,
            dequeued: self.dequeued.clone(),
            enqueued: "ok",
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Queue {
    config: Rc<Config>,
    queue: u32,
    dequeued: Rc<Cell<u64>>,
    enqueued: &'static str,
}

impl Context for Queue {}

impl HttpContext for Queue {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let path = self.get_http_request_header_bytes(":path").unwrap_or_default();
        if self.enqueue_shared_queue(self.queue, Some(&path)).is_err() {
            self.enqueued = "failed";
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header("x-queue", self.enqueued);
        self.add_http_response_header("x-queue-dequeued", &self.dequeued.get().to_string());
        if let Some(vm_id) = self.config.get("vm_id") {
            let resolved = match self.resolve_shared_queue(vm_id, "q") {
                Some(id) if id == self.queue => "same",
                Some(_) => "other",
                None => "none",
            };
            self.add_http_response_header("x-queue-resolved", resolved);
        }
        Action::Continue
    }
}
