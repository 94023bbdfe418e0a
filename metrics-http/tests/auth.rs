//! Tests of the server's authentication.

mod support;

use base64::{Engine, engine::general_purpose::STANDARD};
use metrics_http::Server;
use support::{Shop, get, get_with, serving};

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
