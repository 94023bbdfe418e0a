//! [`Endpoint`]: `/metrics` as a service, for mounting in any server.

use std::{
    collections::BTreeSet,
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
use metrics_core::{ExpositionFormat, Registry};

use super::{
    accept,
    body::Body,
    coalescing::{Coalescer, Leader, Role},
    confirmations::Confirmations,
    content_coding::ContentCoding,
    delivery::{Client, Exchange},
    header::{SCRAPE_TIMEOUT, joined},
    job::{ScrapeJob, ScrapeKey, StartedScrape},
    places::Places,
    response::{ServiceResult, method_not_allowed, text},
    settings::{ErrorHandling, ScrapeSettings},
    transfer::Transfer,
};
use crate::monitor::{EventCause, Monitor};

/// Serves the exposition, as a service for programs that already have a server.
///
/// It implements [`hyper::service::Service`] and [`tower_service::Service`] for any request body,
/// and so fits hyper, axum, tonic and tower. It evaluates method, headers and query; the
/// program's router chooses the path. Clones share the limit on concurrent scrapes.
///
/// It answers `GET` and `HEAD` in the format and content coding that the request's headers prefer.
/// `?name[]=a&name[]=b` restricts the exposition to those families or samples. Encoding runs on a
/// thread of its own, so it works in any runtime and does not delay the program's tasks.
///
/// Created by [`ServerBuilder::endpoint`](crate::ServerBuilder::endpoint).
///
/// # Examples
///
/// In axum, including tonic's router:
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// let metrics = metrics_http::Server::builder().endpoint()?;
/// let app: axum::Router = axum::Router::new().route_service("/metrics", metrics);
/// # Ok(())
/// # }
/// ```
///
/// In hyper, next to other paths:
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
    monitor: Monitor,
    places: Places,
    coalescer: Coalescer<ScrapeKey>,
    confirmations: Confirmations,
    settings: Arc<ScrapeSettings>,
}

impl Endpoint {
    pub(crate) fn new(registry: Registry, monitor: Monitor, settings: ScrapeSettings) -> Endpoint {
        Endpoint {
            registry,
            monitor,
            places: Places::new(settings.max_concurrent, settings.max_queued),
            coalescer: Coalescer::new(),
            confirmations: Confirmations::default(),
            settings: Arc::new(settings),
        }
    }

    /// Answers a request; for services that route by path themselves.
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
        let is_head = match *request.method() {
            Method::GET => false,
            Method::HEAD => true,
            _ => return ResponseFuture::ready(method_not_allowed()),
        };
        let (headers, uri) = (request.headers().clone(), request.uri().clone());
        let exchange = request.extensions().get::<Arc<Exchange>>();
        let client = Client::new(exchange, &headers, &uri);
        ResponseFuture::new(self.clone().scrape(headers, uri, is_head, client))
    }

    pub(crate) fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    async fn scrape(
        self,
        headers: HeaderMap,
        uri: Uri,
        is_head: bool,
        client: Client,
    ) -> ServiceResult {
        let settings = &*self.settings;
        let format = accept::negotiate(
            joined(&headers, &header::ACCEPT).as_deref(),
            &settings.formats,
        );
        let accept_encoding = joined(&headers, &header::ACCEPT_ENCODING);
        let coding =
            ContentCoding::negotiate_among(accept_encoding.as_deref(), &settings.compression);
        let answered = if is_head {
            Ok(Body::head())
        } else {
            let timeout = settings.timeout.min(requested_timeout(&headers));
            // Collectors get three quarters of the timeout; the rest is for writing.
            let collector_time = self.registry.collector_time(timeout / 4 * 3);
            let key = ScrapeKey {
                format,
                coding,
                names: selected_names(&uri),
                collector_time,
            };
            let transfer = Transfer::begin(&self.monitor, client);
            self.body(key, timeout, transfer).await
        };
        let mut response = match answered {
            Ok(body) => exposition(body, format, coding),
            Err(response) => response,
        };
        if let Some(start) = settings.process_start {
            let headers = response.headers_mut();
            headers.insert(PROCESS_START_TIME, HeaderValue::from(start));
        }
        Ok(response)
    }

    /// The body of an exposition: streamed from a new encoding, or shared with an identical scrape.
    ///
    /// The error is the response to send instead.
    async fn body(
        &self,
        key: ScrapeKey,
        timeout: Duration,
        mut transfer: Transfer,
    ) -> Result<Body, Response<Body>> {
        let leader = match self.coalescer.join(key.clone()).await {
            Role::Follower(chunks, delivery) => {
                transfer.set_delivery(&delivery, &self.confirmations);
                return Ok(Body::from_chunks(chunks).with_transfer(transfer));
            }
            Role::Failed(failure) => return Err(collectors_failed(&failure)),
            Role::Leader(leader) => Some(leader),
            Role::Alone => None,
        };
        let client = transfer.client().clone();
        let reject = |reason: &str| {
            let message = format!("a scrape was rejected because {reason}");
            let cause = EventCause::ScrapeRejected;
            self.monitor.report(cause, client.address(), message);
        };
        let Some(place) = self.places.take().await else {
            reject("too many scrapes are in progress or queued");
            return Err(too_many_scrapes());
        };
        let delivery = leader.as_ref().map(Leader::delivery).cloned();
        let delivery = delivery.unwrap_or_default();
        transfer.set_delivery(&delivery, &self.confirmations);
        let job = ScrapeJob {
            registry: self.registry.clone(),
            key,
            timeout,
            error_handling: self.settings.error_handling,
            leader,
            delivery,
            confirmations: self.confirmations.clone(),
            client: client.clone(),
            monitor: self.monitor.clone(),
        };
        let StartedScrape { body, failure } = match job.start(place) {
            Ok(started) => started,
            Err(error) => {
                reject(&format!("no thread could be started: {error}"));
                let text_of = "cannot start a thread to encode the metrics\n";
                return Err(text(StatusCode::SERVICE_UNAVAILABLE, text_of));
            }
        };
        // The status depends on the collectors only if their failure is an error. Otherwise the
        // response does not wait for them.
        if self.settings.error_handling == ErrorHandling::HttpError
            && let Ok(failure) = failure.await
        {
            return Err(collectors_failed(&failure));
        }
        Ok(body.with_transfer(transfer))
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

/// The response of an [`Endpoint`].
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(Pin<Box<dyn Future<Output = ServiceResult> + Send>>);

impl ResponseFuture {
    pub(crate) fn new(
        response: impl Future<Output = ServiceResult> + Send + 'static,
    ) -> ResponseFuture {
        ResponseFuture(Box::pin(response))
    }

    fn ready(response: Response<Body>) -> ResponseFuture {
        ResponseFuture(Box::pin(future::ready(Ok(response))))
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

/// The response with an exposition.
fn exposition(body: Body, format: ExpositionFormat, coding: ContentCoding) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Accept, Accept-Encoding"),
    );
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

fn collectors_failed(failure: &str) -> Response<Body> {
    text(StatusCode::INTERNAL_SERVER_ERROR, failure)
}

fn too_many_scrapes() -> Response<Body> {
    let mut response = text(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many scrapes are in progress or queued; try again later\n",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The names in `?name[]=a&name[]=b`.
fn selected_names(uri: &Uri) -> BTreeSet<String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .filter(|(key, _)| key == "name[]")
        .map(|(_, name)| name.into_owned())
        .collect()
}

/// The scraper's own timeout, at least [`MIN_TIMEOUT`]; [`Duration::MAX`] if the header is absent or
/// invalid.
fn requested_timeout(headers: &HeaderMap) -> Duration {
    headers
        .get(SCRAPE_TIMEOUT)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map_or(Duration::MAX, |timeout| timeout.max(MIN_TIMEOUT))
}

/// The shortest timeout that a scraper can set, of which collectors get three quarters.
///
/// Shorter ones are raised to it. Otherwise a client could make the collectors run all the time
/// without waiting for their results.
const MIN_TIMEOUT: Duration = Duration::from_millis(200);

/// The start time of the process in seconds of Unix time, as promhttp sends it.
const PROCESS_START_TIME: HeaderName = HeaderName::from_static("process-start-time-unix");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selected_names_are_percent_decoded() {
        let uri = Uri::from_static("/metrics?name[]=a&other=b&name%5B%5D=c%5f+d&name[]=%zz&name");
        let names = ["a", "c_ d", "%zz"].map(str::to_owned);
        assert_eq!(selected_names(&uri), BTreeSet::from(names));
    }

    #[test]
    fn an_invalid_timeout_header_is_ignored() {
        for value in ["", "soon", "-1", "0", "NaN", "inf", "1e300"] {
            let mut headers = HeaderMap::new();
            headers.insert(SCRAPE_TIMEOUT, HeaderValue::from_static(value));
            assert_eq!(requested_timeout(&headers), Duration::MAX, "{value}");
        }
    }

    #[test]
    fn the_timeout_header_is_in_seconds() {
        let mut headers = HeaderMap::new();
        headers.insert(SCRAPE_TIMEOUT, HeaderValue::from_static("2.5"));
        assert_eq!(requested_timeout(&headers), Duration::from_millis(2500));
    }

    #[test]
    fn a_timeout_below_the_minimum_is_raised() {
        for value in ["0.0001", "1e-300", "0.1999"] {
            let mut headers = HeaderMap::new();
            headers.insert(SCRAPE_TIMEOUT, HeaderValue::from_static(value));
            assert_eq!(requested_timeout(&headers), MIN_TIMEOUT, "{value}");
        }
    }
}
