//! Tests gRPC calls through a layer: to a service function, and to a tonic server.

use std::{
    convert::Infallible,
    future::Ready,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    http::{Request, Response},
};
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{HeaderMap, body::Frame};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use metrics_http::layer::{RequestBody, ServerLayer};
use tokio::net::TcpListener;
use tonic::{Status, transport::server::TcpIncoming};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{IN_FLIGHT, REQUESTS, eventually, layer, series};

#[tokio::test]
async fn a_grpc_call_has_its_path_as_route_and_an_outcome_by_its_status() {
    let (registry, layer) = layer(ServerLayer::builder().grpc());
    let service = layer.layer(service_fn(async |request: Request<RequestBody<Body>>| {
        let status = match request.uri().path() {
            "/shop.Orders/Get" => "0",
            "/shop.Orders/Lose" => "15",
            "/shop.Orders/Find" => "5",
            _ => "12",
        };
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", status.parse().unwrap());
        let frames = [Ok::<_, Infallible>(Frame::<Bytes>::trailers(trailers))];
        Ok::<_, Infallible>(Response::new(StreamBody::new(stream::iter(frames))))
    }));
    for path in ["Get", "Lose", "Find", "Invented", "not/a/call"] {
        let request = Request::post(format!("/shop.Orders/{path}")).body(Body::empty());
        let response = service.clone().oneshot(request.unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(
        series(&registry, REQUESTS),
        [
            r#"method="POST",outcome="error",route="/shop.Orders/Lose",status="200" 1"#,
            r#"method="POST",outcome="error",route="unmatched",status="200" 2"#,
            r#"method="POST",outcome="ok",route="/shop.Orders/Find",status="200" 1"#,
            r#"method="POST",outcome="ok",route="/shop.Orders/Get",status="200" 1"#,
        ]
    );
    assert_eq!(
        series(&registry, IN_FLIGHT),
        [r#"method="POST",route="grpc" 0"#]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tonic_server_accepts_the_layer() {
    let (registry, layer) = layer(ServerLayer::builder().grpc());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tonic::transport::Server::builder()
        .layer(layer)
        .add_service(Orders);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    for call in [
        "shop.Orders/Get",
        "shop.Orders/Lose",
        "shop.Orders/X",
        "no.Such/Call",
    ] {
        let request = Request::post(format!("http://{address}/{call}"))
            .header("content-type", "application/grpc")
            .body(Full::<Bytes>::default());
        let response = client.request(request.unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    eventually(&registry, REQUESTS, &[], 4.0);
    assert_eq!(
        series(&registry, REQUESTS),
        [
            r#"method="POST",outcome="error",route="/shop.Orders/Lose",status="200" 1"#,
            r#"method="POST",outcome="error",route="unmatched",status="200" 2"#,
            r#"method="POST",outcome="ok",route="/shop.Orders/Get",status="200" 1"#,
        ]
    );
}

/// A gRPC service like those that tonic generates.
#[derive(Clone)]
struct Orders;

impl tonic::server::NamedService for Orders {
    const NAME: &'static str = "shop.Orders";
}

impl Service<Request<tonic::body::Body>> for Orders {
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let status = match request.uri().path() {
            "/shop.Orders/Get" => Status::ok(""),
            "/shop.Orders/Lose" => Status::data_loss(""),
            _ => Status::unimplemented(""),
        };
        std::future::ready(Ok(status.into_http()))
    }
}
