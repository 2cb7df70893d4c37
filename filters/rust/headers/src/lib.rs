//! Every operation on a header map: get, get all, replace, remove, add, set all, on requests, responses and trailers.

use log::info;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use support::printable;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::<Headers>::default());
}}

#[derive(Default)]
struct Headers {
    /// What the request showed, kept for the response.
    saw: Vec<(&'static str, String)>,
    set_all: bool,
}

impl Context for Headers {}

/// The values of every pair called `name`, in the order of the map.
fn all(pairs: &[(String, Vec<u8>)], name: &str) -> String {
    let values: Vec<String> = pairs
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| printable(value, 64))
        .collect();
    values.join("|")
}

fn borrowed(pairs: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_slice()))
        .collect()
}

impl HttpContext for Headers {
    fn on_http_request_headers(&mut self, num_headers: usize, end_of_stream: bool) -> Action {
        let before = self.get_http_request_headers_bytes();
        self.saw.push(("x-saw-count", num_headers.to_string()));
        self.saw.push(("x-saw-pairs", before.len().to_string()));
        self.saw.push(("x-saw-end", end_of_stream.to_string()));

        let agent = self.get_http_request_header("user-agent");
        self.saw.push(("x-saw-ua", agent.unwrap_or("none".into())));
        let missing = self.get_http_request_header("x-missing");
        self.saw.push(("x-saw-missing", missing.unwrap_or("none".into())));

        self.set_http_request_header("x-replace", Some("replaced"));
        let replaced = self.get_http_request_header("x-replace");
        self.saw.push(("x-saw-replace", replaced.unwrap_or("none".into())));

        self.remove_http_request_header("x-remove");
        let removed = self.get_http_request_header("x-remove");
        self.saw.push(("x-saw-remove", removed.unwrap_or("none".into())));

        self.add_http_request_header("x-multi", "one");
        self.add_http_request_header_bytes("x-multi", b"two");
        self.saw
            .push(("x-saw-multi", all(&self.get_http_request_headers_bytes(), "x-multi")));

        self.set_all = self.get_http_request_header("x-set-all").is_some();
        if self.set_all {
            let mut pairs = self.get_http_request_headers_bytes();
            pairs.retain(|(name, _)| !name.starts_with("x-drop"));
            pairs.push(("x-set-all-done".into(), b"1".to_vec()));
            self.set_http_request_headers_bytes(borrowed(&pairs));
            let after = self.get_http_request_headers_bytes();
            self.saw.push((
                "x-saw-drop",
                after
                    .iter()
                    .filter(|(name, _)| name.starts_with("x-drop"))
                    .count()
                    .to_string(),
            ));
            self.saw.push(("x-saw-set-all", all(&after, "x-set-all-done")));
        }
        info!("request headers: {num_headers}, pairs: {}", before.len());
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, num_trailers: usize) -> Action {
        let pairs = self.get_http_request_trailers_bytes();
        info!("request trailers: {num_trailers}, pairs: {}", pairs.len());
        self.add_http_request_trailer("x-trailer", "request");
        Action::Continue
    }

    fn on_http_response_headers(&mut self, num_headers: usize, end_of_stream: bool) -> Action {
        let before = self.get_http_response_headers_bytes();
        info!(
            "response headers: {num_headers}, pairs: {}, end: {end_of_stream}",
            before.len()
        );

        let status = self.get_http_response_header(":status");
        self.add_http_response_header("x-saw-status", &status.unwrap_or("none".into()));
        self.set_http_response_header("x-resp-replace", Some("replaced"));
        self.remove_http_response_header("x-resp-remove");
        self.add_http_response_header("x-resp-multi", "one");
        self.add_http_response_header_bytes("x-resp-multi", b"two");
        if self.set_all {
            let mut pairs = self.get_http_response_headers_bytes();
            pairs.retain(|(name, _)| !name.starts_with("x-resp-drop"));
            pairs.push(("x-resp-set-all".into(), b"1".to_vec()));
            self.set_http_response_headers_bytes(borrowed(&pairs));
        }
        for (name, value) in &self.saw {
            self.add_http_response_header(name, value);
        }
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, num_trailers: usize) -> Action {
        let pairs = self.get_http_response_trailers_bytes();
        info!("response trailers: {num_trailers}, pairs: {}", pairs.len());
        self.set_http_response_trailer("x-trailer", Some("response"));
        Action::Continue
    }
}
