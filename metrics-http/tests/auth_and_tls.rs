//! Tests of the server's authentication and TLS.

mod support;

use std::{
    fs,
    io::{Read, Write},
    net::SocketAddr,
    path::Path,
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use metrics_http::{Server, TlsFiles};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use support::{Reply, Shop, connect, eventually, get, get_with, serving};
use tempfile::TempDir;

/// SHA-256 of the accepted token: `printf %s "a long token" | sha256sum`.
const TOKEN: &str = "8077c16bfa4d7b57dca0452514d562240d6f01f70b230081436855e08ebde335";
/// The lowest bcrypt cost, for fast tests.
const COST: u32 = 4;

fn guarded() -> Server {
    serving(Shop)
        .basic_auth("prometheus", bcrypt::hash("open sesame", COST).unwrap())
        .bearer_auth(TOKEN)
        .readiness_check("moon", || Err("it is not full".to_owned()))
        .serve("127.0.0.1:0")
        .unwrap()
}

fn basic(user: &str, password: &str) -> String {
    let shown = STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {shown}")
}

#[test]
fn a_request_without_credentials_is_challenged() {
    let server = guarded();
    for path in ["/metrics", "/", "/nothing"] {
        let reply = get(&server, path);
        assert_eq!(reply.status, 401, "{path}");
        let challenge = reply.head.to_ascii_lowercase();
        assert!(
            challenge.contains("www-authenticate: basic realm=\"metrics\""),
            "{challenge}"
        );
        assert!(
            challenge.contains("www-authenticate: bearer"),
            "{challenge}"
        );
    }
}

#[test]
fn a_valid_password_grants_access() {
    let server = guarded();
    for _ in 0..2 {
        let reply = get_with(&server, "/metrics", &basic("prometheus", "open sesame"));
        assert_eq!(reply.status, 200);
        assert!(reply.text().contains("orders_total"));
    }
}

#[test]
fn a_valid_token_grants_access() {
    let server = guarded();
    for scheme in ["Bearer", "bearer"] {
        let header = format!("Authorization: {scheme} a long token");
        assert_eq!(get_with(&server, "/metrics", &header).status, 200);
    }
}

#[test]
fn invalid_credentials_are_refused_after_valid_ones() {
    let server = guarded();
    let right = basic("prometheus", "open sesame");
    assert_eq!(get_with(&server, "/metrics", &right).status, 200);
    for header in [
        basic("prometheus", "open says me"),
        basic("somebody", "open sesame"),
        basic("", ""),
        "Authorization: Bearer another token".to_owned(),
        "Authorization: Bearer".to_owned(),
        "Authorization: Basic !!!".to_owned(),
        "Authorization: Digest x".to_owned(),
        "Authorization: ".to_owned(),
    ] {
        assert_eq!(
            get_with(&server, "/metrics", &header).status,
            401,
            "{header}"
        );
    }
}

#[test]
fn a_probe_without_credentials_gets_the_status_but_no_reasons() {
    let server = guarded();
    let reply = get(&server, "/-/ready");
    assert_eq!((reply.status, reply.text()), (503, ""));
    let reply = get_with(&server, "/-/ready", &basic("prometheus", "open sesame"));
    assert_eq!(
        (reply.status, reply.text()),
        (503, "moon: it is not full\n")
    );
}

#[test]
fn a_plain_password_is_an_error_that_does_not_quote_it() {
    let error = serving(Shop)
        .basic_auth("prometheus", "open sesame")
        .serve("127.0.0.1:0");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("htpasswd"), "{error}");
    assert!(!error.contains("sesame"), "{error}");
    let error = serving(Shop)
        .bearer_auth("a long token")
        .serve("127.0.0.1:0");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("sha256sum"), "{error}");
    assert!(!error.contains("a long token"), "{error}");
}

/// A certificate authority that signs certificates for servers and clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Signs a new certificate; returns it and its key as PEM.
    fn signs(&self, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Writes the certificate files of a server.
    fn equips(&self, folder: &Path) -> TlsFiles {
        let (certificate, key) = self.signs(ExtendedKeyUsagePurpose::ServerAuth);
        fs::write(folder.join("tls.crt"), certificate).unwrap();
        fs::write(folder.join("tls.key"), key).unwrap();
        TlsFiles::new(folder.join("tls.crt"), folder.join("tls.key"))
    }
}

/// Scrapes over TLS; trusts this authority, and presents the client certificate `shows`, if any.
fn scrape(
    address: SocketAddr,
    authority: &Authority,
    shows: Option<(String, String)>,
) -> Result<Reply, std::io::Error> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shows {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config
                .with_client_auth_cert(vec![certificate], key)
                .unwrap()
        }
    };
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, connect(address));
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw)?;
    Ok(Reply::parse(&raw))
}

#[test]
fn metrics_are_served_over_tls() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let tls = authority.equips(folder.path());
    let server = serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap();
    let reply = scrape(server.local_addr(), &authority, None).unwrap();
    assert!(reply.complete && reply.text().contains("orders_waiting 2"));
}

#[test]
fn a_client_without_tls_gets_no_metrics() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let tls = authority.equips(folder.path());
    let server = serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap();
    let mut stream = connect(server.local_addr());
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    assert!(!String::from_utf8_lossy(&response).contains("orders"));
}

#[test]
fn a_client_certificate_is_required_if_a_client_ca_is_set() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, authority.pem()).unwrap();
    let tls = authority.equips(folder.path()).client_ca(ca);
    let server = serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap();
    let address = server.local_addr();
    assert!(scrape(address, &authority, None).is_err());
    let stranger = Authority::new().signs(ExtendedKeyUsagePurpose::ClientAuth);
    assert!(scrape(address, &authority, Some(stranger)).is_err());
    let shown = authority.signs(ExtendedKeyUsagePurpose::ClientAuth);
    assert_eq!(
        scrape(address, &authority, Some(shown)).unwrap().status,
        200
    );
}

#[test]
fn certificates_are_reloaded_when_their_files_change() {
    let (folder, before, after) = (TempDir::new().unwrap(), Authority::new(), Authority::new());
    let tls = before.equips(folder.path());
    let server = serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap();
    assert!(scrape(server.local_addr(), &before, None).is_ok());
    after.equips(folder.path());
    eventually("the new certificate is in use", || {
        scrape(server.local_addr(), &after, None).is_ok()
    });
    assert!(scrape(server.local_addr(), &before, None).is_err());
}

#[test]
fn a_failed_reload_keeps_the_previous_certificate_in_use() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let tls = authority.equips(folder.path());
    let server = serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap();
    fs::write(folder.path().join("tls.key"), "not a key").unwrap();
    let failed = || {
        let text = metrics_http::encode_to_string(metrics_http::Format::Text);
        let line = text
            .lines()
            .find(|line| line.starts_with("metrics_http_tls_reload_errors"));
        line.is_some_and(|line| !line.ends_with(" 0"))
    };
    eventually("the failure is counted", || {
        assert!(scrape(server.local_addr(), &authority, None).is_ok());
        failed()
    });
}

#[test]
fn an_invalid_certificate_file_is_an_error_that_names_it() {
    let folder = TempDir::new().unwrap();
    let tls = Authority::new().equips(folder.path());
    fs::write(folder.path().join("tls.crt"), "nothing in it").unwrap();
    let error = serving(Shop)
        .tls(tls)
        .serve("127.0.0.1:0")
        .unwrap_err()
        .to_string();
    assert!(error.contains("tls.crt"), "{error}");
    let other = Authority::new().equips(folder.path());
    let (_, key) = Authority::new().signs(ExtendedKeyUsagePurpose::ServerAuth);
    fs::write(folder.path().join("tls.key"), key).unwrap();
    let error = serving(Shop)
        .tls(other)
        .serve("127.0.0.1:0")
        .unwrap_err()
        .to_string();
    assert!(error.contains("do not match"), "{error}");
}
