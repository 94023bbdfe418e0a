//! Tests the labels of a measured request: method, route and status.

use axum::{
    Router,
    body::Body,
    http::Request,
    routing::{any, get},
};
use metrics_core::Format;
use metrics_http::layer::ServerLayer;
use tower::ServiceExt;

use crate::support::{IN_FLIGHT, REQUESTS, layer, send, series, value};

#[tokio::test]
async fn a_request_is_counted_by_method_route_status_and_outcome() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/users/{id}", get(|| async { "a user" }))
        .layer(layer);
    send(&app, "GET", "/users/7").await;
    send(&app, "GET", "/users/8").await;
    let labels = [
        ("method", "GET"),
        ("route", "/users/{id}"),
        ("status", "200"),
        ("outcome", "ok"),
    ];
    assert_eq!(value(&registry, REQUESTS, &labels), Some(2.0));
    for histogram in ["request_duration_seconds", "request_size_bytes"] {
        let count = format!("http_server_{histogram}_count");
        assert_eq!(value(&registry, &count, &labels), Some(2.0), "{histogram}");
    }
    let in_flight = value(&registry, IN_FLIGHT, &labels[..2]);
    assert_eq!(in_flight, Some(0.0));
}

#[tokio::test]
async fn requests_without_a_route_share_one_series() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new().route("/", get(|| async {})).layer(layer);
    for path in ["/wp-admin", "/.env", "/users/1"] {
        send(&app, "GET", path).await;
    }
    assert_eq!(
        series(&registry, REQUESTS),
        [r#"method="GET",outcome="ok",route="unmatched",status="404" 3"#]
    );
}

#[tokio::test]
async fn a_path_is_never_exposed() {
    let (registry, layer) = layer(ServerLayer::builder());
    let nested = Router::new().route("/files/{*path}", any(|| async {}));
    let app = Router::new()
        .route("/users/{id}", any(|| async {}))
        .nest("/tenants/{tenant}", nested)
        .layer(layer);
    for path in [
        "/users/secret",
        "/tenants/secret/files/secret/secret",
        "/secret?secret=secret",
    ] {
        for method in ["GET", "POST", "SECRET", "HEAD"] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", "secret.example.org")
                .header("user-agent", "secret/1");
            let request = request.body(Body::empty()).expect("a request");
            app.clone().oneshot(request).await.expect("a response");
        }
    }
    let counts = series(&registry, REQUESTS);
    let counts = counts.iter().filter_map(|one| one.rsplit(' ').next());
    let requests: u32 = counts
        .map(|count| count.parse::<u32>().expect("a count"))
        .sum();
    assert_eq!(requests, 12, "{:?}", series(&registry, REQUESTS));
    let text = registry.encode_to_string(Format::Text);
    assert!(!text.to_lowercase().contains("secret"), "{text}");
}

#[tokio::test]
async fn the_route_of_a_nested_router_is_the_full_template() {
    let (registry, layer) = layer(ServerLayer::builder());
    let inner = Router::new().route("/orders/{id}", get(|| async {}));
    let app = Router::new().nest("/tenants/{tenant}", inner).layer(layer);
    send(&app, "GET", "/tenants/7/orders/8").await;
    let route = [("route", "/tenants/{tenant}/orders/{id}")];
    assert_eq!(value(&registry, REQUESTS, &route), Some(1.0));
}

#[tokio::test]
async fn a_layer_on_an_inner_router_sees_the_full_template() {
    let (registry, layer) = layer(ServerLayer::builder());
    let inner = Router::new()
        .route("/orders/{id}", get(|| async {}))
        .layer(layer);
    let app = Router::new().nest("/tenants/{tenant}", inner);
    send(&app, "GET", "/tenants/7/orders/8").await;
    let route = [("route", "/tenants/{tenant}/orders/{id}")];
    assert_eq!(value(&registry, REQUESTS, &route), Some(1.0));
}

#[tokio::test]
async fn a_router_layer_counts_unmatched_requests_and_a_route_layer_does_not() {
    for (with_fallback, expected) in [(true, Some(1.0)), (false, None)] {
        let (registry, layer) = layer(ServerLayer::builder());
        let app = Router::new().route("/", get(|| async {}));
        let app = if with_fallback {
            app.layer(layer)
        } else {
            app.route_layer(layer)
        };
        send(&app, "GET", "/").await;
        send(&app, "GET", "/none").await;
        assert_eq!(value(&registry, REQUESTS, &[("route", "/")]), Some(1.0));
        let unmatched = value(&registry, REQUESTS, &[("route", "unmatched")]);
        assert_eq!(unmatched, expected);
    }
}

#[tokio::test]
async fn an_unregistered_method_is_counted_as_other() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new().route("/", any(|| async {})).layer(layer);
    for method in ["BREW", "get", "PROPFIND"] {
        send(&app, method, "/").await;
    }
    send(&app, "PATCH", "/").await;
    assert_eq!(
        value(&registry, REQUESTS, &[("method", "other")]),
        Some(3.0)
    );
    assert_eq!(
        value(&registry, REQUESTS, &[("method", "PATCH")]),
        Some(1.0)
    );
}

#[tokio::test]
async fn a_request_with_a_refused_method_has_the_route() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new().route("/a", get(|| async {})).layer(layer);
    send(&app, "POST", "/a").await;
    let labels = [("route", "/a"), ("status", "405"), ("outcome", "ok")];
    assert_eq!(value(&registry, REQUESTS, &labels), Some(1.0));
}
