//! Tests of TLS: certificates, their reload, client certificates, versions, cipher suites.

mod support;

use std::{
    fs::{self, File},
    io::Write,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use metrics_http::{EventCause, Server, ServerBuilder, Tls};
use rcgen::SanType;
use rustls::{
    ProtocolVersion, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};
#[cfg(unix)]
use support::pipe::Pipe;
use support::{
    Shop, TIMEOUT,
    authority::dns,
    connect, eventually, read_to_close, serving,
    tls::{Authority, Client},
};
use tempfile::TempDir;

fn serve(tls: Tls) -> Server {
    serving(Shop).tls(tls).serve("127.0.0.1:0").unwrap()
}

fn error_of(builder: ServerBuilder) -> String {
    builder.serve("127.0.0.1:0").unwrap_err().to_string()
}

/// Starts a server, and returns the texts of its events of one cause.
fn serve_watched(tls: Tls, cause: EventCause) -> (Server, Receiver<String>) {
    let (sender, events) = channel();
    let sender = std::sync::Mutex::new(sender);
    let server = serving(Shop)
        .tls(tls)
        .on_error(move |event| {
            if event.cause() == cause {
                let _ = sender.lock().unwrap().send(event.to_string());
            }
        })
        .serve("127.0.0.1:0")
        .unwrap();
    (server, events)
}

#[test]
fn metrics_are_served_over_tls() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let server = serve(authority.write_server_files(folder.path()));
    let client = Client::trusting(&authority);
    let reply = client.get(server.local_addr(), "/metrics").unwrap();
    assert!(reply.complete && reply.text().contains("orders_waiting 2"));
}

#[test]
fn a_client_without_tls_gets_no_metrics() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let server = serve(authority.write_server_files(folder.path()));
    let mut stream = connect(server.local_addr());
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let response = read_to_close(stream);
    assert!(!String::from_utf8_lossy(&response).contains("orders"));
}

#[test]
fn certificates_and_keys_can_be_passed_as_text() {
    let authority = Authority::new();
    let signed = authority.sign_server();
    let tls = Tls::pem(signed.certificate, signed.key).client_ca_pem(authority.pem());
    let server = serve(tls);
    let client = Client::trusting(&authority).presenting(authority.sign_client(vec![dns("a")]));
    assert_eq!(
        client.get(server.local_addr(), "/metrics").unwrap().status,
        200
    );
}

#[test]
fn a_complete_configuration_of_rustls_is_used_as_it_is() {
    let authority = Authority::new();
    let signed = authority.sign_server();
    let chain = vec![CertificateDer::from_pem_slice(signed.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"acme".to_vec(), b"http/1.1".to_vec()];
    let server = serving(Shop)
        .tls_config(Arc::new(config))
        .serve("127.0.0.1:0")
        .unwrap();
    let client = Client::trusting(&authority).protocols(&["http/1.1"]);
    let address = server.local_addr();
    assert_eq!(client.get(address, "/metrics").unwrap().status, 200);
    let stream = client.connect(address).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let older = Client::trusting(&authority).version(&TLS12);
    assert!(older.connect(address).is_err());
}

#[test]
fn versions_that_are_not_allowed_are_refused() {
    let authority = Authority::new();
    let signed = authority.sign_server();
    let server = serve(Tls::pem(signed.certificate, signed.key).versions(&[&TLS13]));
    let client = Client::trusting(&authority);
    let stream = client.connect(server.local_addr()).unwrap();
    assert_eq!(
        stream.conn.protocol_version(),
        Some(ProtocolVersion::TLSv1_3)
    );
    let older = Client::trusting(&authority).version(&TLS12);
    assert!(older.connect(server.local_addr()).is_err());
}

#[test]
fn the_crypto_provider_restricts_cipher_suites_and_key_exchanges() {
    let authority = Authority::new();
    let signed = authority.sign_server();
    let allowed = || CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256],
        kx_groups: vec![ring::kx_group::SECP384R1],
        ..ring::default_provider()
    };
    let server = serve(Tls::pem(signed.certificate, signed.key).crypto_provider(allowed()));
    let connect = |provider| {
        let client = Client::trusting(&authority).provider(provider);
        client.connect(server.local_addr())
    };
    let stream = connect(ring::default_provider()).unwrap();
    let suite = stream.conn.negotiated_cipher_suite().unwrap();
    assert_eq!(suite, ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256);
    let group = stream.conn.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), rustls::NamedGroup::secp384r1);
    let others = CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..allowed()
    };
    assert!(connect(others).is_err());
}

#[test]
fn settings_that_allow_no_connection_are_an_error() {
    let authority = Authority::new();
    let signed = authority.sign_server();
    let provider = CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..ring::default_provider()
    };
    let tls = Tls::pem(signed.certificate, signed.key)
        .versions(&[&TLS12])
        .crypto_provider(provider);
    let error = error_of(serving(Shop).tls(tls));
    assert!(error.contains("allow more versions"), "{error}");
}

#[test]
fn a_client_certificate_is_required_if_a_client_ca_is_set() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let ca = authority.write_ca_file(folder.path());
    let tls = authority.write_server_files(folder.path()).client_ca(ca);
    let server = serve(tls);
    let get = |client: Client| client.get(server.local_addr(), "/metrics");
    let client = || Client::trusting(&authority);
    assert!(get(client()).is_err());
    let stranger = Authority::new().sign_client(vec![dns("prometheus")]);
    assert!(get(client().presenting(stranger)).is_err());
    let signed = authority.sign_client(vec![dns("prometheus")]);
    assert_eq!(get(client().presenting(signed)).unwrap().status, 200);
}

#[test]
fn only_certificates_with_an_allowed_name_are_accepted() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let ca = authority.write_ca_file(folder.path());
    let tls = authority
        .write_server_files(folder.path())
        .client_ca(ca)
        .client_allowed_sans(["prometheus.example", "192.0.2.7", "ops@example.net"])
        .client_allowed_sans(["spiffe://example.net/prometheus", "2001:db8::7"]);
    let server = serve(tls);
    let get = |names| {
        let client = Client::trusting(&authority).presenting(authority.sign_client(names));
        client.get(server.local_addr(), "/metrics")
    };
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    for allowed in [
        dns("prometheus.example"),
        SanType::IpAddress(Ipv4Addr::new(192, 0, 2, 7).into()),
        SanType::IpAddress("2001:db8::7".parse::<IpAddr>().unwrap()),
        SanType::Rfc822Name("ops@example.net".try_into().unwrap()),
        uri("spiffe://example.net/prometheus"),
    ] {
        let names = vec![dns("other.example"), allowed.clone()];
        assert_eq!(get(names).unwrap().status, 200, "{allowed:?}");
    }
    for other in [
        vec![],
        vec![dns("prometheus.example.net")],
        vec![dns("*.example")],
        vec![SanType::IpAddress(Ipv4Addr::new(192, 0, 2, 8).into())],
        vec![uri("spiffe://example.net/prometheus/2")],
    ] {
        let described = format!("{other:?}");
        assert!(get(other).is_err(), "{described}");
    }
    assert!(
        Client::trusting(&authority)
            .get(server.local_addr(), "/")
            .is_err()
    );
}

#[test]
fn a_certificate_of_another_ca_is_refused_even_with_an_allowed_name() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let ca = authority.write_ca_file(folder.path());
    let tls = authority
        .write_server_files(folder.path())
        .client_ca(ca)
        .client_allowed_sans(["prometheus"]);
    let server = serve(tls);
    let stranger = Authority::new().sign_client(vec![dns("prometheus")]);
    let client = Client::trusting(&authority).presenting(stranger);
    assert!(client.get(server.local_addr(), "/metrics").is_err());
}

#[test]
fn allowed_names_without_a_client_ca_are_an_error() {
    let signed = Authority::new().sign_server();
    let tls = Tls::pem(signed.certificate, signed.key).client_allowed_sans(["prometheus"]);
    let error = error_of(serving(Shop).tls(tls));
    assert!(error.contains("set the CA of the clients"), "{error}");
}

#[test]
fn certificates_are_reloaded_when_their_files_change() {
    let (folder, before, after) = (TempDir::new().unwrap(), Authority::new(), Authority::new());
    let server = serve(before.write_server_files(folder.path()));
    let connects = |authority| {
        let client = Client::trusting(authority);
        client.get(server.local_addr(), "/metrics").is_ok()
    };
    assert!(connects(&before));
    after.write_server_files(folder.path());
    eventually("the new certificate is in use", || connects(&after));
    assert!(!connects(&before));
}

#[test]
fn certificates_are_reloaded_although_their_files_have_the_same_modification_time() {
    let (folder, before, after) = (TempDir::new().unwrap(), Authority::new(), Authority::new());
    let server = serve(before.write_server_files(folder.path()));
    let paths = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    let times = paths
        .each_ref()
        .map(|path| fs::metadata(path).unwrap().modified().unwrap());
    after.write_server_files(folder.path());
    for (path, time) in paths.iter().zip(times) {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    }
    let client = Client::trusting(&after);
    eventually("the new certificate is in use", || {
        client.get(server.local_addr(), "/metrics").is_ok()
    });
}

#[test]
fn a_failed_reload_is_reported_and_keeps_the_previous_certificate_in_use() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let tls = authority.write_server_files(folder.path());
    let (server, events) = serve_watched(tls, EventCause::Reload);
    fs::write(folder.path().join("tls.key"), "not a key").unwrap();
    let client = Client::trusting(&authority);
    eventually("the failure is reported", || {
        assert!(client.get(server.local_addr(), "/metrics").is_ok());
        let event = events.try_recv().unwrap_or_default();
        event.contains("tls.key` must contain a PEM private key")
    });
}

#[cfg(unix)]
#[test]
fn a_file_system_that_hangs_does_not_stop_the_server() {
    let (folder, before, after) = (TempDir::new().unwrap(), Authority::new(), Authority::new());
    let tls = before.write_server_files(folder.path());
    let (server, events) = serve_watched(tls, EventCause::Reload);
    let key = folder.path().join("tls.key");
    let pipe = Pipe::replace(&key);
    let client = Client::trusting(&before);
    eventually("the file system is reported to hang", || {
        assert!(client.get(server.local_addr(), "/metrics").is_ok());
        let event = events.try_recv().unwrap_or_default();
        event.contains("takes long")
    });
    assert!(client.get(server.local_addr(), "/metrics").is_ok());

    let signed = after.sign_server();
    fs::write(folder.path().join("tls.crt"), signed.certificate).unwrap();
    pipe.release(signed.key.as_bytes());
    let client = Client::trusting(&after);
    eventually("the new certificate is in use", || {
        client.get(server.local_addr(), "/metrics").is_ok()
    });
}

#[test]
fn a_failed_handshake_is_reported_with_its_reason() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let ca = authority.write_ca_file(folder.path());
    let tls = authority
        .write_server_files(folder.path())
        .client_ca(ca)
        .client_allowed_sans(["prometheus"]);
    let (server, events) = serve_watched(tls, EventCause::Handshake);
    let client = || Client::trusting(&authority);
    let refused = |client: Client| {
        assert!(client.get(server.local_addr(), "/metrics").is_err());
        let event = events.recv_timeout(TIMEOUT).unwrap();
        assert!(event.ends_with("(client 127.0.0.1)"), "{event}");
        event
    };
    let event = refused(client());
    assert!(event.contains("peer sent no certificates"), "{event}");
    let other = authority.sign_client(vec![dns("grafana")]);
    let event = refused(client().presenting(other));
    let reason = "none of the names [\"grafana\"] is in `client_allowed_sans`";
    assert!(event.contains(reason), "{event}");
}

#[test]
fn an_invalid_certificate_file_is_an_error_that_names_it() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new());
    let tls = authority.write_server_files(folder.path());
    fs::write(folder.path().join("tls.crt"), "nothing in it").unwrap();
    let error = error_of(serving(Shop).tls(tls));
    assert!(error.contains("tls.crt` must contain PEM"), "{error}");
    let tls = authority.write_server_files(folder.path());
    fs::write(folder.path().join("tls.key"), authority.sign_server().key).unwrap();
    let error = error_of(serving(Shop).tls(tls));
    assert!(error.contains("do not match"), "{error}");
}
