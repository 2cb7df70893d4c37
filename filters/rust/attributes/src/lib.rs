//! Foreign functions over a stream's attributes: expressions, declared properties, objects of the filter state.
//!
//! Configuration: `expression=` (optional), one more expression that is evaluated at the response headers.

use log::info;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel, Status};
use std::rc::Rc;
use support::{printable, Config};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AttributesRoot { config: Rc::default() }));
}}

#[link(wasm_import_module = "env")]
extern "C" {
    /// The SDK's function panics at a status that is a result here.
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
}

/// How the bytes of a value are shown.
#[derive(Clone, Copy)]
enum Show {
    Text,
    Int,
    Bool,
}

/// Evaluated at the request headers.
const AT_REQUEST: [(&str, Show, &str); 11] = [
    ("x-expr-path", Show::Text, "request.path"),
    ("x-expr-url", Show::Text, "request.url_path + '|' + request.query"),
    (
        "x-expr-method",
        Show::Bool,
        "request.method == 'GET' || request.method == 'POST'",
    ),
    ("x-expr-header", Show::Text, "request.headers['x-a']"),
    ("x-expr-in", Show::Bool, "'x-a' in request.headers"),
    ("x-expr-size", Show::Int, "size(request.method)"),
    (
        "x-expr-source",
        Show::Bool,
        "source.port > 0 && source.address.startsWith('127.0.0.1:')",
    ),
    ("x-expr-plugin", Show::Text, "plugin_name + '/' + plugin_root_id"),
    ("x-expr-declared", Show::Text, "attributes_once"),
    (
        "x-expr-object",
        Show::Bool,
        "filter_state['envoy.string'] == request.path",
    ),
    ("x-expr-missing", Show::Text, "attributes_no_such"),
];

/// Made at the request headers, evaluated at the response headers.
const AT_RESPONSE: [(&str, Show, &str); 2] = [
    ("x-expr-code", Show::Int, "response.code"),
    ("x-expr-ok", Show::Bool, "response.code >= 200 && response.code < 300"),
];

/// What cannot be made.
const BROKEN: &str = "request.path ==";

/// A type of `envoy.source.extensions.common.wasm.DeclarePropertyArguments`.
const STRING: u8 = 1;
/// A life span of the same.
const DOWNSTREAM_CONNECTION: u8 = 2;

fn field(out: &mut Vec<u8>, number: u8, text: &str) {
    out.push(number << 3 | 2);
    out.push(text.len() as u8);
    out.extend_from_slice(text.as_bytes());
}

/// Protobuf of `declare_property`.
fn declaration(name: &str, readonly: bool, kind: u8, span: u8) -> Vec<u8> {
    let mut out = Vec::new();
    field(&mut out, 1, name);
    out.extend_from_slice(&[2 << 3, u8::from(readonly), 3 << 3, kind, 5 << 3, span]);
    out
}

/// Protobuf of `set_envoy_filter_state`.
fn object(path: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    field(&mut out, 1, path);
    field(&mut out, 2, value);
    out
}

fn call(function: &str, arguments: &[u8]) -> Result<Vec<u8>, String> {
    hostcalls::call_foreign_function(function, Some(arguments))
        .map(Option::unwrap_or_default)
        .map_err(|status: Status| format!("error:{}", status as u32))
}

/// `ok` or `error:STATUS`
fn outcome(function: &str, arguments: &[u8]) -> String {
    call(function, arguments).map_or_else(|error| error, |_| "ok".into())
}

fn set(name: &str, value: &str) -> String {
    // SAFETY: both are readable during the call.
    match unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) } {
        0 => "ok".into(),
        status => format!("error:{status}"),
    }
}

fn get(path: &[&str]) -> String {
    match hostcalls::get_property(path.to_vec()) {
        Ok(Some(bytes)) => printable(&bytes, 128),
        Ok(None) => "none".into(),
        Err(status) => format!("error:{}", status as u32),
    }
}

fn shown(bytes: &Bytes, show: Show) -> String {
    match (show, bytes.as_slice()) {
        (Show::Text, text) => printable(text, 128),
        (Show::Bool, [flag]) => (*flag != 0).to_string(),
        (Show::Int, bytes) if bytes.len() == 8 => {
            bytes.iter().rev().fold(0i64, |n, b| n << 8 | i64::from(*b)).to_string()
        }
        (_, bytes) => format!("{} bytes", bytes.len()),
    }
}

fn evaluate(token: &Result<Vec<u8>, String>, show: Show) -> String {
    let result = token.clone().and_then(|token| call("expr_evaluate", &token));
    result.map_or_else(|error| error, |bytes| shown(&bytes, show))
}

struct AttributesRoot {
    config: Rc<Config>,
}

impl Context for AttributesRoot {}

impl RootContext for AttributesRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.config = Rc::new(Config::parse(self.get_plugin_configuration()));
        let declare =
            |name: &str, readonly, span| outcome("declare_property", &declaration(name, readonly, STRING, span));
        info!(
            "declared once: {}, connection: {}, once again: {}, nonsense: {}",
            declare("attributes_once", true, 0),
            declare("attributes_connection", false, DOWNSTREAM_CONNECTION),
            declare("attributes_once", true, 0),
            outcome("declare_property", &[0xff]),
        );
        info!(
            "without a stream: object {}, path {}",
            outcome("set_envoy_filter_state", &object("envoy.string", "root")),
            evaluate(&call("expr_create", b"request.path"), Show::Text),
        );
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Attributes {
            config: self.config.clone(),
            ..Attributes::default()
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

#[derive(Default)]
struct Attributes {
    config: Rc<Config>,
    saw: Vec<(&'static str, String)>,
    later: Vec<(&'static str, Show, Result<Vec<u8>, String>)>,
    live: Vec<Vec<u8>>,
}

impl Attributes {
    fn create(&mut self, text: &str) -> Result<Vec<u8>, String> {
        let token = call("expr_create", text.as_bytes());
        self.live.extend(token.iter().cloned());
        token
    }

    fn saw(&mut self, header: &'static str, value: String) {
        self.saw.push((header, value));
    }
}

impl Context for Attributes {}

impl HttpContext for Attributes {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        self.saw("x-state-connection", get(&["attributes_connection"]));
        self.saw("x-state-connection-set", set("attributes_connection", "seen"));
        self.saw("x-state-once", set("attributes_once", "first"));
        self.saw("x-state-once-again", set("attributes_once", "second"));
        self.saw("x-state-once-is", get(&["attributes_once"]));
        self.saw("x-state-plain", set("attributes_plain", "plain"));
        self.saw("x-state-plain-again", set("attributes_plain", "other"));
        self.saw("x-state-key", get(&["filter_state", "wasm.attributes_plain"]));
        self.saw(
            "x-state-object",
            outcome("set_envoy_filter_state", &object("envoy.string", &path)),
        );
        self.saw("x-state-object-is", get(&["filter_state", "envoy.string"]));
        let unknown = object("nullvm.no.such.object", "x");
        self.saw("x-state-object-unknown", outcome("set_envoy_filter_state", &unknown));
        self.saw("x-state-clear", outcome("clear_route_cache", &[]));
        for (header, show, text) in AT_REQUEST {
            let token = self.create(text);
            self.saw(header, evaluate(&token, show));
        }
        for (header, show, text) in AT_RESPONSE {
            let token = self.create(text);
            self.later.push((header, show, token));
        }
        if let Some(text) = self.config.clone().get("expression") {
            let token = self.create(text);
            self.later.push(("x-expr-configured", Show::Text, token));
        }
        let broken = self.create(BROKEN);
        self.saw("x-expr-broken", evaluate(&broken, Show::Text));
        self.saw("x-expr-unknown", outcome("expr_evaluate", &u32::MAX.to_le_bytes()));
        self.saw("x-expr-short", outcome("expr_evaluate", &[0]));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        for (header, value) in std::mem::take(&mut self.saw) {
            self.add_http_response_header(header, &value);
        }
        for (header, show, token) in &self.later {
            self.add_http_response_header(header, &evaluate(token, *show));
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        let code = self
            .later
            .first()
            .map_or("none".into(), |(_, show, token)| evaluate(token, *show));
        let deleted = self
            .live
            .iter()
            .filter(|token| call("expr_delete", token).is_ok())
            .count();
        let after = self
            .live
            .first()
            .map_or("none".into(), |token| outcome("expr_evaluate", token));
        info!("on_log: code {code}, {deleted} expressions deleted, then {after}");
    }
}
