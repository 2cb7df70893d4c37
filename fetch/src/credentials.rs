//! Credentials of registries, from docker's config.json.
//!
//! They are read when a registry asks, and go into a header that is marked sensitive; no message has anything of them.

use crate::error::Problem;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More than any config.json.
const LARGEST_CONFIG: u64 = 1 << 20;

/// The key of Docker Hub in config.json and for helpers.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Who we are for a registry.
pub(crate) enum Credential {
    /// User and password.
    Password(String, String),
    /// A refresh token, to be exchanged at the token service.
    Identity(String),
}

/// Looks a registry up. None: there is no file, or nothing in it for this registry.
pub(crate) async fn find(directory: Option<&Path>, registry: &str) -> Result<Option<Credential>, Problem> {
    let directory = match directory {
        Some(directory) => directory.to_owned(),
        None => match default_directory() {
            Some(directory) => directory,
            None => return Ok(None),
        },
    };
    let server = if registry == "index.docker.io" { DOCKER_HUB } else { registry }.to_owned();
    let file = directory.join("config.json");
    // A helper is a program that may take its time; the deadline holds for it too.
    let work = tokio::task::spawn_blocking(move || read(&file, &server));
    work.await.map_err(|e| Problem::Start(e.to_string()))?
}

fn default_directory() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("DOCKER_CONFIG").or_else(|| Some(set("HOME")?.join(".docker")))
}

fn read(file: &Path, server: &str) -> Result<Option<Credential>, Problem> {
    let failed = |reason: String| Problem::Credentials { file: file.to_owned(), reason };
    let opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e.to_string())),
    };
    match docker_credential::get_credential_from_reader(opened.take(LARGEST_CONFIG), server) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Some(Credential::Password(user, password)))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credential::Identity(token))),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // What a helper prints is not ours to repeat, but for the phrase by which docker knows that it has nothing.
        Err(CredentialRetrievalError::HelperFailure { helper, stdout, .. }) => {
            match stdout.trim().starts_with("credentials not found") {
                true => Ok(None),
                false => Err(failed(format!("{helper} failed for {server}"))),
            }
        }
        Err(CredentialRetrievalError::HelperCommunicationError) => Err(failed(format!(
            "the credential helper for {server} cannot be run; is docker-credential-* on the PATH?"
        ))),
        Err(CredentialRetrievalError::MalformedHelperResponse) => {
            Err(failed(format!("the credential helper for {server} answered with something else")))
        }
        Err(CredentialRetrievalError::CredentialDecodingError) => {
            Err(failed(format!("the entry `auth` of {server} is not base64 of USER:PASSWORD")))
        }
        Err(CredentialRetrievalError::CredentialMismatchError) => {
            Err(failed(format!("the entry of {server} says two different things")))
        }
        Err(CredentialRetrievalError::ConfigNotFound | CredentialRetrievalError::ConfigReadError) => {
            Err(failed("it is not docker's JSON".to_owned()))
        }
    }
}
