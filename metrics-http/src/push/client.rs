//! [`Client`]: the HTTP client for Pushgateways and remote-write servers.

use std::{future::poll_fn, pin::Pin, time::Duration};

use hyper::{
    HeaderMap, Method, Request, Response, Uri,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time;

use crate::{
    error::{PushError, Refusal, RetryAfter},
    scrape::Body,
};

#[cfg(feature = "https")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "https"))]
type Connector = HttpConnector;

/// A client for one server; it keeps its connection open.
pub(super) struct Client {
    http: legacy::Client<Connector, Body>,
    authorization: Option<HeaderValue>,
    timeout: Duration,
}

impl Client {
    pub(super) fn new(
        connector: Connector,
        authorization: Option<HeaderValue>,
        timeout: Duration,
    ) -> Client {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        Client {
            http: builder.build(connector),
            authorization,
            timeout,
        }
    }

    /// Sends a request; returns the headers of a 2xx response, and an error in all other cases.
    pub(super) async fn send(
        &self,
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<HeaderMap, PushError> {
        let mut request = Request::new(Body::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if let Some(value) = &self.authorization {
            headers.insert(header::AUTHORIZATION, value.clone());
        }
        let response = match time::timeout(self.timeout, self.respond(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(source)) => {
                return Err(PushError::Unreachable {
                    method,
                    uri: uri.clone(),
                    source: source.into(),
                });
            }
            Err(_) => {
                return Err(PushError::TimedOut {
                    method,
                    uri: uri.clone(),
                    after: self.timeout,
                });
            }
        };
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(head.headers);
        }
        Err(PushError::Refused(Refusal {
            method,
            uri: uri.clone(),
            status: head.status,
            message: String::from_utf8_lossy(&body).trim().to_owned(),
            retry_after: retry_after(&head.headers),
        }))
    }

    /// The response with the beginning of its body, which error messages contain.
    ///
    /// Reading a short body to its end also lets the next request use the connection again.
    async fn respond(&self, request: Request<Body>) -> Result<Response<Vec<u8>>, legacy::Error> {
        let (head, body) = self.http.request(request).await?.into_parts();
        Ok(Response::from_parts(head, read_beginning(body).await))
    }
}

pub(super) fn http_connector() -> HttpConnector {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http
}

/// Reads up to [`MAX_MESSAGE_BYTES`] of a body; an interrupted body is not an error.
async fn read_beginning(mut body: Incoming) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > MAX_MESSAGE_BYTES {
            bytes.truncate(MAX_MESSAGE_BYTES);
            break;
        }
    }
    bytes
}

#[cfg(feature = "remote-write")]
fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(RetryAfter::Delay(Duration::from_secs(seconds))),
        Err(_) => httpdate::parse_http_date(text).ok().map(RetryAfter::Date),
    }
}

#[cfg(not(feature = "remote-write"))]
fn retry_after(_: &HeaderMap) -> Option<RetryAfter> {
    None
}

const USER_AGENT: &str = concat!("metrics-http/", env!("CARGO_PKG_VERSION"));
/// Maximum number of bytes of a response's body that an error message contains.
const MAX_MESSAGE_BYTES: usize = 2048;
