//! Tests the layer around an HTTP client.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response, StatusCode},
    routing::{get, post},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use metrics_http::layer::{ClientLayer, RequestBody};
use tests::free_address;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{client_layer, series, serve, value};

#[tokio::test(flavor = "multi_thread")]
async fn client_requests_are_counted_by_host() {
    let app = Router::new()
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/bad", get(|| async { StatusCode::BAD_GATEWAY }));
    let address = serve(app).await;
    let (registry, layer) = client_layer(ClientLayer::builder());
    let client = Client::builder(TokioExecutor::new()).build_http();
    let client = layer.layer(client);
    let post = Request::post(format!("http://{address}/echo"));
    let bad = Request::get(format!("http://{address}/bad"));
    for (request, body) in [(post, "12345"), (bad, "")] {
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = client.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(
        series(&registry, "http_client_requests_total"),
        [
            r#"host="127.0.0.1",method="GET",outcome="error",status="502" 1"#,
            r#"host="127.0.0.1",method="POST",outcome="ok",status="200" 1"#,
        ]
    );
    for size in ["request", "response"] {
        let sum = format!("http_client_{size}_size_bytes_sum");
        assert_eq!(value(&registry, &sum, &[("method", "POST")]), Some(5.0));
    }
    assert_eq!(
        value(&registry, "http_client_requests_in_flight", &[]),
        Some(0.0)
    );
}

#[tokio::test]
async fn a_failed_connection_is_an_error_without_status() {
    let closed = free_address();
    let (registry, layer) = client_layer(ClientLayer::builder().open_telemetry());
    let client = layer.layer(Client::builder(TokioExecutor::new()).build_http());
    let request = Request::get(format!("http://{closed}/")).body(Full::<Bytes>::default());
    client.oneshot(request.unwrap()).await.unwrap_err();
    let port = closed.port().to_string();
    let labels = [
        ("http_request_method", "GET"),
        ("server_address", "127.0.0.1"),
        ("server_port", &*port),
        ("http_response_status_code", ""),
        ("error_type", "hyper_util::client::legacy::client::Error"),
    ];
    let count = "http_client_request_duration_seconds_count";
    assert_eq!(value(&registry, count, &labels), Some(1.0));
    let active = value(&registry, "http_client_active_requests", &labels[..3]);
    assert_eq!(active, Some(0.0));
}

#[tokio::test]
async fn with_opentelemetry_names_a_client_counts_status_400_as_an_error() {
    let (registry, layer) = client_layer(ClientLayer::builder().open_telemetry());
    let client = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        let response = Response::builder().status(404).body(Body::empty());
        Ok::<_, Infallible>(response.unwrap())
    }));
    let request = Request::get("https://a.example/x").body(Body::empty());
    client.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(
        series(&registry, "http_client_request_duration_seconds_count"),
        [
            r#"error_type="404",http_request_method="GET",http_response_status_code="404",server_address="a.example",server_port="443" 1"#
        ]
    );
}

#[tokio::test]
async fn an_unread_response_is_cancelled_unless_it_is_an_error() {
    let (registry, layer) = client_layer(ClientLayer::builder());
    let client = layer.layer(service_fn(async |request: Request<RequestBody<Body>>| {
        let status = request.uri().path()[1..].parse::<u16>().unwrap();
        let response = Response::builder().status(status);
        Ok::<_, Infallible>(
            response
                .body(Full::new(Bytes::from_static(b"text")))
                .unwrap(),
        )
    }));
    for status in [200, 503, 204] {
        let request = Request::get(format!("http://a/{status}")).body(Body::empty());
        let response = client.clone().oneshot(request.unwrap()).await.unwrap();
        drop(response);
    }
    assert_eq!(
        series(&registry, "http_client_requests_total"),
        [
            r#"host="a",method="GET",outcome="cancelled",status="200" 1"#,
            r#"host="a",method="GET",outcome="error",status="503" 1"#,
            r#"host="a",method="GET",outcome="ok",status="204" 1"#,
        ]
    );
}

#[tokio::test]
async fn the_number_of_hosts_is_limited() {
    let (registry, layer) = client_layer(ClientLayer::builder().max_series(2));
    let client = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    for host in ["a", "B", "b", "c", "d"] {
        let request = Request::get(format!("http://{host}.example/")).body(Body::empty());
        client.clone().oneshot(request.unwrap()).await.unwrap();
    }
    let requests = "http_client_requests_total";
    assert_eq!(
        value(&registry, requests, &[("host", "b.example")]),
        Some(2.0)
    );
    assert_eq!(
        value(&registry, requests, &[("host", "overflow")]),
        Some(2.0)
    );
}
