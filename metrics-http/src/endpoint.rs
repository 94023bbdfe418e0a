//! The exposition as a service, to be mounted in a server that a program has already.

use std::{
    convert::Infallible,
    future::{self, Future},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, Uri,
    header::{self, HeaderName, HeaderValue},
};
use metrics_core::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    body::{Answer, Body},
    compress::Coding,
    negotiate,
    scrape::{Asked, Scrape},
    share::{Running, Turn},
};

/// The exposition as a service, for programs that have a server already.
///
/// It is a [`hyper::service::Service`] and a [`tower_service::Service`], whatever the type
/// of the request's body, and so fits hyper, axum, tonic and tower. It looks at the method,
/// the headers and the query; the path is its user's affair. Clones share the limit of
/// scrapes that run at once.
///
/// It answers `GET` and `HEAD` in the format and coding that the request's headers prefer.
/// `?name[]=a&name[]=b` restricts the exposition to those families or samples. Encoding
/// runs on a thread of its own, so that it needs no particular runtime and delays none.
///
/// Made by [`ServerBuilder::endpoint`](crate::ServerBuilder::endpoint).
///
/// # Examples
///
/// In axum, tonic's router included:
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// let metrics = metrics_http::Server::builder().endpoint()?;
/// let app: axum::Router = axum::Router::new().route_service("/metrics", metrics);
/// # Ok(())
/// # }
/// ```
///
/// In hyper, beside other paths:
///
/// ```
/// use std::convert::Infallible;
///
/// use hyper::{Request, Response, service::service_fn};
/// use metrics_http::Body;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let metrics = metrics_http::Server::builder().endpoint()?;
/// let service = service_fn(move |request: Request<hyper::body::Incoming>| {
///     let metrics = metrics.clone();
///     async move {
///         match request.uri().path() {
///             "/metrics" => metrics.respond(&request).await,
///             _ => Ok::<_, Infallible>(Response::new(Body::new("hello\n"))),
///         }
///     }
/// });
/// # let _ = service;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Endpoint {
    registry: Registry,
    places: Arc<Semaphore>,
    /// Places to wait for a place.
    queue: Arc<Semaphore>,
    running: Running<Asked>,
    time: Duration,
}

impl Endpoint {
    pub(crate) fn new(
        registry: Registry,
        at_once: usize,
        waiting: usize,
        time: Duration,
    ) -> Endpoint {
        let places = at_once.clamp(1, Semaphore::MAX_PERMITS);
        Endpoint {
            registry,
            places: Arc::new(Semaphore::new(places)),
            queue: Arc::new(Semaphore::new(waiting.min(Semaphore::MAX_PERMITS))),
            running: Running::new(),
            time,
        }
    }

    /// Answers a request, for services that choose by path themselves.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let metrics = metrics_http::Server::builder().endpoint()?;
    /// let response = metrics.respond(&hyper::Request::new(())).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn respond<B>(&self, request: &Request<B>) -> ResponseFuture {
        let head = match *request.method() {
            Method::GET => false,
            Method::HEAD => true,
            _ => return ResponseFuture::ready(method_not_allowed()),
        };
        let scrape = self.clone();
        let (headers, uri) = (request.headers().clone(), request.uri().clone());
        ResponseFuture::new(scrape.scrape(headers, uri, head))
    }

    #[cfg(feature = "catalog")]
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The exposition on its way, or what is answered where it cannot be.
    async fn body(&self, asked: Asked, time: Duration) -> Result<Body, Response<Body>> {
        let lead = match self.running.join(asked.clone()).await {
            Turn::Send(pieces) => return Ok(Body::pieces(pieces)),
            Turn::Lead(lead) => Some(lead),
            Turn::Alone => None,
        };
        let place = self.place().await.ok_or_else(too_many)?;
        let scrape = Scrape {
            registry: self.registry.clone(),
            asked,
            time,
            lead,
        };
        scrape.start(place).map_err(|_| {
            text(
                StatusCode::SERVICE_UNAVAILABLE,
                "no thread can be started to encode the metrics\n",
            )
        })
    }

    /// A place among the scrapes at once; none when too many wait for one.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        let _waits = self.queue.try_acquire().ok()?;
        // Nobody closes it.
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    async fn scrape(self, headers: HeaderMap, uri: Uri, head: bool) -> Answer {
        let exposition = negotiate::exposition(values(&headers, &header::ACCEPT).as_deref());
        let coding = Coding::wanted(values(&headers, &header::ACCEPT_ENCODING).as_deref());
        let body = if head {
            Body::unsent()
        } else {
            let asked = Asked {
                exposition,
                coding,
                names: names(&uri),
            };
            match self.body(asked, self.time.min(patience(&headers))).await {
                Ok(body) => body,
                Err(answer) => return Ok(answer),
            }
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(exposition.content_type()),
        );
        headers.insert(
            header::VARY,
            HeaderValue::from_static("Accept, Accept-Encoding"),
        );
        if let Some(name) = coding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        Ok(response)
    }
}

impl<B> hyper::service::Service<Request<B>> for Endpoint {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<B>) -> ResponseFuture {
        self.respond(&request)
    }
}

impl<B> tower_service::Service<Request<B>> for Endpoint {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        self.respond(&request)
    }
}

/// What an [`Endpoint`] is going to answer.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(Pin<Box<dyn Future<Output = Answer> + Send>>);

impl ResponseFuture {
    pub(crate) fn new(answer: impl Future<Output = Answer> + Send + 'static) -> ResponseFuture {
        ResponseFuture(Box::pin(answer))
    }

    pub(crate) fn ready(response: Response<Body>) -> ResponseFuture {
        ResponseFuture(Box::pin(future::ready(Ok(response))))
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

/// A short text as a response.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

fn too_many() -> Response<Body> {
    let mut response = text(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many scrapes wait for others to end; try again in a while\n",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

pub(crate) fn method_not_allowed() -> Response<Body> {
    let mut response = text(
        StatusCode::METHOD_NOT_ALLOWED,
        "metrics are read with `GET` or `HEAD`\n",
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// All lines of a header as one list; a line that is no text counts as absent.
pub(crate) fn values(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// The names of `?name[]=a&name[]=b`.
fn names(uri: &Uri) -> Vec<String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .filter(|(key, _)| key == "name[]")
        .map(|(_, name)| name.into_owned())
        .collect()
}

/// How long the scraper waits: it says so in a header.
fn patience(headers: &HeaderMap) -> Duration {
    headers
        .get(SCRAPE_TIMEOUT)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(Duration::MAX)
}

const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded() {
        let uri = Uri::from_static("/metrics?name[]=a&other=b&name%5B%5D=c%5f+d&name[]=%zz&name");
        assert_eq!(names(&uri), ["a", "c_ d", "%zz"]);
    }

    #[test]
    fn a_scraper_that_states_no_sensible_time_is_patient() {
        for value in ["", "soon", "-1", "0", "NaN", "inf", "1e300"] {
            let mut headers = HeaderMap::new();
            headers.insert(SCRAPE_TIMEOUT, HeaderValue::from_static(value));
            assert_eq!(patience(&headers), Duration::MAX, "{value}");
        }
    }

    #[test]
    fn a_scraper_states_its_time_in_seconds() {
        let mut headers = HeaderMap::new();
        headers.insert(SCRAPE_TIMEOUT, HeaderValue::from_static("2.5"));
        assert_eq!(patience(&headers), Duration::from_millis(2500));
    }
}
