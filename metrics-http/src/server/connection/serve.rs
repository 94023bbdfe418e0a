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

use hyper::{
    Request, Response,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use tokio::sync::watch;

use super::{
    ConnectionConfig,
    activity::{Activity, Overrun},
    response::TrackedBody,
    stream::ObservedStream,
};
use crate::{monitor::EventCause, server::listener::Stream};

/// Serves requests until the client closes the connection, exceeds a limit or is evicted.
///
/// Dropping the connection's futures closes the socket in whatever state TLS and HTTP are, so no
/// transport can hold a connection longer than the limits allow.
pub(super) async fn serve(
    stream: Box<dyn Stream>,
    activity: Arc<Activity>,
    config: ConnectionConfig,
    closing: watch::Receiver<()>,
) {
    let peer = activity.peer();
    let overrun = pin!(activity.overrun(&config.timeouts));
    let served = serve_protocols(stream, &activity, &config, closing);
    let Err(overrun) = until(overrun, served).await else {
        return;
    };
    match overrun {
        // A client may keep a connection open that it does not need, and the listener has reported
        // an eviction.
        Overrun::NextRequest | Overrun::Evicted => {}
        Overrun::FirstRequest(_) | Overrun::Unread(_) | Overrun::Response(_) => {
            config
                .monitor
                .report(EventCause::ClientTimeout, peer, overrun);
        }
    }
}

async fn serve_protocols(
    stream: Box<dyn Stream>,
    activity: &Arc<Activity>,
    config: &ConnectionConfig,
    closing: watch::Receiver<()>,
) {
    #[cfg(feature = "tls")]
    if let Some(tls) = &config.tls {
        let mut stop = closing.clone();
        match until(pin!(stop.changed()), tls.accept(stream)).await {
            Ok(Ok(stream)) => serve_http1(stream, activity, config, closing).await,
            Ok(Err(error)) => report_handshake(&error, activity, config),
            Err(_) => {}
        }
        return;
    }
    serve_http1(stream, activity, config, closing).await;
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

async fn serve_http1(
    stream: impl Stream,
    activity: &Arc<Activity>,
    config: &ConnectionConfig,
    closing: watch::Receiver<()>,
) {
    let stream = ObservedStream::new(stream, Arc::clone(activity));
    let max_header_bytes = config.max_header_bytes.max(MIN_HEADER_BYTES);
    let connection = http1::Builder::new()
        // `Activity::overrun` limits the time for a head.
        .header_read_timeout(None)
        .max_buf_size(max_header_bytes)
        .serve_connection(stream, service(activity, config));
    drive(
        connection,
        http1::Connection::graceful_shutdown,
        activity,
        closing,
    )
    .await;
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
        let response = routes.call(request);
        async move { Ok(response.await?.map(|body| TrackedBody::new(body, progress))) }
    })
}

/// Polls an HTTP connection to its end.
///
/// Once the server is closing, the connection ends with its last response in progress, and at once
/// if it has none.
async fn drive<C: Future>(
    connection: C,
    shut_down: impl FnOnce(Pin<&mut C>),
    activity: &Activity,
    mut closing: watch::Receiver<()>,
) {
    let mut connection = pin!(connection);
    // An error is not reported, because it concerns the client, which sees it too.
    if until(pin!(closing.changed()), connection.as_mut())
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

/// hyper panics on a smaller buffer.
const MIN_HEADER_BYTES: usize = 8 * 1024;
