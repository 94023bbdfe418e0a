//! Tests of pushes to `https` servers: trusted roots and client certificates.

mod support;

use std::{fs, path::Path, time::Duration};

use metrics_http::{PushGateway, RemoteWrite};
use tempfile::TempDir;

use support::{
    Shop,
    authority::{Authority, Identity},
    own_process::in_own_process,
    receiver::Receiver,
    registry,
    written::accept,
};

fn gateway(receiver: &Receiver, authority: &Authority) -> PushGateway {
    PushGateway::new(receiver.url(), "backup")
        .registry(registry(Shop))
        .timeout(support::TIMEOUT)
        .root_certificates(authority.pem())
}

/// A server that demands a client certificate.
fn guarded(authority: &Authority) -> Receiver {
    Receiver::with_tls(authority.server_for_clients("127.0.0.1"))
}

/// Replaces both files of an identity.
fn write(folder: &Path, identity: &Identity) {
    fs::write(folder.join("tls.crt"), &identity.certificate).unwrap();
    fs::write(folder.join("tls.key"), &identity.key).unwrap();
}

#[test]
fn the_roots_of_the_system_are_trusted_for_a_url_in_upper_case() {
    let folder = TempDir::new().unwrap();
    let roots = folder.path().join("roots.pem");
    let test = "the_roots_of_the_system_are_trusted_for_a_url_in_upper_case";
    // `rustls-native-certs` reads the certificates of the system from this file.
    let variables = [("SSL_CERT_FILE", roots.to_str().unwrap())];
    in_own_process(test, &variables, || {
        let authority = Authority::new();
        fs::write(std::env::var("SSL_CERT_FILE").unwrap(), authority.pem()).unwrap();
        let receiver = Receiver::with_tls(authority.server("127.0.0.1"));
        for url in [receiver.url(), receiver.url().replace("https", "HTTPS")] {
            let gateway = PushGateway::new(url, "backup").registry(registry(Shop));
            gateway.timeout(support::TIMEOUT).push().unwrap();
        }
        assert_eq!(receiver.requests().len(), 2);
    });
}

#[test]
fn a_client_certificate_is_presented() {
    let authority = Authority::new();
    let (receiver, client) = (guarded(&authority), authority.client());
    let gateway = gateway(&receiver, &authority);
    gateway.push().unwrap_err();
    gateway
        .client_certificate(client.certificate.clone(), client.key.clone())
        .push()
        .unwrap();
    assert_eq!(receiver.requests()[0].certificate, Some(client.der()));
}

#[test]
fn remote_write_presents_a_client_certificate() {
    let authority = Authority::new();
    let (receiver, client) = (guarded(&authority), authority.client());
    receiver.answer_all(accept());
    let folder = TempDir::new().unwrap();
    write(folder.path(), &client);
    let pusher = RemoteWrite::new(receiver.url(), "shop")
        .registry(registry(Shop))
        .root_certificates(authority.pem())
        .client_certificate_files(folder.path().join("tls.crt"), folder.path().join("tls.key"))
        .push_every(Duration::MAX, |error| panic!("{error}"))
        .unwrap();
    let requests = receiver.wait_for(1);
    pusher.shutdown().unwrap();
    assert_eq!(requests[0].certificate, Some(client.der()));
}

#[test]
fn a_renewed_client_certificate_is_used_by_the_next_push() {
    let authority = Authority::new();
    let receiver = guarded(&authority);
    let (old, new) = (authority.client(), authority.client());
    let folder = TempDir::new().unwrap();
    write(folder.path(), &old);
    // Between the two writes, the key does not belong to the certificate, so that a push may fail.
    let pusher = gateway(&receiver, &authority)
        .client_certificate_files(folder.path().join("tls.crt"), folder.path().join("tls.key"))
        .push_every(Duration::from_millis(1), drop)
        .unwrap();
    let requests = receiver.wait_for(1);
    assert_eq!(requests[0].certificate, Some(old.der()));
    write(folder.path(), &new);
    receiver.wait_until(|requests| requests.last().unwrap().certificate == Some(new.der()));
    pusher.shutdown().unwrap();
}

#[test]
fn an_unusable_file_of_a_client_certificate_is_an_error_that_names_it() {
    let authority = Authority::new();
    let (receiver, client) = (guarded(&authority), authority.client());
    let folder = TempDir::new().unwrap();
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let gateway = gateway(&receiver, &authority).client_certificate_files(&certificate, &key);
    let error = || gateway.push().unwrap_err().to_string();
    let named = |what: &str, path: &Path| format!("cannot use {what} in `{}`: ", path.display());
    let of_certificate = named("the client certificate", &certificate);
    let of_key = named("the key of the client certificate", &key);

    let missing = error();
    assert!(
        missing.contains(&(of_certificate.clone() + "there is no such file")),
        "{missing}"
    );
    write(folder.path(), &client);
    fs::write(&certificate, "nothing").unwrap();
    let invalid = error();
    assert!(
        invalid.contains(&(of_certificate + "it contains no certificate")),
        "{invalid}"
    );
    write(folder.path(), &client);
    fs::write(&key, authority.client().key).unwrap();
    let mismatch = error();
    assert!(mismatch.contains(&of_key), "{mismatch}");
    write(folder.path(), &client);
    gateway.push().unwrap();
}

#[test]
fn an_unusable_client_certificate_is_an_error_before_the_first_push() {
    let authority = Authority::new();
    let (receiver, client) = (guarded(&authority), authority.client());
    let other = authority.client().key;
    for (certificate, key, expected) in [
        (
            "none",
            client.key.as_str(),
            "client certificate cannot be used",
        ),
        (
            &*client.certificate,
            "none",
            "key of the client certificate cannot be used",
        ),
        (
            &*client.certificate,
            &*other,
            "key of the client certificate cannot be used",
        ),
    ] {
        let gateway = gateway(&receiver, &authority).client_certificate(certificate, key);
        let error = gateway.push_every(Duration::MAX, drop).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
