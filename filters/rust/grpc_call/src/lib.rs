//! A gRPC call, or a gRPC stream, while the request waits. The message is the request's path, raw.
//!
//! Configuration: `cluster=`, `service=` (default `nullvm.test.Echo`), `method=` (default `Echo`), `timeout_ms=`
//! (default 1000), `mode=call|stream` (default `call`).

use log::{info, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::rc::Rc;
use std::time::Duration;
use support::{printable, Config};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(GrpcCallRoot { config: Rc::default() }));
}}

struct GrpcCallRoot {
    config: Rc<Config>,
}

impl Context for GrpcCallRoot {}

impl RootContext for GrpcCallRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.config = Rc::new(Config::parse(self.get_plugin_configuration()));
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(GrpcCall {
            config: self.config.clone(),
            status: None,
            reply: Vec::new(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct GrpcCall {
    config: Rc<Config>,
    status: Option<u32>,
    reply: Vec<u8>,
}

impl GrpcCall {
    fn finish(&mut self, status: u32) {
        info!("grpc status {status}, reply of {} bytes", self.reply.len());
        self.status = Some(status);
        self.resume_http_request();
    }
}

impl Context for GrpcCall {
    fn on_grpc_call_response(&mut self, _token: u32, status: u32, size: usize) {
        if status == 0 && size > 0 {
            self.reply = self.get_grpc_call_response_body(0, size).unwrap_or_default();
        }
        self.finish(status);
    }

    fn on_grpc_stream_initial_metadata(&mut self, _token: u32, _elements: u32) {
        info!("grpc stream: initial metadata");
    }

    fn on_grpc_stream_message(&mut self, _token: u32, size: usize) {
        info!("grpc stream: message of {size} bytes");
        self.reply = self.get_grpc_stream_message(0, size).unwrap_or_default();
    }

    fn on_grpc_stream_trailing_metadata(&mut self, _token: u32, _elements: u32) {
        info!("grpc stream: trailing metadata");
    }

    fn on_grpc_stream_close(&mut self, _token: u32, status: u32) {
        info!("grpc stream: closed");
        self.finish(status);
    }
}

impl HttpContext for GrpcCall {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let cluster = self.config.or("cluster", "");
        let service = self.config.or("service", "nullvm.test.Echo");
        let method = self.config.or("method", "Echo");
        let message = self.get_http_request_header_bytes(":path").unwrap_or_default();
        let metadata = vec![("x-nullvm", b"1".as_slice())];
        let started = if self.config.or("mode", "call") == "stream" {
            self.open_grpc_stream(cluster, service, method, metadata)
                .map(|token| self.send_grpc_stream_message(token, Some(&message), true))
        } else {
            let timeout = Duration::from_millis(self.config.number("timeout_ms", 1000));
            self.dispatch_grpc_call(cluster, service, method, metadata, Some(&message), timeout)
                .map(|_token| ())
        };
        match started {
            Ok(()) => info!("grpc call dispatched to {cluster}"),
            Err(status) => {
                warn!("grpc call to {cluster} not dispatched: {status:?}");
                self.send_http_response(500, vec![("x-callout", "failed")], Some(b"grpc call not dispatched\n"));
            }
        }
        Action::Pause
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(status) = self.status {
            self.set_http_response_header("x-grpc-status", Some(&status.to_string()));
            self.set_http_response_header("x-grpc-reply-len", Some(&self.reply.len().to_string()));
            self.set_http_response_header("x-grpc-reply", Some(&printable(&self.reply, 32)));
        }
        Action::Continue
    }
}
