//! One fetch's HTTP: a client, a deadline, retries, limits.
//!
//! Both kinds of source go through [`Session::get`], which never holds more of a body than it was allowed to and never follows
//! a redirect from TLS to plain text.

use crate::error::{OptionsError, Problem};
use crate::source::{display_host, display_origin};
use crate::{Options, is_loopback};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::error::Error;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// A server that sends nothing for this long is given up, and asked again.
pub(crate) const STALL: Duration = Duration::from_secs(30);

/// Wait before the first retry; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Longest wait before a retry.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// What is sent as `User-Agent`.
pub(crate) const USER_AGENT: &str = concat!("nullvm/", env!("CARGO_PKG_VERSION"));

/// The client of one fetch. It lives as long as the fetch's runtime.
pub(crate) struct Session<'a> {
    client: Client,
    /// Follows redirects within a host only: for what asks for credentials or carries them.
    bound: Client,
    /// What the caller wants.
    pub options: &'a Options,
}

/// A request that may be sent again.
pub(crate) struct Request<'a> {
    pub url: Url,
    pub accept: &'a str,
    pub authorization: Option<&'a HeaderValue>,
    /// Whether a redirect to another host is refused.
    pub bound: bool,
    /// A form to POST; otherwise it is a GET.
    pub form: Option<String>,
    /// The most bytes that the body may have.
    pub limit: u64,
    /// What the body is, for messages.
    pub part: &'static str,
    /// How often it is sent again.
    pub retries: u32,
}

/// An answer, whatever its status.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Whole if the status is 200, empty otherwise.
    pub body: Vec<u8>,
    /// How many attempts it took.
    pub attempts: u32,
}

impl Reply {
    /// The error that this answer is.
    pub fn refused(&self, url: &Url) -> Problem {
        Problem::Status {
            host: display_host(url),
            path: url.path().to_owned(),
            status: self.status.as_u16(),
            attempts: self.attempts,
        }
    }
}

/// Why one attempt failed.
enum Failed {
    /// Another one may go better. The flag: it was too slow.
    Again(Problem, bool),
    /// It will not.
    Final(Problem),
}

impl<'a> Session<'a> {
    /// A client for one fetch that starts at `host`.
    pub fn new(options: &'a Options, host: &str) -> Result<Self, Problem> {
        let start = |e: OptionsError| Problem::Start(e.to_string());
        let tls = tls(options.ca_file.as_deref()).map_err(start)?;
        let client = |policy: Policy| {
            let mut builder = Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(options.connect_timeout)
                .read_timeout(STALL)
                .redirect(policy)
                // It would tell another server the query of the address that led there, which may be a secret.
                .referer(false)
                .user_agent(USER_AGENT);
            if is_loopback(host) {
                builder = builder.no_proxy();
            }
            builder.build().map_err(|e| start(OptionsError::Client(reason(&e))))
        };
        Ok(Self {
            client: client(Policy::custom(|attempt| redirect(attempt, false)))?,
            bound: client(Policy::custom(|attempt| redirect(attempt, true)))?,
            options,
        })
    }

    /// Sends a request until an answer comes that no retry would better.
    pub async fn get(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let again = attempts <= request.retries;
            let attempt = self.attempt(&request, attempts);
            let outcome = match self.options.attempt_timeout {
                Some(limit) => match tokio::time::timeout(limit, attempt).await {
                    Ok(outcome) => outcome,
                    Err(_) => {
                        let host = display_host(&request.url);
                        Err(Failed::Again(Problem::Slow { host, limit, attempts }, true))
                    }
                },
                None => attempt.await,
            };
            match outcome {
                Ok(reply) if !(again && worth_retrying(reply.status)) => return Ok(reply),
                Err(Failed::Final(problem)) => return Err(problem),
                Err(Failed::Again(problem, _)) if !again => return Err(problem),
                // The time that an attempt took was wait enough.
                Err(Failed::Again(_, true)) => {}
                Ok(_) | Err(Failed::Again(_, false)) => tokio::time::sleep(wait(attempts)).await,
            }
        }
    }

    async fn attempt(&self, request: &Request<'_>, attempts: u32) -> Result<Reply, Failed> {
        let host = display_host(&request.url);
        let method = if request.form.is_some() { Method::POST } else { Method::GET };
        let client = if request.bound { &self.bound } else { &self.client };
        let mut builder = client.request(method, request.url.clone()).header("accept", request.accept);
        if let Some(value) = request.authorization {
            builder = builder.header(AUTHORIZATION, value.clone());
        }
        if let Some(form) = &request.form {
            builder = builder.header("content-type", "application/x-www-form-urlencoded").body(form.clone());
        }
        let mut response = builder.send().await.map_err(|e| classify(e, &host, attempts))?;
        let status = response.status();
        let mut body = Vec::new();
        if status == StatusCode::OK {
            let too_large = || Failed::Final(Problem::TooLarge { part: request.part, limit: request.limit });
            let announced = response.content_length().unwrap_or(0);
            if announced > request.limit {
                return Err(too_large());
            }
            // A server's word is no reason to take memory.
            body.reserve(usize::try_from(announced.min(1 << 20)).unwrap_or(0));
            while let Some(chunk) = response.chunk().await.map_err(|e| classify(e, &host, attempts))? {
                if (body.len() + chunk.len()) as u64 > request.limit {
                    return Err(too_large());
                }
                body.extend_from_slice(&chunk);
            }
        }
        Ok(Reply { status, headers: std::mem::take(response.headers_mut()), body, attempts })
    }
}

/// TLS with the platform's roots and those of a file.
pub(crate) fn tls(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, OptionsError> {
    let mut roots = rustls::RootCertStore::empty();
    // A machine without any can still fetch over plain HTTP; over TLS the message is that the issuer is unknown.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = ca_file {
        for certificate in certificates(file)? {
            let refused =
                |e: rustls::Error| OptionsError::CaFile { file: file.to_owned(), reason: e.to_string() };
            roots.add(certificate).map_err(refused)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| OptionsError::Client(e.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The certificates in a PEM file, one at least.
pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
    let refused = |reason: String| OptionsError::CaFile { file: file.to_owned(), reason };
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| refused(e.to_string()))?;
    match found.is_empty() {
        true => Err(refused("there is no certificate in it (PEM is expected)".to_owned())),
        false => Ok(found),
    }
}

/// A redirect that is refused; found again in the chain of the HTTP library's error.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
struct Refused {
    from: String,
    to: String,
    reason: &'static str,
}

fn redirect(attempt: Attempt<'_>, bound: bool) -> reqwest::redirect::Action {
    let previous = attempt.previous();
    let Some(from) = previous.last() else { return attempt.follow() };
    let reason = if from.scheme() == "https" && attempt.url().scheme() != "https" {
        "from TLS to plain text is not followed"
    } else if bound
        && (from.host_str(), from.port_or_known_default())
            != (attempt.url().host_str(), attempt.url().port_or_known_default())
    {
        "what has to do with credentials is not followed to another host"
    } else if previous.contains(attempt.url()) {
        "that is a loop"
    } else if previous.len() > REDIRECTS {
        "that is one redirect too many"
    } else {
        return attempt.follow();
    };
    let refused = Refused { from: display_origin(from), to: display_origin(attempt.url()), reason };
    attempt.error(refused)
}

fn worth_retrying(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Twice as long each time, half of it by chance so that a fleet does not come back as one.
fn wait(attempt: u32) -> Duration {
    let full = FIRST_WAIT.saturating_mul(1 << (attempt - 1).min(8)).min(LONGEST_WAIT);
    let chance = RandomState::new().build_hasher().finish() % 1024;
    full / 2 + full / 2 * u32::try_from(chance).unwrap_or(0) / 1024
}

fn classify(error: reqwest::Error, host: &str, attempts: u32) -> Failed {
    if let Some(Refused { from, to, reason }) = find::<Refused>(&error) {
        return Failed::Final(Problem::Redirect { from: from.clone(), to: to.clone(), reason });
    }
    let host = host.to_owned();
    let slow = error.is_timeout();
    if error.is_connect() {
        let certificate = matches!(tls_error(&error), Some(rustls::Error::InvalidCertificate(_)));
        let problem = Problem::Connect { host, reason: reason(&error), certificate };
        return match certificate {
            true => Failed::Final(problem),
            false => Failed::Again(problem, slow),
        };
    }
    if error.is_builder() {
        return Failed::Final(Problem::Start(reason(&error)));
    }
    Failed::Again(Problem::Transfer { host, reason: reason(&error), attempts }, slow)
}

/// The TLS library's error inside; an `io::Error` hides what it wraps from the chain.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    find(error).or_else(|| {
        let mut next = Some(error);
        while let Some(error) = next {
            let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            if let Some(found) = inner.and_then(|e| e.downcast_ref()) {
                return Some(found);
            }
            next = error.source();
        }
        None
    })
}

fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The innermost cause, which is the one that says something; it names no URL.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    match last.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_timeout() => "timed out".to_owned(),
        _ => {
            let text = last.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}
