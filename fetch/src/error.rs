//! What can go wrong, in the words that an operator reads.

use crate::Sha256;
use std::path::PathBuf;
use std::time::Duration;

/// Why something could not be fetched or pushed. Displays as one line: what, where it failed, what to do.
///
/// No credential is in it: user, password and query of a URL are left out.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {what}: {kind}")]
pub struct FetchError {
    /// `fetch` or `push`.
    pub action: &'static str,
    /// The URL or reference.
    pub what: String,
    /// Why.
    pub kind: Box<Problem>,
}

/// Where a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No connection, or no TLS on it.
    #[error("cannot connect to {host}: {reason}{}", hint(.certificate))]
    Connect {
        /// Host and port.
        host: String,
        /// What the system or the TLS library says.
        reason: String,
        /// Whether the server's certificate is what was refused.
        certificate: bool,
    },
    /// The deadline passed.
    #[error("not done within {} ms; allow more time, or look at why the server is slow", .0.as_millis())]
    Deadline(Duration),
    /// An attempt took too long, and so did those after it.
    #[error("{host} did not answer within {} ms ({attempts} attempts)", .limit.as_millis())]
    Slow {
        /// Host and port.
        host: String,
        /// What an attempt may take.
        limit: Duration,
        /// How many were made.
        attempts: u32,
    },
    /// The answer is no.
    #[error("{host} answered {status} for {path} ({attempts} attempts){}", status_hint(*.status))]
    Status {
        /// Host and port.
        host: String,
        /// The path asked for.
        path: String,
        /// The status code.
        status: u16,
        /// How many attempts were made.
        attempts: u32,
    },
    /// The registry wants credentials, or others.
    #[error("{registry} refuses access ({status}) {}", match .given {
        true => "with the credentials that docker's config.json has for it; log in again, or ask for the right to this repository",
        false => "and docker's config.json has no credentials for it; log in with `docker login`, or name the directory with DOCKER_CONFIG",
    })]
    Unauthorized {
        /// Host and port.
        registry: String,
        /// The status code.
        status: u16,
        /// Whether credentials were found and sent.
        given: bool,
    },
    /// Credentials could not be read.
    #[error("cannot read credentials from {}: {reason}", .file.display())]
    Credentials {
        /// docker's config.json.
        file: PathBuf,
        /// Why, without what is in the file.
        reason: String,
    },
    /// Credentials would have been sent in the clear.
    #[error("{registry} sends its users to {realm} for a token, without TLS; credentials are not sent there")]
    InsecureRealm {
        /// Host and port.
        registry: String,
        /// Host and port of the token service.
        realm: String,
    },
    /// A redirect that is not followed.
    #[error("{from} redirects to {to}: {reason}")]
    Redirect {
        /// Scheme, host and port of the page.
        from: String,
        /// Scheme, host and port of where it points.
        to: String,
        /// Why it is not followed.
        reason: &'static str,
    },
    /// More bytes than allowed.
    #[error("{part} has more than {limit} bytes; if that is meant, raise the limit")]
    TooLarge {
        /// What is too large.
        part: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The transfer broke off.
    #[error("the transfer from {host} broke off: {reason} ({attempts} attempts)")]
    Transfer {
        /// Host and port.
        host: String,
        /// What the HTTP library says.
        reason: String,
        /// How many attempts were made.
        attempts: u32,
    },
    /// It is something else than what was asked for.
    #[error("{part} has the SHA-256 {actual}, expected is {expected}{}", mismatch_hint(.part))]
    Digest {
        /// What was hashed.
        part: &'static str,
        /// What it should be.
        expected: Sha256,
        /// What it is.
        actual: Sha256,
    },
    /// A blob does not have the size that its manifest says.
    #[error("{part} has {actual} bytes, its manifest says {expected}")]
    Size {
        /// What was measured.
        part: &'static str,
        /// The manifest's size.
        expected: u64,
        /// The real one.
        actual: u64,
    },
    /// The registry's answer is not what the specification says.
    #[error("the registry's {part} makes no sense: {reason}")]
    Protocol {
        /// Manifest, token and so on.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Not an image of a Wasm module.
    #[error(
        "not a Wasm image: {found}; known are a last layer of type {} or {} with plugin.wasm in it, and one layer of type {}",
        crate::layout::OCI_ARCHIVE,
        crate::layout::DOCKER_ARCHIVE,
        crate::layout::WASM_CONTENT
    )]
    Layout {
        /// What is there instead.
        found: String,
    },
    /// The layer's archive was refused.
    #[error("the image's layer is refused: {0}")]
    Archive(String),
    /// The bytes are no module.
    #[error(
        "what came is not a WebAssembly module (it starts with {}); was a page or an archive fetched instead of a .wasm file?",
        .0.escape_ascii()
    )]
    NotWasm(Vec<u8>),
    /// A push that makes no sense.
    #[error("{0}")]
    Push(String),
    /// The system gives no thread or no runtime.
    #[error("cannot start: {0}")]
    Start(String),
}

/// Why a [`Source`](crate::Source) cannot be read from text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Neither http, https nor oci.
    #[error("{0} has no scheme that can be fetched; use https://, http:// or oci://")]
    Scheme(String),
    /// Not a URL.
    #[error("{text} is not a URL: {reason}")]
    Url {
        /// The text, without credentials.
        text: String,
        /// Why.
        reason: String,
    },
    /// Not a reference.
    #[error(
        "{text} is not an image reference: {reason}; write oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]"
    )]
    Reference {
        /// The text, without credentials.
        text: String,
        /// Why.
        reason: String,
    },
    /// A URL alone says nothing about what is behind it.
    #[error(
        "{0} needs the SHA-256 of what is fetched; append #sha256=HEX to the URL, or give it beside the URL"
    )]
    NoSha256(String),
    /// Two different hashes were given.
    #[error("{0} is given with two different SHA-256 hashes")]
    TwoSha256(String),
    /// Not a SHA-256.
    #[error("a SHA-256 is 64 hexadecimal digits, not `{0}`")]
    Sha256(String),
}

/// Why [`Options`](crate::Options) cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The file of certificates.
    #[error("cannot use the certificates in {}: {reason}", .file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The TLS library or the HTTP library refuses its configuration.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

fn hint(certificate: &bool) -> &'static str {
    match certificate {
        true => "; if the server is yours, name the certificate of its authority as CA file",
        false => "",
    }
}

fn status_hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "; it wants credentials, or others",
        404 | 410 => "; check the name, the tag and whether it was published",
        429 => "; it wants fewer requests",
        _ => "",
    }
}

fn mismatch_hint(part: &str) -> &'static str {
    match part {
        crate::registry::IMAGE_MANIFEST => {
            "; the hash given for an image is that of its manifest, not that of the module inside (as Istio has it)"
        }
        _ => "",
    }
}
