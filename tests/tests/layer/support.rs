//! Functions for the layer tests: layers with a separate registry, apps to put them around, and
//! readers of the registry.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request},
    routing::get,
};
use futures_util::stream;
use http_body_util::BodyExt;
use metrics_core::{Format, Registry};
use metrics_http::layer::{ClientLayer, LayerBuilder, ServerLayer};
use tests::{strict, wait_until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

pub(crate) const REQUESTS: &str = "http_server_requests_total";
pub(crate) const IN_FLIGHT: &str = "http_server_requests_in_flight";
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Creates a layer that records into a new registry.
pub(crate) fn layer(builder: LayerBuilder<ServerLayer>) -> (Registry, ServerLayer) {
    let registry = Registry::new();
    let layer = builder.registry(registry.clone()).build().unwrap();
    (registry, layer)
}

pub(crate) fn client_layer(builder: LayerBuilder<ClientLayer>) -> (Registry, ClientLayer) {
    let registry = Registry::new();
    let layer = builder.registry(registry.clone()).build().unwrap();
    (registry, layer)
}

/// Creates an app that responds with a stream.
pub(crate) fn streaming<S>(
    layer: ServerLayer,
    body: impl Fn() -> S + Send + Sync + 'static,
) -> Router
where
    S: stream::Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
{
    let body = std::sync::Arc::new(body);
    let answer = get(move || async move { Body::from_stream(body()) });
    Router::new().route("/", answer).layer(layer)
}

/// Sends a request to an app without a server, and returns the response body.
pub(crate) async fn send(app: &Router, method: &str, path: &str) -> String {
    let request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap());
    let request = request.uri(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Serves an app on a free port until the test ends.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Sends a request without reading the response.
pub(crate) async fn send_only(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Sends a request and reads until the server closes the connection.
pub(crate) async fn send_raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Waits until the sum of the matching series has this value.
#[track_caller]
pub(crate) fn eventually(registry: &Registry, name: &str, labels: &[(&str, &str)], expected: f64) {
    wait_until(TIMEOUT, name, || {
        (value(registry, name, labels) == Some(expected)).then_some(())
    });
}

/// Checks the text format with the strict parser, and returns the families of OpenMetrics.
#[track_caller]
pub(crate) fn parse(registry: &Registry) -> Vec<strict::Family> {
    let text = registry.encode_to_string(Format::Text);
    strict::parse(&text, strict::Dialect::Text, false).unwrap();
    let text = registry.encode_to_string(Format::OpenMetrics);
    strict::parse(&text, strict::Dialect::OpenMetrics, false).unwrap()
}

/// Returns the sum of the samples with this name and these labels; `None` if there are none.
#[track_caller]
pub(crate) fn value(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let families = parse(registry);
    let samples = families.iter().flat_map(|family| &family.samples);
    // An empty label value means that the label is absent.
    let has = |sample: &strict::Sample, (name, value): &(&str, &str)| {
        sample.labels.get(*name).map_or("", String::as_str) == *value
    };
    samples
        .filter(|sample| sample.name == name && labels.iter().all(|label| has(sample, label)))
        .map(|sample| sample.value)
        .reduce(|sum, value| sum + value)
}

/// Returns the labels and values of all samples with a name, sorted.
#[track_caller]
pub(crate) fn series(registry: &Registry, name: &str) -> Vec<String> {
    let families = parse(registry);
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
