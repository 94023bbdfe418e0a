//! Tests that the server uses the crypto provider that the program has installed as the default of
//! the process. It is a program of its own, because a process has one default.

mod support;

use std::fs;

use metrics_http::Server;
use rustls::{
    SupportedCipherSuite,
    crypto::{CryptoProvider, ring},
};
use support::{
    Shop, serving,
    tls::{Authority, Client},
};
use tempfile::TempDir;

/// The only cipher suite of the default provider, which rustls itself prefers least.
const ONLY: SupportedCipherSuite = ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;

#[test]
fn the_default_provider_of_the_process_is_used() {
    let provider = CryptoProvider {
        cipher_suites: vec![ONLY],
        ..ring::default_provider()
    };
    provider.install_default().unwrap();
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let tls = authority.write_server_files(folder.path());
    let set_by_program = serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap();

    let web_config = folder.path().join("web.yml");
    let section = "tls_server_config: { cert_file: tls.crt, key_file: tls.key }\n";
    fs::write(&web_config, section).unwrap();
    let set_by_file = serving(Shop).web_config(&web_config);
    let set_by_file = set_by_file.serve("127.0.0.1:0").unwrap();

    let client = Client::trusting(&authority);
    let suite = |server: &Server| {
        let stream = client.connect(server.local_addr()).unwrap();
        stream.conn.negotiated_cipher_suite()
    };
    assert_eq!(suite(&set_by_program), Some(ONLY));
    assert_eq!(suite(&set_by_file), Some(ONLY));
}
