//! Tests of the exposition in an axum router that has a layer: no request escapes the layer,
//! whether the exposition is mounted before or after it.

#![cfg(all(feature = "axum", feature = "tower"))]

mod support;

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use metrics_http::{Format, Registry, Server, ServerBuilder, layer::ServerLayer};
use tower_service::Service;

use support::{Shop, serving};

fn layer(registry: &Registry) -> ServerLayer {
    let builder = ServerLayer::builder().registry(registry.clone());
    builder.build().unwrap()
}

fn users() -> Router {
    Router::new().route("/users/{id}", get(async || "a user"))
}

/// The settings of an exposition of `registry`.
fn metrics(registry: &Registry) -> ServerBuilder {
    Server::builder().registry(registry.clone())
}

/// Sends a request to each path, and returns the statuses of the responses.
fn statuses<const N: usize>(app: &Router, paths: [&str; N]) -> [StatusCode; N] {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    paths.map(|path| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = runtime.block_on(app.clone().call(request));
        response.unwrap().status()
    })
}

/// The routes and statuses of the requests that the layer has counted.
fn counted(registry: &Registry) -> BTreeSet<String> {
    let text = registry.encode_to_string(Format::Text);
    let requests = text.lines();
    let requests = requests.filter_map(|line| line.strip_prefix("http_server_requests_total{"));
    let labels = requests.map(|labels| {
        let (_, labels) = labels.split_once("route=").unwrap();
        let (labels, _) = labels.split_once(",outcome").unwrap();
        labels.to_owned()
    });
    labels.collect()
}

const PATHS: [&str; 3] = ["/users/7", "/unknown", "/metrics"];

#[test]
fn the_exposition_is_a_route_of_the_router() {
    let app = serving(Shop).path("/internal/metrics").mount(users());
    let statuses = statuses(&app.unwrap(), ["/internal/metrics", "/users/7", "/metrics"]);
    assert_eq!(statuses.map(|status| status.as_u16()), [200, 200, 404]);
}

#[test]
fn a_layer_that_is_older_than_the_exposition_counts_requests_without_a_route() {
    let registry = Registry::new();
    let app = users().layer(layer(&registry));
    let app = metrics(&registry).mount(app).unwrap();
    let statuses = statuses(&app, PATHS);
    assert_eq!(statuses.map(|status| status.as_u16()), [200, 404, 200]);
    let expected = [
        r#""/users/{id}",status="200""#,
        r#""unmatched",status="404""#,
    ];
    assert_eq!(counted(&registry), expected.map(str::to_owned).into());
}

#[test]
fn a_layer_that_is_newer_than_the_exposition_counts_all_requests() {
    let registry = Registry::new();
    let app = metrics(&registry).mount(users()).unwrap();
    let app = app.layer(layer(&registry));
    statuses(&app, PATHS);
    let expected = [
        r#""/metrics",status="200""#,
        r#""/users/{id}",status="200""#,
        r#""unmatched",status="404""#,
    ];
    assert_eq!(counted(&registry), expected.map(str::to_owned).into());
}

#[test]
fn the_fallback_of_the_program_stays_in_use_and_is_counted() {
    let registry = Registry::new();
    let app = users().fallback(async || (StatusCode::GONE, "moved"));
    let app = app.layer(layer(&registry));
    let app = metrics(&registry).mount(app).unwrap();
    let statuses = statuses(&app, PATHS);
    assert_eq!(statuses.map(|status| status.as_u16()), [200, 410, 200]);
    assert!(counted(&registry).contains(r#""unmatched",status="410""#));
}
