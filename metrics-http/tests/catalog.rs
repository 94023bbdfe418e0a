//! Tests of the server's routes for the catalogue, dashboards and rules.

mod support;

use metrics_http::Body;
use support::{Shop, ask, get, serving, shop};

#[test]
fn the_catalogue_is_served() {
    let reply = get(&shop(), "/catalog.json");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(reply.text().contains(r#""name": "orders_waiting""#));
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
