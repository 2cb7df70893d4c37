//! Bodies: buffers the request body to its end, buffers the response body and rewrites it.
//!
//! Configuration: `mode=replace|append|prepend` (default `replace`), `text=...` (default `nullvm`).

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::rc::Rc;
use support::{printable, Config};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(BodyRoot { config: Rc::default() }));
}}

struct BodyRoot {
    config: Rc<Config>,
}

impl Context for BodyRoot {}

impl RootContext for BodyRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.config = Rc::new(Config::parse(self.get_plugin_configuration()));
        matches!(self.config.or("mode", "replace"), "replace" | "append" | "prepend")
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Body {
            config: self.config.clone(),
            rewrite_request: false,
            request: Vec::new(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Body {
    config: Rc<Config>,
    rewrite_request: bool,
    request: Vec<u8>,
}

impl Context for Body {}

impl Body {
    /// Where the text goes: the range (start, length) of a body of `size` bytes that it takes the place of.
    fn place(&self, size: usize) -> (usize, usize) {
        match self.config.or("mode", "replace") {
            "append" => (size, 0),
            "prepend" => (0, 0),
            _ => (0, size),
        }
    }
}

impl HttpContext for Body {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.rewrite_request = self.get_http_request_header("x-rewrite-request").is_some();
        if self.rewrite_request {
            self.set_http_request_header("content-length", None);
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        info!("request body: {size} bytes, end: {end_of_stream}");
        if !end_of_stream {
            return Action::Pause;
        }
        self.request = self.get_http_request_body(0, size).unwrap_or_default();
        if self.rewrite_request {
            let (start, length) = self.place(size);
            self.set_http_request_body(start, length, self.config.or("text", "nullvm").as_bytes());
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header("content-length", None);
        self.add_http_response_header("x-request-body-len", &self.request.len().to_string());
        self.add_http_response_header("x-request-body", &printable(&self.request, 32));
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        info!("response body: {size} bytes, end: {end_of_stream}");
        if !end_of_stream {
            return Action::Pause;
        }
        let (start, length) = self.place(size);
        self.set_http_response_body(start, length, self.config.or("text", "nullvm").as_bytes());
        Action::Continue
    }
}
