//! Tests of the server's authentication.

mod support;

use std::sync::mpsc;

use metrics_http::{EventCause, Server, ServerBuilder};
use support::{Shop, TIMEOUT, basic_auth, get, get_with, serving};

/// SHA-256 of the accepted token: `printf %s "a long token" | sha256sum`.
const TOKEN: &str = "8077c16bfa4d7b57dca0452514d562240d6f01f70b230081436855e08ebde335";
/// The lowest bcrypt cost, for fast tests.
const COST: u32 = 4;

fn builder() -> ServerBuilder {
    serving(Shop)
        .basic_auth("prometheus", bcrypt::hash("open sesame", COST).unwrap())
        .bearer_auth(TOKEN)
        .readiness_check("moon", || Err("it is not full".to_owned()))
}

fn guarded() -> Server {
    builder().serve("127.0.0.1:0").unwrap()
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
        let reply = get_with(
            &server,
            "/metrics",
            &basic_auth("prometheus", "open sesame"),
        );
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
    let right = basic_auth("prometheus", "open sesame");
    assert_eq!(get_with(&server, "/metrics", &right).status, 200);
    for header in [
        basic_auth("prometheus", "open says me"),
        basic_auth("somebody", "open sesame"),
        basic_auth("", ""),
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
    let reply = get_with(
        &server,
        "/-/ready",
        &basic_auth("prometheus", "open sesame"),
    );
    assert_eq!(
        (reply.status, reply.text()),
        (503, "moon: it is not full\n")
    );
}

#[test]
fn a_failed_login_is_reported_once() {
    let server = builder().server_metrics(true).serve("127.0.0.1:0").unwrap();
    let wrong = basic_auth("prometheus", "open says me");
    assert_eq!(get_with(&server, "/metrics", &wrong).status, 401);
    // A browser's first request has no credentials, which is no failed login.
    assert_eq!(get(&server, "/metrics").status, 401);
    let right = basic_auth("prometheus", "open sesame");
    let reply = get_with(&server, "/metrics", &right);
    let errors = "metrics_http_errors_total{cause=\"login\"} 1\n";
    assert!(reply.text().contains(errors), "{}", reply.text());
}

#[test]
fn the_report_of_a_failed_login_names_the_user_but_not_the_password() {
    let (sender, events) = mpsc::channel();
    let server = builder()
        .on_error(move |event| {
            let _ = sender.send((event.cause(), event.to_string()));
        })
        .serve("127.0.0.1:0")
        .unwrap();
    let long = "x".repeat(10_000);
    for (user, named) in [
        ("prometheus", "prometheus"),
        ("o\"h`é", "o\"h`é"),
        (&long, "xxx"),
    ] {
        let header = basic_auth(user, "secret");
        assert_eq!(get_with(&server, "/metrics", &header).status, 401);
        let (cause, message) = events.recv_timeout(TIMEOUT).unwrap();
        assert_eq!(cause, EventCause::Login);
        assert!(message.contains(named) && message.len() < 200, "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn a_password_whose_end_bcrypt_ignores_is_refused_and_reported() {
    let (sender, events) = mpsc::channel();
    let longest = "p".repeat(72);
    let server = serving(Shop)
        .basic_auth("prometheus", bcrypt::hash(&longest, COST).unwrap())
        .on_error(move |event| {
            let _ = sender.send(event.to_string());
        })
        .serve("127.0.0.1:0")
        .unwrap();
    let status = |password: &str| {
        let header = basic_auth("prometheus", password);
        get_with(&server, "/metrics", &header).status
    };
    assert_eq!(status(&longest), 200);
    assert_eq!(status(&format!("{longest}p")), 401);
    let message = events.recv_timeout(TIMEOUT).unwrap();
    assert!(message.contains("more than 72 bytes"), "{message}");
    assert_eq!(status(&longest[1..]), 401);
}

#[test]
fn a_password_with_a_control_character_is_refused() {
    let server = serving(Shop)
        .basic_auth("prometheus", bcrypt::hash("ab", COST).unwrap())
        .serve("127.0.0.1:0")
        .unwrap();
    // For bcrypt, this password is the same as `ab`, because bcrypt repeats `ab` and a 0.
    let header = basic_auth("prometheus", "ab\0ab");
    assert_eq!(get_with(&server, "/metrics", &header).status, 401);
}

#[test]
fn a_user_with_two_passwords_is_an_error() {
    let hash = || bcrypt::hash("open sesame", COST).unwrap();
    let error = serving(Shop)
        .basic_auth("prometheus", hash())
        .basic_auth("prometheus", hash())
        .serve("127.0.0.1:0")
        .unwrap_err();
    assert!(error.to_string().contains("`prometheus`"), "{error}");
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
