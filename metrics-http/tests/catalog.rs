//! Tests of the server's routes for the catalogue, dashboards and rules.

mod support;

use metrics_http::{Body, Server};
use support::{Reply, Shop, ask, get, get_with, serving, shop};

include!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/support/absolute.rs"
));

#[test]
fn the_catalogue_is_served() {
    let reply = get(&shop(), "/catalog.json");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(reply.text().contains(r#""name": "orders_waiting""#));
}

#[test]
fn no_path_of_the_build_machine_is_served() {
    PARCELS.inc();
    let server = metrics_http::serve("127.0.0.1:0").unwrap();
    let feed = if cfg!(feature = "page") {
        "/-/page/feed"
    } else {
        "/catalog.json"
    };
    for path in ["/catalog.json", feed] {
        let reply = get(&server, path);
        let text = reply.text();
        assert!(text.contains("\"absolute.rs"), "{path}: {text}");
    }
    for path in ["/catalog.json", feed, "/dashboard.json", "/rules.yml"] {
        let reply = get(&server, path);
        let text = reply.text();
        assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{path}: {text}");
    }
}

#[test]
fn each_document_has_a_switch() {
    let paths = ["/catalog.json", "/dashboard.json", "/rules.yml"];
    for off in paths {
        let server = serving(Shop)
            .catalog(off != "/catalog.json")
            .dashboards(off != "/dashboard.json")
            .rules(off != "/rules.yml")
            .serve("127.0.0.1:0")
            .unwrap();
        for path in paths {
            let expected = if path == off { 404 } else { 200 };
            assert_eq!(get(&server, path).status, expected, "{path}");
        }
    }
}

#[test]
fn a_document_that_a_client_has_is_not_sent_again() {
    let server = shop();
    for path in ["/catalog.json", "/dashboard.json?title=a", "/rules.yml"] {
        let reply = get(&server, path);
        let tag = reply.header("etag").unwrap();
        assert!(tag.starts_with('"'), "{tag}");
        assert_eq!(get(&server, path).header("etag"), Some(tag));
        let again = get_with(&server, path, &format!("If-None-Match: {tag}"));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag));
        let other = get_with(&server, path, "If-None-Match: \"0\"");
        assert_eq!(other.body, reply.body, "{path}");
    }
}

#[test]
fn a_document_changes_with_the_registry() {
    let registry = support::registry(Shop);
    let server = Server::builder()
        .registry(registry.clone())
        .serve("127.0.0.1:0")
        .unwrap();
    let before = get(&server, "/catalog.json");
    assert!(!before.text().contains("jobs_total"));
    let options = metrics_http::Options::new("jobs_total", "Jobs done.");
    registry.create::<metrics_http::Counter>(options).unwrap();
    let tag = before.header("etag").unwrap();
    let after = get_with(&server, "/catalog.json", &format!("If-None-Match: {tag}"));
    assert_eq!(after.status, 200);
    assert!(after.text().contains("jobs_total"));
}

#[cfg(feature = "gzip")]
#[test]
fn a_large_document_is_compressed() {
    use std::io::Read;

    let server = shop();
    let plain = get(&server, "/dashboard.json");
    let reply = get_with(&server, "/dashboard.json", "Accept-Encoding: gzip");
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
    assert_ne!(reply.header("etag"), plain.header("etag"));
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(&*reply.body);
    decoder.read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
}

#[test]
fn a_long_parameter_is_refused() {
    let title = "a".repeat(300);
    let reply: Reply = get(&shop(), &format!("/dashboard.json?title={title}"));
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("`title`"), "{}", reply.text());
}

#[test]
fn dashboards_are_served() {
    let server = shop();
    let reply = get(&server, "/dashboard.json?title=The+shop&datasource=prom");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(reply.text().contains(r#""title": "The shop""#));
    assert!(reply.text().contains("rate(orders_total{"));
    let functions = get(&server, "/dashboard.json?functions");
    assert!(
        functions
            .text()
            .contains(r#""uid": "metrics-of-functions""#)
    );
}

#[test]
fn rules_are_served() {
    let reply = get(&shop(), "/rules.yml?job=shop");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/yaml"));
    assert!(reply.text().contains(r#"alert: "TargetDown""#));
}

#[test]
fn an_unknown_parameter_is_refused() {
    let server = shop();
    for (path, said) in [
        (
            "/rules.yml?jobs=shop",
            "unknown parameter `jobs`; this path takes `job`\n",
        ),
        (
            "/catalog.json?job=shop",
            "unknown parameter `job`; this path takes none\n",
        ),
    ] {
        let reply = get(&server, path);
        assert_eq!((reply.status, reply.text()), (400, said));
    }
}

#[test]
fn generated_routes_are_read_only() {
    let server = shop();
    let reply = ask(server.local_addr(), "POST /rules.yml HTTP/1.1\r\n");
    assert_eq!(reply.status, 405);
}

#[test]
fn a_custom_route_takes_precedence_over_a_generated_one() {
    let server = serving(Shop)
        .route("/rules.yml", |_| hyper::Response::new(Body::new("own\n")))
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/rules.yml").text(), "own\n");
}

#[cfg(feature = "auth")]
#[test]
fn generated_routes_require_credentials() {
    let server = serving(Shop)
        .bearer_auth("00".repeat(32))
        .serve("127.0.0.1:0")
        .unwrap();
    for path in ["/catalog.json", "/dashboard.json", "/rules.yml"] {
        assert_eq!(get(&server, path).status, 401, "{path}");
    }
}
