//! Small guests in text form, for what no prebuilt filter does: restricted phases, allocators that fail, streams that are
//! closed, several continues, and what is left of streams when their VM ends.

mod common;

use common::{host, on_engines, plugin};
use nullvm_host::context::tcp::{Peer, TcpOutput};
use nullvm_host::{EngineKind, Harness, HostConfig, PluginConfig};

const IMPORTS: &str = r#"
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
    (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
    (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_send_local_response"
        (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (global $status (mut i32) (i32.const -1))
    (func (export "proxy_abi_version_0_2_1"))
    (func $note (param i32) (i32.store8 (i32.const 0) (i32.add (local.get 0) (i32.const 65)))
        (drop (call $log (i32.const 2) (i32.const 0) (i32.const 1))))
    (data (i32.const 16) "plugin_name")
    (data (i32.const 32) ":path")
"#;

const MALLOC: &str = r#"(func (export "malloc") (param i32) (result i32) i32.const 1024)"#;

fn start(
    kind: EngineKind,
    body: &str,
    malloc: &str,
    fail_open: bool,
    host: HostConfig,
) -> Result<Harness, String> {
    let wasm = wat::parse_str(format!("(module {IMPORTS} {malloc} {body})")).unwrap();
    let plugin = PluginConfig { fail_open, ..plugin("guest", "") };
    Harness::with_host(kind, &wasm, plugin, host).map_err(|e| e.to_string())
}

fn guest(kind: EngineKind, body: &str) -> Harness {
    start(kind, body, MALLOC, false, host()).unwrap_or_else(|e| panic!("{kind}: {e}"))
}

const REQUEST: &[(&str, &str)] = &[(":authority", "a"), (":path", "/"), (":method", "GET")];

/// Statuses that the guest noted, as letters from `A` for 0.
fn notes(harness: &Harness) -> String {
    harness.logs().iter().filter_map(|l| l.strip_prefix("wasm log guest: ")).collect()
}

#[test]
fn initialisation_is_restricted() {
    on_engines(|kind| {
        let init = r#"(func (export "_initialize")
            (drop (call $get_property (i32.const 16) (i32.const 11) (i32.const 64) (i32.const 68))))"#;
        let error = start(kind, init, MALLOC, false, host()).err().expect("refused");
        assert!(error.starts_with("initialisation failed: restricted_callback"), "{kind}: {error}");
        let init = r#"(func (export "_initialize") (call $note (i32.const 0)))"#;
        assert_eq!(start(kind, init, MALLOC, false, host()).map(|h| h.logs().len()), Ok(1));
        let init = r#"(func (export "_start") unreachable)"#;
        let error = start(kind, init, MALLOC, false, host()).err().expect("refused");
        assert!(error.starts_with("initialisation failed: unreachable"), "{kind}: {error}");
    });
}

#[test]
fn allocators_that_fail() {
    let body = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $note (call $get_property (i32.const 16) (i32.const 11) (i32.const 64) (i32.const 68)))
        i32.const 0)"#;
    on_engines(|kind| {
        let run = |malloc: &str| {
            let harness = start(kind, body, malloc, false, host()).unwrap();
            let mut stream = harness.stream();
            stream.request_headers(REQUEST, true);
            let sent = stream.sent().clone();
            (notes(&harness), harness.vm().is_failed(), sent.local_reply)
        };
        assert_eq!(run(MALLOC), ("A".to_owned(), false, false));
        let none = r#"(func (export "malloc") (param i32) (result i32) i32.const 0)"#;
        assert_eq!(run(none), ("G".to_owned(), false, false), "status 6, and the guest goes on");
        let outside = r#"(func (export "malloc") (param i32) (result i32) i32.const -4)"#;
        assert_eq!(run(outside), ("G".to_owned(), false, false));
        let trap = r#"(func (export "malloc") (param i32) (result i32) unreachable)"#;
        let (text, failed, replied) = run(trap);
        assert!(text.starts_with('G'), "{kind}: the guest goes on: {text}");
        assert!(failed && replied, "{kind}: and is failed at the end of its call");
        let restricted = r#"(func (export "malloc") (param i32) (result i32)
            (drop (call $continue (i32.const 0))) i32.const 1024)"#;
        let (_, failed, _) = run(restricted);
        assert!(failed, "{kind}: restricted in the allocator");
    });
}

#[test]
fn expressions_over_the_stream() {
    let text = "request.method + '!' + plugin_name + (has(response.code) ? '' : '?')";
    let body = format!(
        r#"(data (i32.const 600) "expr_create") (data (i32.const 620) "expr_evaluate")
        (data (i32.const 640) "expr_delete") (data (i32.const 660) "{text}") (data (i32.const 760) "1 +")
        (func $evaluate (result i32)
            (call $foreign (i32.const 620) (i32.const 13) (i32.const 800) (i32.const 4) (i32.const 64) (i32.const 68)))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $note (call $foreign (i32.const 600) (i32.const 11) (i32.const 760) (i32.const 3)
                (i32.const 64) (i32.const 68)))
            (call $note (call $foreign (i32.const 600) (i32.const 11) (i32.const 660) (i32.const {})
                (i32.const 64) (i32.const 68)))
            (i32.store (i32.const 800) (i32.load (i32.load (i32.const 64))))
            (call $note (call $evaluate))
            (drop (call $log (i32.const 2) (i32.load (i32.const 64)) (i32.load (i32.const 68))))
            (call $note (call $foreign (i32.const 640) (i32.const 11) (i32.const 800) (i32.const 4)
                (i32.const 64) (i32.const 68)))
            (call $note (call $evaluate))
            i32.const 0)"#,
        text.len()
    );
    on_engines(|kind| {
        let harness = guest(kind, &body);
        harness.stream().request_headers(REQUEST, true);
        assert_eq!(notes(&harness), "CAAGET!guest?AB", "{kind}");
    });
}

#[test]
fn maps_are_there_in_their_phases_only() {
    let body = r#"
        (func $probe (param $map i32)
            (call $note (call $get_header (local.get $map) (i32.const 32) (i32.const 5) (i32.const 64) (i32.const 68)))
            (call $note (call $add_header (local.get $map) (i32.const 16) (i32.const 6) (i32.const 32) (i32.const 1))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $probe (i32.const 0)) (call $probe (i32.const 2)) (call $probe (i32.const 6)) (call $probe (i32.const 8))
            (call $note (call $get_buffer (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 64) (i32.const 68)))
            i32.const 0)
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (call $probe (i32.const 0)) (call $probe (i32.const 2)) i32.const 0)
        (func (export "proxy_on_log") (param i32) (call $probe (i32.const 0)) (call $probe (i32.const 2)))"#;
    on_engines(|kind| {
        let harness = guest(kind, body);
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        assert_eq!(notes(&harness), "AACCCCCCB", "{kind}: request headers, and no others; no body");
        stream.response_headers(&[(":status", "200")], true);
        assert_eq!(
            notes(&harness)[9..],
            *"CCBA",
            "{kind}: the request is on its way; a response has no :path"
        );
        stream.finish();
        assert_eq!(notes(&harness)[13..], *"ACBC", "{kind}: all can be read, none changed");
    });
}

#[test]
fn streams_are_closed_by_the_plugin() {
    on_engines(|kind| {
        let harness = guest(
            kind,
            r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                (call $note (call $close (i32.const 0))) (call $note (call $close (i32.const 4))) i32.const 1)"#,
        );
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        stream.response_headers(&[(":status", "200")], true);
        let sent = stream.finish();
        assert!(sent.reset && sent.request.headers.is_none() && sent.response.headers.is_none());
        assert_eq!(notes(&harness), "AC");

        let harness = guest(
            kind,
            r#"(func (export "proxy_on_new_connection") (param i32) (result i32) i32.const 1)
               (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
                   (if (i32.eq (local.get 1) (i32.const 3)) (then (drop (call $close (i32.const 2)))))
                   i32.const 1)
               (func (export "proxy_on_tick") (param i32) (drop (call $continue (i32.const 2))))"#,
        );
        let stream = harness.tcp();
        assert!(!stream.connect(), "stopped");
        assert_eq!(stream.from_client(b"ab", false), []);
        assert_eq!(stream.from_client(b"c", false), [TcpOutput::Close]);
        stream.close(Peer::Local);
    });
}

#[test]
fn continuing_at_once() {
    on_engines(|kind| {
        let harness = guest(
            kind,
            r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                (drop (call $continue (i32.const 0))) (drop (call $continue (i32.const 0))) i32.const 1)
               (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                (drop (call $continue (i32.const 0))) i32.const 0)"#,
        );
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, false);
        stream.request_body(b"a", false);
        stream.request_body(b"b", true);
        let sent = stream.finish();
        assert!(sent.request.headers.is_some());
        assert_eq!((sent.request.body.as_slice(), sent.request.ended), (&b"ab"[..], true));
    });
}

#[test]
fn a_response_in_place_of_a_response() {
    let respond = "(drop (call $respond (i32.const 418) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 11)\
                   (i32.const 0) (i32.const 0) (i32.const -1)))";
    on_engines(|kind| {
        let harness = guest(
            kind,
            &format!(
                r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {respond} {respond} i32.const 0)
                   (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) {respond} i32.const 0)
                   (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) unreachable)"#
            ),
        );
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        let sent = stream.finish();
        assert!(sent.local_reply && !sent.reset && sent.request.headers.is_none());
        assert_eq!(sent.response.headers.unwrap().get_str(":status"), Some("418"));
        assert_eq!((sent.response.body.as_slice(), sent.response.ended), (&b"plugin_name"[..], true));
        assert!(!harness.vm().is_failed());
    });
}

#[test]
fn streams_that_wait_hear_of_the_end() {
    let body = r#"
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 1)
        (func (export "proxy_on_tick") (param i32) unreachable)"#;
    on_engines(|kind| {
        for fail_open in [false, true] {
            let harness = start(kind, body, MALLOC, fail_open, host()).unwrap();
            let (mut one, mut two) = (harness.stream(), harness.stream());
            one.request_headers(REQUEST, false);
            two.request_headers(REQUEST, true);
            one.request_body(b"body", true);
            harness.tick();
            for stream in [&mut one, &mut two] {
                let sent = stream.sent();
                assert_eq!(sent.request.ended, fail_open);
                let status = sent.response.headers.as_ref().map(|h| h.get_str(":status").unwrap().to_owned());
                assert_eq!(status.as_deref(), (!fail_open).then_some("503"), "{kind}");
            }
            if fail_open {
                assert_eq!(one.sent().request.body, b"body");
            }
        }
    });
}
