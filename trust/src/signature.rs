//! Signatures over modules, in the format of wasmsign2 (tool-conventions, `Signatures.md`).
//!
//! One section in front of all others carries them. Ours covers every byte behind it by one hash, which is also the only kind that
//! proxy-wasm-cpp-host takes: one signature satisfies both. Signatures over parts of a module are valid in the format and
//! refused here. The section itself must be written in the one way that wasmsign2 writes it, so that there is nothing in it but
//! signatures, of which anybody can add more. Every byte behind it is signed: [`signed_content`].

use crate::keys::{KeyPair, PublicKey, hex};
use nullvm_artifact::ContainerError;
use nullvm_artifact::container::{self, PREAMBLE, SIGNATURE_SECTION, Section, push_custom};
use sha2::{Digest, Sha256};
use wasmsign2::{SignatureData, SignatureForHashes, SignedHashes};

/// What is signed begins so; then come the three numbers of [`VERSIONS`] and the hash.
const DOMAIN: &[u8] = b"wasmsig";

/// Version of the format, kind of content (a module), hash function (SHA-256).
const VERSIONS: [u8; 3] = [1, 1, 1];

/// Ed25519.
const ALGORITHM: u8 = 1;

/// Signatures that are looked at.
const MOST: usize = 16;

/// Why a module is not taken for signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No module.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// There is none.
    #[error("it is not signed (no section \"signature\" at its beginning): sign it with `nullvmc sign`")]
    NotSigned,
    /// More than one section.
    #[error("it has a second section \"signature\": what that covers is unclear")]
    Ambiguous,
    /// The section is not what wasmsign2 writes.
    #[error("its signature cannot be read: {0}")]
    Malformed(&'static str),
    /// Parts are signed, not the whole.
    #[error("its signature covers parts of it only: sign the whole with `nullvmc sign`")]
    Partial,
    /// The content has another hash.
    #[error("it was changed after it was signed, or damaged")]
    Changed,
    /// A signature that names a key which is trusted is not that key's.
    #[error("its signature says to be by the configured key {0}, and is not: it was changed or damaged")]
    Invalid(String),
    /// Nobody of those who are trusted signed it.
    #[error("none of the {known} configured keys signed it{}", ids(.signers))]
    OtherKey {
        /// Keys that were tried.
        known: usize,
        /// Ids that its signatures carry.
        signers: Vec<String>,
    },
}

fn ids(signers: &[String]) -> String {
    if signers.is_empty() { String::new() } else { format!(" (signed by key {})", signers.join(", ")) }
}

fn message(hash: &[u8]) -> Vec<u8> {
    [DOMAIN, &VERSIONS, hash].concat()
}

/// Signs a module: every byte of it but a signature that it has already, which is replaced.
///
/// # Errors
/// What is no module.
pub fn sign(wasm: &[u8], key: &KeyPair) -> Result<Vec<u8>, ContainerError> {
    let sections = container::sections(wasm)?;
    let start = match sections.first() {
        Some(first) if first.is_signature() => first.range.end,
        _ => PREAMBLE,
    };
    let content = wasm.get(start..).unwrap_or_default();
    let hash = Sha256::digest(content).to_vec();
    let signature = SignatureForHashes {
        key_id: Some(key.public.id_bytes()),
        alg_id: ALGORITHM,
        signature: key.secret.sk.sign(message(&hash), None).to_vec(),
    };
    let [specification_version, content_type, hash_function] = VERSIONS;
    let data = SignatureData {
        specification_version,
        content_type,
        hash_function,
        signed_hashes_set: vec![SignedHashes { hashes: vec![hash], signatures: vec![signature] }],
    };
    // It writes into a vector.
    let data = data.serialize().unwrap_or_default();
    let mut out = wasm.get(..PREAMBLE).unwrap_or_default().to_vec();
    push_custom(&mut out, SIGNATURE_SECTION, &data)?;
    out.extend_from_slice(content);
    Ok(out)
}

/// The key that signed a module, out of those that are trusted.
///
/// # Errors
/// [`SignatureError`]; never panics, whatever the bytes.
pub fn verify<'k>(wasm: &[u8], keys: &'k [PublicKey]) -> Result<&'k PublicKey, SignatureError> {
    let sections = container::sections(wasm)?;
    let named = |s: &&Section<'_>| s.name == Some(SIGNATURE_SECTION);
    let first = sections.first().filter(|s| s.is_signature()).ok_or(SignatureError::NotSigned)?;
    if sections.iter().filter(named).count() > 1 {
        return Err(SignatureError::Ambiguous);
    }
    let mut canonical = Vec::new();
    push_custom(&mut canonical, SIGNATURE_SECTION, first.data)?;
    if wasm.get(first.range.clone()) != Some(&canonical[..]) {
        return Err(SignatureError::Malformed("its section is not written as short as it can be"));
    }
    let signatures = Signatures::parse(first.data)?;
    let content = wasm.get(first.range.end..).unwrap_or_default();
    if Sha256::digest(content).as_slice() != signatures.hash {
        return Err(SignatureError::Changed);
    }
    let message = message(&signatures.hash);
    let valid = |key: &PublicKey, of: &SignatureForHashes| {
        let named = of.key_id.as_ref().is_none_or(|id| *id == key.id_bytes());
        let signature = ed25519_compact::Signature::from_slice(&of.signature);
        named && signature.is_ok_and(|signature| key.0.pk.verify(&message, &signature).is_ok())
    };
    keys.iter().find(|key| signatures.all.iter().any(|s| valid(key, s))).ok_or_else(|| {
        let signers = signatures.all.iter().filter_map(|s| s.key_id.as_deref());
        match signers.clone().find(|id| keys.iter().any(|key| key.id_bytes() == *id)) {
            Some(id) => SignatureError::Invalid(hex(id)),
            None => SignatureError::OtherKey { known: keys.len(), signers: signers.map(hex).collect() },
        }
    })
}

/// What the signatures of a signed module cover: everything behind them. `None` for a module without, and for what is none.
///
/// A signature can be taken away or added by anybody, which makes another file of it; this stays.
pub fn signed_content(wasm: &[u8]) -> Option<&[u8]> {
    let sections = container::sections(wasm).ok()?;
    let first = sections.first().filter(|s| s.is_signature())?;
    wasm.get(first.range.end..)
}

/// Whether all lengths in a section lie within it. The parser takes memory for what a length says before it looks whether there
/// is as much.
fn lengths_fit(mut payload: &[u8]) -> bool {
    fn bytes<'a>(from: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = from.split_at_checked(n)?;
        *from = rest;
        Some(taken)
    }
    fn number(from: &mut &[u8]) -> Option<usize> {
        let mut n = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = bytes(from, 1)?[0];
            n |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n as usize);
            }
        }
        None
    }
    fn slice<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
        let len = number(from)?;
        bytes(from, len)
    }
    let mut walk = || -> Option<()> {
        bytes(&mut payload, VERSIONS.len())?;
        for _ in 0..number(&mut payload)? {
            let mut set = slice(&mut payload)?;
            let hashes = number(&mut set)?;
            bytes(&mut set, hashes.checked_mul(32)?)?;
            for _ in 0..number(&mut set)? {
                let mut signature = slice(&mut set)?;
                slice(&mut signature)?;
                bytes(&mut signature, 1)?;
                slice(&mut signature)?;
            }
        }
        Some(())
    };
    walk().is_some()
}

/// The one hash of a section, and the signatures over it.
struct Signatures {
    hash: Vec<u8>,
    all: Vec<SignatureForHashes>,
}

impl Signatures {
    fn parse(payload: &[u8]) -> Result<Self, SignatureError> {
        use SignatureError::{Malformed, Partial};
        if !lengths_fit(payload) {
            return Err(Malformed("a length in it reaches beyond its end"));
        }
        let data = SignatureData::deserialize(payload).map_err(|_| Malformed("wasmsign2 cannot parse it"))?;
        if [data.specification_version, data.content_type, data.hash_function] != VERSIONS {
            return Err(Malformed(
                "it is of another version, for something else, or with another hash function",
            ));
        }
        if data.serialize().ok().as_deref() != Some(payload) {
            return Err(Malformed("there is more in it than a signature"));
        }
        let mut sets = data.signed_hashes_set.into_iter();
        let (Some(set), None) = (sets.next(), sets.next()) else { return Err(Partial) };
        let mut hashes = set.hashes.into_iter();
        let (Some(hash), None) = (hashes.next(), hashes.next()) else { return Err(Partial) };
        if set.signatures.len() > MOST {
            return Err(Malformed("it has more signatures than anybody would want"));
        }
        Ok(Self { hash, all: set.signatures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_no_reason_to_take_memory() {
        let key = KeyPair::generate();
        let signed = sign(b"\0asm\x01\0\0\0", &key).unwrap();
        let sections = container::sections(&signed).unwrap();
        let good = sections[0].data;
        assert!(lengths_fit(good));
        assert!(Signatures::parse(good).is_ok());
        for cut in 0..good.len() {
            assert!(!lengths_fit(&good[..cut]), "{cut} bytes");
        }
        // Four gigabytes, in each place that has a length.
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
        for at in [&[1, 1, 1, 1][..], &[1, 1, 1, 1, 7, 0, 1], &[1, 1, 1, 1, 9, 0, 1, 7], &[1, 1, 1, 1, 6]] {
            let payload = [at, &huge[..], &[0; 8]].concat();
            assert!(!lengths_fit(&payload), "{payload:?}");
            assert!(matches!(Signatures::parse(&payload), Err(SignatureError::Malformed(_))));
        }
        assert_eq!(signed_content(&signed), Some(&[][..]));
        assert_eq!(signed_content(b"\0asm\x01\0\0\0"), None);
    }
}
