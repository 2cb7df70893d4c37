//! What can be fetched, and how it is written.

use crate::{Sha256, SourceError};
use oci_client::Reference;
use reqwest::Url;
use std::fmt;
use std::str::FromStr;

/// Something that can be fetched.
///
/// Text: `https://HOST/PATH#sha256=HEX`, `http://...` alike, or `oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]`, which may end in
/// `#sha256=HEX` too. Displays without user, password and query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file on an HTTP server.
    Http {
        /// Where; `http` or `https`. User and password in it are sent.
        url: Url,
        /// Of the file.
        sha256: Sha256,
    },
    /// An image in an OCI registry.
    Oci {
        /// Registry, repository, tag and digest. With a digest the tag is only a remark.
        reference: Reference,
        /// Of the image's manifest, as in Istio's WasmPlugin; of the chosen one where the reference names an index.
        sha256: Option<Sha256>,
    },
}

impl Source {
    /// Reads a source, whose hash may stand beside it.
    ///
    /// # Errors
    /// [`SourceError`]; for `http` and `https` when no hash is given at all.
    pub fn parse(text: &str, sha256: Option<Sha256>) -> Result<Self, SourceError> {
        let (place, fragment) = match text.split_once('#') {
            Some((place, fragment)) => (place, Some(fragment)),
            None => (text, None),
        };
        let inside = match fragment {
            Some(fragment) => {
                let digits = fragment.strip_prefix("sha256=");
                Some(digits.ok_or_else(|| SourceError::Sha256(fragment.to_owned()))?.parse()?)
            }
            None => None,
        };
        let sha256 = match (inside, sha256) {
            (Some(a), Some(b)) if a != b => return Err(SourceError::TwoSha256(without_credentials(place))),
            (a, b) => a.or(b),
        };
        match place.split_once("://") {
            Some(("oci", reference)) => Ok(Self::Oci { reference: parse_reference(reference)?, sha256 }),
            Some(("http" | "https", _)) => {
                let url = Url::parse(place).map_err(|e| SourceError::Url {
                    text: without_credentials(place),
                    reason: e.to_string(),
                })?;
                let sha256 = sha256.ok_or_else(|| SourceError::NoSha256(display_url(&url)))?;
                Ok(Self::Http { url, sha256 })
            }
            _ => Err(SourceError::Scheme(without_credentials(place))),
        }
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        Self::parse(text, None)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => f.write_str(&display_url(url)),
            Self::Oci { reference, .. } => write!(f, "oci://{reference}"),
        }
    }
}

/// Reads a reference, with or without `oci://` before it.
///
/// # Errors
/// [`SourceError::Reference`].
pub fn parse_reference(text: &str) -> Result<Reference, SourceError> {
    let text = text.strip_prefix("oci://").unwrap_or(text);
    Reference::from_str(text)
        .map_err(|e| SourceError::Reference { text: without_credentials(text), reason: e.to_string() })
}

/// A URL without user, password, query and fragment.
pub(crate) fn display_url(url: &Url) -> String {
    let query = if url.query().is_some() { "?..." } else { "" };
    format!("{}{}{query}", display_origin(url), url.path())
}

/// Scheme, host and port.
pub(crate) fn display_origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), display_host(url))
}

/// Host, and port unless it is the scheme's.
pub(crate) fn display_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Text that could not be parsed, without what may be user, password and query.
fn without_credentials(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(_, rest)| {
        let scheme = &text[..text.len() - rest.len()];
        (scheme, rest)
    });
    let rest = rest.split('?').next().unwrap_or("");
    let authority = rest.split('/').next().unwrap_or("");
    let rest = match authority.rfind('@') {
        Some(at) if !authority[at..].starts_with("@sha256:") => &rest[at + 1..],
        _ => rest,
    };
    format!("{scheme}{}", rest.chars().take(300).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn sources() {
        let url = format!("https://user:pw@host:8443/a/b.wasm?token=1#sha256={HASH}");
        let source: Source = url.parse().unwrap();
        let Source::Http { sha256, .. } = &source else { panic!() };
        assert_eq!(sha256.to_string(), HASH);
        assert_eq!(source.to_string(), "https://host:8443/a/b.wasm?...");

        for (text, shown, host) in [
            ("oci://localhost:5000/a/b:v1", "oci://localhost:5000/a/b:v1", "localhost:5000"),
            ("oci://ghcr.io/a/b", "oci://ghcr.io/a/b:latest", "ghcr.io"),
            ("oci://filter:1", "oci://docker.io/library/filter:1", "index.docker.io"),
            (
                &*format!("oci://h.example/a@sha256:{HASH}"),
                &*format!("oci://h.example/a@sha256:{HASH}"),
                "h.example",
            ),
        ] {
            let source: Source = text.parse().unwrap();
            assert_eq!(source.to_string(), shown);
            let Source::Oci { reference, sha256: None } = source else { panic!() };
            assert_eq!(reference.resolve_registry(), host);
        }
        let hash = Some(HASH.parse().unwrap());
        assert!(matches!(Source::parse("http://h/x", hash), Ok(Source::Http { .. })));
        assert!(matches!(Source::parse("oci://h.x/x", hash), Ok(Source::Oci { sha256: Some(_), .. })));
        assert_eq!(format!("sha256:{HASH}").parse::<Sha256>(), HASH.to_uppercase().parse());
    }

    #[test]
    fn refused_and_never_shown() {
        let other = HASH.replace('0', "1");
        for (text, sha256, want) in [
            ("https://user:secret@h/x?secret", None, "needs the SHA-256"),
            ("https://user:secret@h:99999/x?secret", None, "is not a URL"),
            ("oci://user:secret@h/x", None, "is not an image reference"),
            ("oci://h.x/UPPER", None, "is not an image reference"),
            ("oci://", None, "is not an image reference"),
            ("ftp://user:secret@h/x", None, "no scheme that can be fetched"),
            ("/etc/passwd", None, "no scheme that can be fetched"),
            ("https://h/x#sha256=12", None, "64 hexadecimal digits"),
            ("https://h/x#top", None, "64 hexadecimal digits"),
            (&*format!("https://h/x#sha256={HASH}"), Some(other.parse().unwrap()), "two different"),
        ] {
            let error = Source::parse(text, sha256).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
        for hash in ["", "12", &HASH[1..], &format!("{HASH}0"), &HASH.replace('f', "g"), &"é".repeat(32)] {
            assert!(hash.parse::<Sha256>().is_err(), "{hash}");
        }
    }
}
