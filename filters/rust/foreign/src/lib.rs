//! Foreign functions: calls the configured one with the request body (the path where there is no body), and
//! with `compress` takes the result back through `uncompress`.
//!
//! Configuration: `function=` (default `compress`).

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::rc::Rc;
use support::Config;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(ForeignRoot { config: Rc::default() }));
}}

struct ForeignRoot {
    config: Rc<Config>,
}

impl Context for ForeignRoot {}

impl RootContext for ForeignRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.config = Rc::new(Config::parse(self.get_plugin_configuration()));
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Foreign {
            config: self.config.clone(),
            length: "none".into(),
            roundtrip: "skipped",
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Foreign {
    config: Rc<Config>,
    length: String,
    roundtrip: &'static str,
}

impl Foreign {
    fn call(&mut self, argument: &[u8]) {
        let function = self.config.or("function", "compress");
        match self.call_foreign_function(function, Some(argument)) {
            Err(status) => self.length = format!("error:{}", status as u32),
            Ok(result) => {
                let result = result.unwrap_or_default();
                self.length = result.len().to_string();
                if function == "compress" {
                    self.roundtrip = match self.call_foreign_function("uncompress", Some(&result)) {
                        Ok(back) if back.as_deref().unwrap_or_default() == argument => "ok",
                        Ok(_) => "differs",
                        Err(_) => "error",
                    };
                }
            }
        }
        info!(
            "{function}: {} bytes in, {} out, roundtrip {}",
            argument.len(),
            self.length,
            self.roundtrip
        );
    }
}

impl Context for Foreign {}

impl HttpContext for Foreign {
    fn on_http_request_headers(&mut self, _num_headers: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            let path = self.get_http_request_header_bytes(":path").unwrap_or_default();
            self.call(&path);
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        self.call(&body);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header("x-foreign-len", &self.length);
        self.add_http_response_header("x-foreign-roundtrip", self.roundtrip);
        Action::Continue
    }
}
