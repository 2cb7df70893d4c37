//! What happens after a trap, and when a plugin does not start: as the failure policy says, under both engines. And limits, which
//! only modules have.

use super::compiler;
use nullvm::envoy::binary;
use nullvm::envoy::client::{Response, get_with};
use nullvm::envoy::config::{Engine, FailurePolicy, HttpListener, Plugin, To, bootstrap, cluster};
use nullvm::envoy::module::wasm;
use nullvm::envoy::process::{Envoy, Launch, NotStarted};
use nullvm::envoy::upstream::{Upstream, eventually};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const ENGINES: [Engine; 2] = [Engine::V8, Engine::Module];

fn plugin(
    engine: Engine,
    name: &str,
    filter: &str,
    options: &[&str],
    failure: Option<FailurePolicy>,
) -> Plugin {
    let module = match engine {
        Engine::Module => compiler().module(filter, options),
        Engine::V8 => PathBuf::new(),
    };
    Plugin {
        name: name.to_owned(),
        root_id: String::new(),
        vm_id: name.to_owned(),
        wasm: wasm(filter),
        module,
        vm_configuration: String::new(),
        configuration: String::new(),
        environment: Vec::new(),
        failure,
        module_only: Map::new(),
    }
}

fn start(engine: Engine, plugins: &[Plugin]) -> Result<Envoy, NotStarted> {
    let listeners = plugins
        .iter()
        .map(|plugin| {
            let mut listener = HttpListener::new(plugin, engine, "");
            listener.to = To::Respond("Hello world".to_owned());
            listener.to_json()
        })
        .collect();
    let config: Value = bootstrap(listeners, Vec::new());
    let binary = binary::envoy();
    // One worker: every request meets the VM that trapped.
    Envoy::start(&Launch { binary: &binary, config: &config, concurrency: 1 })
}

fn send(envoy: &Envoy, listener: &str, headers: &[(&str, &str)]) -> Response {
    get_with(envoy.listener(listener), "/", headers)
        .unwrap_or_else(|e| panic!("{listener}: {e}{}", envoy.tail()))
}

/// Status and whether the plugin saw the response.
fn outcome(response: &Response) -> (u16, bool) {
    (response.status, response.header("x-alive").is_some())
}

const TRAP: &[(&str, &str)] = &[("x-trap", "oob")];
const AT_RESPONSE: &[(&str, &str)] = &[("x-trap", "div"), ("x-trap-at", "response")];
const RELOAD: FailurePolicy = FailurePolicy::Reload(100, 200);

#[test]
fn after_a_trap() {
    for engine in ENGINES {
        let plugins = [
            plugin(engine, "unspecified", "trap", &[], None),
            plugin(engine, "closed", "trap", &[], Some(FailurePolicy::Closed)),
            plugin(engine, "open", "trap", &[], Some(FailurePolicy::Open)),
            plugin(engine, "reload", "trap", &[], Some(RELOAD)),
            plugin(engine, "patient", "trap", &[], Some(FailurePolicy::Reload(60_000, 60_000))),
        ];
        let mut envoy = start(engine, &plugins).unwrap_or_else(|e| panic!("{engine}: {e:?}"));
        for name in ["unspecified", "closed", "open", "reload", "patient"] {
            assert_eq!(outcome(&send(&envoy, name, &[])), (200, true), "{engine} {name}");
        }
        for name in ["unspecified", "closed", "patient"] {
            for headers in [TRAP, &[], &[], AT_RESPONSE] {
                let seen = send(&envoy, name, headers);
                assert_eq!(outcome(&seen), (503, false), "{engine} {name} {headers:?}");
                assert_eq!(seen.text(), "", "{engine} {name}");
            }
        }
        // The request that traps fails here as well; later ones pass.
        assert_eq!(outcome(&send(&envoy, "open", TRAP)), (503, false), "{engine} open");
        for headers in [&[], TRAP, AT_RESPONSE] {
            let seen = send(&envoy, "open", headers);
            assert_eq!(outcome(&seen), (200, false), "{engine} open {headers:?}");
            assert_eq!(seen.text(), "Hello world", "{engine} open");
        }
        for trap in [TRAP, AT_RESPONSE, TRAP] {
            // The VM is old enough to be replaced when it traps, so the next request finds a new one.
            std::thread::sleep(Duration::from_millis(450));
            assert_eq!(outcome(&send(&envoy, "reload", &[])), (200, true), "{engine} reload");
            assert!(!outcome(&send(&envoy, "reload", trap)).1, "{engine} reload {trap:?}");
            assert_eq!(outcome(&send(&envoy, "reload", &[])), (200, true), "{engine} reload after {trap:?}");
        }
        assert!(envoy.is_alive());
        let (status, _) = envoy.stop(0);
        assert!(status.success(), "{engine}: {status}");
    }
}

#[test]
fn backoff_holds_a_reload_back() {
    for engine in ENGINES {
        let plugins = [plugin(engine, "reload", "trap", &[], Some(FailurePolicy::Reload(400, 800)))];
        let envoy = start(engine, &plugins).unwrap_or_else(|e| panic!("{engine}: {e:?}"));
        // The first VM is replaced at once if it is old enough.
        std::thread::sleep(Duration::from_millis(900));
        assert_eq!(outcome(&send(&envoy, "reload", TRAP)), (503, false), "{engine}");
        assert_eq!(outcome(&send(&envoy, "reload", &[])), (200, true), "{engine}");
        // The second one is not.
        assert_eq!(outcome(&send(&envoy, "reload", TRAP)), (503, false), "{engine}");
        assert_eq!(outcome(&send(&envoy, "reload", &[])), (503, false), "{engine}: within the backoff");
        let start = Instant::now();
        while outcome(&send(&envoy, "reload", &[])) != (200, true) {
            assert!(start.elapsed() < Duration::from_secs(3), "{engine}: no new VM");
            std::thread::sleep(Duration::from_millis(20));
        }
        envoy.stop(0);
    }
}

/// A plugin that refuses its configuration, or traps in it: Envoy refuses the listener, whatever the failure policy.
#[test]
fn plugins_that_do_not_start() {
    for engine in ENGINES {
        for (vm, configuration) in [("fail", ""), ("trap", ""), ("", "fail"), ("", "trap")] {
            for failure in [None, Some(FailurePolicy::Open)] {
                let mut lifecycle = plugin(engine, "lifecycle", "lifecycle", &[], failure);
                lifecycle.vm_configuration = vm.to_owned();
                lifecycle.configuration = configuration.to_owned();
                let what = format!("{engine}, VM {vm:?}, plugin {configuration:?}, {failure:?}");
                match start(engine, &[lifecycle]) {
                    Ok(envoy) => panic!("{what}: started{}", envoy.tail()),
                    Err(e) => {
                        assert!(e.status.is_some_and(|s| s.code() == Some(1)), "{what}: {:?}", e.status);
                        assert!(e.log.iter().any(|l| l.level == "critical"), "{what}: {:?}", e.log);
                    }
                }
            }
        }
    }
}

/// A stream waits for its upstream while another one of the same VM traps.
#[test]
fn a_stream_beside_a_trap() {
    for engine in ENGINES {
        let upstream = Upstream::http1();
        let plugins = [
            plugin(engine, "closed", "trap", &[], None),
            plugin(engine, "open", "trap", &[], Some(FailurePolicy::Open)),
            plugin(engine, "reload", "trap", &[], Some(FailurePolicy::Reload(50, 100))),
        ];
        let listeners = plugins.iter().map(|p| HttpListener::new(p, engine, "h1").to_json()).collect();
        let config = bootstrap(listeners, vec![cluster("h1", upstream.address, false)]);
        let binary = binary::envoy();
        let envoy = Envoy::start(&Launch { binary: &binary, config: &config, concurrency: 1 })
            .unwrap_or_else(|e| panic!("{engine}: {e:?}"));
        for name in ["closed", "open", "reload"] {
            let begun = upstream.begun();
            let to = envoy.listener(name);
            let waiting = std::thread::spawn(move || get_with(to, "/?delay=300", &[]));
            assert!(eventually(Duration::from_secs(2), || upstream.begun() > begun));
            assert_eq!(outcome(&send(&envoy, name, TRAP)), (503, false), "{engine} {name}");
            let waited = waiting.join().expect("a thread").expect("an answer");
            // The VM is gone, and with it the stream's context.
            assert_eq!((outcome(&waited), waited.text().as_str()), ((503, false), ""), "{engine} {name}");
        }
        envoy.stop(0);
    }
}

#[test]
fn limits() {
    let mut endless =
        plugin(Engine::Module, "endless", "endless", &["--interruptible"], Some(FailurePolicy::Reload(1, 1)));
    endless.module_only.insert("limits".to_owned(), json!({ "deadline": "0.05s" }));
    let mut grow = plugin(Engine::Module, "grow", "memory_grow", &[], None);
    grow.module_only.insert("limits".to_owned(), json!({ "memory": 16 << 20 }));
    let mut stack = plugin(Engine::Module, "stack", "trap", &[], Some(FailurePolicy::Reload(1, 1)));
    stack.module_only.insert("limits".to_owned(), json!({ "stack": 64 << 10 }));
    let envoy = start(Engine::Module, &[endless, grow, stack]).unwrap_or_else(|e| panic!("{e:?}"));
    for kind in ["branch", "memory", "bulk"] {
        let start = Instant::now();
        assert_eq!(outcome(&send(&envoy, "endless", &[("x-spin", kind)])), (503, false), "{kind}");
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(50) && took < Duration::from_secs(2), "{kind}: {took:?}");
        assert_eq!(outcome(&send(&envoy, "endless", &[])), (200, true), "after {kind}");
    }
    for (size, expected) in [("4", "ok"), ("32", "failed"), ("4", "ok")] {
        let seen = send(&envoy, "grow", &[("x-alloc-mb", size)]);
        assert_eq!((seen.status, seen.header("x-alloc")), (200, Some(expected)), "{size} MiB");
    }
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(outcome(&send(&envoy, "stack", &[("x-trap", "stack")])), (503, false));
    assert_eq!(outcome(&send(&envoy, "stack", &[])), (200, true));
    envoy.stop(0);
}
