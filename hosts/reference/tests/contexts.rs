//! Contexts and streams without a network: the life of VMs, roots and streams, stopping and continuing, bodies, maps,
//! calls, and what happens after a trap.

mod common;

use common::{harness_of, host, messages, module, on_engines, plugin};
use nullvm_host::context::root::HttpResponse;
use nullvm_host::context::tcp::{Peer, TcpOutput};
use nullvm_host::vm::Outbound;
use nullvm_host::{EngineKind, Harness, HostConfig, PluginConfig};
use std::sync::Arc;
use std::time::{Duration, Instant};

const REQUEST: &[(&str, &str)] = &[
    (":authority", "example.com"),
    (":path", "/hello?a=b"),
    (":method", "GET"),
    (":scheme", "http"),
    ("user-agent", "tests"),
];
const RESPONSE: &[(&str, &str)] = &[(":status", "200"), ("content-type", "text/plain")];

fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}

fn start(kind: EngineKind, name: &str, config: &str) -> Harness {
    harness_of(kind, name, plugin(name, config), host()).unwrap_or_else(|e| panic!("{kind} {name}: {e}"))
}

/// A whole GET: what the client sees of the response's header `key`.
fn get(harness: &Harness, request: &[(&str, &str)], key: &str) -> Option<String> {
    let mut stream = harness.stream();
    stream.request_headers(&with(REQUEST, request), true);
    if !stream.sent().local_reply {
        stream.response_headers(RESPONSE, true);
    }
    let sent = stream.finish();
    sent.response.headers.and_then(|h| h.get_str(key).map(str::to_owned))
}

#[test]
fn tutorial() {
    for name in ["add_header", "add_header_as", "add_header_cpp", "add_header_go"] {
        on_engines(|kind| {
            if kind == EngineKind::Wasmi && name == "add_header_go" && cfg!(debug_assertions) {
                return; // Minutes in an interpreter without optimisation.
            }
            let config = "header_1 = somevalue\n# a comment\n\nheader_2=secondvalue\nnonsense\n";
            let host = host();
            let mut p = plugin(name, config);
            p.vm_config = b"vm".to_vec();
            let harness = harness_of(kind, name, p, host.clone()).unwrap();
            let mut stream = harness.stream();
            let sent = stream.request_headers(&with(REQUEST, &[("hello", "world")]), true).clone();
            assert!(sent.request.ended && sent.response.headers.is_none());
            stream.response_headers(RESPONSE, false);
            stream.response_body(b"body", true);
            let sent = stream.finish();
            let headers = sent.response.headers.unwrap();
            assert_eq!(headers.get(b"header_1"), Some(&b"somevalue"[..]), "{name}");
            assert_eq!(headers.get(b"header_2"), Some(&b"secondvalue"[..]));
            assert_eq!(headers.get(b"x-wasm-filter"), Some(&b"nullvm"[..]));
            assert_eq!((sent.response.body.as_slice(), sent.response.ended), (&b"body"[..], true));
            get(&harness, &[], ":status");
            assert_eq!(host.metrics.value("hello_header_counter"), Some(1));
            let log = messages(&harness.logs());
            assert_eq!(
                log[..6],
                [
                    "on_vm_start: 2 bytes of configuration",
                    "line 5 ignored: no '=' in it",
                    "on_configure: 2 headers to add",
                    "on_http_request_headers: 6 headers",
                    "on_http_response_headers: 2 headers",
                    "on_log: 6 request headers, 2 response headers",
                ],
                "{name}"
            );
            assert!(harness.logs()[0].starts_with(&format!("wasm log {name}: ")));
        });
    }
}

#[test]
fn lifecycle() {
    on_engines(|kind| {
        let run = |vm: &str, config: &str| {
            let p = PluginConfig { vm_config: vm.into(), ..plugin("l", config) };
            harness_of(kind, "lifecycle", p, host())
        };
        let harness = run("a", "b").unwrap();
        get(&harness, &[], ":status");
        assert!(harness.shut_down());
        let log = messages(&harness.logs());
        assert_eq!(
            log,
            [
                "root context created",
                "on_vm_start: 1 bytes, true",
                "on_configure: 1 bytes, true",
                "http context created",
                "http on_log",
                "http on_done",
                "http context deleted",
                "root on_done: now",
                "root context deleted",
            ]
        );
        let error = |vm, config| run(vm, config).err().expect("refused").to_string();
        assert_eq!(
            error("fail", ""),
            "proxy_on_vm_start returned false: the plugin refuses its configuration"
        );
        assert_eq!(
            error("", "fail"),
            "proxy_on_configure returned false: the plugin refuses its configuration"
        );
        assert!(
            error("trap", "").starts_with("proxy_on_vm_start failed: unreachable"),
            "{}",
            error("trap", "")
        );
        assert!(error("", "trap").starts_with("proxy_on_configure failed: unreachable"));
        let harness = run("", "late").unwrap();
        assert!(!harness.shut_down(), "the plugin asks for more time");
        assert!(!harness.shut_down());
        assert!(!harness.vm().is_shut_down());
        harness.tick();
        assert!(harness.vm().is_shut_down());
        let log = messages(&harness.logs());
        assert_eq!(log[3..], ["root on_done: late", "done", "root context deleted"]);
    });
}

#[test]
fn header_maps() {
    on_engines(|kind| {
        let harness = start(kind, "headers", "");
        let mut stream = harness.stream();
        let request = [
            ("x-multi", "zero"),
            ("x-replace", "old"),
            ("x-remove", "1"),
            ("x-drop-a", "1"),
            ("x-set-all", "1"),
        ];
        let sent = stream.request_headers(&with(REQUEST, &request), false).clone();
        let headers = sent.request.headers.unwrap();
        assert_eq!(headers.get(b"x-replace"), Some(&b"replaced"[..]));
        assert_eq!(headers.get(b"x-remove"), None);
        assert_eq!(headers.get(b"x-drop-a"), None);
        assert_eq!(headers.get(b"x-set-all-done"), Some(&b"1"[..]));
        assert_eq!(headers.get(b":path"), Some(&b"/hello?a=b"[..]));
        let sent = stream.request_trailers(&[("t", "1")]).clone();
        assert_eq!(sent.request.trailers.unwrap().get(b"x-trailer"), Some(&b"request"[..]));
        let sent = stream
            .response_headers(&with(RESPONSE, &[("x-resp-replace", "old"), ("x-resp-remove", "1")]), false);
        let headers = sent.response.headers.clone().unwrap();
        let expect = [
            ("x-saw-status", "200"),
            ("x-resp-replace", "replaced"),
            ("x-resp-set-all", "1"),
            ("x-saw-count", "10"),
            ("x-saw-pairs", "10"),
            ("x-saw-end", "false"),
            ("x-saw-ua", "tests"),
            ("x-saw-missing", "none"),
            ("x-saw-replace", "replaced"),
            ("x-saw-remove", "none"),
            ("x-saw-multi", "zero|one|two"),
            ("x-saw-drop", "0"),
        ];
        for (key, value) in expect {
            assert_eq!(headers.get_str(key), Some(value), "{key}");
        }
        let sent = stream.response_trailers(&[("x-trailer", "old")]).clone();
        assert_eq!(sent.response.trailers.unwrap().get(b"x-trailer"), Some(&b"response"[..]));
        stream.finish();
    });
}

#[test]
fn bodies_are_kept_and_rewritten() {
    on_engines(|kind| {
        for (mode, expected) in [("replace", "nullvm"), ("append", "abcnullvm"), ("prepend", "nullvmabc")] {
            let harness = start(kind, "body", &format!("mode={mode}"));
            let mut stream = harness.stream();
            let request = with(REQUEST, &[("x-rewrite-request", "1"), ("content-length", "3")]);
            let sent = stream.request_headers(&request, false).clone();
            assert_eq!(sent.request.headers.unwrap().get(b"content-length"), None);
            assert!(stream.request_body(b"a", false).request.body.is_empty(), "kept");
            assert!(stream.request_body(b"bc", false).request.body.is_empty(), "kept");
            let sent = stream.request_body(b"", true).clone();
            assert_eq!(String::from_utf8_lossy(&sent.request.body), expected, "{mode}");
            assert!(sent.request.ended);
            stream.response_headers(&with(RESPONSE, &[("content-length", "3")]), false);
            stream.response_body(b"ab", false);
            stream.response_body(b"c", true);
            let sent = stream.finish();
            assert_eq!(String::from_utf8_lossy(&sent.response.body), expected, "{mode}");
            let headers = sent.response.headers.unwrap();
            assert_eq!(headers.get(b"content-length"), None);
            assert_eq!(headers.get(b"x-request-body"), Some(&b"abc"[..]), "{mode}");
            assert_eq!(headers.get(b"x-request-body-len"), Some(&b"3"[..]));
            let log = messages(&harness.logs());
            assert!(log.contains(&"request body: 3 bytes, end: true".to_owned()), "{log:?}");
        }
        assert!(harness_of(kind, "body", plugin("body", "mode=other"), host()).is_err());
    });
}

#[test]
fn bodies_beyond_the_limit() {
    on_engines(|kind| {
        let config = HostConfig { buffer_limit: 10, ..host() };
        let harness = harness_of(kind, "body", plugin("body", ""), config).unwrap();
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, false);
        stream.request_body(b"12345", false);
        stream.request_body(b"678901", false);
        let sent = stream.finish();
        assert!(sent.local_reply);
        assert_eq!(sent.response.headers.unwrap().get(b":status"), Some(&b"413"[..]));
    });
}

#[test]
fn paused_requests_wait_for_calls() {
    on_engines(|kind| {
        let mut config = host();
        config.clusters.insert("auth".into(), "http://127.0.0.1:1".parse().unwrap());
        let harness =
            harness_of(kind, "http_call", plugin("h", "cluster=auth\npath=/check"), config).unwrap();
        let mut stream = harness.stream();
        let sent = stream.request_headers(REQUEST, false);
        assert!(sent.request.headers.is_none(), "paused");
        assert!(stream.request_body(b"held ", false).request.body.is_empty());
        assert!(stream.request_body(b"back", true).request.body.is_empty());
        let out = harness.take_outbound();
        let [Outbound::Http(call)] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!(call.headers.get_str(":path"), Some("/check"));
        assert_eq!(call.headers.get_str("x-callout"), Some("nullvm"));
        assert_eq!(call.timeout, Some(Duration::from_millis(1000)));
        let response = HttpResponse {
            headers: [(":status", "201"), ("a", "b")].into_iter().collect(),
            body: b"welcome".to_vec(),
            ..HttpResponse::default()
        };
        harness.answer_http_call(call.token, Some(response.clone()));
        harness.answer_http_call(call.token, Some(response));
        let sent = stream.sent().clone();
        assert_eq!(sent.request.headers.unwrap().get_str("x-callout-status"), Some("201"));
        assert_eq!((sent.request.body.as_slice(), sent.request.ended), (&b"held back"[..], true));
        stream.response_headers(RESPONSE, true);
        let headers = stream.finish().response.headers.unwrap();
        assert_eq!(headers.get_str("x-callout-status"), Some("201"));
        assert_eq!(headers.get_str("x-callout-body"), Some("welcome"));
        let log = messages(&harness.logs());
        assert_eq!(
            log,
            [
                "http call dispatched to auth",
                "http call response: status 201, 2 headers, 7 bytes, 0 trailers"
            ]
        );

        // Broken off: no headers at all.
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        let out = harness.take_outbound();
        let [Outbound::Http(call)] = out.as_slice() else { panic!("{out:?}") };
        harness.answer_http_call(call.token, None);
        assert!(stream.sent().request.ended);
        let last = messages(&harness.logs()).pop();
        assert_eq!(last.as_deref(), Some("http call response: status none, 0 headers, 0 bytes, 0 trailers"));

        // The stream ends while the call is on its way: the root context still hears of it.
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        let out = harness.take_outbound();
        let [Outbound::Http(call)] = out.as_slice() else { panic!("{out:?}") };
        stream.finish();
        harness.answer_http_call(call.token, None);
        assert!(!harness.vm().is_failed(), "{:?}", harness.vm().failed());

        // A cluster that is not there.
        let harness = start(kind, "http_call", "cluster=nope");
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        let sent = stream.finish();
        let headers = sent.response.headers.unwrap();
        assert_eq!(headers.get_str(":status"), Some("500"));
        assert_eq!(headers.get_str("x-callout"), Some("failed"));
        assert_eq!(headers.get_str("content-length"), Some("25"));
        assert_eq!(headers.get_str("content-type"), Some("text/plain"));
        assert_eq!(sent.response.body, b"http call not dispatched\n");
        assert_eq!(messages(&harness.logs()), ["http call to nope not dispatched: BadArgument"]);
    });
}

#[test]
fn local_responses() {
    on_engines(|kind| {
        for name in ["local_response", "local_response_as"] {
            let harness = start(kind, name, "");
            let mut stream = harness.stream();
            stream.request_headers(&with(REQUEST, &[("x-deny", "yes")]), false);
            let sent = stream.sent().clone();
            assert!(sent.local_reply && sent.request.headers.is_none(), "{name}");
            let headers = sent.response.headers.unwrap();
            assert_eq!(headers.get_str(":status"), Some("403"));
            assert_eq!(headers.get_str("x-denied"), Some("yes"));
            assert_eq!(sent.response.body, b"denied by nullvm\n");
            assert!(sent.response.ended);
            stream.request_body(b"late", true);
            assert_eq!(stream.finish().request.body, b"");

            let mut stream = harness.stream();
            stream.request_headers(&with(REQUEST, &[("x-deny", "body")]), true);
            let sent = stream.response_headers(RESPONSE, false).clone();
            assert_eq!(sent.response.headers.unwrap().get_str(":status"), Some("403"), "{name}");
            stream.response_body(b"from upstream", true);
            assert_eq!(stream.finish().response.body, b"denied by nullvm\n");
            assert_eq!(get(&harness, &[], ":status").as_deref(), Some("200"));
        }
        let harness = start(kind, "local_response", "");
        let mut stream = harness.stream();
        stream.request_headers(
            &with(REQUEST, &[("x-deny", "grpc"), ("content-type", "application/grpc")]),
            true,
        );
        let headers = stream.finish().response.headers.unwrap();
        assert_eq!(headers.get_str(":status"), Some("200"));
        assert_eq!(headers.get_str("grpc-status"), Some("7"));
        assert_eq!(headers.get_str("content-type"), Some("application/grpc"));
        assert_eq!(headers.get_str("x-denied"), Some("yes"));
    });
}

#[test]
fn traps_end_the_vm_and_the_next_request_gets_a_fresh_one() {
    let kinds = [
        "unreachable",
        "oob",
        "oob-write",
        "div",
        "stack",
        "shadow-stack",
        "panic",
        "table",
        "null",
        "signature",
    ];
    on_engines(|kind| {
        let mut harness = start(kind, "trap", "");
        let bystander = harness.stream();
        for trap in kinds {
            for at in ["request", "response"] {
                let mut stream = harness.stream();
                stream.request_headers(&with(REQUEST, &[("x-trap", trap), ("x-trap-at", at)]), true);
                stream.response_headers(RESPONSE, true);
                let sent = stream.finish();
                assert!(sent.local_reply, "{kind} {trap} {at}");
                assert_eq!(
                    sent.response.headers.unwrap().get_str(":status"),
                    Some("503"),
                    "{kind} {trap} {at}"
                );
                assert!(sent.response.body.is_empty() && sent.response.ended);
                assert!(harness.vm().is_failed());
                harness.revive().unwrap();
                assert_eq!(get(&harness, &[], "x-alive").as_deref(), Some("1"), "{kind} {trap} {at}");
            }
        }
        assert!(
            harness
                .logs()
                .iter()
                .any(|l| l.contains("Function: proxy_on_request_headers failed: unreachable"))
        );
        assert!(harness.logs().iter().any(|l| l.contains("failed: out of bounds memory access")));
        let mut stream = bystander;
        stream.request_headers(REQUEST, true);
        assert_eq!(
            stream.finish().response.headers.unwrap().get_str(":status"),
            Some("503"),
            "its VM is gone"
        );
    });
}

#[test]
fn traps_pass_with_fail_open() {
    on_engines(|kind| {
        let p = PluginConfig { fail_open: true, ..plugin("t", "") };
        let mut harness = harness_of(kind, "trap", p, host()).unwrap();
        for at in ["request", "response"] {
            let mut stream = harness.stream();
            stream.request_headers(&with(REQUEST, &[("x-trap", "div"), ("x-trap-at", at)]), false);
            stream.request_body(b"body", true);
            stream.response_headers(RESPONSE, false);
            stream.response_body(b"answer", true);
            let sent = stream.finish();
            assert_eq!(sent.request.body, b"body");
            assert_eq!(sent.response.body, b"answer");
            assert_eq!(sent.response.headers.unwrap().get_str("x-alive"), None);
            harness.revive().unwrap();
        }
    });
}

#[test]
fn deadlines_end_endless_guests() {
    on_engines(|kind| {
        let mut config = host();
        config.limits.deadline_ms = Some(100);
        let mut harness = harness_of(kind, "endless", plugin("e", ""), config).unwrap();
        for spin in ["empty", "memory", "bulk"] {
            let began = Instant::now();
            let mut stream = harness.stream();
            stream.request_headers(&with(REQUEST, &[("x-spin", spin)]), true);
            let sent = stream.finish();
            let took = began.elapsed();
            assert_eq!(sent.response.headers.unwrap().get_str(":status"), Some("503"), "{kind} {spin}");
            assert!(
                took >= Duration::from_millis(90) && took < Duration::from_secs(10),
                "{kind} {spin}: {took:?}"
            );
            assert!(harness.logs().last().unwrap().contains("interrupted"), "{:?}", harness.logs().last());
            harness.revive().unwrap();
            assert_eq!(get(&harness, &[], "x-alive").as_deref(), Some("1"));
        }
    });
}

#[test]
fn memory_limits() {
    on_engines(|kind| {
        let mut config = host();
        config.limits.memory = 32 << 20;
        let harness = harness_of(kind, "memory_grow", plugin("m", ""), config).unwrap();
        let alloc = |mb| get(&harness, &[("x-alloc-mb", mb)], "x-alloc");
        assert_eq!(alloc("8").as_deref(), Some("ok"));
        assert_eq!(alloc("64").as_deref(), Some("failed"));
        assert_eq!(alloc("5000").as_deref(), Some("failed"));
        assert_eq!(alloc("8").as_deref(), Some("ok"));
    });
}

#[test]
fn properties() {
    on_engines(|kind| {
        let mut config = host();
        let mut node = nullvm_host::config::NodeConfig { node_id: "node-1".into(), ..Default::default() };
        node.node_metadata = serde_json::json!({"k": "v"});
        config.node = Arc::new(node);
        let p = PluginConfig { root_id: "root".into(), vm_id: "vm".into(), ..plugin("props", "") };
        let harness = harness_of(kind, "properties", p, config).unwrap();
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        stream.response_headers(RESPONSE, true);
        let headers = stream.finish().response.headers.unwrap();
        let expect = [
            ("request-path", "/hello?a=b"),
            ("request-method", "GET"),
            ("request-host", "example.com"),
            ("request-protocol", "HTTP/1.1"),
            ("request-header", "tests"),
            ("source-address", "none"),
            ("plugin-name", "props"),
            ("plugin-root-id", "root"),
            ("vm-id", "vm"),
            ("node-id", "node-1"),
            ("cluster-name", "none"),
            ("request-time-len", "8"),
            ("missing", "none"),
            ("test-before", "none"),
            ("test-after", "set by the filter"),
            ("response-code", "200"),
        ];
        for (key, value) in expect {
            assert_eq!(headers.get_str(&format!("x-prop-{key}")), Some(value), "{key}");
        }
        let expected = 4 + REQUEST.iter().map(|(k, v)| 8 + k.len() + v.len() + 2).sum::<usize>();
        assert_eq!(headers.get_str("x-prop-request-headers-len"), Some(expected.to_string().as_str()));
        assert_ne!(headers.get_str("x-prop-node-len"), Some("none"));
        assert_eq!(messages(&harness.logs()), ["on_log: path /hello?a=b, code 200"]);
        assert_eq!(harness.logs(), ["wasm log props root vm: on_log: path /hello?a=b, code 200"]);
    });
}

#[test]
fn shared_data_and_queues() {
    on_engines(|kind| {
        let config = host();
        let one = harness_of(kind, "shared_data", plugin("a", ""), config.clone()).unwrap();
        let two = harness_of(kind, "shared_data", plugin("b", ""), config.clone()).unwrap();
        assert_eq!(get(&one, &[], "x-shared-count").as_deref(), Some("1"));
        assert_eq!(get(&two, &[], "x-shared-count").as_deref(), Some("2"));
        assert_eq!(get(&one, &[("x-cas-stale", "1")], "x-shared-stale").as_deref(), Some("mismatch"));

        let of = |vm_id: &str, config_text: &str| {
            let p = PluginConfig { vm_id: vm_id.into(), ..plugin("q", config_text) };
            harness_of(kind, "queue", p, config.clone()).unwrap()
        };
        let (first, second) = (of("v1", ""), of("v2", "vm_id=v1"));
        assert_eq!(get(&first, &[], "x-queue").as_deref(), Some("ok"));
        assert_eq!(first.deliver_queues(), 1);
        assert_eq!(second.deliver_queues(), 0, "another VM's queue");
        assert_eq!(get(&first, &[], "x-queue-dequeued").as_deref(), Some("1"));
        assert_eq!(get(&second, &[], "x-queue-resolved").as_deref(), Some("other"));
        assert!(messages(&first.logs()).contains(&"dequeued: /hello?a=b".to_owned()));
    });
}

#[test]
fn ticks_and_effective_contexts() {
    on_engines(|kind| {
        let harness = start(kind, "tick", "period_ms=20");
        let out = harness.take_outbound();
        let [Outbound::Timer(change)] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!((change.root, change.period), (harness.root(), Some(Duration::from_millis(20))));
        harness.tick();
        harness.tick();
        assert_eq!(get(&harness, &[], "x-ticks").as_deref(), Some("2"));

        let harness = start(kind, "effective_context", "");
        let (mut one, mut two) = (harness.stream(), harness.stream());
        one.request_headers(REQUEST, true);
        two.request_headers(REQUEST, true);
        assert!(one.sent().request.headers.is_none());
        harness.tick();
        for mut stream in [one, two] {
            assert_eq!(stream.sent().request.headers.as_ref().unwrap().get_str("x-resumed-by"), Some("tick"));
            stream.response_headers(RESPONSE, true);
            assert_eq!(stream.finish().response.headers.unwrap().get_str("x-resumed-by"), Some("tick"));
        }
    });
}

#[test]
fn tcp_streams() {
    on_engines(|kind| {
        let harness = start(kind, "tcp", "");
        let stream = harness.tcp();
        assert!(stream.connect());
        assert_eq!(stream.from_client(b"hello", false), [TcpOutput::ToUpstream(b"HELLO".to_vec(), false)]);
        assert_eq!(stream.from_upstream(b"world", true), [TcpOutput::ToDownstream(b"world".to_vec(), true)]);
        assert_eq!(stream.from_client(b"", true), [TcpOutput::ToUpstream(Vec::new(), true)]);
        stream.close(Peer::Remote);
        assert_eq!(
            messages(&harness.logs()),
            [
                "on_new_connection",
                "on_downstream_data: 5 bytes, end: false",
                "on_upstream_data: 5 bytes, end: true",
                "on_upstream_close: unknown",
                "on_downstream_data: 0 bytes, end: true",
                "on_downstream_close: remote",
                "on_done: 5 bytes downstream, 5 bytes upstream",
                "on_log",
            ]
        );
    });
}

#[test]
fn metrics_and_foreign_functions() {
    on_engines(|kind| {
        let harness = start(kind, "metrics", "");
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, true);
        stream.response_headers(RESPONSE, true);
        let headers = stream.finish().response.headers.unwrap();
        let expect = [
            ("counter", "2"),
            ("gauge", "4"),
            ("histogram", "error:2"),
            ("unknown-get", "error:1"),
            ("unknown-increment", "error:1"),
            ("unknown-record", "error:1"),
        ];
        for (key, value) in expect {
            assert_eq!(headers.get_str(&format!("x-metric-{key}")), Some(value), "{key}");
        }
        assert!(harness.host().metrics.stats().contains("wasmcustom.nullvm_histogram: P0(nan,50)"));

        let harness = start(kind, "foreign", "");
        let mut stream = harness.stream();
        stream.request_headers(REQUEST, false);
        stream.request_body(&b"squeeze me ".repeat(100), true);
        stream.response_headers(RESPONSE, true);
        assert_eq!(stream.finish().response.headers.unwrap().get_str("x-foreign-roundtrip"), Some("ok"));
        let harness = start(kind, "foreign", "function=nope");
        assert_eq!(get(&harness, &[], "x-foreign-len").as_deref(), Some("error:1"));
    });
}

#[test]
fn grpc_calls() {
    on_engines(|kind| {
        for mode in ["call", "stream"] {
            let mut config = host();
            config.clusters.insert("echo".into(), "h2c://127.0.0.1:1".parse().unwrap());
            let p = plugin("g", &format!("cluster=echo\nmode={mode}"));
            let harness = harness_of(kind, "grpc_call", p, config).unwrap();
            let mut stream = harness.stream();
            stream.request_headers(REQUEST, true);
            let out = harness.take_outbound();
            let Some(Outbound::Grpc(call)) = out.first() else { panic!("{out:?}") };
            assert_eq!(call.path, "/nullvm.test.Echo/Echo");
            assert_eq!(call.metadata.get_str("x-nullvm"), Some("1"));
            let vm = harness.vm();
            if mode == "stream" {
                assert!(
                    matches!(&out[1], Outbound::GrpcSend(t, m, true) if *t == call.token && m == b"/hello?a=b")
                );
                vm.grpc_initial_metadata(call.root, call.token, [("a", "b")].into_iter().collect());
            } else {
                assert_eq!(call.message.as_deref(), Some(&b"/hello?a=b"[..]));
                assert_eq!(call.timeout, Some(Duration::from_millis(1000)));
            }
            vm.grpc_message(call.root, call.token, b"reply".to_vec());
            if mode == "stream" {
                vm.grpc_trailing_metadata(
                    call.root,
                    call.token,
                    [("grpc-status", "0")].into_iter().collect(),
                );
                vm.grpc_close(call.root, call.token, 0, "");
            }
            assert!(stream.sent().request.ended, "{kind} {mode}: {:?}", harness.logs());
            stream.response_headers(RESPONSE, true);
            let headers = stream.finish().response.headers.unwrap();
            assert_eq!(headers.get_str("x-grpc-status"), Some("0"), "{mode}");
            assert_eq!(headers.get_str("x-grpc-reply"), Some("reply"), "{mode}");
        }
    });
}

#[test]
fn old_abi_and_wasi() {
    on_engines(|kind| {
        let harness = start(kind, "abi_0_1_0_cpp", "some text");
        let log = messages(&harness.logs());
        assert!(log.contains(&"abi 0.1.0: configuration: 0 some text".to_owned()), "{log:?}");
        assert!(log.contains(&"abi 0.1.0: written in two parts".to_owned()), "{log:?}");
        let mut stream = harness.stream();
        stream.request_headers(&with(REQUEST, &[("x-pause", "1")]), true);
        assert!(stream.sent().request.headers.is_none());
        harness.tick();
        let sent = stream.sent().clone();
        assert_eq!(sent.request.headers.unwrap().get_str("x-abi-resumed"), Some("1"));
        stream.response_headers(RESPONSE, true);
        let headers = stream.finish().response.headers.unwrap();
        assert_eq!(headers.get_str("x-abi"), Some("0.1.0"));
        assert_eq!(headers.get_str("x-abi-config-len"), Some("9"));

        let p = PluginConfig { env: vec![("NULLVM_TEST".into(), "yes".into())], ..plugin("e", "") };
        let harness = harness_of(kind, "env_cpp", p, host()).unwrap();
        let log = messages(&harness.logs());
        assert_eq!(log, ["NULLVM_TEST=yes", "written to standard error"]);
        assert_eq!(get(&harness, &[], "x-env").as_deref(), Some("yes"));
        assert_eq!(get(&harness, &[], "x-env-count").as_deref(), Some("1"));
        assert_eq!(get(&harness, &[], "x-random-differs").as_deref(), Some("yes"));
        assert_eq!(get(&harness, &[], "x-time-bad-clock").as_deref(), Some("58"));
        assert_eq!(get(&harness, &[], "x-write-bad-fd").as_deref(), Some("8"));
        let harness = start(kind, "time_env", "");
        assert_eq!(get(&harness, &[], "x-time-order").as_deref(), Some("forward"));
    });
}

#[test]
fn capabilities_are_restricted() {
    on_engines(|kind| {
        let all = [
            "proxy_on_context_create",
            "proxy_on_vm_start",
            "proxy_on_configure",
            "proxy_on_request_headers",
            "proxy_on_response_headers",
            "proxy_on_log",
            "proxy_on_done",
            "proxy_on_delete",
            "proxy_log",
            "proxy_get_buffer_bytes",
            "proxy_set_effective_context",
            "proxy_define_metric",
            "proxy_increment_metric",
            "proxy_get_header_map_value",
            "proxy_get_header_map_pairs",
            "proxy_add_header_map_value",
        ];
        let run = |without: &str| {
            let names = all.iter().filter(|n| **n != without).map(|n| (*n).to_owned()).collect();
            let p = PluginConfig { allowed_capabilities: Some(names), ..plugin("c", "a=b") };
            harness_of(kind, "add_header_cpp", p, host())
        };
        assert_eq!(get(&run("").unwrap(), &[], "a").as_deref(), Some("b"));
        let harness = run("proxy_on_response_headers").unwrap();
        assert_eq!(get(&harness, &[], "a"), None, "the callback is not called");
        let harness = run("proxy_add_header_map_value").unwrap();
        assert_eq!(get(&harness, &[], "a"), None);
        let error =
            "wasm log: Attempted call to restricted proxy-wasm capability: proxy_add_header_map_value";
        assert!(harness.logs().iter().any(|l| l == error), "{:?}", harness.logs());
    });
}

#[test]
fn plugins_share_a_vm() {
    on_engines(|kind| {
        let mut harness = start(kind, "add_header", "first=1");
        let second = harness.add_plugin(plugin("second", "second=2")).unwrap();
        for (index, key, other) in [(0, "first", "second"), (second, "second", "first")] {
            let mut stream = harness.stream_of(index);
            stream.request_headers(REQUEST, true);
            stream.response_headers(RESPONSE, true);
            let headers = stream.finish().response.headers.unwrap();
            assert!(headers.get_str(key).is_some() && headers.get_str(other).is_none());
        }
        assert!(harness.logs().iter().any(|l| l.starts_with("wasm log second: on_configure")));
    });
}

#[test]
fn host_calls_are_recorded() {
    let mut runs = Vec::new();
    for kind in EngineKind::available() {
        let config = HostConfig { fixed_clock: Some(1), ..host() };
        let module = module(kind, "headers", &config);
        let harness = Harness::recording(module, plugin("h", ""), config).unwrap();
        get(&harness, &[("x-set-all", "1")], ":status");
        runs.push((kind, harness.take_calls()));
    }
    assert!(runs[0].1.len() > 20);
    assert!(runs[0].1.iter().any(|c| c.name == "add_header" && c.status == 0));
    for (kind, calls) in &runs[1..] {
        assert_eq!(*calls, runs[0].1, "{kind} against {}", runs[0].0);
    }
}
