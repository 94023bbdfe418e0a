//! Tests gRPC calls through a layer: to a service function, and to a tonic server.

use std::{
    convert::Infallible,
    fmt::Debug,
    future::Ready,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{Request, Response},
    routing::post,
};
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{HeaderMap, body::Frame};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use metrics_http::layer::{ClientLayer, RequestBody, ServerLayer};
use tokio::net::TcpListener;
use tonic::{Status, transport::server::TcpIncoming};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{IN_FLIGHT, REQUESTS, client_layer, eventually, layer, series};

/// Sends requests for these paths to a service, and reads the responses to their ends.
async fn call<S, B>(service: S, paths: &[&str])
where
    S: Service<Request<Body>, Response = Response<B>, Error: Debug> + Clone,
    B: HttpBody<Error: Debug>,
{
    for path in paths {
        let request = Request::post(*path).body(Body::empty());
        let response = service.clone().oneshot(request.unwrap()).await;
        response.unwrap().into_body().collect().await.unwrap();
    }
}

/// A response of gRPC, without a status in its headers.
fn response<B>(body: B) -> Response<B> {
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(body).unwrap()
}

/// A response of gRPC with this status in its trailers.
fn with_trailers(status: &str) -> Response<Body> {
    let trailers =
        HeaderMap::from_iter([("grpc-status".parse().unwrap(), status.parse().unwrap())]);
    let frames = [
        Frame::data(Bytes::from("message")),
        Frame::trailers(trailers),
    ];
    let frames = frames.map(Ok::<_, Infallible>);
    response(Body::new(StreamBody::new(stream::iter(frames))))
}

#[tokio::test]
async fn a_grpc_call_has_its_path_as_route_and_its_status_in_a_label() {
    let (registry, layer) = layer(ServerLayer::builder().grpc());
    let service = layer.layer(service_fn(async |request: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(with_trailers(match request.uri().path() {
            "/shop.Orders/Get" => "0",
            "/shop.Orders/Lose" => "15",
            "/shop.Orders/Find" => "5",
            _ => "12",
        }))
    }));
    let methods = ["Get", "Lose", "Find", "Invented", "not/a/call"];
    let paths = methods.map(|method| format!("/shop.Orders/{method}"));
    call(service, &paths.each_ref().map(String::as_str)).await;
    assert_eq!(
        series(&registry, REQUESTS),
        [
            r#"grpc_status="DATA_LOSS",method="POST",outcome="error",route="/shop.Orders/Lose",status="200" 1"#,
            r#"grpc_status="NOT_FOUND",method="POST",outcome="error",route="/shop.Orders/Find",status="200" 1"#,
            r#"grpc_status="OK",method="POST",outcome="ok",route="/shop.Orders/Get",status="200" 1"#,
            r#"grpc_status="UNIMPLEMENTED",method="POST",outcome="error",route="unmatched",status="200" 2"#,
        ]
    );
    assert_eq!(
        series(&registry, IN_FLIGHT),
        [r#"method="POST",route="grpc" 0"#]
    );
}

#[tokio::test]
async fn the_status_of_a_response_without_trailers_is_in_its_headers() {
    let (registry, layer) = layer(ServerLayer::builder().without_route());
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        let mut response = response(Body::empty());
        let headers = response.headers_mut();
        headers.insert("grpc-status", "7".parse().unwrap());
        Ok::<_, Infallible>(response)
    }));
    call(service, &["/shop.Orders/Get"]).await;
    let expected =
        r#"grpc_status="PERMISSION_DENIED",method="POST",outcome="error",status="200" 1"#;
    assert_eq!(series(&registry, REQUESTS), [expected]);
}

#[tokio::test]
async fn a_complete_response_without_a_status_is_unknown_as_for_its_client() {
    let (registry, layer) = layer(ServerLayer::builder().without_route());
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(response(Body::from("message")))
    }));
    call(service, &["/shop.Orders/Get"]).await;
    let expected = r#"grpc_status="UNKNOWN",method="POST",outcome="error",status="200" 1"#;
    assert_eq!(series(&registry, REQUESTS), [expected]);
}

#[tokio::test]
async fn a_call_that_is_dropped_before_its_status_is_cancelled() {
    let (registry, layer) = layer(ServerLayer::builder().grpc());
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(with_trailers("0"))
    }));
    let request = Request::post("/shop.Orders/Get").body(Body::empty());
    let response = service.oneshot(request.unwrap()).await.unwrap();
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data());
    drop(body);
    let expected = r#"method="POST",outcome="cancelled",route="/shop.Orders/Get",status="200" 1"#;
    assert_eq!(series(&registry, REQUESTS), [expected]);
}

#[tokio::test]
async fn a_request_that_is_not_answered_in_grpc_has_no_grpc_status_and_no_route() {
    let (registry, layer) = layer(ServerLayer::builder().grpc());
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        let response = Response::builder().status(404).header("grpc-status", "0");
        Ok::<_, Infallible>(response.body(Body::from("not found")).unwrap())
    }));
    call(service, &["/any/path", "/other/path"]).await;
    let expected = r#"method="POST",outcome="ok",route="unmatched",status="404" 2"#;
    assert_eq!(series(&registry, REQUESTS), [expected]);
}

#[tokio::test]
async fn axum_routes_have_the_status_of_grpc_only_where_they_answer_in_grpc() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/shop.Orders/{method}", post(async || with_trailers("5")))
        .route("/page", post(async || "a page"))
        .layer(layer);
    call(app, &["/shop.Orders/Get", "/page"]).await;
    assert_eq!(
        series(&registry, REQUESTS),
        [
            r#"grpc_status="NOT_FOUND",method="POST",outcome="error",route="/shop.Orders/{method}",status="200" 1"#,
            r#"method="POST",outcome="ok",route="/page",status="200" 1"#,
        ]
    );
}

#[tokio::test]
async fn a_client_has_the_status_of_grpc() {
    let (registry, layer) = client_layer(ClientLayer::builder());
    let client = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(with_trailers("14"))
    }));
    call(client, &["http://shop/shop.Orders/Get"]).await;
    let expected =
        r#"grpc_status="UNAVAILABLE",host="shop",method="POST",outcome="error",status="200" 1"#;
    assert_eq!(series(&registry, "http_client_requests_total"), [expected]);
}

#[tokio::test]
async fn open_telemetry_has_the_status_of_grpc_and_its_own_rule_for_errors() {
    let builder = ServerLayer::builder().open_telemetry().without_route();
    let (registry, layer) = layer(builder);
    let service = layer.layer(service_fn(async |request: Request<RequestBody<Body>>| {
        let status = request.uri().path().trim_start_matches('/');
        Ok::<_, Infallible>(with_trailers(status))
    }));
    call(service, &["/5", "/13"]).await;
    assert_eq!(
        series(&registry, "http_server_request_duration_seconds_count"),
        [
            r#"error_type="INTERNAL",http_request_method="POST",http_response_status_code="200",rpc_status_code="INTERNAL",url_scheme="http" 1"#,
            r#"http_request_method="POST",http_response_status_code="200",rpc_status_code="NOT_FOUND",url_scheme="http" 1"#,
        ]
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
            r#"grpc_status="DATA_LOSS",method="POST",outcome="error",route="/shop.Orders/Lose",status="200" 1"#,
            r#"grpc_status="OK",method="POST",outcome="ok",route="/shop.Orders/Get",status="200" 1"#,
            r#"grpc_status="UNIMPLEMENTED",method="POST",outcome="error",route="unmatched",status="200" 2"#,
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
