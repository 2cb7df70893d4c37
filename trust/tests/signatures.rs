//! Signing and verifying, honest and not.

use nullvm_artifact::container::{self, SIGNATURE_SECTION, push_custom};
use nullvm_trust::{KeyError, KeyPair, PublicKey, SignatureError, sign, verify};
use sha2::{Digest, Sha256};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn module() -> Vec<u8> {
    let mut out = b"\0asm\x01\0\0\0".to_vec();
    out.extend_from_slice(&[1, 1, 0]);
    push_custom(&mut out, "name", b"something").unwrap();
    push_custom(&mut out, "precompiled_nullvm_v1_x", &[7; 5000]).unwrap();
    out
}

fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn what_is_signed_verifies_and_nothing_else_does() {
    let (one, two) = (KeyPair::generate(), KeyPair::generate());
    let signed = sign(&module(), &one).unwrap();
    let keys = [two.public.clone(), one.public.clone()];
    assert_eq!(verify(&signed, &keys).unwrap(), &one.public);
    assert_eq!(
        verify(&signed, &keys[..1]),
        Err(SignatureError::OtherKey { known: 1, signers: vec![one.public.id()] })
    );
    assert_eq!(verify(&module(), &keys), Err(SignatureError::NotSigned));
    assert!(matches!(verify(&signed, &[]), Err(SignatureError::OtherKey { known: 0, .. })));
    // Signed again, by another key: the first signature is replaced.
    let again = sign(&signed, &two).unwrap();
    assert_eq!(verify(&again, &keys).unwrap(), &two.public);
    assert_eq!(container::sections(&again).unwrap().len(), container::sections(&signed).unwrap().len());
    // The module is what it was.
    let start = container::sections(&signed).unwrap()[0].range.end;
    assert_eq!(&signed[start..], &module()[8..]);
}

/// wasmsign2's own verifier is of the same opinion.
#[test]
fn wasmsign2_verifies_what_we_sign_and_we_what_it_signs() {
    let pair = KeyPair::generate();
    let signed = sign(&module(), &pair).unwrap();
    let key = wasmsign2::PublicKey::from_bytes(&pair.public.to_bytes()).unwrap();
    key.verify(&mut &signed[..], None).unwrap();
    let theirs = wasmsign2::KeyPair::generate();
    let parsed = wasmsign2::Module::deserialize(&mut &module()[..]).unwrap();
    let mut out = Vec::new();
    theirs.sk.sign(parsed, None).unwrap().serialize(&mut out).unwrap();
    let key = PublicKey::parse("test", &theirs.pk.to_bytes()).unwrap();
    assert_eq!(verify(&out, std::slice::from_ref(&key)), Ok(&key));
}

#[test]
fn no_bit_can_be_changed() {
    let pair = KeyPair::generate();
    let signed = sign(&module(), &pair).unwrap();
    let keys = [pair.public.clone()];
    for bit in 0..signed.len() * 8 {
        let mut bad = signed.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&bad, &keys).is_err(), "bit {bit}");
    }
    for len in 0..signed.len() {
        assert!(verify(&signed[..len], &keys).is_err(), "{len} bytes");
    }
    let mut longer = signed.clone();
    push_custom(&mut longer, "more", b"").unwrap();
    assert_eq!(verify(&longer, &keys), Err(SignatureError::Changed));
}

#[test]
fn tricks_with_the_section() {
    let pair = KeyPair::generate();
    let signed = sign(&module(), &pair).unwrap();
    let keys = [pair.public.clone()];
    let first = container::sections(&signed).unwrap()[0].clone();
    let payload = first.data.to_vec();
    let rest = &signed[first.range.end..];
    let with = |payload: &[u8], rest: &[u8]| {
        let mut out = signed[..8].to_vec();
        push_custom(&mut out, SIGNATURE_SECTION, payload).unwrap();
        out.extend_from_slice(rest);
        out
    };
    assert!(verify(&with(&payload, rest), &keys).is_ok());
    // Not the first section.
    let mut moved = signed[..8].to_vec();
    moved.extend_from_slice(rest);
    push_custom(&mut moved, SIGNATURE_SECTION, &payload).unwrap();
    assert_eq!(verify(&moved, &keys), Err(SignatureError::NotSigned));
    // Two of them: which one does a host look at?
    let mut two = with(&payload, rest);
    push_custom(&mut two, SIGNATURE_SECTION, &payload).unwrap();
    assert_eq!(verify(&two, &keys), Err(SignatureError::Ambiguous));
    // Bytes behind the signature within its section.
    let longer = [&payload[..], b"x"].concat();
    assert!(matches!(verify(&with(&longer, rest), &keys), Err(SignatureError::Malformed(_))));
    // The same lengths written longer than need be.
    let mut long = signed[..8].to_vec();
    long.push(0);
    let len = 1 + SIGNATURE_SECTION.len() + payload.len();
    long.extend_from_slice(&[len as u8 & 0x7f | 0x80, (len >> 7) as u8 | 0x80, 0]);
    long.push(SIGNATURE_SECTION.len() as u8);
    long.extend_from_slice(SIGNATURE_SECTION.as_bytes());
    long.extend_from_slice(&payload);
    long.extend_from_slice(rest);
    assert!(matches!(verify(&long, &keys), Err(SignatureError::Malformed(_))));
    // A valid signature over the first part only, as the format has it.
    let hash = |bytes: &[u8]| Sha256::digest(bytes).to_vec();
    let data = wasmsign2::SignatureData::deserialize(&payload).unwrap();
    let mut parts = data.clone();
    parts.signed_hashes_set[0].hashes.push(hash(b"more"));
    assert_eq!(verify(&with(&parts.serialize().unwrap(), rest), &keys), Err(SignatureError::Partial));
    let mut sets = data.clone();
    sets.signed_hashes_set.push(data.signed_hashes_set[0].clone());
    assert_eq!(verify(&with(&sets.serialize().unwrap(), rest), &keys), Err(SignatureError::Partial));
    // Somebody else's hash under the old signature.
    let mut other = data.clone();
    other.signed_hashes_set[0].hashes[0] = hash(&rest[..rest.len() - 1]);
    assert!(matches!(
        verify(&with(&other.serialize().unwrap(), &rest[..rest.len() - 1]), &keys),
        Err(SignatureError::Invalid(_) | SignatureError::Container(_))
    ));
    // A signature that is not the key's whose name it has.
    let mut damaged = data.clone();
    damaged.signed_hashes_set[0].signatures[0].signature[7] ^= 1;
    let id = keys[0].id();
    assert_eq!(verify(&with(&damaged.serialize().unwrap(), rest), &keys), Err(SignatureError::Invalid(id)));
    // A flood of signatures.
    let mut many = data;
    let one = many.signed_hashes_set[0].signatures[0].clone();
    many.signed_hashes_set[0].signatures = vec![one; 200];
    assert!(matches!(
        verify(&with(&many.serialize().unwrap(), rest), &keys),
        Err(SignatureError::Malformed(_))
    ));
}

#[test]
fn keys_in_files_and_formats() {
    let dir = directory("keys");
    let pair = KeyPair::generate();
    let path = dir.join("secret.key");
    pair.write_secret(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(KeyPair::from_file(&path).unwrap().public, pair.public);
    // Never over another key.
    assert!(matches!(pair.write_secret(&path), Err(KeyError::Exists(_))));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = KeyPair::from_file(&path).unwrap_err().to_string();
    assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
    let own = wasmsign2::PublicKey::from_bytes(&pair.public.to_bytes()).unwrap();
    for (name, bytes) in [
        ("own", own.to_bytes()),
        ("pem", own.to_pem().into_bytes()),
        ("der", own.to_der()),
        ("hex", format!("{}\n", pair.public).into_bytes()),
    ] {
        assert_eq!(PublicKey::parse(name, &bytes).unwrap(), pair.public, "{name}");
    }
    for bytes in [&b""[..], b"x", &[1; 32], &[0x81; 65], &[0xff; 3000]] {
        assert!(matches!(PublicKey::parse("t", bytes), Err(KeyError::Format { .. })), "{bytes:?}");
    }
    assert!(matches!(PublicKey::from_file(&dir.join("none")), Err(KeyError::Io { .. })));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn secrets_are_not_shown() {
    let dir = directory("secrets");
    let pair = KeyPair::generate();
    let path = dir.join("secret.key");
    pair.write_secret(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let digits: String = bytes[1..33].iter().map(|b| format!("{b:02x}")).collect();
    let shown = format!("{pair:?} {:#?} {}", pair, pair.public);
    assert!(!shown.contains(&digits), "the seed");
    assert!(shown.contains(&pair.public.to_string()));
    std::fs::write(&path, [&bytes[..], b"x"].concat()).unwrap();
    let error = format!("{0} {0:?}", KeyPair::from_file(&path).unwrap_err());
    assert!(!error.contains(&digits[..16]), "{error}");
    std::fs::remove_dir_all(dir).unwrap();
}
