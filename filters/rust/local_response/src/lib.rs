//! Local responses: a request with the header `x-deny` gets its answer from the filter.

use log::info;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, GrpcStatusCode, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::<LocalResponse>::default());
}}

#[derive(Default)]
struct LocalResponse {
    deny_response: bool,
}

impl LocalResponse {
    fn deny(&self) {
        self.send_http_response(403, vec![("x-denied", "yes")], Some(b"denied by nullvm\n"));
    }
}

impl Context for LocalResponse {}

impl HttpContext for LocalResponse {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        match self.get_http_request_header("x-deny").as_deref() {
            None => Action::Continue,
            Some("body") => {
                self.deny_response = true;
                Action::Continue
            }
            Some("grpc") => {
                info!("denied with a gRPC status");
                self.send_grpc_response(
                    GrpcStatusCode::PermissionDenied,
                    Some("denied by nullvm"),
                    vec![("x-denied", b"yes".as_slice())],
                );
                Action::Pause
            }
            Some(_) => {
                info!("denied at the request headers");
                self.deny();
                Action::Pause
            }
        }
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        // Hosts may run the response callbacks for the local response too: deny once.
        if std::mem::take(&mut self.deny_response) {
            info!("denied at the response headers");
            self.deny();
            return Action::Pause;
        }
        Action::Continue
    }
}
