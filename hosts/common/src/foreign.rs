//! Foreign functions: what a host offers plugins by name beyond the specification.
//!
//! Field numbers are those of Envoy's `declare_property.proto`, `set_envoy_filter_state.proto` and
//! `verify_signature.proto`; statuses those of its `foreign.cc`.

use nullvm_shim::host::Status;
use prost::Message;
use std::io::{Read, Write};

/// `envoy.source.extensions.common.wasm.WasmType`: how a declared property's bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum WasmType {
    /// Bytes.
    Bytes = 0,
    /// Text.
    String = 1,
    /// A FlatBuffers table.
    FlatBuffers = 2,
    /// A protobuf message.
    Protobuf = 3,
}

/// `envoy.source.extensions.common.wasm.LifeSpan`: how long a property lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum LifeSpan {
    /// As long as the filter chain of the stream.
    FilterChain = 0,
    /// As long as the downstream request, internal redirects included.
    DownstreamRequest = 1,
    /// As long as the downstream connection.
    DownstreamConnection = 2,
}

/// `envoy.source.extensions.common.wasm.DeclarePropertyArguments`, of `declare_property`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DeclarePropertyArguments {
    /// The property's path, as in `proxy_set_property`.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Whether it can be set once only.
    #[prost(bool, tag = "2")]
    pub readonly: bool,
    /// How the bytes are read; the method `type` gives it as an enum.
    #[prost(enumeration = "WasmType", tag = "3")]
    pub r#type: i32,
    /// Of a FlatBuffers table: its schema. Of a message: its type URL.
    #[prost(bytes = "vec", tag = "4")]
    pub schema: Vec<u8>,
    /// How long it lives; [`DeclarePropertyArguments::span`] gives it as an enum.
    #[prost(enumeration = "LifeSpan", tag = "5")]
    pub span: i32,
}

/// `envoy.source.extensions.common.wasm.SetEnvoyFilterStateArguments`, of `set_envoy_filter_state`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SetEnvoyFilterStateArguments {
    /// Key of the filter state object.
    #[prost(string, tag = "1")]
    pub path: String,
    /// What the object's factory makes the object of.
    #[prost(string, tag = "2")]
    pub value: String,
    /// How long it lives.
    #[prost(enumeration = "LifeSpan", tag = "3")]
    pub span: i32,
}

impl DeclarePropertyArguments {
    /// Reads the arguments of `declare_property`. No such message: [`Status::BadArgument`].
    pub fn parse(arguments: &[u8]) -> Result<Self, Status> {
        Self::decode(arguments).map_err(|_| Status::BadArgument)
    }
}

impl SetEnvoyFilterStateArguments {
    /// Reads the arguments of `set_envoy_filter_state`. No such message: [`Status::BadArgument`].
    pub fn parse(arguments: &[u8]) -> Result<Self, Status> {
        Self::decode(arguments).map_err(|_| Status::BadArgument)
    }
}

/// Largest result of `uncompress`: a few bytes of input must not make the host allocate without bound.
const MAX_UNCOMPRESSED: u64 = 256 << 20;

/// `compress`: zlib, default level. Another library may make other bytes of the same text.
pub fn compress(input: &[u8]) -> Result<Vec<u8>, Status> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(input).map_err(|_| Status::SerializationFailure)?;
    encoder.finish().map_err(|_| Status::SerializationFailure)
}

/// `uncompress`: undoes [`compress`]. No zlib stream, a cut one, or one of more than 256 MiB:
/// [`Status::SerializationFailure`].
pub fn uncompress(input: &[u8]) -> Result<Vec<u8>, Status> {
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

/// `verify_signature`: [`VerifySignatureArguments`] in, [`VerifySignatureResult`] out. No such message, no key, two
/// keys or one that cannot be read: [`Status::BadArgument`].
pub fn verify_signature(arguments: &[u8]) -> Result<Vec<u8>, Status> {
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
    use rsa::pkcs8::EncodePublicKey;

    #[test]
    fn arguments_of_properties() {
        let args = DeclarePropertyArguments::parse(b"\x0a\x01p\x10\x01\x18\x03\x22\x01u\x28\x02").unwrap();
        assert_eq!((args.name.as_str(), args.readonly, args.schema.as_slice()), ("p", true, &b"u"[..]));
        assert_eq!((args.r#type(), args.span()), (WasmType::Protobuf, LifeSpan::DownstreamConnection));
        let unknown = DeclarePropertyArguments::parse(b"\x18\x09\x28\x09").unwrap();
        assert_eq!((unknown.r#type(), unknown.span()), (WasmType::Bytes, LifeSpan::FilterChain));
        assert_eq!(DeclarePropertyArguments::parse(b"\x0a\x05p"), Err(Status::BadArgument));

        let args = SetEnvoyFilterStateArguments::parse(b"\x0a\x01k\x12\x01v\x18\x01").unwrap();
        assert_eq!((args.path.as_str(), args.value.as_str()), ("k", "v"));
        assert_eq!(args.span(), LifeSpan::DownstreamRequest);
        assert_eq!(SetEnvoyFilterStateArguments::parse(b"\xff"), Err(Status::BadArgument));
    }

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
