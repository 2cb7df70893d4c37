//! Pulling from an OCI registry: access, manifest, layer; each checked against the digest that the one before it named.

use crate::credentials::{self, Credential};
use crate::error::Problem;
use crate::layout::{self, Layout};
use crate::session::{Reply, Request, Session};
use crate::source::display_host;
use crate::{Fetched, Options, Origin, Reference, Sha256, is_loopback};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_auth::parser::ChallengeParser;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageIndex, OciImageManifest,
};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde_json::Value;

/// The part of an error that is about the hash a caller gave for an image.
pub(crate) const IMAGE_MANIFEST: &str = "the image's manifest";

/// More than any manifest; registries refuse larger ones.
const MANIFEST_LIMIT: u64 = 4 << 20;

/// More than any token.
const TOKEN_LIMIT: u64 = 256 << 10;

/// What we may do with a repository.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    Pull,
    Push,
}

/// How to speak to a registry about one repository.
pub(crate) struct Access {
    /// `https://HOST[:PORT]/v2/`
    base: Url,
    /// What goes with each request.
    authorization: Option<HeaderValue>,
    /// The same for the client that pushes.
    pub auth: oci_client::secrets::RegistryAuth,
    /// Whether credentials were found.
    given: bool,
}

/// Pulls an image and takes the module out of it.
pub(crate) async fn pull(
    options: &Options,
    reference: &Reference,
    sha256: Option<Sha256>,
) -> Result<Fetched, Problem> {
    let registry = Registry::new(options, reference)?;
    let access = registry.open(Right::Pull).await?;
    let (manifest, digest) = registry.manifest(&access).await?;
    if let Some(expected) = sha256.filter(|s| *s != digest) {
        return Err(Problem::Digest { part: IMAGE_MANIFEST, expected, actual: digest });
    }
    let (layout, layer) = layout::find(&manifest)?;
    let blob = registry.blob(&access, layer).await?;
    let bytes = match layout {
        Layout::Oci => blob,
        Layout::Compat => layout::unpack(&blob, options.max_size)?,
    };
    let origin = Origin::Oci { reference: reference.to_string(), manifest: digest, layout };
    Ok(Fetched { sha256: Sha256::of(&bytes), bytes, origin })
}

/// A registry's repository during one fetch.
pub(crate) struct Registry<'a> {
    session: Session<'a>,
    reference: &'a Reference,
    /// Host and port.
    host: &'a str,
}

impl<'a> Registry<'a> {
    /// Prepares; nothing is sent.
    pub fn new(options: &'a Options, reference: &'a Reference) -> Result<Self, Problem> {
        let host = reference.resolve_registry();
        let session = Session::new(options, name(host))?;
        Ok(Self { session, reference, host })
    }

    /// Finds out how the registry is spoken to, and what it wants from us.
    pub async fn open(&self, right: Right) -> Result<Access, Problem> {
        let options = self.session.options;
        let plain = options.insecure || is_loopback(name(self.host));
        let secure = self.ask("https", if plain { 0 } else { options.retries }).await;
        let (base, reply) = match secure {
            // A certificate that is refused is no reason to go on without one.
            Err(Problem::Connect { certificate: false, .. }) if plain => {
                self.ask("http", options.retries).await?
            }
            other => other?,
        };
        let mut access = Access {
            base,
            authorization: None,
            auth: oci_client::secrets::RegistryAuth::Anonymous,
            given: false,
        };
        match reply.status.as_u16() {
            200 => Ok(access),
            401 => {
                self.authorize(&mut access, &reply.headers, right).await?;
                Ok(access)
            }
            _ => Err(reply.refused(&access.base)),
        }
    }

    async fn ask(&self, scheme: &str, retries: u32) -> Result<(Url, Reply), Problem> {
        let base = Url::parse(&format!("{scheme}://{}/v2/", self.host))
            .map_err(|e| Problem::Start(format!("{} is no host: {e}", self.host)))?;
        let request = Request {
            url: base.clone(),
            accept: "*/*",
            authorization: None,
            bound: true,
            form: None,
            limit: TOKEN_LIMIT,
            part: "the registry's greeting",
            retries,
        };
        Ok((base, self.session.get(request).await?))
    }

    /// Answers the registry's challenge: with a token of its token service, or with user and password.
    async fn authorize(&self, access: &mut Access, headers: &HeaderMap, right: Right) -> Result<(), Problem> {
        let credential = credentials::find(self.session.options.docker_config.as_deref(), self.host).await?;
        access.given = credential.is_some();
        let challenge = Challenge::read(headers);
        let value = match (challenge, credential) {
            (Some(Challenge::Bearer { realm, service }), credential) => {
                let token = self.token(access, &realm, service, credential, right).await?;
                let value = format!("Bearer {token}");
                access.auth = oci_client::secrets::RegistryAuth::Bearer(token);
                value
            }
            (Some(Challenge::Basic), Some(Credential::Password(user, password))) => {
                let value = basic(&user, &password);
                access.auth = oci_client::secrets::RegistryAuth::Basic(user, password);
                value
            }
            _ => return Err(self.unauthorized(access, 401)),
        };
        access.authorization = Some(secret(&value)?);
        Ok(())
    }

    async fn token(
        &self,
        access: &Access,
        realm: &str,
        service: Option<String>,
        credential: Option<Credential>,
        right: Right,
    ) -> Result<String, Problem> {
        let wrong = |reason: String| Problem::Protocol { part: "challenge", reason };
        let mut url = Url::parse(realm).map_err(|e| wrong(format!("its realm is no URL: {e}")))?;
        match (url.scheme(), access.base.scheme()) {
            ("https", _) | ("http", "http") => {}
            ("http", _) => {
                let realm = display_host(&url);
                return Err(Problem::InsecureRealm { registry: self.host.to_owned(), realm });
            }
            (scheme, _) => return Err(wrong(format!("its realm has the scheme {scheme}"))),
        }
        let actions = match right {
            Right::Pull => "pull",
            Right::Push => "pull,push",
        };
        let scope = format!("repository:{}:{actions}", self.reference.repository());
        let mut query = vec![("scope", scope)];
        query.extend(service.map(|service| ("service", service)));
        let (authorization, form) = match credential {
            Some(Credential::Password(user, password)) => (Some(secret(&basic(&user, &password))?), None),
            Some(Credential::Identity(token)) => {
                query.push(("grant_type", "refresh_token".to_owned()));
                query.push(("client_id", "nullvm".to_owned()));
                query.push(("refresh_token", token));
                let mut form = Url::parse("form:").map_err(|e| Problem::Start(e.to_string()))?;
                form.query_pairs_mut().extend_pairs(&query);
                (None, form.query().map(str::to_owned))
            }
            None => (None, None),
        };
        if form.is_none() {
            url.query_pairs_mut().extend_pairs(&query);
        }
        let request = Request {
            url: url.clone(),
            accept: "application/json",
            authorization: authorization.as_ref(),
            bound: true,
            form,
            limit: TOKEN_LIMIT,
            part: "the registry's token",
            retries: self.session.options.retries,
        };
        let reply = self.session.get(request).await?;
        match reply.status.as_u16() {
            200 => {}
            status @ (400 | 401 | 403) => return Err(self.unauthorized(access, status)),
            _ => return Err(reply.refused(&url)),
        }
        let answer: Value = serde_json::from_slice(&reply.body)
            .map_err(|e| Problem::Protocol { part: "token", reason: format!("it is no JSON ({e})") })?;
        let token = ["token", "access_token"].iter().find_map(|key| answer[*key].as_str());
        token.map(str::to_owned).ok_or_else(|| Problem::Protocol {
            part: "token",
            reason: "it has neither `token` nor `access_token`".to_owned(),
        })
    }

    /// The image's manifest and its digest; of an index the image that Istio takes.
    async fn manifest(&self, access: &Access) -> Result<(OciImageManifest, Sha256), Problem> {
        let expected = self.reference.digest().map(|d| digest("reference", d)).transpose()?;
        let place = match expected {
            Some(expected) => expected.digest(),
            None => self.reference.tag().unwrap_or("latest").to_owned(),
        };
        match self.one_manifest(access, &place, expected, "the manifest").await? {
            (Manifest::Image(image), actual) => Ok((*image, actual)),
            (Manifest::Index(index), _) => {
                let chosen = digest("index", choose(&index)?)?;
                match self.one_manifest(access, &chosen.digest(), Some(chosen), IMAGE_MANIFEST).await? {
                    (Manifest::Image(image), actual) => Ok((*image, actual)),
                    (Manifest::Index(_), _) => {
                        Err(Problem::Layout { found: "it is an index of indices".to_owned() })
                    }
                }
            }
        }
    }

    async fn one_manifest(
        &self,
        access: &Access,
        place: &str,
        expected: Option<Sha256>,
        part: &'static str,
    ) -> Result<(Manifest, Sha256), Problem> {
        let accept = [
            OCI_IMAGE_MEDIA_TYPE,
            IMAGE_MANIFEST_MEDIA_TYPE,
            OCI_IMAGE_INDEX_MEDIA_TYPE,
            IMAGE_MANIFEST_LIST_MEDIA_TYPE,
        ]
        .join(", ");
        let body = self.get(access, &format!("manifests/{place}"), &accept, MANIFEST_LIMIT, part).await?;
        let actual = Sha256::of(&body);
        if let Some(expected) = expected.filter(|e| *e != actual) {
            return Err(Problem::Digest { part, expected, actual });
        }
        Ok((Manifest::read(&body)?, actual))
    }

    async fn blob(&self, access: &Access, layer: &OciDescriptor) -> Result<Vec<u8>, Problem> {
        const PART: &str = "the image's layer";
        let expected = digest("manifest", &layer.digest)?;
        let size = u64::try_from(layer.size).map_err(|_| Problem::Protocol {
            part: "manifest",
            reason: "a layer has a negative size".to_owned(),
        })?;
        let limit = self.session.options.max_size;
        if size > limit {
            return Err(Problem::TooLarge { part: PART, limit });
        }
        let body = self.get(access, &format!("blobs/{}", expected.digest()), "*/*", limit, PART).await?;
        if body.len() as u64 != size {
            return Err(Problem::Size { part: PART, expected: size, actual: body.len() as u64 });
        }
        let actual = Sha256::of(&body);
        if actual != expected {
            return Err(Problem::Digest { part: PART, expected, actual });
        }
        Ok(body)
    }

    async fn get(
        &self,
        access: &Access,
        path: &str,
        accept: &str,
        limit: u64,
        part: &'static str,
    ) -> Result<Vec<u8>, Problem> {
        let url = access
            .base
            .join(&format!("{}/{path}", self.reference.repository()))
            .map_err(|e| Problem::Start(format!("{path} is no path: {e}")))?;
        let request = Request {
            url: url.clone(),
            accept,
            authorization: access.authorization.as_ref(),
            bound: false,
            form: None,
            limit,
            part,
            retries: self.session.options.retries,
        };
        let reply = self.session.get(request).await?;
        match reply.status.as_u16() {
            200 => Ok(reply.body),
            status @ (401 | 403) => Err(self.unauthorized(access, status)),
            _ => Err(reply.refused(&url)),
        }
    }

    /// The error that access is refused.
    pub fn unauthorized(&self, access: &Access, status: u16) -> Problem {
        Problem::Unauthorized { registry: self.host.to_owned(), status, given: access.given }
    }
}

impl Access {
    /// Whether the registry is spoken to over TLS.
    pub fn is_secure(&self) -> bool {
        self.base.scheme() == "https"
    }
}

enum Manifest {
    Image(Box<OciImageManifest>),
    Index(OciImageIndex),
}

impl Manifest {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let wrong = |reason: String| Problem::Protocol { part: "manifest", reason };
        let value: Value = serde_json::from_slice(body).map_err(|e| wrong(format!("it is no JSON ({e})")))?;
        if value["schemaVersion"] != 2 {
            return Err(wrong("its schemaVersion is not 2".to_owned()));
        }
        let typed = |e: serde_json::Error| wrong(e.to_string());
        // Something that can be read as both is read differently by different tools.
        match (value.get("manifests").is_some(), value.get("layers").is_some()) {
            (true, false) => Ok(Self::Index(serde_json::from_value(value).map_err(typed)?)),
            (false, true) => Ok(Self::Image(Box::new(serde_json::from_value(value).map_err(typed)?))),
            (true, true) => Err(wrong("it is an image and an index at once".to_owned())),
            (false, false) => Err(wrong("it is neither an image nor an index".to_owned())),
        }
    }
}

/// The image of an index that Istio takes: the first for linux/amd64, as which one without a platform counts. Wasm runs on any
/// platform, so this does not depend on the machine.
fn choose(index: &OciImageIndex) -> Result<&str, Problem> {
    let fits = |entry: &&oci_client::manifest::ImageIndexEntry| {
        entry
            .platform
            .as_ref()
            .is_none_or(|p| p.os.to_string() == "linux" && p.architecture.to_string() == "amd64")
    };
    let entry = index.manifests.iter().find(fits);
    entry.map(|e| e.digest.as_str()).ok_or_else(|| Problem::Layout {
        found: "it is an index without an image for linux/amd64, which is the one that Istio takes"
            .to_owned(),
    })
}

/// A digest in a registry's answer.
fn digest(part: &'static str, text: &str) -> Result<Sha256, Problem> {
    let wrong = || Problem::Protocol { part, reason: "a digest in it is no sha256".to_owned() };
    text.strip_prefix("sha256:").ok_or_else(wrong)?.parse().map_err(|_| wrong())
}

/// What a registry asks for.
enum Challenge {
    Bearer { realm: String, service: Option<String> },
    Basic,
}

impl Challenge {
    /// The best of those that a registry offers.
    fn read(headers: &HeaderMap) -> Option<Self> {
        let mut found = None;
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        for challenge in texts.flat_map(|text| ChallengeParser::new(text).map_while(Result::ok)) {
            let parameter = |name: &str| {
                let value = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
                Some(value.1.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = parameter("realm")
            {
                return Some(Self::Bearer { realm, service: parameter("service") });
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                found = Some(Self::Basic);
            }
        }
        found
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A header value that no log shows.
fn secret(value: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Problem::Protocol {
        part: "token",
        reason: "it has characters that no header can have".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The host of a registry without its port.
fn name(host: &str) -> &str {
    host.split(':').next().unwrap_or(host)
}
