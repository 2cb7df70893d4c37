//! Under load: a filter that traps in one of a hundred requests. Exactly those fail, no worker dies, memory stays where it was; also
//! while the listener is replaced every second.
//!
//! Envoy answers by itself: a stream that waits for an upstream when its VM traps fails too, under V8 as well
//! (`policy::a_stream_beside_a_trap`).

use super::compiler;
use nullvm::envoy::binary;
use nullvm::envoy::client::{Http1, Response};
use nullvm::envoy::config::{
    Engine, FailurePolicy, HttpListener, Plugin, To, bootstrap, bootstrap_from_file, write_listeners,
};
use nullvm::envoy::module::wasm;
use nullvm::envoy::process::{Envoy, Launch, Scratch};
use serde_json::Map;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const WORKERS: u32 = 2;
const CONNECTIONS: usize = 16;
/// One request in so many traps.
const EVERY: usize = 100;
/// Keeps traps further apart than a VM has to live before it may be replaced.
const PER_SECOND: usize = 4000;
/// How much resident memory may grow between the first second and the last, in KiB.
const GROWTH: u64 = 12 << 10;

const KINDS: [&str; 9] =
    ["unreachable", "oob", "oob-write", "div", "stack", "shadow-stack", "table", "null", "signature"];

fn plugin(configuration: &str) -> Plugin {
    Plugin {
        name: "trap".to_owned(),
        root_id: String::new(),
        vm_id: "vm".to_owned(),
        wasm: wasm("trap"),
        module: compiler().module("trap", &[]),
        vm_configuration: String::new(),
        configuration: configuration.to_owned(),
        environment: Vec::new(),
        failure: Some(FailurePolicy::Reload(1, 1)),
        module_only: Map::new(),
    }
}

fn listener(configuration: &str) -> serde_json::Value {
    let mut listener = HttpListener::new(&plugin(configuration), Engine::Module, "");
    listener.to = To::Respond("Hello world".to_owned());
    listener.to_json()
}

/// What came of all requests.
#[derive(Default)]
struct Counts {
    sent: AtomicUsize,
    right: AtomicUsize,
    trapped: AtomicUsize,
    /// Envoy closed the connection as the request came: the listener was replaced. Sent again.
    closed: AtomicUsize,
    wrong: std::sync::Mutex<Vec<String>>,
}

impl Counts {
    fn of(count: &AtomicUsize) -> usize {
        count.load(Ordering::Relaxed)
    }
}

/// Sends requests until told to stop.
fn drive(to: SocketAddr, counts: &Counts, start: Instant, stop: &AtomicBool) {
    let mut connection: Option<Http1> = None;
    while !stop.load(Ordering::Relaxed) {
        let number = counts.sent.fetch_add(1, Ordering::Relaxed);
        let due = Duration::from_micros((number * 1_000_000 / PER_SECOND) as u64);
        if let Some(early) = due.checked_sub(start.elapsed()) {
            std::thread::sleep(early);
        }
        let trap = (number % EVERY == EVERY - 1).then(|| KINDS[number / EVERY % KINDS.len()]);
        let answer = exchange(to, &mut connection, number, trap, counts);
        let good = match (&answer, trap) {
            (None, _) => false,
            (Some(answer), None) => {
                answer.status == 200 && answer.header("x-alive") == Some("1") && answer.body == b"Hello world"
            }
            (Some(answer), Some(_)) => answer.status == 503 && answer.header("x-alive").is_none(),
        };
        match (good, trap) {
            (true, None) => counts.right.fetch_add(1, Ordering::Relaxed),
            (true, Some(_)) => counts.trapped.fetch_add(1, Ordering::Relaxed),
            (false, _) => {
                let wrong = format!("request {number}, trap {trap:?}: {answer:?}");
                counts.wrong.lock().expect("not poisoned").push(wrong);
                0
            }
        };
    }
}

fn exchange(
    to: SocketAddr,
    connection: &mut Option<Http1>,
    number: usize,
    trap: Option<&str>,
    counts: &Counts,
) -> Option<Response> {
    let trap = trap.map(|kind| format!("x-trap: {kind}\r\n")).unwrap_or_default();
    let request = format!("GET /{number} HTTP/1.1\r\nhost: test\r\n{trap}\r\n");
    for _ in 0..5 {
        let mut http = match connection.take() {
            Some(http) => http,
            None => Http1::connect(to).ok()?,
        };
        let answer = http.send(request.as_bytes()).and_then(|()| http.response(false));
        match answer {
            Ok(Some(answer)) => {
                if answer.complete && answer.header("connection") != Some("close") {
                    *connection = Some(http);
                }
                return Some(answer);
            }
            // Nothing of an answer: the connection was gone before the request was there.
            Ok(None) => {}
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe
                ) => {}
            Err(_) => return None,
        }
        counts.closed.fetch_add(1, Ordering::Relaxed);
    }
    None
}

/// Puts an Envoy under load for some seconds; `each_second` is called while it runs.
fn load(envoy: &mut Envoy, seconds: usize, mut each_second: impl FnMut(&Envoy, usize)) -> Counts {
    let to = envoy.listener("trap");
    let (counts, stop) = (Counts::default(), AtomicBool::new(false));
    let threads = workers(envoy);
    let mut memory = Vec::new();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| drive(to, &counts, start, &stop));
        }
        for second in 0..seconds {
            std::thread::sleep(Duration::from_secs(1));
            each_second(envoy, second);
            memory.push(envoy.resident_kib());
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!(
        "{} requests in {:.1} s: {} right, {} trapped, {} sent again; memory in MiB, by seconds: {:?}",
        Counts::of(&counts.sent),
        start.elapsed().as_secs_f64(),
        Counts::of(&counts.right),
        Counts::of(&counts.trapped),
        Counts::of(&counts.closed),
        memory.iter().map(|kib| kib >> 10).collect::<Vec<_>>()
    );
    let wrong = counts.wrong.lock().expect("not poisoned");
    assert!(
        wrong.is_empty(),
        "{} of {} requests went wrong, such as\n{}{}",
        wrong.len(),
        Counts::of(&counts.sent),
        wrong[..wrong.len().min(5)].join("\n"),
        envoy.tail()
    );
    drop(wrong);
    assert!(envoy.is_alive(), "Envoy lives");
    assert_eq!(workers(envoy), threads, "all workers live");
    assert_eq!(threads.len(), WORKERS as usize);
    assert!(Counts::of(&counts.right) > 1000 * seconds, "there was load");
    assert!(Counts::of(&counts.trapped) * EVERY + EVERY > Counts::of(&counts.sent));
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    assert!(last < first + GROWTH, "memory grew from {first} to {last} KiB");
    counts
}

fn workers(envoy: &Envoy) -> Vec<String> {
    envoy.threads().into_iter().filter(|name| name.starts_with("wrk:worker")).collect()
}

#[test]
fn traps_under_load() {
    let config = bootstrap(vec![listener("")], Vec::new());
    let binary = binary::envoy();
    let launch = Launch { binary: &binary, config: &config, concurrency: WORKERS };
    let mut envoy = Envoy::start(&launch).unwrap_or_else(|e| panic!("{e:?}"));
    let counts = load(&mut envoy, 6, |_, _| {});
    assert_eq!(Counts::of(&counts.closed), 0, "no connection was closed");
    let (status, _) = envoy.stop(0);
    assert!(status.success(), "{status}");
}

#[test]
fn traps_under_load_while_listeners_are_updated() {
    let dir = Scratch::new();
    let file = dir.join("listeners.json");
    write_listeners(&file, 0, &[listener("version 0")]);
    let config = bootstrap_from_file(&file, Vec::new());
    let binary = binary::envoy();
    let launch = Launch { binary: &binary, config: &config, concurrency: WORKERS };
    let mut envoy = Envoy::start(&launch).unwrap_or_else(|e| panic!("{e:?}"));
    load(&mut envoy, 8, |_, second| {
        write_listeners(&file, second + 1, &[listener(&format!("version {}", second + 1))]);
    });
    std::thread::sleep(Duration::from_millis(300));
    let updates = envoy.stat("listener_manager.lds.update_success");
    assert!(updates >= 8, "{updates} updates were taken");
    assert_eq!(envoy.stat("listener_manager.lds.update_rejected"), 0);
    let (status, _) = envoy.stop(0);
    assert!(status.success(), "{status}");
}
