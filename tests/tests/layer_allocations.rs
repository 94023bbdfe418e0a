//! Counts the allocations of requests through the layers, which a global allocator counts.

#![allow(unsafe_code, reason = "a global allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    convert::Infallible,
    fmt::Debug,
    future::{Ready, ready},
    pin::pin,
    sync::mpsc,
    task::{Context, Poll, Waker},
};

use axum::{Router, extract::MatchedPath, http::Uri, routing::any};
use http_body_util::Full;
use hyper::{Request, Response, body::Body, header::CONTENT_TYPE, header::HeaderValue};
use metrics_core::Registry;
use metrics_http::layer::{ClientLayer, ServerLayer};
use tower::{Layer, Service, ServiceExt};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: passes each call on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller fulfils the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller fulfils the same contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller fulfils the same contract.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Content = Full<&'static [u8]>;

/// Answers every request with a body, and with this content type if there is one.
#[derive(Clone)]
struct Handler(Option<&'static str>);

impl<B> Service<Request<B>> for Handler {
    type Response = Response<Content>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Full::new(b"answer".as_slice()));
        if let Some(content_type) = self.0 {
            let content_type = HeaderValue::from_static(content_type);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        ready(Ok(response))
    }
}

/// The number of allocations of a service that answers these requests.
fn allocations<S, B>(mut service: S, requests: Vec<Request<Content>>) -> u64
where
    S: Service<Request<Content>, Response = Response<B>, Error: Debug>,
    B: Body<Error: Debug>,
{
    let before = ALLOCATIONS.get();
    let mut context = Context::from_waker(Waker::noop());
    for request in requests {
        assert!(service.poll_ready(&mut context).is_ready());
        let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) else {
            panic!("the handler answers at once");
        };
        let mut body = pin!(response.into_body());
        while !body.is_end_stream() {
            if let Poll::Ready(None) = body.as_mut().poll_frame(&mut context) {
                break;
            }
        }
    }
    ALLOCATIONS.get() - before
}

/// Asserts that a layer allocates nothing for requests like those that it has measured before.
#[track_caller]
fn assert_allocates_nothing<S, B>(
    layer: &impl Layer<Handler, Service = S>,
    content_type: Option<&'static str>,
    requests: impl Fn() -> Vec<Request<Content>>,
) where
    S: Service<Request<Content>, Response = Response<B>, Error: Debug>,
    B: Body<Error: Debug>,
{
    let handler = Handler(content_type);
    let measured = || allocations(layer.layer(handler.clone()), requests());
    assert_ne!(measured(), 0, "the first requests create series");
    // The second time, the thread may cache the series.
    measured();
    assert_eq!(measured(), allocations(handler.clone(), requests()));
}

fn request(uri: &'static str) -> Request<Content> {
    let mut request = Request::new(Full::new(b"question".as_slice()));
    *request.uri_mut() = Uri::from_static(uri);
    request
}

/// The route of a path as axum's router determines it, which alone can create the type.
fn matched_path(route: &str, path: &str) -> MatchedPath {
    let (sender, receiver) = mpsc::channel();
    let handler = any(async move |path: MatchedPath| _ = sender.send(path));
    let router: Router = Router::new().route(route, handler);
    let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
    let mut answer = pin!(router.oneshot(request));
    let mut context = Context::from_waker(Waker::noop());
    while answer.as_mut().poll(&mut context).is_pending() {}
    receiver.recv().unwrap()
}

#[test]
fn a_measured_request_allocates_nothing() {
    let layer = ServerLayer::builder().registry(Registry::new());
    let layer = layer.label("listener", "public").build().unwrap();
    let route = "/repos/{owner}/{repo}/issues/{number}/comments";
    let matched = matched_path(route, "/repos/ferris/crab/issues/1347/comments");
    assert_allocates_nothing(&layer, None, || {
        let requests = ["/repos/ferris/crab/issues/1347/comments", "/unknown"].map(|path| {
            let mut request = request(path);
            if path != "/unknown" {
                request.extensions_mut().insert(matched.clone());
            }
            request
        });
        requests.into()
    });
}

#[test]
fn a_measured_grpc_call_allocates_nothing() {
    let layer = ServerLayer::builder().registry(Registry::new());
    let layer = layer.grpc().build().unwrap();
    assert_allocates_nothing(&layer, Some("application/grpc"), || {
        vec![request("/grpc.health.v1.Health/Check"); 2]
    });
}

#[test]
fn a_measured_request_of_a_client_allocates_nothing() {
    let layer = ClientLayer::builder().registry(Registry::new());
    let layer = layer.open_telemetry().build().unwrap();
    assert_allocates_nothing(&layer, None, || {
        vec![request("https://tenant-17.eu-west-1.example.org:8443/links"); 2]
    });
}
