//! Keys: Ed25519, in the files of wasmsign2.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than any file with a key.
const LARGEST: u64 = 64 * 1024;

/// Why there is no key. No message holds any part of one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a key, or of another kind.
    #[error("{place}: no Ed25519 {what} key (wasmsign2's own format, PEM, DER or hexadecimal digits)")]
    Format {
        /// Where it was read from.
        place: String,
        /// `public` or `secret`.
        what: &'static str,
    },
    /// There is a file already.
    #[error("{} exists, and keys are never replaced: name another file, or move it away", .0.display())]
    Exists(PathBuf),
    /// Others can read a secret key.
    #[error("secret key {}: others can read it (mode {mode:o}); `chmod 600 {}`, or make a new one if somebody has", path.display(), path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The environment has no such variable.
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(pub(crate) wasmsign2::PublicKey);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// 64 hexadecimal digits, as `PROXY_WASM_VERIFY_WITH_ED25519_PUBKEY` of proxy-wasm-cpp-host takes them.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.pk.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl PublicKey {
    /// A key in any of the formats: wasmsign2's own, PEM, DER, or 64 hexadecimal digits. `place` is for messages.
    ///
    /// # Errors
    /// [`KeyError::Format`].
    pub fn parse(place: &str, bytes: &[u8]) -> Result<Self, KeyError> {
        let digits = std::str::from_utf8(bytes).ok().and_then(|text| unhex(text.trim()));
        let key = match digits {
            Some(raw) => {
                let mut own = vec![1];
                own.extend_from_slice(&raw);
                wasmsign2::PublicKey::from_bytes(&own)
            }
            None => wasmsign2::PublicKey::from_any(bytes),
        };
        key.map(Self).map_err(|_| KeyError::Format { place: place.to_owned(), what: "public" })
    }

    /// Of a file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        Self::parse(&format!("public key {}", path.display()), &read(path)?)
    }

    /// The name that signatures may carry: 24 hexadecimal digits made of the key.
    pub fn id(&self) -> String {
        hex(&self.id_bytes())
    }

    pub(crate) fn id_bytes(&self) -> Vec<u8> {
        self.0.clone().attach_default_key_id().key_id().cloned().unwrap_or_default()
    }

    /// As wasmsign2 writes it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }
}

/// A key pair. Not to be printed: its `Debug` shows the public half.
pub struct KeyPair {
    pub(crate) secret: wasmsign2::SecretKey,
    /// The public half.
    pub public: PublicKey,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A new one, from the system's random numbers.
    pub fn generate() -> Self {
        let pair = wasmsign2::KeyPair::generate();
        Self { secret: pair.sk, public: PublicKey(pair.pk) }
    }

    fn parse(place: &str, bytes: &[u8]) -> Result<Self, KeyError> {
        let bad = || KeyError::Format { place: place.to_owned(), what: "secret" };
        let secret = wasmsign2::SecretKey::from_any(bytes).map_err(|_| bad())?;
        let mut own = vec![1];
        own.extend_from_slice(secret.sk.public_key().as_ref());
        let public = wasmsign2::PublicKey::from_bytes(&own).map_err(|_| bad())?;
        Ok(Self { secret, public: PublicKey(public) })
    }

    /// Of a file that nobody else can read.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Readable { path: path.to_owned(), mode });
        }
        Self::parse(&format!("secret key {}", path.display()), &Zeroizing::new(read(path)?))
    }

    /// Of an environment variable: PEM, or hexadecimal digits of wasmsign2's own format.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        let text =
            Zeroizing::new(std::env::var(variable).map_err(|_| KeyError::NoVariable(variable.to_owned()))?);
        let place = format!("the environment variable {variable}");
        match unhex_all(text.trim()).map(Zeroizing::new) {
            Some(bytes) => Self::parse(&place, &bytes),
            None => Self::parse(&place, text.as_bytes()),
        }
    }

    /// Writes the secret half to a new file, which only its owner can read.
    ///
    /// # Errors
    /// [`KeyError::Io`], and [`KeyError::Exists`] when there is a file already.
    pub fn write_secret(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => KeyError::Io { path: path.to_owned(), source },
        };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        let bytes = Zeroizing::new(self.secret.to_bytes());
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        written.map_err(|source| {
            let _ = fs::remove_file(path);
            failed(source)
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    use std::io::Read;
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(failed)?.take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex_all(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

/// A hash or a key, of 64 hexadecimal digits.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    unhex_all(text)?.try_into().ok()
}
