//! The smallest filter that does something: one header read and two added, without a log line.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(GetAdd));
}}

struct GetAdd;

impl Context for GetAdd {}

impl HttpContext for GetAdd {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(agent) = self.get_http_request_header_bytes("user-agent") {
            self.add_http_request_header_bytes("x-ua", &agent);
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header("x-get-add", "1");
        Action::Continue
    }
}
