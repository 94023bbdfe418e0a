//! [`Client`]: the HTTP client for Pushgateways and remote-write servers.

use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use hyper::{
    HeaderMap, Method, Request, Response, Uri,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
};
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time;

#[cfg(feature = "https")]
use super::tls::Tls;
use super::{
    credentials::Credentials,
    headers,
    proxy::{Proxy, ProxyConnector},
    target::PushTarget,
    url,
};
use crate::{
    error::{Destination, Error, PushError, PushFault, Refusal, RetryAfter, UnusableFile},
    scrape::Body,
};

#[cfg(feature = "https")]
type Connector = hyper_rustls::HttpsConnector<ProxyConnector>;
#[cfg(not(feature = "https"))]
type Connector = ProxyConnector;

type HttpClient = legacy::Client<Connector, Body>;

/// A client for one URL; it keeps its connection open.
pub(super) struct Client {
    uri: Uri,
    to: Arc<Destination>,
    headers: HeaderMap,
    credentials: Credentials,
    timeout: Duration,
    proxy: Option<Proxy>,
    #[cfg(feature = "https")]
    tls: Tls,
    /// Created by the first request, because the certificates may be in files that do not exist yet.
    http: Option<HttpClient>,
}

impl Client {
    /// Creates a client for the URL of `target` with `path` appended, to push the metrics of `job`.
    ///
    /// Checks all settings except the content of files, which is read for each request.
    pub(super) fn new(target: &PushTarget, path: &str, job: &str) -> Result<Client, Error> {
        let uri = url::join(&target.url, path)?;
        target.credentials.check()?;
        let to = Destination {
            origin: url::origin(&uri),
            job: job.to_owned(),
        };
        Ok(Client {
            to: Arc::new(to),
            headers: headers::parse(&target.headers)?,
            credentials: target.credentials.clone(),
            timeout: target.timeout,
            proxy: target.proxy.choose(&uri)?,
            #[cfg(feature = "https")]
            tls: target.tls.load(&uri)?,
            uri,
            http: None,
        })
    }

    /// The URL, which may contain a token in its path.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn destination(&self) -> &Arc<Destination> {
        &self.to
    }

    /// Sends a request; returns the headers of a 2xx response, and an error in all other cases.
    pub(super) async fn send(
        &mut self,
        method: Method,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<HeaderMap, PushError> {
        let sent = self.try_send(method, headers, body).await;
        sent.map_err(|fault| PushError::new(&self.to, fault))
    }

    async fn try_send(
        &mut self,
        method: Method,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<HeaderMap, PushFault> {
        let authorization = self.credentials.header().map_err(PushFault::File)?;
        let http = self.http().map_err(PushFault::File)?;
        let mut request = Request::new(Body::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = self.uri.clone();
        let all = request.headers_mut();
        all.extend(self.headers.clone());
        all.extend(headers);
        all.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        all.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        let proxy_authorization = self.proxy.as_ref().and_then(Proxy::authorization);
        all.extend(proxy_authorization.map(|value| (header::PROXY_AUTHORIZATION, value)));
        let response = match time::timeout(self.timeout, respond(&http, request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(source)) => {
                return Err(PushFault::Unreachable {
                    method,
                    proxy: self.proxy.as_ref().map(Proxy::origin),
                    source: source.into(),
                });
            }
            Err(_) => {
                let after = self.timeout;
                return Err(PushFault::TimedOut { method, after });
            }
        };
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(head.headers);
        }
        Err(PushFault::Refused(Refusal {
            method,
            status: head.status,
            message: String::from_utf8_lossy(&body).trim().to_owned(),
            retry_after: retry_after(&head.headers),
        }))
    }

    /// The client of earlier requests, unless a certificate file has changed since.
    fn http(&mut self) -> Result<HttpClient, UnusableFile> {
        #[cfg(feature = "https")]
        if self.tls.read_files()? {
            self.http = None;
        }
        if let Some(http) = &self.http {
            return Ok(http.clone());
        }
        let connector = ProxyConnector::new(self.proxy.clone());
        #[cfg(feature = "https")]
        let connector = self.tls.connector(connector)?;
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        let http = builder.build(connector);
        self.http = Some(http.clone());
        Ok(http)
    }
}

/// The response with the beginning of its body, which error messages contain.
///
/// Reading a short body to its end also lets the next request use the connection again.
async fn respond(
    http: &HttpClient,
    request: Request<Body>,
) -> Result<Response<Vec<u8>>, legacy::Error> {
    let (head, body) = http.request(request).await?.into_parts();
    Ok(Response::from_parts(head, read_beginning(body).await))
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
