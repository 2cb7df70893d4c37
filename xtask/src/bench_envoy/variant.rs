//! The processes that are compared: who runs the filter, and how many copies of it stand in the chain.

use super::build::{FILTER, Files};
use super::load::AGENT;
use nullvm::envoy::client;
use nullvm::envoy::config::{Engine, HttpListener, Plugin, To, bootstrap};
use nullvm::envoy::process::{Envoy, Launch};
use serde_json::{Map, Value, json};
use std::fmt::{Display, Formatter};
use std::net::SocketAddr;

/// The listener's name.
pub const LISTENER: &str = "bench";
/// The name under which the hand-written module clears the route.
const CLEARING: &str = "get_add_clearing";
/// A path at which Envoy shows what has become of the request: no filter can add to it.
const CHECK: &str = "/check";

/// Who runs the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    None,
    HandWritten,
    /// As above, and the route is chosen again, as for a plugin that changes request headers.
    HandWrittenClearing,
    Module,
    V8,
}

impl Kind {
    fn is_hand_written(self) -> bool {
        matches!(self, Self::HandWritten | Self::HandWrittenClearing)
    }
}

/// The kinds that run a filter.
pub const KINDS: [Kind; 4] = [Kind::HandWritten, Kind::HandWrittenClearing, Kind::Module, Kind::V8];

/// Which copies share a virtual machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vms {
    /// All of a worker: equal `vm_id`s.
    Shared,
    /// None: a `vm_id` each.
    Own,
}

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant {
    pub kind: Kind,
    pub copies: usize,
    pub vms: Vms,
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::HandWritten => "hand-written module",
            Self::HandWrittenClearing => "hand-written, clearing the route",
            Self::Module => "module by nullvmc",
            Self::V8 => "Wasm filter, V8",
        })
    }
}

impl Display for Variant {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match (self.kind, self.vms) {
            (Kind::None, _) => self.kind.fmt(f),
            (kind, Vms::Shared) => write!(f, "{kind}, {} copies", self.copies),
            (kind, Vms::Own) => write!(f, "{kind}, {} copies, a VM each", self.copies),
        }
    }
}

impl Variant {
    /// No filter, and every kind in every length.
    pub fn all(chains: &[usize]) -> Vec<Self> {
        let none = Self { kind: Kind::None, copies: 0, vms: Vms::Shared };
        let some =
            chains.iter().flat_map(|&copies| KINDS.map(|kind| Self { kind, copies, vms: Vms::Shared }));
        std::iter::once(none).chain(some).collect()
    }

    /// Starts Envoy, and sees that it has loaded what it should.
    pub fn start(self, files: &Files, workers: u32) -> Result<Envoy, String> {
        let config = self.config(files);
        let launch = Launch { binary: &files.envoy, config: &config, concurrency: workers };
        let envoy = Envoy::start(&launch).map_err(|e| {
            // Envoy repeats the whole configuration before it says what is wrong.
            let log: Vec<&str> = e.log.iter().flat_map(|entry| entry.text.lines()).collect();
            let end = log[log.len().saturating_sub(5)..].join("\n");
            format!("{self}: Envoy did not start ({:?}); its log ends:\n{end}", e.status)
        })?;
        let module = match self.kind {
            Kind::HandWritten | Kind::HandWrittenClearing => Some(&files.hand_written),
            Kind::Module => Some(&files.module),
            Kind::None | Kind::V8 => None,
        };
        match module {
            Some(module) if !envoy.mapped_files().contains(module) => {
                Err(format!("{self}: Envoy has not loaded {}", module.display()))
            }
            _ => Ok(envoy),
        }
    }

    fn config(self, files: &Files) -> Value {
        let plugin = |copy: usize| Plugin {
            name: match self.kind {
                Kind::HandWrittenClearing => CLEARING.to_owned(),
                _ => FILTER.to_owned(),
            },
            root_id: String::new(),
            vm_id: match self.vms {
                Vms::Shared => "bench".to_owned(),
                Vms::Own => format!("bench-{copy}"),
            },
            wasm: files.wasm.clone(),
            module: if self.kind.is_hand_written() { &files.hand_written } else { &files.module }.clone(),
            vm_configuration: String::new(),
            configuration: String::new(),
            environment: Vec::new(),
            failure: None,
            module_only: Map::new(),
        };
        let engine = if self.kind == Kind::V8 { Engine::V8 } else { Engine::Module };
        let listener = HttpListener {
            name: LISTENER.to_owned(),
            filters: (0..self.copies).map(|copy| plugin(copy).http_filter(engine)).collect(),
            access_logs: Vec::new(),
            to: To::Respond("bench\n".to_owned()),
        };
        let mut listener = listener.to_json();
        // Else chance decides, for the whole run, how many of its connections each worker has.
        listener["connection_balance_config"] = json!({ "exact_balance": {} });
        let routes = "/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes";
        if let Some(Value::Array(routes)) = listener.pointer_mut(routes) {
            let shown = json!({ "header": { "key": "x-seen", "value": "%REQ(x-ua)%" } });
            routes.insert(
                0,
                json!({
                    "match": { "path": CHECK },
                    "direct_response": { "status": 200, "body": { "inline_string": "check\n" } },
                    "response_headers_to_add": [shown],
                }),
            );
        }
        let mut config = bootstrap(vec![listener], Vec::new());
        // Nothing but requests in the processes' CPU time.
        config["stats_flush_interval"] = json!("299s");
        config
    }
}

/// Asks once: the response's headers, sorted, once it is seen that each copy has added to the request and to the response.
pub fn check(to: SocketAddr, copies: usize) -> Result<Vec<(String, String)>, String> {
    let answer = client::get_with(to, CHECK, &[("user-agent", AGENT)]).map_err(|e| e.to_string())?;
    let added = answer.headers.iter().filter(|(k, v)| k == "x-get-add" && v == "1").count();
    let seen = (copies > 0).then_some(AGENT);
    if answer.status != 200 || added != copies || answer.header("x-seen") != seen {
        return Err(format!(
            "{copies} copies of the filter answered {} with {:?}",
            answer.status, answer.headers
        ));
    }
    let mut headers: Vec<_> = answer.headers.into_iter().filter(|(k, _)| k != "date").collect();
    headers.sort();
    Ok(headers)
}
