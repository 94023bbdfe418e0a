//! Tests of which requests may pass: hosts, rate limit; and of the headers of responses.

mod support;

use std::{sync::mpsc, time::Duration};

use hyper::Response;
use metrics_http::{Body, EventCause, Server, ServerBuilder};
use support::{Reply, Shop, ask, connect, get, get_with, serving, shop};

/// A request whose `Host` is this name.
fn get_from(server: &Server, path: &str, host: &str) -> Reply {
    use std::io::Write;
    let mut stream = connect(server.local_addr());
    let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    Reply::read(stream)
}

/// Starts a server whose events the receiver gets.
fn observed(builder: ServerBuilder) -> (Server, mpsc::Receiver<(EventCause, String)>) {
    let (sender, events) = mpsc::channel();
    let server = builder
        .on_error(move |event| {
            let _ = sender.send((event.cause(), event.to_string()));
        })
        .serve("127.0.0.1:0")
        .unwrap();
    (server, events)
}

#[test]
fn a_foreign_host_on_loopback_is_refused_with_a_remedy() {
    let server = shop();
    for path in ["/metrics", "/", "/catalog.json", "/nothing"] {
        let reply = get_from(&server, path, "evil.example:9464");
        assert_eq!(reply.status, 421, "{path}");
        assert!(
            reply.text().contains("`ServerBuilder::hosts`"),
            "{}",
            reply.text()
        );
    }
}

#[test]
fn localhost_and_addresses_are_served_on_loopback() {
    let server = shop();
    for host in [
        "localhost",
        "localhost:9464",
        "shop.localhost",
        "127.0.0.1:9464",
        "[::1]",
    ] {
        assert_eq!(get_from(&server, "/metrics", host).status, 200, "{host}");
    }
}

#[test]
fn an_added_host_is_served() {
    let server = serving(Shop)
        .hosts(["metrics.example.com"])
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(
        get_from(&server, "/metrics", "metrics.example.com").status,
        200
    );
    assert_eq!(get_from(&server, "/metrics", "127.0.0.1").status, 200);
    assert_eq!(get_from(&server, "/metrics", "evil.example").status, 421);
}

#[test]
fn a_request_without_a_host_is_served() {
    use std::io::Write;
    let mut stream = connect(shop().local_addr());
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(Reply::read(stream).status, 200);
}

#[test]
fn a_health_check_with_a_foreign_host_gets_the_status_but_no_reasons() {
    let server = serving(Shop)
        .readiness_check("moon", || Err("it is not full".to_owned()))
        .serve("127.0.0.1:0")
        .unwrap();
    let reply = get_from(&server, "/-/ready", "evil.example");
    assert_eq!((reply.status, reply.text()), (503, ""));
}

#[cfg(unix)]
#[test]
fn a_unix_socket_serves_every_host() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let _server = serving(Shop)
        .hosts(["metrics.example.com"])
        .bind_unix(&path)
        .start()
        .unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).unwrap();
    assert_eq!(Reply::parse(&raw).status, 200);
}

#[test]
fn a_refused_host_is_reported() {
    let (server, events) = observed(serving(Shop));
    get_from(&server, "/metrics", "evil.example");
    let (cause, message) = events.recv_timeout(support::TIMEOUT).unwrap();
    assert_eq!(cause, EventCause::Host);
    assert!(message.contains("`evil.example`"), "{message}");
}

#[test]
fn every_response_has_nosniff() {
    let server = shop();
    for path in ["/metrics", "/", "/-/healthy", "/catalog.json", "/nothing"] {
        let reply = get(&server, path);
        assert_eq!(
            reply.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
    let refused = get_from(&server, "/metrics", "evil.example");
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    let post = ask(server.local_addr(), "POST /metrics HTTP/1.1\r\n");
    assert_eq!(
        (post.status, post.header("x-content-type-options")),
        (405, Some("nosniff"))
    );
}

#[test]
fn added_headers_are_in_every_response_unless_its_route_sets_them() {
    let server = serving(Shop)
        .header("X-Frame-Options", "sameorigin")
        .header("Content-Security-Policy", "sandbox")
        .header("Strict-Transport-Security", "max-age=1")
        .route("/own", |_| {
            let response = Response::builder().header("X-Frame-Options", "deny");
            response.body(Body::new("")).unwrap()
        })
        .serve("127.0.0.1:0")
        .unwrap();
    for path in ["/metrics", "/nothing"] {
        let reply = get(&server, path);
        assert_eq!(
            reply.header("x-frame-options"),
            Some("sameorigin"),
            "{path}"
        );
        assert_eq!(
            reply.header("strict-transport-security"),
            Some("max-age=1"),
            "{path}"
        );
        assert_eq!(
            reply.header("content-security-policy"),
            Some("sandbox"),
            "{path}"
        );
    }
    assert_eq!(get(&server, "/own").header("x-frame-options"), Some("deny"));
}

#[cfg(feature = "page")]
#[test]
fn the_page_keeps_its_content_security_policy() {
    let server = serving(Shop)
        .header("Content-Security-Policy", "default-src 'none'")
        .serve("127.0.0.1:0")
        .unwrap();
    let reply = get(&server, "/");
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'"), "{policy}");
}

#[test]
fn an_invalid_header_or_host_is_an_error_at_start() {
    let start = |builder: ServerBuilder| builder.serve("127.0.0.1:0").unwrap_err().to_string();
    let error = start(serving(Shop).header("Content-Length", "1"));
    assert!(error.contains("`Content-Length`"), "{error}");
    let error = start(serving(Shop).header("X-A", "1\r\nX-B: 2"));
    assert!(error.contains("`X-A`"), "{error}");
    let error = start(serving(Shop).hosts(["http://a.example"]));
    assert!(error.contains("`http://a.example`"), "{error}");
    let error = start(serving(Shop).rate_limit(Duration::from_secs(1), 0));
    assert!(error.contains("burst"), "{error}");
}

#[test]
fn requests_beyond_the_rate_limit_get_429() {
    let (server, events) = observed(serving(Shop).rate_limit(Duration::from_secs(1000), 2));
    assert_eq!(get(&server, "/metrics").status, 200);
    assert_eq!(get(&server, "/nothing").status, 404);
    let reply = get(&server, "/metrics");
    assert_eq!(reply.status, 429);
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((900..=1000).contains(&wait), "{wait}");
    let (cause, _) = events.recv_timeout(support::TIMEOUT).unwrap();
    assert_eq!(cause, EventCause::RateLimit);
}

#[test]
fn a_client_gains_a_request_in_each_interval() {
    let server = serving(Shop)
        .rate_limit(Duration::from_millis(50), 1)
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/metrics").status, 200);
    support::eventually("the client may send another request", || {
        get(&server, "/metrics").status == 200
    });
}

#[test]
fn a_probe_is_not_limited() {
    let server = serving(Shop)
        .rate_limit(Duration::from_secs(1000), 1)
        .liveness_check("worker", || Ok(()))
        .serve("127.0.0.1:0")
        .unwrap();
    for _ in 0..5 {
        let reply = get(&server, "/-/healthy");
        assert_eq!((reply.status, reply.text()), (200, "healthy\n"));
    }
    assert_eq!(get(&server, "/metrics").status, 200);
    assert_eq!(get(&server, "/metrics").status, 429);
    assert_eq!(get(&server, "/-/healthy").status, 200);
}

#[test]
fn a_probe_with_credentials_is_limited_but_gets_the_status() {
    let server = serving(Shop)
        .rate_limit(Duration::from_secs(1000), 1)
        .readiness_check("moon", || Err("it is not full".to_owned()))
        .serve("127.0.0.1:0")
        .unwrap();
    let probe = || get_with(&server, "/-/ready", "Authorization: Bearer x");
    assert_eq!(probe().text(), "moon: it is not full\n");
    let reply = probe();
    assert_eq!((reply.status, reply.text()), (503, ""));
}
