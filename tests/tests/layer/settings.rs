//! Tests the settings of a layer's builder, and which of them are errors.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
    routing::get,
};
use metrics_core::Registry;
use metrics_http::layer::{LayerBuilder, RequestBody, ServerLayer};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{IN_FLIGHT, REQUESTS, layer, parse, send, series, value};

#[tokio::test]
async fn statuses_can_be_counted_by_class() {
    let (registry, layer) = layer(ServerLayer::builder().status_class());
    let app = Router::new()
        .route("/", get(|| async { StatusCode::CREATED }))
        .layer(layer);
    send(&app, "GET", "/").await;
    send(&app, "GET", "/none").await;
    assert_eq!(value(&registry, REQUESTS, &[("status", "2xx")]), Some(1.0));
    assert_eq!(value(&registry, REQUESTS, &[("status", "4xx")]), Some(1.0));
}

#[tokio::test]
async fn requests_can_be_skipped() {
    let (registry, layer) =
        layer(ServerLayer::builder().skip(|request| request.uri.path() == "/metrics"));
    let app = Router::new()
        .route("/metrics", get(|| async { "x 1\n" }))
        .layer(layer);
    assert_eq!(send(&app, "GET", "/metrics").await, "x 1\n");
    assert_eq!(value(&registry, REQUESTS, &[]), None);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), None);
}

#[tokio::test]
async fn a_function_can_derive_the_route() {
    let (registry, layer) = layer(ServerLayer::builder().route_by(|request| {
        let path = request.uri.path();
        path.starts_with("/users/")
            .then(|| "/users/{id}".to_owned())
    }));
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    for path in ["/users/1", "/users/2", "/orders/3"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        service.clone().oneshot(request).await.unwrap();
    }
    assert_eq!(
        value(&registry, REQUESTS, &[("route", "/users/{id}")]),
        Some(2.0)
    );
    assert_eq!(
        value(&registry, REQUESTS, &[("route", "unmatched")]),
        Some(1.0)
    );
}

#[tokio::test]
async fn prefix_labels_and_buckets_can_be_set() {
    let builder = ServerLayer::builder()
        .prefix("shop_")
        .label("listener", "public")
        .without_route()
        .duration_buckets([1e-9, 1e9])
        .size_buckets([1.0]);
    let (registry, layer) = layer(builder);
    let app = Router::new()
        .route("/", get(|| async { "ab" }))
        .layer(layer);
    send(&app, "GET", "/").await;
    assert_eq!(
        series(&registry, "shop_http_server_requests_total"),
        [r#"listener="public",method="GET",outcome="ok",status="200" 1"#]
    );
    assert_eq!(
        series(&registry, "shop_http_server_requests_in_flight"),
        [r#"listener="public",method="GET" 0"#]
    );
    let bucket = "shop_http_server_request_duration_seconds_bucket";
    assert_eq!(value(&registry, bucket, &[("le", "1e+09")]), Some(1.0));
    let bucket = "shop_http_server_response_size_bytes_bucket";
    assert_eq!(value(&registry, bucket, &[("le", "1.0")]), Some(0.0));
}

#[tokio::test]
async fn histograms_can_be_native() {
    let (registry, layer) = layer(ServerLayer::builder().native(1.1).size_buckets([1.0]));
    let app = Router::new().route("/", get(|| async {})).layer(layer);
    send(&app, "GET", "/").await;
    let families = registry.gather();
    let buckets = |name: &str| {
        let family = families.iter().find(|family| family.name == name).unwrap();
        match &family.metrics[0].value {
            metrics_core::MetricValue::Histogram {
                buckets, native, ..
            } => (buckets.len(), native.is_some()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(buckets("http_server_request_duration_seconds"), (1, true));
    assert_eq!(buckets("http_server_request_size_bytes"), (2, true));
}

#[tokio::test]
async fn names_and_labels_can_follow_opentelemetry() {
    let (registry, layer) = layer(ServerLayer::builder().open_telemetry());
    let app = Router::new()
        .route("/users/{id}", get(|| async {}))
        .route("/500", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .layer(layer);
    send(&app, "GET", "/users/1").await;
    send(&app, "GET", "/500").await;
    send(&app, "BREW", "/none").await;
    let names: Vec<String> = parse(&registry)
        .into_iter()
        .map(|family| family.name)
        .collect();
    let expected = [
        "http_server_active_requests",
        "http_server_request_body_size_bytes",
        "http_server_request_duration_seconds",
        "http_server_response_body_size_bytes",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        series(&registry, "http_server_request_duration_seconds_count"),
        [
            r#"error_type="500",http_request_method="GET",http_response_status_code="500",http_route="/500",url_scheme="http" 1"#,
            r#"http_request_method="GET",http_response_status_code="200",http_route="/users/{id}",url_scheme="http" 1"#,
            r#"http_request_method="_OTHER",http_response_status_code="404",url_scheme="http" 1"#,
        ]
    );
    assert_eq!(
        series(&registry, "http_server_active_requests"),
        [
            r#"http_request_method="GET",url_scheme="http" 0"#,
            r#"http_request_method="_OTHER",url_scheme="http" 0"#,
        ]
    );
    let bound = [("le", "0.075"), ("http_route", "/500")];
    let bucket = "http_server_request_duration_seconds_bucket";
    assert!(value(&registry, bucket, &bound).is_some());
}

#[tokio::test]
async fn the_scheme_can_be_set_for_a_server_behind_a_proxy() {
    let (registry, layer) = layer(ServerLayer::builder().open_telemetry().scheme("https"));
    let app = Router::new().route("/", get(|| async {})).layer(layer);
    send(&app, "GET", "/").await;
    let active = series(&registry, "http_server_active_requests");
    assert_eq!(
        active,
        [r#"http_request_method="GET",url_scheme="https" 0"#]
    );
}

#[tokio::test]
async fn layers_with_equal_settings_share_their_metrics() {
    let registry = Registry::new();
    for _ in 0..3 {
        let layer = ServerLayer::builder()
            .registry(registry.clone())
            .build()
            .unwrap();
        let app = Router::new().route("/", get(|| async {})).layer(layer);
        send(&app, "GET", "/").await;
    }
    assert_eq!(value(&registry, REQUESTS, &[]), Some(3.0));
}

#[test]
fn layers_with_different_settings_clash_with_an_error_that_names_both_locations() {
    let registry = Registry::new();
    let build = |builder: LayerBuilder<ServerLayer>| builder.registry(registry.clone()).build();
    build(ServerLayer::builder()).unwrap();
    let error = build(ServerLayer::builder().open_telemetry()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("is declared twice with different"),
        "{error}"
    );
    assert!(
        error.ends_with("a `prefix` or a `registry` of its own"),
        "{error}"
    );
    assert_eq!(error.matches("settings.rs:").count(), 2, "{error}");
    build(ServerLayer::builder().open_telemetry().prefix("otel_")).unwrap();
}

#[test]
fn an_invalid_setting_is_an_error_that_names_it() {
    for (builder, message) in [
        (ServerLayer::builder().prefix("9"), "prefix `9`"),
        (ServerLayer::builder().label("a-b", ""), "label `a-b`"),
        (
            ServerLayer::builder().label("route", "x"),
            "the label `route` is also a label of the layer itself; rename it",
        ),
        (
            ServerLayer::builder().duration_buckets([2.0, 1.0]),
            "request_duration_seconds",
        ),
        (
            ServerLayer::builder().native(0.5),
            "request_duration_seconds",
        ),
        (
            ServerLayer::builder().open_telemetry().status_class(),
            "contradicts OpenTelemetry",
        ),
        (
            (0..9).fold(ServerLayer::builder(), |builder, at| {
                builder.label(format!("l{at}"), "")
            }),
            "9 labels are added to every series",
        ),
    ] {
        let error = builder
            .registry(Registry::new())
            .build()
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
        assert!(!error.contains("same settings"), "{error}");
    }
}
