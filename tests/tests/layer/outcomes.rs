//! Tests the outcomes of a request (ok, error, panic and cancelled), and when a request ends.

use std::{
    convert::Infallible,
    future::{Ready, pending},
    io,
    task::Poll,
    time::Instant,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response, StatusCode},
    routing::get,
};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full};
use metrics_http::layer::{RequestBody, ServerLayer};
use tokio::io::AsyncReadExt;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    IN_FLIGHT, REQUESTS, eventually, layer, send, send_only, send_raw, series, serve, streaming,
    value,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_is_ok_although_its_body_is_not_sent() {
    let (registry, layer) = layer(ServerLayer::builder());
    // The service is not an axum handler, because axum removes the body before the layer sees it.
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"unsent"))))
    }));
    let address = serve(Router::new().fallback_service(service)).await;
    let head = send_raw(
        address,
        "HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let labels = [("method", "HEAD"), ("outcome", "ok")];
    eventually(&registry, REQUESTS, &labels, 1.0);
    let bytes = value(&registry, "http_server_response_size_bytes_sum", &labels);
    assert_eq!(bytes, Some(0.0));
}

#[tokio::test]
async fn a_status_of_500_and_above_is_an_error() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/500", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/404", get(|| async { StatusCode::NOT_FOUND }))
        .layer(layer);
    send(&app, "GET", "/500").await;
    send(&app, "GET", "/404").await;
    let error = [("status", "500"), ("outcome", "error")];
    assert_eq!(value(&registry, REQUESTS, &error), Some(1.0));
    let ok = [("status", "404"), ("outcome", "ok")];
    assert_eq!(value(&registry, REQUESTS, &ok), Some(1.0));
}

#[tokio::test]
async fn a_service_error_is_counted_and_passed_on() {
    let (registry, layer) = layer(ServerLayer::builder());
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Err::<Response<Body>, _>(io::Error::other("out of order"))
    }));
    let error = service
        .oneshot(Request::new(Body::empty()))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "out of order");
    assert_eq!(
        series(&registry, REQUESTS),
        [r#"method="GET",outcome="error",route="unmatched" 1"#]
    );
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test]
async fn a_body_that_fails_is_an_error() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = streaming(layer, || {
        stream::iter([
            Ok(Bytes::from_static(b"half")),
            Err(io::Error::other("lost")),
        ])
    });
    let response = app.oneshot(Request::get("/").body(Body::empty()).unwrap());
    response
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap_err();
    let labels = [("status", "200"), ("outcome", "error")];
    assert_eq!(value(&registry, REQUESTS, &labels), Some(1.0));
}

#[tokio::test]
async fn a_request_lasts_until_the_end_of_the_response_body() {
    let (registry, layer) = layer(ServerLayer::builder());
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let released = std::sync::Mutex::new(Some(released));
    let app = streaming(layer, move || {
        let released = released.lock().unwrap().take().unwrap();
        stream::once(async { Ok::<_, io::Error>(Bytes::from_static(b"12345")) }).chain(
            stream::once(async move {
                released.await.unwrap();
                Ok(Bytes::from_static(b"678"))
            }),
        )
    });
    let response = app.oneshot(Request::get("/").body(Body::empty()).unwrap());
    let mut body = response.await.unwrap().into_body();
    let head = Instant::now();
    body.frame().await.unwrap().unwrap();
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(1.0));
    assert_eq!(value(&registry, REQUESTS, &[]), None);
    let took = head.elapsed();
    release.send(()).unwrap();
    body.collect().await.unwrap();
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
    assert_eq!(value(&registry, REQUESTS, &[("outcome", "ok")]), Some(1.0));
    let seconds = value(&registry, "http_server_request_duration_seconds_sum", &[]);
    assert!(seconds.unwrap() >= took.as_secs_f64());
    let bytes = value(&registry, "http_server_response_size_bytes_sum", &[]);
    assert_eq!(bytes, Some(8.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disconnects_before_the_response_cancels() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/slow", get(async || pending::<()>().await))
        .layer(layer);
    let address = serve(app).await;
    let client = send_only(address, "/slow").await;
    eventually(&registry, IN_FLIGHT, &[("route", "/slow")], 1.0);
    drop(client);
    let labels = [("route", "/slow"), ("outcome", "cancelled"), ("status", "")];
    eventually(&registry, REQUESTS, &labels, 1.0);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disconnects_during_the_response_cancels() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = streaming(layer, || {
        stream::once(async { Ok::<_, io::Error>(Bytes::from_static(b"first")) })
            .chain(stream::pending())
    });
    let address = serve(app).await;
    let mut client = send_only(address, "/").await;
    client.read_exact(&mut [0; 12]).await.unwrap();
    eventually(&registry, IN_FLIGHT, &[], 1.0);
    drop(client);
    let labels = [("outcome", "cancelled"), ("status", "200")];
    eventually(&registry, REQUESTS, &labels, 1.0);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test]
async fn a_future_that_is_dropped_is_cancelled() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/", get(async || pending::<()>().await))
        .layer(layer);
    let mut future = Box::pin(app.oneshot(Request::get("/").body(Body::empty()).unwrap()));
    assert!(futures_util::poll!(&mut future).is_pending());
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(1.0));
    drop(future);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
    assert_eq!(
        value(&registry, REQUESTS, &[("outcome", "cancelled")]),
        Some(1.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_handler_is_counted_and_propagates() {
    async fn panics() -> &'static str {
        panic!("on purpose")
    }
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new().route("/", get(panics)).layer(layer);
    let request = Request::get("/").body(Body::empty()).unwrap();
    let joined = tokio::spawn(app.clone().oneshot(request)).await;
    assert!(joined.unwrap_err().is_panic());
    let labels = [("outcome", "panic"), ("status", "")];
    assert_eq!(value(&registry, REQUESTS, &labels), Some(1.0));
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
    // The panic ends the connection's task, which closes the connection.
    let mut client = send_only(serve(app).await, "/").await;
    assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0);
    eventually(&registry, REQUESTS, &labels, 2.0);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test]
async fn a_panic_in_the_call_of_a_service_is_counted() {
    let (registry, layer) = layer(ServerLayer::builder());
    let service = layer.layer(service_fn(
        |_: Request<RequestBody<Body>>| -> Ready<Result<Response<Body>, Infallible>> {
            panic!("on purpose")
        },
    ));
    let joined = tokio::spawn(service.oneshot(Request::new(Body::empty()))).await;
    assert!(joined.unwrap_err().is_panic());
    assert_eq!(
        value(&registry, REQUESTS, &[("outcome", "panic")]),
        Some(1.0)
    );
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test]
async fn a_panic_of_a_body_is_counted() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = streaming(layer, || {
        stream::poll_fn(|_| -> Poll<Option<Result<Bytes, io::Error>>> { panic!("on purpose") })
    });
    let request = Request::get("/").body(Body::empty()).unwrap();
    let body = app.oneshot(request).await.unwrap().into_body();
    let joined = tokio::spawn(body.collect()).await;
    assert!(joined.unwrap_err().is_panic());
    let labels = [("outcome", "panic"), ("status", "200")];
    assert_eq!(value(&registry, REQUESTS, &labels), Some(1.0));
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}
