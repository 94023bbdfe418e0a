//! The layers around HTTP servers and clients: what they count, and as what.

use std::{
    convert::Infallible,
    future::{Ready, pending},
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request, Response, StatusCode},
    routing::{any, get, post},
};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{
    HeaderMap,
    body::{Body as HttpBody, Frame, SizeHint},
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use metrics_core::{Format, Registry};
use metrics_http::layer::{ClientLayer, LayerBuilder, RequestBody, ServerLayer};
use tests::{free_address, strict, wait_until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tonic::{Status, transport::server::TcpIncoming};
use tower::{Layer, Service, ServiceExt, service_fn};

const REQUESTS: &str = "http_server_requests_total";
const IN_FLIGHT: &str = "http_server_requests_in_flight";
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_request_is_counted_by_method_route_status_and_outcome() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/users/{id}", get(|| async { "a user" }))
        .layer(layer);
    ask(&app, "GET", "/users/7").await;
    ask(&app, "GET", "/users/8").await;
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
        ask(&app, "GET", path).await;
    }
    assert_eq!(
        series(&registry, REQUESTS),
        [r#"method="GET",outcome="ok",route="unmatched",status="404" 3"#]
    );
}

#[tokio::test]
async fn a_path_never_shows() {
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
            ask(&app, method, path).await;
        }
    }
    let text = registry.encode_to_string(Format::Text);
    assert!(!text.to_lowercase().contains("secret"), "{text}");
}

#[tokio::test]
async fn the_route_of_a_nested_router_is_the_whole_template() {
    let (registry, layer) = layer(ServerLayer::builder());
    let inner = Router::new().route("/orders/{id}", get(|| async {}));
    let app = Router::new().nest("/tenants/{tenant}", inner).layer(layer);
    ask(&app, "GET", "/tenants/7/orders/8").await;
    let route = [("route", "/tenants/{tenant}/orders/{id}")];
    assert_eq!(value(&registry, REQUESTS, &route), Some(1.0));
}

#[tokio::test]
async fn a_layer_of_an_inner_router_knows_the_whole_template_too() {
    let (registry, layer) = layer(ServerLayer::builder());
    let inner = Router::new()
        .route("/orders/{id}", get(|| async {}))
        .layer(layer);
    let app = Router::new().nest("/tenants/{tenant}", inner);
    ask(&app, "GET", "/tenants/7/orders/8").await;
    let route = [("route", "/tenants/{tenant}/orders/{id}")];
    assert_eq!(value(&registry, REQUESTS, &route), Some(1.0));
}

#[tokio::test]
async fn a_layer_of_the_router_counts_what_it_refuses_and_a_route_layer_does_not() {
    for (with_fallback, expected) in [(true, Some(1.0)), (false, None)] {
        let (registry, layer) = layer(ServerLayer::builder());
        let app = Router::new().route("/", get(|| async {}));
        let app = if with_fallback {
            app.layer(layer)
        } else {
            app.route_layer(layer)
        };
        ask(&app, "GET", "/").await;
        ask(&app, "GET", "/none").await;
        assert_eq!(value(&registry, REQUESTS, &[("route", "/")]), Some(1.0));
        let unmatched = value(&registry, REQUESTS, &[("route", "unmatched")]);
        assert_eq!(unmatched, expected);
    }
}

#[tokio::test]
async fn a_method_that_is_not_registered_is_other() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new().route("/", any(|| async {})).layer(layer);
    for method in ["BREW", "get", "PROPFIND"] {
        ask(&app, method, "/").await;
    }
    ask(&app, "PATCH", "/").await;
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
async fn a_refused_method_has_the_route_all_the_same() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new().route("/a", get(|| async {})).layer(layer);
    ask(&app, "POST", "/a").await;
    let labels = [("route", "/a"), ("status", "405"), ("outcome", "ok")];
    assert_eq!(value(&registry, REQUESTS, &labels), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_is_ok_though_its_body_is_not_sent() {
    let (registry, layer) = layer(ServerLayer::builder());
    // Not of axum, which would take the body away before the layer sees it.
    let service = layer.layer(service_fn(async |_: Request<RequestBody<Body>>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"unsent"))))
    }));
    let address = serve(Router::new().fallback_service(service)).await;
    let head = exchange(
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
    ask(&app, "GET", "/500").await;
    ask(&app, "GET", "/404").await;
    let error = [("status", "500"), ("outcome", "error")];
    assert_eq!(value(&registry, REQUESTS, &error), Some(1.0));
    let ok = [("status", "404"), ("outcome", "ok")];
    assert_eq!(value(&registry, REQUESTS, &ok), Some(1.0));
}

#[tokio::test]
async fn an_error_of_the_service_is_counted_and_passed_on() {
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
async fn a_request_lasts_to_the_end_of_the_response_body() {
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
async fn a_client_that_goes_away_before_the_response_cancels() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = Router::new()
        .route("/slow", get(async || pending::<()>().await))
        .layer(layer);
    let address = serve(app).await;
    let client = begin(address, "/slow").await;
    eventually(&registry, IN_FLIGHT, &[("route", "/slow")], 1.0);
    drop(client);
    let labels = [("route", "/slow"), ("outcome", "cancelled"), ("status", "")];
    eventually(&registry, REQUESTS, &labels, 1.0);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_within_the_response_cancels() {
    let (registry, layer) = layer(ServerLayer::builder());
    let app = streaming(layer, || {
        stream::once(async { Ok::<_, io::Error>(Bytes::from_static(b"first")) })
            .chain(stream::pending())
    });
    let address = serve(app).await;
    let mut client = begin(address, "/").await;
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
async fn a_handler_that_panics_is_counted_and_the_panic_goes_on() {
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
    // The connection breaks off.
    let mut client = begin(serve(app).await, "/").await;
    assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0);
    eventually(&registry, REQUESTS, &labels, 2.0);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), Some(0.0));
}

#[tokio::test]
async fn a_service_that_panics_when_it_is_called_is_counted() {
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
async fn a_body_that_panics_is_counted() {
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

#[tokio::test]
async fn sizes_are_those_of_the_bodies_that_were_read() {
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
async fn a_response_of_known_length_is_whole_when_it_is_sent() {
    let (registry, layer) = layer(ServerLayer::builder());
    // Its end shows in no flag: it is of the length that it says, and nobody asks for more.
    let app = Router::new()
        .route("/", get(|| async { Body::new(Counted(3)) }))
        .layer(layer);
    let address = serve(app).await;
    let answer = exchange(
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
async fn a_stream_of_http2_that_is_reset_is_cancelled() {
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
async fn what_a_body_says_of_itself_is_passed_on() {
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

#[tokio::test]
async fn a_status_can_be_a_class() {
    let (registry, layer) = layer(ServerLayer::builder().status_class());
    let app = Router::new()
        .route("/", get(|| async { StatusCode::CREATED }))
        .layer(layer);
    ask(&app, "GET", "/").await;
    ask(&app, "GET", "/none").await;
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
    assert_eq!(ask(&app, "GET", "/metrics").await, "x 1\n");
    assert_eq!(value(&registry, REQUESTS, &[]), None);
    assert_eq!(value(&registry, IN_FLIGHT, &[]), None);
}

#[tokio::test]
async fn a_function_can_give_the_route() {
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
async fn names_labels_and_buckets_can_be_chosen() {
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
    ask(&app, "GET", "/").await;
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
    ask(&app, "GET", "/").await;
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
async fn names_and_labels_can_be_those_of_open_telemetry() {
    let (registry, layer) = layer(ServerLayer::builder().open_telemetry());
    let app = Router::new()
        .route("/users/{id}", get(|| async {}))
        .route("/500", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .layer(layer);
    ask(&app, "GET", "/users/1").await;
    ask(&app, "GET", "/500").await;
    ask(&app, "BREW", "/none").await;
    let names: Vec<String> = read(&registry)
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
async fn a_call_of_grpc_has_its_path_as_route_and_its_status_as_outcome() {
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
async fn a_server_of_tonic_takes_the_layer() {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_measured_by_host() {
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
async fn a_client_that_reaches_nobody_has_an_error_and_no_status() {
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
async fn a_client_of_open_telemetry_takes_a_status_of_400_for_an_error() {
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
async fn a_server_behind_a_proxy_can_say_which_scheme_its_clients_use() {
    let (registry, layer) = layer(ServerLayer::builder().open_telemetry().scheme("https"));
    let app = Router::new().route("/", get(|| async {})).layer(layer);
    ask(&app, "GET", "/").await;
    let active = series(&registry, "http_server_active_requests");
    assert_eq!(
        active,
        [r#"http_request_method="GET",url_scheme="https" 0"#]
    );
}

#[tokio::test]
async fn a_response_whose_body_nobody_reads_is_cancelled_but_for_its_errors() {
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
async fn hosts_are_capped() {
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

#[tokio::test]
async fn layers_that_are_built_alike_share_their_metrics() {
    let registry = Registry::new();
    for _ in 0..3 {
        let layer = ServerLayer::builder()
            .registry(registry.clone())
            .build()
            .unwrap();
        let app = Router::new().route("/", get(|| async {})).layer(layer);
        ask(&app, "GET", "/").await;
    }
    assert_eq!(value(&registry, REQUESTS, &[]), Some(3.0));
}

#[test]
fn layers_that_differ_clash_and_the_error_says_where_and_what_to_do() {
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
    assert_eq!(error.matches("layer.rs:").count(), 2, "{error}");
    build(ServerLayer::builder().open_telemetry().prefix("otel_")).unwrap();
}

#[test]
fn what_breaks_a_rule_is_an_error_that_says_which() {
    for (builder, words) in [
        (ServerLayer::builder().prefix("9"), "prefix `9`"),
        (ServerLayer::builder().label("a-b", ""), "label `a-b`"),
        (
            ServerLayer::builder().label("route", "x"),
            "the label `route` is one that the layer gives itself; rename it",
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
            "leave out one of",
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
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("built alike"), "{error}");
    }
}

/// A layer that records into a registry of its own.
fn layer(builder: LayerBuilder<ServerLayer>) -> (Registry, ServerLayer) {
    let registry = Registry::new();
    let layer = builder.registry(registry.clone()).build().unwrap();
    (registry, layer)
}

fn client_layer(builder: LayerBuilder<ClientLayer>) -> (Registry, ClientLayer) {
    let registry = Registry::new();
    let layer = builder.registry(registry.clone()).build().unwrap();
    (registry, layer)
}

/// An app that answers with what such a stream has.
fn streaming<S>(layer: ServerLayer, body: impl Fn() -> S + Send + Sync + 'static) -> Router
where
    S: stream::Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
{
    let body = std::sync::Arc::new(body);
    let answer = get(move || async move { Body::from_stream(body()) });
    Router::new().route("/", answer).layer(layer)
}

/// Asks an app without a server, and reads all that it answers.
async fn ask(app: &Router, method: &str, path: &str) -> String {
    let request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap());
    let request = request.uri(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Serves an app on a free port for as long as the test runs.
async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Sends a request, and leaves the response to be read.
async fn begin(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Sends a request, and reads until the server ends.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Waits until the series add up to this.
#[track_caller]
fn eventually(registry: &Registry, name: &str, labels: &[(&str, &str)], expected: f64) {
    wait_until(PATIENCE, name, || {
        (value(registry, name, labels) == Some(expected)).then_some(())
    });
}

/// What the strict parser reads in an exposition.
#[track_caller]
fn read(registry: &Registry) -> Vec<strict::Family> {
    let text = registry.encode_to_string(Format::Text);
    strict::read(&text, strict::Dialect::Text, false).unwrap();
    let text = registry.encode_to_string(Format::OpenMetrics);
    strict::read(&text, strict::Dialect::OpenMetrics, false).unwrap()
}

/// The sum of the series with these labels; none if there is no such series.
#[track_caller]
fn value(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let families = read(registry);
    let samples = families.iter().flat_map(|family| &family.samples);
    // An empty label is no label.
    let has = |sample: &strict::Sample, (name, value): &(&str, &str)| {
        sample.labels.get(*name).map_or("", String::as_str) == *value
    };
    samples
        .filter(|sample| sample.name == name && labels.iter().all(|label| has(sample, label)))
        .map(|sample| sample.value)
        .reduce(|sum, value| sum + value)
}

/// All series of a name with their values, in order.
#[track_caller]
fn series(registry: &Registry, name: &str) -> Vec<String> {
    let families = read(registry);
    let samples = families.iter().flat_map(|family| &family.samples);
    let shown = |sample: &strict::Sample| {
        let labels = sample.labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        format!("{} {}", labels.join(","), sample.value)
    };
    let mut series: Vec<_> = samples
        .filter(|sample| sample.name == name)
        .map(shown)
        .collect();
    series.sort();
    series
}

/// A service of gRPC, as tonic generates them.
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

/// So many bytes, one at a time.
struct Counted(u64);

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

/// `four`, and trailers.
struct Trailed(Vec<Frame<Bytes>>);

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
