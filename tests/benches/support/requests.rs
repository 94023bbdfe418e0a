//! HTTP requests for the rows about tower layers. A contender sends them to a service, without a
//! network, and reads the responses to their ends.

use std::{
    cell::Cell,
    convert::Infallible,
    fmt::Debug,
    future::{Ready, ready},
    pin::pin,
    rc::Rc,
    sync::mpsc,
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    extract::MatchedPath,
    http::{Method, Request, Response, StatusCode, request, response},
    routing::any,
};
use http_body_util::Full;
use hyper::body::Body;
use tower::{Service, ServiceExt};

use super::inputs::{self, Inputs};

/// Sends requests to a service, which a layer may have wrapped around a [`Handler`].
///
/// The heads of requests and responses are used again and again, so that the measurement does not
/// include the time to create and to drop them.
pub(crate) struct Client<S> {
    service: S,
    exchanges: Vec<Option<Exchange>>,
    handled: Rc<Handled>,
    order: Inputs<usize>,
}

/// The service that answers all requests, with a body of a few bytes.
#[derive(Clone)]
pub(crate) struct Handler(Rc<Handled>);

/// What the client and the handler give to each other.
#[derive(Default)]
struct Handled {
    request: Cell<Option<request::Parts>>,
    response: Cell<Option<response::Parts>>,
}

/// A request and its response, without bodies.
struct Exchange {
    request: request::Parts,
    response: response::Parts,
}

type Content = Full<&'static [u8]>;

impl<S, B> Client<S>
where
    S: Service<Request<Content>, Response = Response<B>, Error: Debug>,
    B: Body<Error: Debug>,
{
    /// Creates a client of the service that `wrap` makes of a handler.
    pub(crate) fn new(wrap: impl FnOnce(Handler) -> S) -> Self {
        let handled = Rc::<Handled>::default();
        Self {
            service: wrap(Handler(Rc::clone(&handled))),
            exchanges: exchanges().into_iter().map(Some).collect(),
            handled,
            order: inputs::below(EXCHANGES),
        }
    }

    /// Sends a request and reads the response to its end, as a server does.
    #[inline(always)]
    pub(crate) fn send(&mut self, index: usize) {
        let place = &mut self.exchanges[self.order.at(index)];
        let Exchange { request, response } = place.take().expect("the last call put it back");
        self.handled.response.set(Some(response));
        let mut context = Context::from_waker(Waker::noop());
        let is_ready = self.service.poll_ready(&mut context).is_ready();
        assert!(is_ready, "a handler is always ready");
        let body = Full::new(QUESTION);
        let answer = self.service.call(Request::from_parts(request, body));
        let Poll::Ready(Ok(answer)) = pin!(answer).poll(&mut context) else {
            panic!("the handler answers at once");
        };
        let (response, body) = answer.into_parts();
        let mut body = pin!(body);
        while !body.is_end_stream() {
            let Poll::Ready(frame) = body.as_mut().poll_frame(&mut context) else {
                panic!("the body is complete");
            };
            if frame.is_none() {
                break;
            }
        }
        let request = self.handled.request.take().expect("the handler was called");
        *place = Some(Exchange { request, response });
    }
}

impl<B> Service<Request<B>> for Handler {
    type Response = Response<Content>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, _body) = request.into_parts();
        self.0.request.set(Some(request));
        let response = self.0.response.take().expect("the client set it");
        ready(Ok(Response::from_parts(response, Full::new(ANSWER))))
    }
}

/// Returns a request for each of [`ROUTES`] by each of [`METHODS`], and its response.
fn exchanges() -> Vec<Exchange> {
    let routes = ROUTES.iter().enumerate();
    let pairs =
        routes.flat_map(|(at, route)| METHODS.iter().map(move |method| (at, route, method)));
    pairs
        .map(|(at, (route, path), method)| {
            let request = Request::builder()
                .method(method)
                .uri(*path)
                .header("host", "api.example.org")
                .header("user-agent", "curl/8.5.0")
                .header("accept", "*/*")
                .header("content-type", "application/json")
                .header("content-length", QUESTION.len())
                .extension(matched_path(route, path))
                .body(())
                .expect("the request is valid");
            let status = match (at, method) {
                (0, _) => StatusCode::NOT_FOUND,
                (_, &Method::POST) => StatusCode::CREATED,
                _ => StatusCode::OK,
            };
            let response = Response::builder()
                .status(status)
                .header("content-type", "application/json")
                .header("content-length", ANSWER.len())
                .body(())
                .expect("the response is valid");
            Exchange {
                request: request.into_parts().0,
                response: response.into_parts().0,
            }
        })
        .collect()
}

/// Returns the route of a path as axum's router determines it, which alone can create the type.
fn matched_path(route: &str, path: &str) -> MatchedPath {
    let (sender, receiver) = mpsc::channel();
    let handler = any(async move |path: MatchedPath| _ = sender.send(path));
    let router: Router = Router::new().route(route, handler);
    let request = Request::get(path).body(axum::body::Body::empty());
    let mut answer = pin!(router.oneshot(request.expect("the path is valid")));
    let mut context = Context::from_waker(Waker::noop());
    while answer.as_mut().poll(&mut context).is_pending() {}
    receiver.recv().expect("the router has found the route")
}

/// Routes of GitHub's API, each with a path.
const ROUTES: [(&str, &str); 8] = [
    ("/repos/{owner}/{repo}", "/repos/ferris/crab"),
    ("/repos/{owner}/{repo}/issues", "/repos/ferris/crab/issues"),
    (
        "/repos/{owner}/{repo}/issues/{number}/comments",
        "/repos/ferris/crab/issues/1347/comments",
    ),
    (
        "/repos/{owner}/{repo}/contents/{path}",
        "/repos/ferris/crab/contents/README.md",
    ),
    (
        "/repos/{owner}/{repo}/actions/runs/{run}/jobs",
        "/repos/ferris/crab/actions/runs/9310884231/jobs",
    ),
    ("/users/{user}", "/users/ferris"),
    ("/search/repositories", "/search/repositories?q=crab"),
    ("/user", "/user"),
];

const METHODS: [Method; 3] = [Method::GET, Method::POST, Method::DELETE];
const EXCHANGES: usize = ROUTES.len() * METHODS.len();
const QUESTION: &[u8] = br#"{"name":"crab"}"#;
const ANSWER: &[u8] = br#"{"id":1296269,"name":"crab"}"#;
