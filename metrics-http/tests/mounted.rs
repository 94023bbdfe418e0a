//! Tests of the metrics endpoint mounted in servers of other libraries.

mod support;

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::mpsc, thread};

use http_body_util::BodyExt;
use hyper::{
    Request, Response,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::rt::TokioIo;
use metrics_http::{Body, Endpoint, Routes, ServerBuilder};
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

/// Runs a server of the program on a thread that lives as long as the test program.
fn spawn<S>(serve: impl FnOnce(TcpListener) -> S + Send + 'static) -> SocketAddr
where
    S: Future<Output = ()>,
{
    let (sender, address) = mpsc::channel();
    thread::spawn(move || {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            serve(listener).await;
        });
    });
    address.recv().unwrap()
}

/// A server of hyper with the routes below `/internal`.
fn in_hyper(routes: Routes) -> SocketAddr {
    spawn(async move |listener| {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let routes = routes.clone();
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let routes = routes.clone();
                async move {
                    match request.uri().path().strip_prefix("/internal") {
                        Some(rest) => routes.respond(rest, &request).await,
                        None => Ok::<_, Infallible>(Response::new(Body::new("hello"))),
                    }
                }
            });
            tokio::spawn(async move {
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

/// A server of axum with the routes below `/internal`.
fn in_axum(routes: Routes) -> SocketAddr {
    let app: axum::Router = axum::Router::new()
        .route("/", axum::routing::get(async || "hello"))
        .nest_service("/internal", routes);
    spawn(async move |listener| axum::serve(listener, app).await.unwrap())
}

fn get(address: SocketAddr, path: &str) -> support::Reply {
    ask(address, &format!("GET {path} HTTP/1.1\r\n"))
}

fn routes(builder: ServerBuilder) -> Routes {
    builder
        .readiness_check("database", || Err("away".to_owned()))
        .route("/hello", |request| {
            Response::new(Body::new(request.uri().to_string()))
        })
        .routes()
        .unwrap()
}

/// Servers with the routes below `/internal`.
fn mounted(builder: fn() -> ServerBuilder) -> [SocketAddr; 2] {
    [in_hyper(routes(builder())), in_axum(routes(builder()))]
}

#[test]
fn all_paths_are_served_below_the_path_of_the_mount() {
    for address in mounted(|| serving(Shop)) {
        assert_eq!(get(address, "/").text(), "hello");
        let metrics = get(address, "/internal/metrics");
        assert!(metrics.text().contains("orders_waiting 2"));
        assert_eq!(get(address, "/internal/-/healthy").text(), "healthy\n");
        let ready = get(address, "/internal/-/ready");
        assert_eq!((ready.status, ready.text()), (503, "database: away\n"));
        assert_eq!(get(address, "/internal/hello?a=b").text(), "/hello?a=b");
        assert_eq!(get(address, "/internal/other").status, 404);
        let reply = get(address, "/internal/-/healthy");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
}

#[cfg(feature = "page")]
#[test]
fn a_mounted_page_finds_all_that_it_loads() {
    for address in mounted(|| serving(Shop)) {
        let index = get(address, "/internal/");
        assert!(index.text().contains("<main"));
        let files = index.text().split('"');
        let files = files.filter_map(|part| part.strip_prefix("-/page/"));
        let mut count = 0;
        for file in files {
            assert_eq!(
                get(address, &format!("/internal/-/page/{file}")).status,
                200
            );
            count += 1;
        }
        assert!(count > 5, "{count}");
        let feed = get(address, "/internal/-/page/feed");
        let feed: serde_json::Value = serde_json::from_slice(&feed.body).unwrap();
        let links = feed["links"].as_array().unwrap();
        assert_eq!(links.len(), 4);
        for link in links {
            let href = link["href"].as_str().unwrap().strip_prefix("./").unwrap();
            assert_eq!(
                get(address, &format!("/internal/{href}")).status,
                200,
                "{href}"
            );
        }
    }
}

#[test]
fn the_path_of_the_mount_is_redirected_to_the_one_with_a_slash() {
    let mut servers = vec![in_hyper(routes(serving(Shop)))];
    if cfg!(feature = "axum") {
        servers.push(in_axum(routes(serving(Shop))));
    }
    for address in servers {
        let reply = get(address, "/internal");
        assert_eq!(reply.status, 307);
        assert_eq!(reply.header("location"), Some("./internal/"));
        assert_eq!(get(address, "/internal/").status, 200);
    }
}

#[test]
fn what_does_not_continue_the_path_of_the_mount_has_no_route() {
    let address = in_hyper(routes(serving(Shop)));
    for path in ["/internals", "/internal-/metrics", "/internal%2Fmetrics"] {
        assert_eq!(get(address, path).status, 404, "{path}");
    }
}

#[test]
fn requests_for_mounted_routes_are_counted() {
    for address in mounted(|| serving(Shop).server_metrics(true)) {
        get(address, "/internal/-/healthy");
        get(address, "/internal/other");
        let text = get(address, "/internal/metrics");
        for series in [
            "route=\"healthy\",code=\"200\"} 1",
            "route=\"none\",code=\"404\"} 1",
        ] {
            let series = format!("metrics_http_requests_total{{{series}");
            assert!(text.text().contains(&series), "{}", text.text());
        }
    }
}

#[cfg(feature = "auth")]
#[test]
fn mounted_routes_demand_the_credentials_of_their_builder() {
    for address in mounted(|| serving(Shop).bearer_auth("00".repeat(32))) {
        assert_eq!(get(address, "/internal/metrics").status, 401);
        let ready = get(address, "/internal/-/ready");
        assert_eq!((ready.status, ready.text()), (503, ""));
    }
}

#[cfg(feature = "web-config")]
#[test]
fn a_web_configuration_file_cannot_be_mounted() {
    let error = serving(Shop).web_config("web.yml").routes().err().unwrap();
    assert!(error.to_string().contains("mounted"), "{error}");
}

#[cfg(feature = "axum")]
#[test]
fn a_path_that_a_router_would_read_as_a_pattern_is_an_error() {
    for path in ["/:metrics", "/a/{metrics}", "/*metrics"] {
        let app = axum::Router::<()>::new();
        let error = serving(Shop).path(path).mount(app).unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
        let error = serving(Shop).path(path).serve("127.0.0.1:0").unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
    }
}
