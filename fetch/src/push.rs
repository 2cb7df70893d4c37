//! Pushing an image, with `oci-client`.

use crate::error::Problem;
use crate::layout::{self, Layout};
use crate::registry::{Access, Registry, Right};
use crate::session::{self, USER_AGENT};
use crate::{Options, Reference, Sha256};
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::fmt;

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The reference.
    pub reference: String,
    /// Digest of its manifest; what Istio's `sha256` wants, and what follows `@sha256:` in a reference.
    pub manifest: Sha256,
    /// How the image is made.
    pub layout: Layout,
}

impl fmt::Display for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, manifest, layout } = self;
        write!(f, "oci://{reference} (manifest sha256:{manifest}, {layout} layout)")
    }
}

/// Builds an image of a module and pushes it. Blobs that the registry has are not sent again.
pub(crate) async fn push(
    options: &Options,
    reference: &Reference,
    wasm: &[u8],
    layout: Layout,
) -> Result<Pushed, Problem> {
    if reference.digest().is_some() {
        return Err(Problem::Push("a digest is the result of a push; name a tag only".to_owned()));
    }
    if !wasm.starts_with(b"\0asm") || wasm.len() < 8 {
        return Err(Problem::Push(
            "this is not a WebAssembly module; push the .wasm file or the bundle".to_owned(),
        ));
    }
    let image = layout::build(wasm, layout)?;
    let registry = Registry::new(options, reference)?;
    let access = registry.open(Right::Push).await?;
    let client = client(options, &access)?;
    client.store_auth_if_needed(reference.resolve_registry(), &access.auth).await;
    let failed = |e: OciDistributionError| problem(e, reference, || registry.unauthorized(&access, 401));
    for (digest, bytes) in image.blobs {
        if !client.blob_exists(reference, &digest).await.map_err(failed)? {
            client.push_blob(reference, bytes, &digest).await.map_err(failed)?;
        }
    }
    let manifest = Sha256::of(&image.manifest);
    let content_type = HeaderValue::from_static(OCI_IMAGE_MEDIA_TYPE);
    client.push_manifest_raw(reference, image.manifest, content_type).await.map_err(failed)?;
    Ok(Pushed { reference: reference.to_string(), manifest, layout })
}

fn client(options: &Options, access: &Access) -> Result<oci_client::Client, Problem> {
    // This client takes the process's provider; where there is none yet, it is the one that pulls.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut config = ClientConfig {
        protocol: if access.is_secure() { ClientProtocol::Https } else { ClientProtocol::Http },
        connect_timeout: Some(options.connect_timeout),
        read_timeout: Some(session::STALL),
        user_agent: USER_AGENT,
        ..ClientConfig::default()
    };
    if let Some(file) = &options.ca_file {
        let certificates = session::certificates(file).map_err(|e| Problem::Start(e.to_string()))?;
        let der = |c: rustls::pki_types::CertificateDer<'_>| Certificate {
            encoding: CertificateEncoding::Der,
            data: c.to_vec(),
        };
        config.extra_root_certificates = certificates.into_iter().map(der).collect();
    }
    oci_client::Client::try_from(config).map_err(|e| Problem::Start(e.to_string()))
}

/// What the library says, in our words.
fn problem(
    error: OciDistributionError,
    reference: &Reference,
    unauthorized: impl Fn() -> Problem,
) -> Problem {
    use oci_client::errors::OciErrorCode::{Denied, Unauthorized};
    let host = reference.resolve_registry().to_owned();
    let status = |status, url: &str| Problem::Status {
        host: host.clone(),
        path: Url::parse(url).map_or_else(|_| String::new(), |url| url.path().to_owned()),
        status,
        attempts: 1,
    };
    match error {
        OciDistributionError::RequestError(e)
            if e.status().is_some_and(|s| matches!(s.as_u16(), 401 | 403)) =>
        {
            unauthorized()
        }
        OciDistributionError::RequestError(e) => match e.status() {
            Some(code) => status(code.as_u16(), e.url().map_or("", Url::as_str)),
            None => Problem::Transfer { host, reason: session::reason(&e), attempts: 1 },
        },
        OciDistributionError::UnauthorizedError { .. } | OciDistributionError::AuthenticationFailure(_) => {
            unauthorized()
        }
        OciDistributionError::ServerError { code, url, .. } => status(code, &url),
        OciDistributionError::RegistryError { envelope, .. } => {
            match envelope.errors.iter().any(|e| matches!(e.code, Denied | Unauthorized)) {
                true => unauthorized(),
                false => {
                    let messages: Vec<_> =
                        envelope.errors.iter().map(|e| e.message.escape_debug().to_string()).collect();
                    Problem::Push(format!("{host} refuses it: {}", messages.join("; ")))
                }
            }
        }
        other => Problem::Protocol { part: "answer", reason: other.to_string() },
    }
}
