//! The HTTP client of all that is pushed, and the threads that it runs on.

use std::{
    future::{Future, poll_fn},
    io,
    pin::Pin,
    thread::{self, JoinHandle},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    HeaderMap, Method, Request, Uri,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
    http::uri::{Authority, PathAndQuery, Scheme},
};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{runtime, time};

use crate::{
    error::{Error, PushError, Refusal},
    scrape::Body,
};

#[cfg(feature = "https")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "https"))]
type Connector = HttpConnector;

/// Where to push, how to log in there, whom to trust and how long to wait.
#[derive(Clone)]
pub(crate) struct Server {
    url: String,
    authorization: Option<Authorization>,
    timeout: Duration,
    #[cfg(feature = "https")]
    pub(crate) roots: Option<Vec<u8>>,
}

#[derive(Clone)]
enum Authorization {
    Basic(String, String),
    Bearer(String),
}

impl Server {
    pub(crate) fn new(url: String) -> Server {
        Server {
            url,
            authorization: None,
            timeout: Duration::from_secs(10),
            #[cfg(feature = "https")]
            roots: None,
        }
    }

    pub(crate) fn basic_auth(&mut self, user: String, password: String) {
        self.authorization = Some(Authorization::Basic(user, password));
    }

    pub(crate) fn bearer_auth(&mut self, token: String) {
        self.authorization = Some(Authorization::Bearer(token));
    }

    pub(crate) fn timeout(&mut self, time: Duration) {
        self.timeout = time;
    }

    /// The address of the server, with `path` after its own; messages do not show what is no URL,
    /// since a password may be in it.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, Error> {
        let wrong = |what: &str| {
            Error::setting(format!(
                "{what}; write the address of a server, as in `http://127.0.0.1:9091`"
            ))
        };
        let uri: Uri = self
            .url
            .parse()
            .map_err(|error| wrong(&format!("the URL of where to push is none: {error}")))?;
        let mut parts = uri.into_parts();
        match (&parts.scheme, &parts.authority) {
            (_, Some(authority)) if authority.as_str().contains('@') => {
                return Err(wrong(
                    "the URL of where to push has a user in it, who belongs in `basic_auth`",
                ));
            }
            (_, Some(authority)) if has_wrong_port(authority) => {
                return Err(wrong("the port in the URL of where to push is none"));
            }
            (Some(scheme), Some(_)) if *scheme == Scheme::HTTP => {}
            (Some(scheme), Some(_)) if *scheme == Scheme::HTTPS => {
                if cfg!(not(feature = "https")) {
                    return Err(Error::setting(
                        "`https` needs the feature `https` of metrics-http; enable it".to_owned(),
                    ));
                }
            }
            _ => {
                return Err(wrong(
                    "the URL of where to push begins neither with `http://` nor with `https://`",
                ));
            }
        }
        let own = match &parts.path_and_query {
            Some(path) if path.query().is_some() => {
                return Err(wrong("the URL of where to push has a query in it"));
            }
            Some(path) if path.path() != "/" => path.path(),
            _ => "",
        };
        let joined = if path.is_empty() {
            own.to_owned()
        } else {
            format!("{}{path}", own.trim_end_matches('/'))
        };
        if !joined.is_empty() {
            let joined = PathAndQuery::try_from(joined)
                .map_err(|error| wrong(&format!("the path of where to push is none: {error}")))?;
            parts.path_and_query = Some(joined);
        }
        Uri::from_parts(parts).map_err(|error| wrong(&error.to_string()))
    }

    pub(crate) fn client(&self) -> Result<Client, Error> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        Ok(Client {
            http: builder.build(self.connector(http)?),
            authorization: self.authorization()?,
            timeout: self.timeout,
        })
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        let text = match &self.authorization {
            None => return Ok(None),
            Some(Authorization::Basic(user, _)) if user.contains(':') => {
                return Err(Error::setting(format!(
                    "the user `{user}` has a colon in the name, which ends it where users log in"
                )));
            }
            Some(Authorization::Basic(user, password)) => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Some(Authorization::Bearer(token)) => format!("Bearer {token}"),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| {
            Error::setting(
                "the token has characters that no header can hold; perhaps the end of a line, \
                 when it was read from a file"
                    .to_owned(),
            )
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    #[cfg(not(feature = "https"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps)]
    fn connector(&self, http: HttpConnector) -> Result<Connector, Error> {
        Ok(http)
    }

    #[cfg(feature = "https")]
    fn connector(&self, http: HttpConnector) -> Result<Connector, Error> {
        super::tls::connector(http, &self.url, self.roots.as_deref())
    }
}

/// A port that is no number of 16 bits would be passed over, and another one taken.
fn has_wrong_port(authority: &Authority) -> bool {
    authority.as_str() != authority.host() && authority.port_u16().is_none()
}

/// A client that keeps its connection.
pub(crate) struct Client {
    http: legacy::Client<Connector, Body>,
    authorization: Option<HeaderValue>,
    timeout: Duration,
}

impl Client {
    /// Sends a request, and returns the headers of an answer of success.
    pub(crate) async fn send(
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
        match time::timeout(self.timeout, self.answer(request)).await {
            Ok(Ok(Ok(headers))) => Ok(headers),
            Ok(Ok(Err((status, headers, message)))) => Err(PushError::Refused(Refusal {
                method,
                uri: uri.clone(),
                status,
                message,
                retry_after: retry_after(&headers),
            })),
            Ok(Err(source)) => Err(PushError::Unreachable {
                method,
                uri: uri.clone(),
                source: source.into(),
            }),
            Err(_) => Err(PushError::TimedOut {
                method,
                uri: uri.clone(),
                after: self.timeout,
            }),
        }
    }

    async fn answer(
        &self,
        request: Request<Body>,
    ) -> Result<Result<HeaderMap, (hyper::StatusCode, HeaderMap, String)>, legacy::Error> {
        let (head, body) = self.http.request(request).await?.into_parts();
        if head.status.is_success() {
            // Read to its end, so that the connection can serve again.
            beginning(body).await;
            return Ok(Ok(head.headers));
        }
        let text = beginning(body).await;
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        Ok(Err((head.status, head.headers, text)))
    }
}

/// As much of an answer as an error shows. That it broke off changes nothing.
async fn beginning(mut body: Incoming) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > ANSWER {
            bytes.truncate(ANSWER);
            break;
        }
    }
    bytes
}

#[cfg(feature = "remote-write")]
fn retry_after(headers: &HeaderMap) -> Option<crate::error::RetryAfter> {
    use crate::error::RetryAfter;
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(RetryAfter::Delay(Duration::from_secs(seconds))),
        Err(_) => httpdate::parse_http_date(text).ok().map(RetryAfter::Date),
    }
}

#[cfg(not(feature = "remote-write"))]
fn retry_after(_: &HeaderMap) -> Option<crate::error::RetryAfter> {
    None
}

/// Runs `work` on a thread of its own, with a small runtime of its own: what is pushed must not
/// depend on a runtime of the program's, which may be none, busy or about to end.
pub(crate) fn on_a_thread<F>(work: impl FnOnce() -> F + Send + 'static) -> Result<Running, Error>
where
    F: Future<Output = Result<(), Error>>,
{
    thread::Builder::new()
        .name("metrics-push".to_owned())
        .spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|source| Error::push(PushError::Thread(source)))?;
            let done = runtime.block_on(async { work().await });
            // The resolver of names may hang, and nobody waits for it any more.
            runtime.shutdown_background();
            done
        })
        .map(Running)
        .map_err(|source| Error::push(PushError::Thread(source)))
}

/// A thread at work.
pub(crate) struct Running(JoinHandle<Result<(), Error>>);

impl Running {
    /// Waits for its end.
    pub(crate) fn join(self) -> Result<(), Error> {
        self.0.join().unwrap_or_else(|_| Err(panicked()))
    }
}

/// What comes of a thread that ended otherwise than by returning.
pub(crate) fn panicked() -> Error {
    Error::push(PushError::Thread(io::Error::other("it panicked")))
}

const USER_AGENT: &str = concat!("metrics-http/", env!("CARGO_PKG_VERSION"));
/// What an error shows of an answer, in bytes.
const ANSWER: usize = 2048;
