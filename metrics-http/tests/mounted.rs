//! Tests of the metrics endpoint mounted in servers of other libraries.

mod support;

use std::{future::Future, net::SocketAddr};

use http_body_util::BodyExt;
use hyper::{Request, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use metrics_http::Endpoint;
use tokio::net::TcpListener;

use support::{Shop, ask, serving};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn endpoint() -> Endpoint {
    serving(Shop).endpoint().unwrap()
}

/// Runs a server and a client that requests `/metrics` from it.
async fn scraped<S>(serve: impl FnOnce(TcpListener) -> S) -> support::Reply
where
    S: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener));
    let client = tokio::task::spawn_blocking(move || ask(address, "GET /metrics HTTP/1.1\r\n"));
    let reply = client.await.unwrap();
    server.abort();
    reply
}

#[test]
fn an_endpoint_is_a_hyper_service() {
    let reply = block_on(scraped(|listener| async move {
        let (stream, _) = listener.accept().await.unwrap();
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), endpoint())
            .await
            .unwrap();
    }));
    assert!(reply.complete);
    assert!(reply.text().contains("orders_waiting 2"));
}

#[test]
fn an_endpoint_is_a_service_in_axum() {
    let app: axum::Router = axum::Router::new().route_service("/metrics", endpoint());
    let reply = block_on(scraped(|listener| async move {
        axum::serve(listener, app).await.unwrap();
    }));
    assert!(reply.text().contains("orders_waiting 2"));
}

#[test]
fn an_endpoint_answers_without_a_server() {
    block_on(async {
        let request = Request::get("/any/path?name[]=orders_waiting")
            .body(())
            .unwrap();
        let response = endpoint().call(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.ends_with(b"orders_waiting 2\n"));
    });
}

#[test]
fn an_endpoint_refuses_other_methods() {
    block_on(async {
        let request = Request::post("/metrics").body("").unwrap();
        let response = endpoint().respond(&request).await.unwrap();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET, HEAD");
    });
}
