//! Tests how a layer measures bodies: sizes, trailers, known lengths, and streams that are reset.

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response},
    routing::{get, post},
};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap,
    body::{Body as HttpBody, Frame, SizeHint},
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use metrics_http::layer::{RequestBody, ServerLayer};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{IN_FLIGHT, REQUESTS, eventually, layer, send_raw, serve, value};

#[tokio::test]
async fn sizes_count_the_bytes_that_were_read() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/read", post(|body: Bytes| async move { body.repeat(2) }))
        .route("/unread", post(|| async {}))
        .layer(layer);
    for path in ["/read", "/unread"] {
        let request = Request::post(path).body(Body::from("0123456789")).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    for (route, request, response) in [("/read", 10.0, 20.0), ("/unread", 0.0, 0.0)] {
        let sum = |what: &str| {
            let name = format!("http_server_{what}_size_bytes_sum");
            value(&registry, &name, &[("route", route)]).unwrap()
        };
        assert_eq!(
            (sum("request"), sum("response")),
            (request, response),
            "{route}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_of_known_length_is_complete_when_it_is_sent() {
    let (registry, layer) = layer(ServerLayer::builder());
    // The body never reports its end: hyper stops reading after the announced length.
    let app = Router::new()
        .route("/", get(|| async { Body::new(Counted(3)) }))
        .layer(layer);
    let address = serve(app).await;
    let answer = send_raw(
        address,
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.ends_with("xxx"), "{answer}");
    eventually(&registry, REQUESTS, &[("outcome", "ok")], 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_ends_with_its_trailers_over_http2() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/", get(|| async { Body::new(Trailed::new()) }))
        .layer(layer);
    let address = serve(app).await;
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let request = Request::get(format!("http://{address}/")).body(Full::<Bytes>::default());
    let response = client.request(request.unwrap()).await.unwrap();
    let read = response.into_body().collect().await.unwrap();
    assert_eq!(read.trailers().unwrap()["x-sum"], "1");
    eventually(&registry, REQUESTS, &[("outcome", "ok")], 1.0);
    let bytes = value(&registry, "http_server_response_size_bytes_sum", &[]);
    assert_eq!(bytes, Some(4.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_http2_stream_is_cancelled() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/slow", get(async || pending::<()>().await))
        .layer(layer);
    let address = serve(app).await;
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let request = Request::get(format!("http://{address}/slow")).body(Full::<Bytes>::default());
    let request = tokio::spawn(client.request(request.unwrap()));
    eventually(&registry, IN_FLIGHT, &[("route", "/slow")], 1.0);
    request.abort();
    eventually(&registry, REQUESTS, &[("outcome", "cancelled")], 1.0);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test]
async fn size_hint_end_and_trailers_of_a_body_are_passed_on() {
    let (_, layer) = layer(ServerLayer::builder());
    let service = layer.layer(service_fn(
        async |request: Request<RequestBody<Trailed>>| {
            assert_eq!(request.body().size_hint().exact(), Some(4));
            assert!(!request.body().is_end_stream());
            let read = request.into_body().collect().await.unwrap();
            assert_eq!(read.trailers().unwrap()["x-sum"], "1");
            Ok::<_, Infallible>(Response::new(Trailed::new()))
        },
    ));
    let response = service.oneshot(Request::new(Trailed::new())).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(4));
    assert!(!response.body().is_end_stream());
    let read = response.into_body().collect().await.unwrap();
    assert_eq!(read.trailers().unwrap()["x-sum"], "1");
    assert_eq!(read.to_bytes(), "four");
}

/// A body of this many bytes, sent one at a time.
struct Counted(pub(crate) u64);

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.0.checked_sub(1) else {
            return Poll::Ready(None);
        };
        self.0 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

/// A body `four` with trailers.
struct Trailed(pub(crate) Vec<Frame<Bytes>>);

impl Trailed {
    fn new() -> Trailed {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "1".parse().unwrap());
        let data = Frame::data(Bytes::from_static(b"four"));
        Trailed(vec![Frame::trailers(trailers), data])
    }
}

impl HttpBody for Trailed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop().map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(4)
    }
}
