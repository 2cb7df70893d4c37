//! Over TLS: the server's certificate has to come from an authority that is trusted, and has to be for its name.

use nullvm_fetch::{Fetcher, Options, Sha256, Source};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn module() -> Vec<u8> {
    [b"\0asm\x01\0\0\0", &[0, 3, 1, b'x', 7][..]].concat()
}

/// An authority of its own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server whose certificate is for this name; its port.
fn serve(issuer: &CertifiedIssuer<'static, KeyPair>, name: &str) -> u16 {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            // A client that refuses the certificate ends here.
            if stream.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {
                let body = module();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}

fn fetch(port: u16, ca_file: Option<PathBuf>) -> Result<Vec<u8>, String> {
    let source =
        Source::parse(&format!("https://localhost:{port}/f.wasm"), Some(Sha256::of(&module()))).unwrap();
    let fetcher = Fetcher::new(Options { ca_file, retries: 0, ..Options::default() }).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    fetcher.fetch(&source, deadline).map(|f| f.bytes).map_err(|e| e.to_string())
}

#[test]
fn a_certificate_is_checked() {
    let (trusted, other) = (authority(), authority());
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let ca = dir.join(format!("ca-{}.pem", std::process::id()));
    std::fs::write(&ca, trusted.pem()).unwrap();
    let good = serve(&trusted, "localhost");
    assert_eq!(fetch(good, Some(ca.clone())).unwrap(), module());
    // Nobody vouches for it, for somebody else, for another name.
    for (port, ca, part) in [
        (good, None, "certificate"),
        (serve(&other, "localhost"), Some(ca.clone()), "certificate"),
        (serve(&trusted, "elsewhere.test"), Some(ca.clone()), "not valid for name"),
    ] {
        let error = fetch(port, ca).unwrap_err();
        assert!(error.contains(part), "{part:?} is not in: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    std::fs::remove_file(&ca).unwrap();
}
