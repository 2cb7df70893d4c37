//! Foreign functions: what a host offers plugins by name beyond the specification.

use nullvm_shim::host::Status;
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// A foreign function: arguments in, results out.
pub type ForeignFunction = fn(&[u8]) -> Result<Vec<u8>, Status>;

/// Foreign functions by name. Those that act on a context (`clear_route_cache`, `declare_property`,
/// `set_envoy_filter_state`) are the host table's.
#[derive(Clone, Debug)]
pub struct Registry {
    functions: BTreeMap<String, ForeignFunction>,
}

impl Default for Registry {
    fn default() -> Self {
        let mut registry = Self { functions: BTreeMap::new() };
        registry.register("compress", compress);
        registry.register("uncompress", uncompress);
        registry.register("verify_signature", verify_signature);
        registry
    }
}

impl Registry {
    /// Offers a function under a name, in place of one that has it.
    pub fn register(&mut self, name: &str, function: ForeignFunction) {
        self.functions.insert(name.to_owned(), function);
    }

    /// The function of this name.
    pub fn get(&self, name: &str) -> Option<ForeignFunction> {
        self.functions.get(name).copied()
    }
}

/// Largest result of `uncompress`: a few bytes of input must not make the host allocate without bound.
const MAX_UNCOMPRESSED: u64 = 256 << 20;

/// zlib, default level.
fn compress(input: &[u8]) -> Result<Vec<u8>, Status> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(input).map_err(|_| Status::SerializationFailure)?;
    encoder.finish().map_err(|_| Status::SerializationFailure)
}

fn uncompress(input: &[u8]) -> Result<Vec<u8>, Status> {
    let mut out = Vec::new();
    let mut decoder = flate2::read::ZlibDecoder::new(input).take(MAX_UNCOMPRESSED + 1);
    decoder.read_to_end(&mut out).map_err(|_| Status::SerializationFailure)?;
    if out.len() as u64 > MAX_UNCOMPRESSED { Err(Status::SerializationFailure) } else { Ok(out) }
}

/// `envoy.source.extensions.common.wasm.VerifySignatureArguments`
#[derive(Clone, PartialEq, prost::Message)]
pub struct VerifySignatureArguments {
    /// `sha1`, `sha224`, `sha256`, `sha384` or `sha512`
    #[prost(string, tag = "1")]
    pub hash_function: String,
    /// SubjectPublicKeyInfo in DER; excludes `public_key_pem`.
    #[prost(bytes = "vec", tag = "2")]
    pub public_key: Vec<u8>,
    /// PKCS#1 v1.5 for RSA, ASN.1 for ECDSA.
    #[prost(bytes = "vec", tag = "3")]
    pub signature: Vec<u8>,
    /// What was signed.
    #[prost(bytes = "vec", tag = "4")]
    pub text: Vec<u8>,
    /// SubjectPublicKeyInfo in PEM; excludes `public_key`.
    #[prost(string, tag = "5")]
    pub public_key_pem: String,
}

/// `envoy.source.extensions.common.wasm.VerifySignatureResult`
#[derive(Clone, PartialEq, prost::Message)]
pub struct VerifySignatureResult {
    /// Whether the signature is valid.
    #[prost(bool, tag = "1")]
    pub result: bool,
    /// Why it is not.
    #[prost(string, tag = "2")]
    pub error: String,
}

enum PublicKey {
    Rsa(rsa::RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl PublicKey {
    fn from_der(der: &[u8]) -> Option<Self> {
        use rsa::pkcs8::DecodePublicKey;
        rsa::RsaPublicKey::from_public_key_der(der)
            .map(Self::Rsa)
            .or_else(|_| p256::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P256))
            .or_else(|_| p384::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P384))
            .ok()
    }

    fn from_pem(pem: &str) -> Option<Self> {
        use rsa::pkcs8::DecodePublicKey;
        rsa::RsaPublicKey::from_public_key_pem(pem)
            .map(Self::Rsa)
            .or_else(|_| p256::ecdsa::VerifyingKey::from_public_key_pem(pem).map(Self::P256))
            .or_else(|_| p384::ecdsa::VerifyingKey::from_public_key_pem(pem).map(Self::P384))
            .ok()
    }

    fn verifies<D>(&self, text: &[u8], signature: &[u8]) -> bool
    where
        D: sha2::Digest + rsa::pkcs8::AssociatedOid,
    {
        use p256::ecdsa::signature::hazmat::PrehashVerifier;
        let hash = D::digest(text);
        match self {
            Self::Rsa(key) => key.verify(rsa::Pkcs1v15Sign::new::<D>(), &hash, signature).is_ok(),
            Self::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
        }
    }
}

fn verify_signature(arguments: &[u8]) -> Result<Vec<u8>, Status> {
    use prost::Message;
    let args = VerifySignatureArguments::decode(arguments).map_err(|_| Status::BadArgument)?;
    let key = match (args.public_key.is_empty(), args.public_key_pem.is_empty()) {
        (false, true) => PublicKey::from_der(&args.public_key),
        (true, false) => PublicKey::from_pem(&args.public_key_pem),
        _ => None,
    }
    .ok_or(Status::BadArgument)?;
    let (text, signature) = (args.text.as_slice(), args.signature.as_slice());
    let valid = match args.hash_function.to_ascii_lowercase().as_str() {
        "sha1" => Some(key.verifies::<sha1::Sha1>(text, signature)),
        "sha224" => Some(key.verifies::<sha2::Sha224>(text, signature)),
        "sha256" => Some(key.verifies::<sha2::Sha256>(text, signature)),
        "sha384" => Some(key.verifies::<sha2::Sha384>(text, signature)),
        "sha512" => Some(key.verifies::<sha2::Sha512>(text, signature)),
        _ => None,
    };
    let error = match valid {
        Some(true) => String::new(),
        Some(false) => "Failed to verify digest.".to_owned(),
        None => format!("{} is not supported.", args.hash_function),
    };
    Ok(VerifySignatureResult { result: valid == Some(true), error }.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use rsa::pkcs8::EncodePublicKey;

    #[test]
    fn zlib_round_trip() {
        let text = b"nullvm ".repeat(1000);
        let small = compress(&text).unwrap();
        assert!(small.len() < 100);
        assert_eq!(uncompress(&small).unwrap(), text);
        assert_eq!(uncompress(b"no zlib"), Err(Status::SerializationFailure));
        assert_eq!(uncompress(&small[..small.len() - 5]), Err(Status::SerializationFailure));
    }

    fn verify(args: &VerifySignatureArguments) -> Result<VerifySignatureResult, Status> {
        let out = verify_signature(&args.encode_to_vec())?;
        Ok(VerifySignatureResult::decode(out.as_slice()).unwrap())
    }

    #[test]
    fn ecdsa_signatures() {
        use p256::ecdsa::signature::Signer;
        let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(b"hello");
        let mut args = VerifySignatureArguments {
            hash_function: "sha256".into(),
            public_key: key.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec(),
            signature: signature.to_der().as_bytes().to_vec(),
            text: b"hello".to_vec(),
            public_key_pem: String::new(),
        };
        assert_eq!(verify(&args), Ok(VerifySignatureResult { result: true, error: String::new() }));
        args.text.push(b'!');
        assert!(!verify(&args).unwrap().result);
        args.hash_function = "md5".into();
        assert_eq!(verify(&args).unwrap().error, "md5 is not supported.");
        args.public_key_pem = "x".into();
        assert_eq!(verify(&args), Err(Status::BadArgument), "two keys");
        assert_eq!(verify_signature(b"\xff"), Err(Status::BadArgument));
    }

    /// Made by `openssl genrsa 2048`, and its signature of `hello` by `openssl dgst -sha256 -sign`.
    const RSA_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqE/SHJAIvVv2IGX41hQf\n\
        AhfrgQa2K4jqqZIssL7bkA725NJJ2wXdBSf3hKF71UoWO4KfH9vVdefma0AwXrRh\n\
        KL1mxLTGJPf6juj0BwpB/ekOs79FObNuFJUbxd0oww2Z0oRF0xfq99I/X3go/4/J\n\
        8W7I8PFTwDmQpdemiSLkRmEo+LQ1FvLqCqg5NOGu3iO7N7zXh7PfKrZbeTEK1rMt\n\
        wIA7NHyuIXm3XwllxrWEK9dNZSuVVEZNvurKOozRFNgX4oMcbJgyGYvaWcLEL6mj\n\
        8xxwNRwtt7qo0f9nWGw+svn353zGhqmzdSOVTlTI1e9JyP7V2yDkVohJGVEypvRM\n\
        VwIDAQAB\n\
        -----END PUBLIC KEY-----\n";
    const RSA_SIGNATURE: &str = "\
        0efdda2228d34a8f81e6e01bf55715b00210097a452a4bee56c463dacabb6a4e5d42552ab7ee65f7d7f26330f109c7ce\
        83d68e3abfbe6928456199c3ed7ca5b948060edecccdf9dd86c9bbc97e52812445b64cd975903ec23eb9896c88e14746\
        2693f8fd3b7be4be35fe1c5283a6cd116e16a690701b2b62421a053a71bcd6c92f855431ea1934d069f812b069480598\
        cca5fe6a6b09ccf644a829af1926e051fd9e051e95fd1474fc9dbdab79f532bf35aea27d6ea8393b6eb60cf8849450c4\
        5130146cfbd9cda275b5fe8a127e17575c3c425b05f59720e8201c03e072269c1e566392bc2d810e61ffff8b557ed6df\
        39a6a1e79d51becb5fa72f741c498f08";

    #[test]
    fn rsa_signatures() {
        let signature: Vec<u8> = (0..RSA_SIGNATURE.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&RSA_SIGNATURE[i..i + 2], 16).unwrap())
            .collect();
        let args = VerifySignatureArguments {
            hash_function: "SHA256".into(),
            public_key: Vec::new(),
            signature,
            text: b"hello".to_vec(),
            public_key_pem: RSA_KEY.to_owned(),
        };
        assert!(verify(&args).unwrap().result);
        let other = VerifySignatureArguments { text: b"hallo".to_vec(), ..args };
        assert_eq!(verify(&other).unwrap().error, "Failed to verify digest.");
    }
}
