//! Properties: reads what hosts commonly offer, sets one of its own and reads it back.

use log::info;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use support::printable;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::<Properties>::default());
}}

/// Read as text.
const TEXT: [(&str, &[&str]); 13] = [
    ("x-prop-request-path", &["request", "path"]),
    ("x-prop-request-method", &["request", "method"]),
    ("x-prop-request-host", &["request", "host"]),
    ("x-prop-request-protocol", &["request", "protocol"]),
    ("x-prop-request-header", &["request", "headers", "user-agent"]),
    ("x-prop-source-address", &["source", "address"]),
    ("x-prop-plugin-name", &["plugin_name"]),
    ("x-prop-plugin-root-id", &["plugin_root_id"]),
    ("x-prop-node-id", &["node", "id"]),
    ("x-prop-cluster-name", &["cluster_name"]),
    ("x-prop-vm-id", &["plugin_vm_id"]),
    ("x-prop-xds-node-id", &["xds", "node", "id"]),
    ("x-prop-xds-cluster-name", &["xds", "cluster_name"]),
];

/// Read as bytes; their length is shown, because the encoding belongs to the host.
const BYTES: [(&str, &[&str]); 3] = [
    ("x-prop-node-len", &["node"]),
    ("x-prop-request-time-len", &["request", "time"]),
    ("x-prop-request-headers-len", &["request", "headers"]),
];

#[derive(Default)]
struct Properties {
    saw: Vec<(&'static str, String)>,
}

fn read(path: &[&str]) -> Result<Option<Vec<u8>>, String> {
    hostcalls::get_property(path.to_vec()).map_err(|status| format!("error:{}", status as u32))
}

/// A property as text: `none` when the host does not have it, `error:STATUS` when it could not give it.
fn text(path: &[&str]) -> String {
    match read(path) {
        Ok(Some(bytes)) => printable(&bytes, 128),
        Ok(None) => "none".into(),
        Err(error) => error,
    }
}

fn length(path: &[&str]) -> String {
    match read(path) {
        Ok(Some(bytes)) => bytes.len().to_string(),
        Ok(None) => "none".into(),
        Err(error) => error,
    }
}

/// A property of type int64: 8 bytes, little endian.
fn integer(path: &[&str]) -> String {
    match read(path) {
        Ok(Some(bytes)) => match <[u8; 8]>::try_from(bytes.as_slice()) {
            Ok(bytes) => i64::from_le_bytes(bytes).to_string(),
            Err(_) => format!("error:{} bytes", bytes.len()),
        },
        Ok(None) => "none".into(),
        Err(error) => error,
    }
}

impl Context for Properties {}

impl HttpContext for Properties {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        for (header, path) in TEXT {
            self.saw.push((header, text(path)));
        }
        for (header, path) in BYTES {
            self.saw.push((header, length(path)));
        }
        self.saw.push(("x-prop-source-port", integer(&["source", "port"])));
        self.saw.push(("x-prop-missing", text(&["nullvm_no_such_property"])));
        self.saw.push(("x-prop-test-before", text(&["nullvm.test"])));
        self.set_property(vec!["nullvm.test"], Some(b"set by the filter"));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.saw.push(("x-prop-test-after", text(&["nullvm.test"])));
        self.saw.push(("x-prop-response-code", integer(&["response", "code"])));
        for (header, value) in &self.saw {
            self.add_http_response_header(header, value);
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        info!(
            "on_log: path {}, code {}",
            text(&["request", "path"]),
            integer(&["response", "code"])
        );
    }
}
