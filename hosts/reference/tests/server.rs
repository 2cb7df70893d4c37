//! The server with real sockets: every kind of filter, HTTP/1.1 and HTTP/2, upstreams, calls, traps, shutdown.

mod common;
#[path = "common/net.rs"]
mod net;

use common::{filter, host, messages, module, on_engines, plugin};
use http::Method;
use net::{eventually, get, post, raw, run, send, upstream};
use nullvm_host::{EngineKind, RunningServer, Server, ServerConfig};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn config(kind: EngineKind, name: &str, plugin_config: &str) -> ServerConfig {
    ServerConfig {
        engine: kind,
        plugin: plugin(name, plugin_config),
        host: host(),
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        respond: Some((200, "Hello world".to_owned())),
        ..ServerConfig::new(name, filter(name))
    }
}

fn start(config: ServerConfig) -> RunningServer {
    let (name, kind) = (config.plugin.name.clone(), config.engine);
    Server::start_module(module(kind, &name, &config.host), config)
        .unwrap_or_else(|e| panic!("{kind} {name}: {e}"))
}

fn proxied(kind: EngineKind, name: &str, plugin_config: &str, to: SocketAddr) -> ServerConfig {
    ServerConfig {
        upstream: Some(format!("http://{to}").parse().unwrap()),
        respond: None,
        ..config(kind, name, plugin_config)
    }
}

#[test]
fn tutorial() {
    on_engines(|kind| {
        let server = start(config(kind, "add_header", "header_1=somevalue\nheader_2=secondvalue"));
        let at = server.local_addr();
        for http2 in [false, true] {
            let seen = send(http2, at, Method::GET, "/", &[("hello", "you")], b"");
            assert_eq!((seen.status, seen.text().as_str()), (200, "Hello world"));
            assert_eq!(seen.header("header_1"), Some("somevalue"));
            assert_eq!(seen.header("header_2"), Some("secondvalue"));
            assert_eq!(seen.header("content-length"), Some("11"));
        }
        get(at, "/", &[]);
        let admin = server.admin_addr().unwrap();
        eventually("the log phase", || {
            server.logs().texts().iter().filter(|t| t.contains("on_log")).count() == 3
        });
        assert!(get(admin, "/stats", &[]).text().contains("wasmcustom.hello_header_counter: 2\n"));
        let prometheus = get(admin, "/stats/prometheus", &[]).text();
        assert!(
            prometheus.contains("# TYPE hello_header_counter counter\nhello_header_counter{} 2\n"),
            "{prometheus}"
        );
        assert_eq!(get(admin, "/ready", &[]).text(), "LIVE\n");
        assert_eq!(get(admin, "/nope", &[]).status, 404);
        let head = send(false, at, Method::HEAD, "/", &[], b"");
        assert_eq!((head.header("content-length"), head.body.len()), (Some("11"), 0));
        server.shutdown();
    });
}

#[test]
fn requests_reach_the_upstream_changed() {
    let to = upstream();
    on_engines(|kind| {
        let server = start(proxied(kind, "headers", "", to));
        for http2 in [false, true] {
            let path = "/some/path?q=1";
            let seen = send(http2, server.local_addr(), Method::POST, path, &[("x-multi", "zero")], b"body");
            assert_eq!((seen.status, seen.text().as_str()), (200, "body"));
            assert_eq!(seen.header("x-seen-path"), Some(path));
            assert_eq!(seen.header("x-seen-method"), Some("POST"));
            assert_eq!(seen.header("x-seen-multi"), None);
            assert_eq!(seen.header("x-seen-x-multi"), Some("zero"));
            assert_eq!(seen.header("x-saw-status"), Some("200"));
            assert_eq!(seen.header("x-saw-multi"), Some("zero|one|two"));
            assert_eq!(seen.header("x-seen-authority"), Some(server.local_addr().to_string().as_str()));
        }
        // An upstream of HTTP/2.
        let mut config = proxied(kind, "headers", "", to);
        config.upstream = Some(format!("h2c://{to}").parse().unwrap());
        let server = start(config);
        let seen = post(server.local_addr(), "/two", &[], b"body");
        assert_eq!(seen.header("x-seen-version"), Some("HTTP/2.0"));
        assert_eq!(seen.text(), "body");
    });
}

#[test]
fn trailers_pass_the_plugin() {
    let to = upstream();
    on_engines(|kind| {
        let mut config = proxied(kind, "headers", "", to);
        config.upstream = Some(format!("h2c://{to}").parse().unwrap());
        let server = start(config);
        let grpc = [("content-type", "application/grpc"), ("te", "trailers")];
        let seen = send(true, server.local_addr(), Method::POST, "/s/m", &grpc, b"\0\0\0\0\x02hi");
        assert_eq!(seen.body, b"\0\0\0\0\x02hi");
        let trailers = seen.trailers.unwrap();
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(trailers["x-trailer"], "response");
    });
}

#[test]
fn bodies_are_rewritten() {
    let to = upstream();
    on_engines(|kind| {
        for (mode, expected) in
            [("replace", "nullvm"), ("append", "the bodynullvm"), ("prepend", "nullvmthe body")]
        {
            let server = start(proxied(kind, "body", &format!("mode={mode}"), to));
            let seen = post(server.local_addr(), "/", &[], b"the body");
            assert_eq!(seen.text(), expected, "{kind} {mode}");
            assert_eq!(seen.header("content-length"), None);
            assert_eq!(seen.header("transfer-encoding"), Some("chunked"));
            assert_eq!(seen.header("x-request-body"), Some("the body"));
        }
        let server = start(proxied(kind, "body", "mode=append\ntext=!", to));
        let seen = post(server.local_addr(), "/", &[("x-rewrite-request", "1")], b"the body");
        assert_eq!(seen.text(), "the body!!", "request and response are rewritten");
        let raw_request = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
        let answer = String::from_utf8(raw(server.local_addr(), raw_request, false)).unwrap();
        assert!(answer.contains("x-seen-content-length: 3") && answer.contains("abc!"), "{answer}");
    });
}

#[test]
fn large_bodies_stream() {
    let to = upstream();
    on_engines(|kind| {
        let server = start(proxied(kind, "empty", "", to));
        assert_eq!(get(server.local_addr(), "/big", &[]).body.len(), 3 << 20);
        let body = vec![7; 5 << 20];
        assert_eq!(post(server.local_addr(), "/", &[], &body).body, body);
        // What the plugin keeps is limited.
        let server = start(proxied(kind, "body", "", to));
        let request = b"GET /big HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let answer = raw(server.local_addr(), request, false);
        assert!(answer.starts_with(b"HTTP/1.1 200") && !answer.ends_with(b"0\r\n\r\n"), "broken off");
        assert_eq!(post(server.local_addr(), "/", &[], &body).status, 413);
    });
}

#[test]
fn calls_pause_requests() {
    let to = upstream();
    on_engines(|kind| {
        let run = |cluster: &str, path: &str, h2: bool| {
            let text = format!("cluster={cluster}\npath={path}\nauthority=auth.example\ntimeout_ms=300");
            let mut config = proxied(kind, "http_call", &text, to);
            let scheme = if h2 { "h2c" } else { "http" };
            config.host.clusters.insert("auth".into(), format!("{scheme}://{to}").parse().unwrap());
            config.host.clusters.insert("dead".into(), "http://127.0.0.1:1".parse().unwrap());
            let server = start(config);
            let seen = post(server.local_addr(), "/page", &[], b"held back");
            (seen, server)
        };
        for h2 in [false, true] {
            let (seen, server) = run("auth", "/check", h2);
            assert_eq!((seen.status, seen.text().as_str()), (200, "held back"));
            assert_eq!(seen.header("x-callout-status"), Some("200"));
            assert_eq!(seen.header("x-seen-x-callout-status"), Some("200"), "the paused request was changed");
            let log = messages(&server.logs().texts());
            assert_eq!(log[0], "http call dispatched to auth");
            assert!(log[1].starts_with("http call response: status 200, "), "{log:?}");
        }
        let (seen, _) = run("auth", "/slow", false);
        assert_eq!(seen.header("x-callout-status"), Some("504"));
        assert_eq!(seen.header("x-callout-body"), Some("upstream request timeout"));
        let (seen, _) = run("dead", "/", false);
        assert_eq!(seen.header("x-callout-status"), Some("503"));
        let (seen, _) = run("nope", "/", false);
        assert_eq!((seen.status, seen.text().as_str()), (500, "http call not dispatched\n"));
    });
}

#[test]
fn grpc_calls() {
    let to = upstream();
    on_engines(|kind| {
        for mode in ["call", "stream"] {
            let run = |cluster: &str| {
                let text = format!("cluster={cluster}\nmode={mode}");
                let mut config = config(kind, "grpc_call", &text);
                config.host.clusters.insert("echo".into(), format!("http://{to}").parse().unwrap());
                config.host.clusters.insert("dead".into(), "http://127.0.0.1:1".parse().unwrap());
                let server = start(config);
                let seen = get(server.local_addr(), "/message", &[]);
                (seen, messages(&server.logs().texts()))
            };
            let (seen, log) = run("echo");
            assert_eq!(seen.header("x-grpc-status"), Some("0"), "{mode} {log:?}");
            assert_eq!(seen.header("x-grpc-reply"), Some("/message"), "{mode}");
            if mode == "stream" {
                let events: Vec<&str> = log.iter().filter_map(|l| l.strip_prefix("grpc stream: ")).collect();
                assert_eq!(events, ["initial metadata", "message of 8 bytes", "trailing metadata", "closed"]);
            }
            let (seen, _) = run("dead");
            assert_eq!(seen.header("x-grpc-status"), Some("14"), "{mode}");
        }
    });
}

#[test]
fn local_responses_leave_the_upstream_alone() {
    on_engines(|kind| {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let server = start(proxied(kind, "local_response", "", nowhere));
        let seen = post(server.local_addr(), "/", &[("x-deny", "yes")], b"body");
        assert_eq!((seen.status, seen.text().as_str()), (403, "denied by nullvm\n"));
        assert_eq!(seen.header("x-denied"), Some("yes"));
        let seen = get(server.local_addr(), "/", &[]);
        assert_eq!(seen.status, 503);
        assert!(seen.text().starts_with("upstream connect error"), "{}", seen.text());
        let server = start(config(kind, "local_response", ""));
        let seen = get(server.local_addr(), "/", &[("x-deny", "body")]);
        assert_eq!((seen.status, seen.text().as_str()), (403, "denied by nullvm\n"));
    });
}

#[test]
fn upstreams_that_do_not_answer() {
    let to = upstream();
    on_engines(|kind| {
        let server =
            start(ServerConfig { upstream_timeout_ms: 200, ..proxied(kind, "add_header", "a=b", to) });
        let seen = get(server.local_addr(), "/slow", &[]);
        assert_eq!((seen.status, seen.text().as_str()), (504, "upstream request timeout"));
        assert_eq!(seen.header("a"), Some("b"), "the plugin sees the host's answers");
    });
}

#[test]
fn traps_answer_503_and_heal() {
    on_engines(|kind| {
        let server = start(config(kind, "trap", ""));
        let at = server.local_addr();
        for trap in ["unreachable", "oob", "div", "stack", "null"] {
            let seen = get(at, "/", &[("x-trap", trap)]);
            assert_eq!((seen.status, seen.body.len()), (503, 0), "{kind} {trap}");
            let seen = get(at, "/", &[]);
            assert_eq!((seen.status, seen.header("x-alive")), (200, Some("1")), "{kind} {trap}");
        }
        let log = server.logs().texts();
        let failed = log.iter().find(|l| l.contains("failed: unreachable")).expect("logged");
        assert!(
            failed.starts_with("wasm log trap: Function: proxy_on_request_headers failed: unreachable"),
            "{failed}"
        );
        if kind != EngineKind::Wasmi {
            assert!(failed.contains("Proxy-Wasm plugin in-VM backtrace:\n  0: "), "{failed}");
            assert!(failed.contains("proxy_on_request_headers"), "{failed}");
        }
        let mut open = config(kind, "trap", "");
        open.plugin.fail_open = true;
        let server = start(open);
        let seen = get(server.local_addr(), "/", &[("x-trap", "div")]);
        assert_eq!((seen.status, seen.header("x-alive")), (200, None), "{kind}: passed on");
        assert_eq!(get(server.local_addr(), "/", &[]).header("x-alive"), Some("1"));
    });
}

#[test]
fn endless_guests_are_stopped() {
    on_engines(|kind| {
        let mut c = config(kind, "endless", "");
        c.host.limits.deadline_ms = Some(100);
        let server = start(c);
        let began = Instant::now();
        assert_eq!(get(server.local_addr(), "/", &[("x-spin", "memory")]).status, 503);
        assert!(began.elapsed() < Duration::from_secs(5));
        assert_eq!(get(server.local_addr(), "/", &[]).header("x-alive"), Some("1"));
    });
}

#[test]
fn timers_queues_and_shared_data() {
    on_engines(|kind| {
        let server = start(config(kind, "tick", "period_ms=10"));
        eventually("three ticks", || messages(&server.logs().texts()).contains(&"tick 3".to_owned()));
        assert_ne!(get(server.local_addr(), "/", &[]).header("x-ticks"), Some("0"));

        let server = start(config(kind, "effective_context", "period_ms=10"));
        assert_eq!(get(server.local_addr(), "/", &[]).header("x-resumed-by"), Some("tick"));

        let server = start(ServerConfig { workers: 2, ..config(kind, "queue", "") });
        for _ in 0..4 {
            assert_eq!(get(server.local_addr(), "/item", &[]).header("x-queue"), Some("ok"));
        }
        eventually("four items", || {
            messages(&server.logs().texts()).iter().filter(|m| *m == "dequeued: /item").count() == 4
        });

        let server = start(ServerConfig { workers: 2, ..config(kind, "shared_data", "") });
        let mut last = 0;
        for _ in 0..10 {
            last = get(server.local_addr(), "/", &[]).header("x-shared-count").unwrap().parse().unwrap();
        }
        assert_eq!(last, 10, "both workers count the same");
    });
}

#[test]
fn properties_of_connections() {
    let to = upstream();
    on_engines(|kind| {
        let server = start(proxied(kind, "properties", "", to));
        let seen = get(server.local_addr(), "/p?q", &[("user-agent", "tests")]);
        assert!(seen.header("x-prop-source-address").unwrap().starts_with("127.0.0.1:"));
        assert_ne!(seen.header("x-prop-source-port"), Some("none"));
        assert_eq!(seen.header("x-prop-request-path"), Some("/p?q"));
        assert_eq!(seen.header("x-prop-request-header"), Some("tests"));
        assert_eq!(seen.header("x-prop-cluster-name"), Some("upstream"));
        assert_eq!(seen.header("x-prop-xds-cluster-name"), Some("upstream"));
        assert_eq!(seen.header("x-prop-request-protocol"), Some("HTTP/1.1"));
    });
}

#[test]
fn foreign_functions() {
    on_engines(|kind| {
        let server = start(config(kind, "foreign", ""));
        let seen = post(server.local_addr(), "/", &[], &b"squeeze ".repeat(1000));
        assert_eq!(seen.header("x-foreign-roundtrip"), Some("ok"));
        assert!(seen.header("x-foreign-len").unwrap().parse::<u32>().unwrap() < 200);
    });
}

#[test]
fn tcp_proxy() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            std::thread::spawn(move || {
                let mut reader = socket.try_clone().unwrap();
                std::io::copy(&mut reader, &mut socket).unwrap();
            });
        }
    });
    on_engines(|kind| {
        let server = start(ServerConfig { tcp: true, ..proxied(kind, "tcp", "", to) });
        let answer = run(async {
            let mut socket = tokio::net::TcpStream::connect(server.local_addr()).await.unwrap();
            socket.write_all(b"hello ").await.unwrap();
            let mut first = [0; 6];
            socket.read_exact(&mut first).await.unwrap();
            socket.write_all(b"world").await.unwrap();
            socket.shutdown().await.unwrap();
            let mut rest = Vec::new();
            socket.read_to_end(&mut rest).await.unwrap();
            [&first[..], &rest].concat()
        });
        assert_eq!(answer, b"HELLO WORLD");
        eventually("the end", || messages(&server.logs().texts()).contains(&"on_log".to_owned()));
        let log = messages(&server.logs().texts());
        assert_eq!(log[0], "on_new_connection");
        assert!(log.contains(&"on_done: 11 bytes downstream, 11 bytes upstream".to_owned()), "{log:?}");
    });
}

#[test]
fn plugins_that_refuse_to_start() {
    on_engines(|kind| {
        let error = |config| Server::start(config).err().expect("refused").to_string();
        let text = error(config(kind, "lifecycle", "fail"));
        assert_eq!(text, "proxy_on_configure returned false: the plugin refuses its configuration");
        let text = error(ServerConfig { wasm: b"nonsense".to_vec(), ..config(kind, "empty", "") });
        assert!(text.contains("WebAssembly") || text.contains("invalid module"), "{text}");
        let text = error(ServerConfig { tcp: true, ..config(kind, "tcp", "") });
        assert_eq!(text, "a TCP proxy needs an upstream");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let text =
            error(ServerConfig { listen: listener.local_addr().unwrap(), ..config(kind, "empty", "") });
        assert!(text.starts_with("listening on 127.0.0.1:"), "{text}");
    });
}

#[test]
fn shutdown_ends_root_contexts() {
    on_engines(|kind| {
        for (text, done) in [("", "root on_done: now"), ("late", "done")] {
            let server = start(config(kind, "lifecycle", text));
            get(server.local_addr(), "/", &[]);
            let logs = server.logs().clone();
            server.shutdown();
            let log = messages(&logs.texts());
            assert_eq!(log[log.len() - 2..], [done, "root context deleted"], "{kind}");
            assert!(log.contains(&"http context deleted".to_owned()));
        }
    });
}

#[test]
fn clients_that_go_away() {
    let to = upstream();
    on_engines(|kind| {
        let server = start(proxied(kind, "lifecycle", "", to));
        raw(server.local_addr(), b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\npart", true);
        eventually("the context ends", || {
            messages(&server.logs().texts()).contains(&"http context deleted".to_owned())
        });
        raw(server.local_addr(), b"nonsense\r\n\r\n", true);
        assert_eq!(get(server.local_addr(), "/", &[]).status, 200);
    });
}
