//! Accepts connections and serves HTTP on them until the server is stopped.

use std::{
    future::{self, Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::rt::TokioTimer;
use tokio::{
    sync::{Semaphore, oneshot, watch},
    task::JoinSet,
    time,
};

#[cfg(feature = "tls")]
use super::tls::ReloadingAcceptor;
use super::{
    allow_list::AllowList,
    listener::{Listener, Stream},
    routes::Routes,
    write_timeout::WriteTimeout,
};
use crate::{
    monitor::{EventCause, Monitor},
    scrape::ClientConnection,
};

/// Routes, limits, the allow-list and TLS settings, shared by all connections.
#[derive(Clone)]
pub(super) struct ConnectionConfig {
    pub(super) routes: Routes,
    pub(super) monitor: Monitor,
    pub(super) limits: Limits,
    pub(super) allow_list: AllowList,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<ReloadingAcceptor>,
}

/// Timeouts, and limits on the number of connections and the size of request heads.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) client_timeout: Duration,
    pub(super) shutdown_timeout: Duration,
    /// Limited, so that file descriptors remain for the rest of the program.
    pub(super) max_connections: usize,
    pub(super) max_header_bytes: usize,
}

/// Serves until `stop` receives a message, and then shuts down gracefully.
pub(super) async fn run(
    listeners: Vec<Listener>,
    config: ConnectionConfig,
    stop: oneshot::Receiver<()>,
) {
    // Each connection holds a receiver. A new value asks the connections to close, and the channel
    // is closed once all connections have ended.
    let closing = watch::Sender::new(());
    let max_connections = config.limits.max_connections;
    let permits = Arc::new(Semaphore::new(
        max_connections.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let shutdown_timeout = config.limits.shutdown_timeout;
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(
            listener,
            config.clone(),
            Arc::clone(&permits),
            closing.clone(),
        ));
    }
    stopped(stop).await;
    accepting.shutdown().await;
    closing.send_replace(());
    // Connections that are still open after the timeout are dropped with the runtime.
    let _ = time::timeout(shutdown_timeout, closing.closed()).await;
}

async fn accept(
    listener: Listener,
    config: ConnectionConfig,
    permits: Arc<Semaphore>,
    closing: watch::Sender<()>,
) {
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await;
        match listener.accept().await {
            Ok((_, Some(peer))) if !config.allow_list.allows(peer) => {
                let message = "the client's network is not in `allow_from`";
                config
                    .monitor
                    .report(EventCause::NotAllowed, Some(peer), message);
            }
            Ok((stream, peer)) => {
                let client = Arc::new(ClientConnection::new(peer));
                let closing = closing.subscribe();
                let open = config.monitor.open_connection();
                let connection = serve_connection(stream, client, config.clone(), closing);
                tokio::spawn(async move {
                    connection.await;
                    drop((permit, open));
                });
            }
            Err(error) if is_connection_error(&error) => {}
            // Pauses, because the process is probably out of file descriptors, and an immediate
            // retry would fail too.
            Err(_) => time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve_connection(
    stream: Box<dyn Stream>,
    client: Arc<ClientConnection>,
    config: ConnectionConfig,
    closing: watch::Receiver<()>,
) {
    #[cfg(feature = "tls")]
    if let Some(tls) = &config.tls {
        let handshake = time::timeout(config.limits.client_timeout, tls.accept(stream)).await;
        // A failed handshake is not reported, because it concerns the client, which sees it too.
        if let Ok(Ok(stream)) = handshake {
            serve_http(stream, client, config.routes, config.limits, closing).await;
        }
        return;
    }
    serve_http(stream, client, config.routes, config.limits, closing).await;
}

async fn serve_http(
    stream: impl Stream,
    client: Arc<ClientConnection>,
    routes: Routes,
    limits: Limits,
    mut closing: watch::Receiver<()>,
) {
    let stream = WriteTimeout::new(stream, limits.client_timeout, Arc::clone(&client));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&client));
        routes.call(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.client_timeout)
            .max_buf_size(limits.max_header_bytes.max(MIN_HEADER_BYTES))
            .serve_connection(stream, service)
    );
    let closing = pin!(closing.changed());
    // An error is not reported, because it concerns the client, which sees it too.
    if until(closing, connection.as_mut()).await.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// Completes when a message arrives, but not when the sender is dropped with the `Server` handle.
async fn stopped(stop: oneshot::Receiver<()>) {
    if stop.await.is_err() {
        future::pending::<()>().await;
    }
}

/// Runs `work` until it completes; `None` if `signal` completes first.
async fn until<S, T>(
    mut signal: Pin<&mut impl Future<Output = S>>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if signal.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Whether an error of `accept` concerns one connection, so that the next one may succeed.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// hyper panics on a smaller buffer.
const MIN_HEADER_BYTES: usize = 8 * 1024;
