//! Gets modules and bundles from elsewhere: over HTTP as Envoy's `code.remote` does, and from OCI registries in the layouts that
//! Istio's WasmPlugin reads; and pushes them there.
//!
//! [`Fetcher::fetch`] blocks the thread that calls it, until the deadline at most, and may be called from any thread. Nothing that
//! was not checked is handed out: the hash of a file, the digest of every manifest and blob. A server, a registry and what they
//! send are hostile: every body has a limit before it is read, nothing is written to disk, and no credential is printed or sent
//! where the registry's own users would not expect it.
//!
//! Registries are pulled with a client of our own over `reqwest`: `oci-client` (0.18) reads manifests and tokens of any length
//! into memory and follows redirects from TLS to plain text. Its types describe references and manifests, and it pushes.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod credentials;
mod error;
mod hash;
mod layout;
mod push;
mod registry;
mod session;
mod source;

pub use error::{FetchError, OptionsError, Problem, SourceError};
pub use hash::Sha256;
pub use layout::Layout;
pub use oci_client::Reference;
pub use push::Pushed;
pub use reqwest::Url;
pub use source::{Source, parse_reference};

use session::{Request, Session};
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How things are fetched. [`Default`] is right for most.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most bytes that are taken, compressed or not. 256 MiB, as in Istio.
    pub max_size: u64,
    /// Until a connection stands, TLS included. 5 seconds.
    pub connect_timeout: Duration,
    /// What one attempt may take; Envoy's `http_uri.timeout`. None: up to the deadline.
    pub attempt_timeout: Option<Duration>,
    /// How often something that failed without harm is tried again; Envoy's `retry_policy.num_retries`. 2.
    pub retries: u32,
    /// Certificates (PEM) that are trusted besides the platform's.
    pub ca_file: Option<PathBuf>,
    /// Registries may be spoken to without TLS if they do not offer it. Those on a loopback address may always.
    pub insecure: bool,
    /// Directory of docker's config.json. None: `DOCKER_CONFIG`, or `.docker` in the home directory.
    pub docker_config: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_size: 256 << 20,
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: None,
            retries: 2,
            ca_file: None,
            insecure: false,
            docker_config: None,
        }
    }
}

/// What was fetched. All of it has been checked.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The module or bundle.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub sha256: Sha256,
    /// Where it came from.
    pub origin: Origin,
}

/// Where something came from. Displays without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An HTTP server.
    Http {
        /// The URL, without user, password and query.
        url: String,
    },
    /// An OCI registry.
    Oci {
        /// The reference.
        reference: String,
        /// Digest of the image's manifest; what Istio's `sha256` means.
        manifest: Sha256,
        /// How the image is made.
        layout: Layout,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url } => f.write_str(url),
            Self::Oci { reference, manifest, layout } => {
                write!(f, "oci://{reference} (manifest sha256:{manifest}, {layout} layout)")
            }
        }
    }
}

/// Fetches and pushes. Has no state but its options.
#[derive(Clone, Debug)]
pub struct Fetcher {
    options: Options,
}

impl Fetcher {
    /// Checks the options.
    ///
    /// # Errors
    /// [`OptionsError`], when the file of certificates cannot be used.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        session::tls(options.ca_file.as_deref())?;
        Ok(Self { options })
    }

    /// Fetches a source, whole.
    ///
    /// # Errors
    /// [`FetchError`]; then nothing of it is handed out.
    pub fn fetch(&self, source: &Source, deadline: Instant) -> Result<Fetched, FetchError> {
        let error = |kind| FetchError { action: "fetch", what: source.to_string(), kind: Box::new(kind) };
        let fetched = run(deadline, self.fetch_async(source)).map_err(error)?;
        if !fetched.bytes.starts_with(b"\0asm") || fetched.bytes.len() < 8 {
            let start = fetched.bytes.iter().copied().take(8).collect();
            return Err(error(Problem::NotWasm(start)));
        }
        Ok(fetched)
    }

    /// Pushes a module or bundle to a registry under the reference's tag.
    ///
    /// # Errors
    /// [`FetchError`]; the tag is then as it was, blobs may have been left in the registry.
    pub fn push(
        &self,
        reference: &Reference,
        bytes: &[u8],
        layout: Layout,
        deadline: Instant,
    ) -> Result<Pushed, FetchError> {
        run(deadline, push::push(&self.options, reference, bytes, layout)).map_err(|kind| FetchError {
            action: "push",
            what: format!("oci://{reference}"),
            kind: Box::new(kind),
        })
    }

    async fn fetch_async(&self, source: &Source) -> Result<Fetched, Problem> {
        match source {
            Source::Http { url, sha256 } => {
                let bytes = self.fetch_http(url).await?;
                let actual = Sha256::of(&bytes);
                if actual != *sha256 {
                    return Err(Problem::Digest { part: "the file", expected: *sha256, actual });
                }
                let origin = Origin::Http { url: source.to_string() };
                Ok(Fetched { bytes, sha256: actual, origin })
            }
            Source::Oci { reference, sha256 } => registry::pull(&self.options, reference, *sha256).await,
        }
    }

    async fn fetch_http(&self, url: &Url) -> Result<Vec<u8>, Problem> {
        let session = Session::new(&self.options, url.host_str().unwrap_or(""))?;
        let request = Request {
            url: url.clone(),
            accept: "application/wasm, */*;q=0.5",
            authorization: None,
            bound: false,
            form: None,
            limit: self.options.max_size,
            part: "the file",
            retries: self.options.retries,
        };
        let reply = session.get(request).await?;
        match reply.status.as_u16() {
            200 => Ok(reply.body),
            _ => Err(reply.refused(url)),
        }
    }
}

/// Runs a transfer on a thread and a runtime of its own, so that it does not matter what the caller's thread is busy with, a runtime
/// included, until the deadline.
fn run<T: Send>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Problem>> + Send,
) -> Result<T, Problem> {
    let budget = deadline.saturating_duration_since(Instant::now());
    let body = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Problem::Start(e.to_string()))?;
        let result = runtime.block_on(async { tokio::time::timeout(budget, work).await });
        // A name server or a credential helper that does not answer is left behind.
        runtime.shutdown_background();
        result.unwrap_or(Err(Problem::Deadline(budget)))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("nullvm-fetch".to_owned());
        match thread.spawn_scoped(scope, body) {
            Ok(handle) => handle.join().unwrap_or_else(|_| {
                // Its message has been printed. A host goes on.
                Err(Problem::Start("internal error; please report it".to_owned()))
            }),
            Err(e) => Err(Problem::Start(e.to_string())),
        }
    })
}

/// Whether a host, as it stands in a URL, is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
