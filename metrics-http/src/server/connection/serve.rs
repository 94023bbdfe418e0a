//! Serves one connection: the TLS handshake, the choice of the protocol, and HTTP.

#[cfg(feature = "tls")]
use std::io;
use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

#[cfg(feature = "tls")]
use hyper::server::conn::http2;
use hyper::{
    Method, Request, Response, Version,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::{Service, service_fn},
};
#[cfg(feature = "tls")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;

use super::{
    activity::{Activity, Overrun},
    config::ConnectionConfig,
    response::TrackedBody,
    stream::ObservedStream,
};
#[cfg(feature = "tls")]
use crate::server::tls::HTTP2;
use crate::{monitor::EventCause, scrape::Body, server::listener::Stream};

/// Serves requests until the client closes the connection, exceeds a limit or is evicted.
///
/// Dropping the connection's futures closes the socket in whatever state TLS and HTTP are, so no
/// transport can hold a connection longer than the limits allow.
pub(super) async fn serve(
    stream: Box<dyn Stream>,
    activity: Arc<Activity>,
    config: ConnectionConfig,
) {
    let peer = activity.peer();
    let overrun = pin!(activity.overrun());
    // Boxed, because the futures of the protocols are large.
    let served = Box::pin(serve_protocols(stream, &activity, &config));
    let Err(overrun) = until(overrun, served).await else {
        return;
    };
    let cause = match overrun {
        // A client may keep a connection open that it does not need, and the listener has reported
        // an eviction.
        Overrun::NextRequest | Overrun::Evicted => return,
        Overrun::FirstRequest(_) | Overrun::Unread(_) | Overrun::Response(_) => {
            EventCause::ClientTimeout
        }
        Overrun::Requests => EventCause::RateLimit,
    };
    config.monitor.report(cause, peer, overrun);
}

async fn serve_protocols(
    stream: Box<dyn Stream>,
    activity: &Arc<Activity>,
    config: &ConnectionConfig,
) {
    #[cfg(feature = "tls")]
    if let Some(tls) = &config.tls {
        let handshake = until(pin!(activity.retired()), tls.accept(stream)).await;
        match handshake {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(HTTP2) => {
                serve_http2(stream, activity, config).await;
            }
            Ok(Ok(stream)) => serve_http1(stream, activity, config).await,
            Ok(Err(error)) => report_handshake(&error, activity, config),
            // The connection was retired.
            Err(()) => {}
        }
        return;
    }
    serve_http1(stream, activity, config).await;
}

#[cfg(feature = "tls")]
fn report_handshake(error: &io::Error, activity: &Activity, config: &ConnectionConfig) {
    // A client that only connects, such as a check whether the port is open, is no failure.
    if error.kind() != io::ErrorKind::UnexpectedEof {
        let message = format!("a TLS handshake failed: {error}");
        let cause = EventCause::Handshake;
        config.monitor.report(cause, activity.peer(), message);
    }
}

async fn serve_http1(stream: impl Stream, activity: &Arc<Activity>, config: &ConnectionConfig) {
    let stream = ObservedStream::new(stream, Arc::clone(activity)).allow_half_close();
    let max_header_bytes = config.max_header_bytes.max(MIN_HEADER_BYTES);
    let connection = http1::Builder::new()
        // `Activity::overrun` limits the time for a head.
        .header_read_timeout(None)
        .max_buf_size(max_header_bytes)
        .serve_connection(TokioIo::new(stream), service(activity, config));
    drive(connection, http1::Connection::graceful_shutdown, activity).await;
}

#[cfg(feature = "tls")]
async fn serve_http2(
    stream: impl Stream + 'static,
    activity: &Arc<Activity>,
    config: &ConnectionConfig,
) {
    let stream = ObservedStream::new(stream, Arc::clone(activity));
    let max_header_bytes = u32::try_from(config.max_header_bytes).unwrap_or(u32::MAX);
    // Pings are not needed, because `Activity::overrun` ends connections whose client has vanished.
    let connection = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(max_header_bytes)
        // Bodies of requests are not read.
        .initial_stream_window_size(RECEIVE_WINDOW)
        .initial_connection_window_size(RECEIVE_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_local_error_reset_streams(MAX_LOCAL_RESETS)
        .serve_connection(TokioIo::new(stream), service(activity, config));
    drive(connection, http2::Connection::graceful_shutdown, activity).await;
}

/// The routes, as a service that tracks the progress of its responses.
fn service(
    activity: &Arc<Activity>,
    config: &ConnectionConfig,
) -> impl Service<Request<Incoming>, Response = Response<TrackedBody>, Error = Infallible, Future: Send>
+ use<> {
    let (activity, routes) = (Arc::clone(activity), config.routes.clone());
    service_fn(move |mut request: Request<Incoming>| {
        let progress = activity.begin();
        request.extensions_mut().insert(progress.exchange());
        let is_http2_head =
            request.version() == Version::HTTP_2 && request.method() == Method::HEAD;
        let response = routes.call(request);
        async move {
            let mut response = response.await?;
            if is_http2_head {
                response = without_content(response);
            }
            Ok(response.map(|body| TrackedBody::new(body, progress)))
        }
    })
}

/// Removes the body of a response to `HEAD`, which hyper does for HTTP/1 only.
fn without_content(mut response: Response<Body>) -> Response<Body> {
    if let Some(length) = response.body().size_hint().exact() {
        let length = HeaderValue::from(length);
        let headers = response.headers_mut();
        headers.entry(header::CONTENT_LENGTH).or_insert(length);
    }
    response.map(|_| Body::new(""))
}

/// Polls an HTTP connection to its end.
///
/// A retired connection ends with its last response in progress, and at once if it has none.
async fn drive<C: Future>(connection: C, shut_down: impl FnOnce(Pin<&mut C>), activity: &Activity) {
    let mut connection = pin!(connection);
    // An error is not reported, because it concerns the client, which sees it too.
    if until(pin!(activity.retired()), connection.as_mut())
        .await
        .is_ok()
    {
        return;
    }
    shut_down(connection.as_mut());
    poll_fn(|context| {
        let has_ended = connection.as_mut().poll(context).is_ready();
        if has_ended || activity.idle_since().is_some() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

/// Runs `work` until it completes; the error is the output of `signal` if that completes first.
async fn until<S, T>(
    mut signal: Pin<&mut impl Future<Output = S>>,
    work: impl Future<Output = T>,
) -> Result<T, S> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Poll::Ready(signal) = signal.as_mut().poll(context) {
            return Poll::Ready(Err(signal));
        }
        work.as_mut().poll(context).map(Ok)
    })
    .await
}

/// A scraper has one request in progress at a time, and a browser that opens the page several.
#[cfg(feature = "tls")]
const MAX_STREAMS: u32 = 16;
/// The smallest window that HTTP/2 allows for a connection.
#[cfg(feature = "tls")]
const RECEIVE_WINDOW: u32 = 65_535;
/// The part of each response that is taken from its body before the client has room for it.
#[cfg(feature = "tls")]
const SEND_BUFFER: usize = 64 * 1024;
/// The number of protocol errors after which a connection is closed.
#[cfg(feature = "tls")]
const MAX_LOCAL_RESETS: usize = 64;
/// hyper panics on a smaller buffer.
const MIN_HEADER_BYTES: usize = 8 * 1024;
