//! What clients do, for every case.

use super::cases::{Case, Kind};
use nullvm::TRAPS;
use std::time::Duration;

/// What a client does over one connection, or over one for each step.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The listener's case.
    pub case: &'static str,
    /// Its name; unique within the case.
    pub name: String,
    /// One after the other.
    pub steps: Vec<Step>,
    /// All steps over one connection (HTTP only).
    pub one_connection: bool,
    /// All steps at once, each over its own connection; what is seen is compared without regard to order.
    pub at_once: bool,
    /// A pause after each step.
    pub pause: Duration,
    /// Bodies larger than one read of Envoy: where it cuts them is chance, so log lines about pieces are left out.
    pub pieces_by_chance: bool,
    /// Depends on when things happen: is tried again before a difference counts.
    pub timed: bool,
}

/// One exchange.
#[derive(Clone, Debug)]
pub enum Step {
    /// An HTTP request.
    Http(Ask),
    /// A TCP connection: pieces, each sent when the one before came back.
    Tcp {
        /// What is sent.
        pieces: Vec<Vec<u8>>,
        /// Ends the own direction and reads to the end; otherwise just closes.
        finish: bool,
    },
}

/// Where a client goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// In the midst of the head.
    MidHead,
    /// After the head, in the midst of the body.
    MidBody,
    /// After the request, before the answer.
    BeforeResponse,
    /// In the midst of the answer's body.
    MidResponse,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Over HTTP/2.
    pub http2: bool,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Headers besides `host`, `user-agent` and those of the body.
    pub headers: Vec<(&'static str, String)>,
    /// The body: `None`, or pieces.
    pub body: Option<Vec<usize>>,
    /// The body goes in chunks, without a length.
    pub chunked: bool,
    /// With trailers.
    pub trailers: bool,
    /// Pause between two writes.
    pub pace: Option<Duration>,
    /// Where the client goes away.
    pub cut: Option<Cut>,
}

const PACE: Duration = Duration::from_millis(15);

fn ask(method: &'static str, target: &str) -> Ask {
    Ask {
        http2: false,
        method,
        target: target.to_owned(),
        headers: Vec::new(),
        body: None,
        chunked: false,
        trailers: false,
        pace: None,
        cut: None,
    }
}

fn get(target: &str) -> Ask {
    ask("GET", target)
}

fn post(target: &str, length: usize) -> Ask {
    Ask { body: Some(vec![length]), ..ask("POST", target) }
}

impl Ask {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn chunked(self, pieces: &[usize]) -> Self {
        Self { chunked: true, body: Some(pieces.to_vec()), ..self }
    }

    fn trailers(self) -> Self {
        Self { trailers: true, ..self }
    }

    fn cut(self, cut: Cut) -> Self {
        Self { cut: Some(cut), ..self }
    }

    fn http2(self) -> Self {
        Self { http2: true, ..self }
    }
}

impl Scenario {
    fn new(case: &Case, name: &str, steps: Vec<Ask>) -> Self {
        let timed = steps.iter().any(|s| s.cut.is_some() || s.pace.is_some());
        Self {
            case: case.name,
            name: name.to_owned(),
            steps: steps.into_iter().map(Step::Http).collect(),
            one_connection: false,
            at_once: false,
            pause: Duration::ZERO,
            pieces_by_chance: false,
            timed,
        }
    }

    fn large(self) -> Self {
        Self { pieces_by_chance: true, ..self }
    }
}

/// The scenarios of a case.
pub fn scenarios(case: &Case) -> Vec<Scenario> {
    match case.kind {
        Kind::Tcp => tcp(case),
        _ if case.all => [general(case), few(case), own(case)].concat(),
        _ => [few(case), own(case)].concat(),
    }
}

/// For every HTTP case.
fn few(case: &Case) -> Vec<Scenario> {
    let one = |name: &str, ask: Ask| Scenario::new(case, name, vec![ask]);
    let trailers = || post("/t?trailers=1&chunks=2&len=64", 0).chunked(&[24]).trailers();
    vec![
        one("get", get("/a/b?c=d")),
        one("post", post("/p?len=600", 500)),
        one("trailers", trailers()),
        one("http2 trailers", trailers().http2()),
    ]
}

/// For every filter.
fn general(case: &Case) -> Vec<Scenario> {
    let one = |name: &str, ask: Ask| Scenario::new(case, name, vec![ask]);
    let paced = |ask: Ask| Ask { pace: Some(PACE), ..ask };
    let mut all = vec![
        one("body of 0 bytes", post("/0?len=0", 0)),
        one("body of 1 byte", post("/1?len=1", 1)),
        one("body of 64 KiB", post("/64k?len=65536", 65_536)).large(),
        one("body of 1 MiB", post("/1m?len=1048576", 1 << 20)).large(),
        one("chunked", paced(post("/c?chunks=3&len=30", 0).chunked(&[10, 20, 5]))),
        one("chunked, empty", post("/c?chunks=1&len=0", 0).chunked(&[])),
        one("slow client", paced(Ask { body: Some(vec![3, 4, 5]), ..post("/slow", 0) })),
        one("HEAD", ask("HEAD", "/head")),
        one("204", get("/?status=204")),
        one("500", get("/?status=500")),
        one("upstream closes before the response", get("/?cut=before")),
        one("upstream closes in the response", get("/?cut=mid&len=400")),
        one("client leaves in the head", get("/").cut(Cut::MidHead)),
        one("client leaves in the body", post("/", 400).cut(Cut::MidBody)),
        one("client leaves before the response", get("/?hold=before").cut(Cut::BeforeResponse)),
        one("client leaves in the response", get("/?hold=mid&len=400").cut(Cut::MidResponse)),
        one("http2 get", get("/two").http2()),
        one("http2 body", post("/two?len=100", 700).http2()),
        one("http2 reset in the body", post("/two", 400).http2().cut(Cut::MidBody)),
        one("http2 reset before the response", get("/two?hold=before").http2().cut(Cut::BeforeResponse)),
        Scenario {
            one_connection: true,
            ..Scenario::new(
                case,
                "three requests on a connection",
                vec![get("/first"), post("/second", 10), get("/third?len=5").with("hello", "x")],
            )
        },
    ];
    let burst = (0..12).map(|i| post(&format!("/burst/{i}?len=20"), 30)).collect();
    all.push(Scenario { at_once: true, ..Scenario::new(case, "twelve at once", burst) });
    all
}

/// What a filter's page in `filters/README.md` names.
fn own(case: &Case) -> Vec<Scenario> {
    let one = |name: &str, ask: Ask| Scenario::new(case, name, vec![ask]);
    match case.filter {
        "add_header" | "add_header_as" | "add_header_cpp" | "add_header_go" => vec![
            one("counted", get("/").with("hello", "world")),
            one("counted, empty", get("/").with("hello", "")),
        ],
        "headers" => vec![
            one("replace and remove", get("/").with("x-replace", "old").with("x-remove", "gone")),
            one("multi", get("/").with("x-multi", "zero")),
            one("set all", get("/").with("x-set-all", "1").with("x-drop-1", "a").with("x-drop-2", "b")),
            one("missing", get("/").with("x-missing", "there")),
            one("empty values", get("/").with("x-replace", "").with("x-multi", "").with("x-empty", "")),
            one(
                "set all, empty values",
                get("/").with("x-set-all", "1").with("x-empty", "").with("x-dup", "1").with("x-dup", "2"),
            ),
        ],
        "body" => {
            let rewritten = |ask: Ask| ask.with("x-rewrite-request", "1");
            vec![
                one("rewritten", rewritten(post("/?len=40", 30))),
                one("rewritten, no body", rewritten(get("/?len=0"))),
                one("rewritten, chunked", rewritten(post("/?chunks=2&len=40", 0).chunked(&[10, 10]))),
                one("rewritten, trailers", {
                    rewritten(post("/?chunks=2&len=40&trailers=1", 0).chunked(&[10]).trailers())
                }),
                one("rewritten, 64 KiB", rewritten(post("/?len=65536", 65_536))).large(),
                one("rewritten, http2", rewritten(post("/?len=40", 30).http2())),
            ]
        }
        "local_response" | "local_response_as" => vec![
            one("denied", get("/").with("x-deny", "1")),
            one("denied, with body", post("/", 500).with("x-deny", "1")),
            one("denied, 64 KiB", post("/", 65_536).with("x-deny", "1")).large(),
            one("denied, http2", post("/", 500).with("x-deny", "1").http2()),
            one("denied at the response", get("/").with("x-deny", "body")),
            one("denied at the response, chunked", get("/?chunks=3&trailers=1").with("x-deny", "body")),
            one("gRPC status", get("/").with("x-deny", "grpc")),
            one(
                "gRPC status for gRPC",
                post("/s/m", 5).with("x-deny", "grpc").with("content-type", "application/grpc").http2(),
            ),
            one("denied gRPC", {
                post("/s/m", 5).with("x-deny", "1").with("content-type", "application/grpc").http2()
            }),
        ],
        "properties" => vec![
            one("with properties", get("/path/x?q=1").with("user-agent", "").with("x-other", "1")),
            one("of a failed upstream", get("/?cut=before")),
        ],
        "shared_data" => vec![one("stale token", get("/").with("x-cas-stale", "1"))],
        "queue" => vec![one("queued", get("/to/queue"))],
        "foreign" => {
            vec![one("long path", get(&format!("/{}", "abc".repeat(200)))), one("of a body", post("/", 2000))]
        }
        "trap" if case.all => traps(case),
        // Over one connection, so that one worker sees it all.
        "trap" => vec![Scenario {
            one_connection: true,
            ..Scenario::new(
                case,
                "before and after",
                vec![get("/"), get("/").with("x-trap", "oob"), get("/after"), post("/after?len=20", 10)],
            )
        }],
        "endless" => vec![],
        "metrics" => vec![
            one("more headers", get("/").with("x-1", "1").with("x-2", "2")),
            Scenario { one_connection: true, ..Scenario::new(case, "twice", vec![get("/"), get("/")]) },
        ],
        "env_cpp" => vec![
            one("print", get("/").with("x-print", "from a request")),
            after_trap(case, "exit", get("/").with("x-exit", "3")),
        ],
        "memory_grow" => vec![
            one("1 MiB", get("/").with("x-alloc-mb", "1")),
            one("64 MiB", get("/").with("x-alloc-mb", "64")),
            one("5000 MiB", get("/").with("x-alloc-mb", "5000")),
        ],
        "abi_0_1_0_cpp" => vec![one("paused", get("/").with("x-pause", "1"))],
        _ => vec![],
    }
}

/// A request that traps, and one that finds a new VM.
fn after_trap(case: &Case, name: &str, ask: Ask) -> Scenario {
    Scenario {
        pause: Duration::from_millis(140),
        // One worker sees both.
        one_connection: true,
        ..Scenario::new(case, name, vec![ask, get("/after")])
    }
}

fn traps(case: &Case) -> Vec<Scenario> {
    let mut all: Vec<Scenario> =
        TRAPS.iter().map(|kind| after_trap(case, kind, get("/").with("x-trap", kind))).collect();
    let at_response = |ask: Ask| ask.with("x-trap", "oob").with("x-trap-at", "response");
    all.push(after_trap(case, "at the response", at_response(get("/"))));
    all.push(after_trap(case, "at the response, 64 KiB", at_response(get("/?len=65536"))).large());
    all.push(after_trap(case, "with a body", post("/", 500).with("x-trap", "div")));
    all.push(after_trap(case, "http2", get("/").with("x-trap", "unreachable").http2()));
    all.push(Scenario::new(case, "no such trap", vec![get("/").with("x-trap", "nonsense")]));
    all
}

fn tcp(case: &Case) -> Vec<Scenario> {
    let one = |name: &str, pieces: Vec<Vec<u8>>, finish: bool| Scenario {
        steps: vec![Step::Tcp { pieces, finish }],
        timed: true,
        ..Scenario::new(case, name, vec![])
    };
    let body = nullvm::envoy::upstream::pattern;
    vec![
        one("nothing", vec![], true),
        one("one byte", vec![body(1)], true),
        one("three pieces", vec![body(5), body(1000), body(7)], true),
        one("client closes", vec![body(5)], false),
        one("upstream closes", vec![b"cut".to_vec()], true),
        one("64 KiB", vec![body(65_536)], true).large(),
        one("1 MiB", vec![body(65_536); 16], true).large(),
        Scenario {
            at_once: true,
            steps: (0..8).map(|i| Step::Tcp { pieces: vec![body(10 + i)], finish: true }).collect(),
            ..one("eight at once", vec![], true)
        },
    ]
}
