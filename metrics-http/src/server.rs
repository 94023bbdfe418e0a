//! The server: a thread with a small runtime of its own, and the handle that stops it.

use std::{
    future::{self, Future, poll_fn},
    io,
    net::{SocketAddr, ToSocketAddrs},
    pin::{Pin, pin},
    sync::{Arc, mpsc},
    task::Poll,
    thread::{self, JoinHandle},
    time::Duration,
};

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use tokio::{
    runtime::{self, Runtime},
    sync::{Semaphore, oneshot, watch},
    task::JoinSet,
    time,
};

#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::{
    builder::ServerBuilder,
    error::Error,
    guests::Guests,
    listen::{Address, Listener, Open, Stream},
    routes::Routes,
    stall::Impatient,
};

/// Serves the metrics of this program at `/metrics` of an address.
///
/// This is all that a program has to do, with an async runtime or without one: the server
/// has a thread of its own. It serves the global registry, with metrics of the process and
/// the build added to it; [`Server::builder`] changes that.
///
/// The server runs until the program ends or [`Server::shutdown`] is called; the handle may
/// be dropped.
///
/// # Errors
///
/// When the address cannot be listened on, and when declarations of metrics clash
/// (see [`Registry::check`](metrics_core::Registry::check)).
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = metrics_http::serve("127.0.0.1:0")?;
/// println!("metrics are at http://{}/metrics", server.local_addr());
/// # Ok(())
/// # }
/// ```
pub fn serve(address: impl ToSocketAddrs) -> Result<Server, Error> {
    Server::builder().serve(address)
}

/// A running server.
///
/// Dropping the handle leaves the server running; only [`Server::shutdown`] stops it.
///
/// ```
/// use metrics_http::{Registry, Server};
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = Server::builder().registry(Registry::new()).serve("127.0.0.1:0")?;
/// assert_ne!(server.local_addr().port(), 0);
/// server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    addresses: Vec<Address>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// A server that is to differ from what [`serve`] starts.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .path("/internal/metrics")
    ///     .process_metrics(false)
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    /// The first TCP address that the server listens on: with the port that the system chose for
    /// port 0. Where it listens on Unix sockets alone, the unspecified address, `0.0.0.0:0`.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::serve("127.0.0.1:0")?;
    /// assert!(server.local_addr().ip().is_loopback());
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> SocketAddr {
        let tcp = self.addresses.iter().find_map(|address| match address {
            Address::Tcp(address) => Some(*address),
            Address::Unix(_) => None,
        });
        tcp.unwrap_or(SocketAddr::from(([0; 4], 0)))
    }

    /// All that the server listens on, in the order that the builder was told of it.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .bind("127.0.0.1:0")
    ///     .bind("127.0.0.1:0")
    ///     .start()?;
    /// assert_eq!(server.addresses().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Stops the server, and returns when it has stopped.
    ///
    /// It accepts no more connections, lets scrapes that are running finish, for as long as
    /// [`ServerBuilder::shutdown_timeout`] allows, and frees its port. The calling thread is
    /// blocked meanwhile.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::serve("127.0.0.1:0")?;
    /// let address = server.local_addr();
    /// server.shutdown();
    /// metrics_http::serve(address)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(self) {
        // Both fail only when the thread has ended already, which is what is wanted.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }

    pub(crate) fn start(listeners: Vec<Open>, service: Service) -> io::Result<Server> {
        let addresses = listeners
            .iter()
            .map(Open::address)
            .collect::<Result<_, _>>()?;
        let (stop, stopped) = oneshot::channel();
        let (started, outcome) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("metrics-http".to_owned())
            .spawn(move || match listening(listeners) {
                Ok((runtime, listeners)) => {
                    // The other end waits until it has received.
                    let _ = started.send(Ok(()));
                    runtime.block_on(run(listeners, service, stopped));
                    // A check or a route of the program's may be at it for ever.
                    runtime.shutdown_background();
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })?;
        outcome
            .recv()
            .map_err(|_| io::Error::other("its thread panicked"))??;
        Ok(Server {
            addresses,
            stop,
            thread,
        })
    }
}

/// What is done with connections.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) routes: Routes,
    pub(crate) limits: Limits,
    pub(crate) guests: Guests,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

/// How long the server waits for its clients, and how much it reads of what they ask.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) client: Duration,
    pub(crate) shutdown: Duration,
    pub(crate) connections: usize,
    pub(crate) head: usize,
}

/// Called on the server's own thread: a runtime must not be dropped inside another.
fn listening(listeners: Vec<Open>) -> io::Result<(Runtime, Vec<Listener>)> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("metrics-http-check")
        .build()?;
    let context = runtime.enter();
    let listeners: io::Result<_> = listeners.into_iter().map(Open::listening).collect();
    drop(context);
    Ok((runtime, listeners?))
}

async fn run(listeners: Vec<Listener>, service: Service, stopped: oneshot::Receiver<()>) {
    // Each connection holds a receiver: it hears of the end, and its own end is heard of.
    let (closing, _) = watch::channel(());
    // The program needs its file descriptors for other things too.
    let connections = service.limits.connections.clamp(1, Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(connections));
    let shutdown = service.limits.shutdown;
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(
            listener,
            service.clone(),
            Arc::clone(&places),
            closing.clone(),
        ));
    }
    asked_to(stopped).await;
    accepting.shutdown().await;
    closing.send_replace(());
    // What is not done by then is cut off.
    let _ = time::timeout(shutdown, closing.closed()).await;
}

async fn accept(
    listener: Listener,
    service: Service,
    places: Arc<Semaphore>,
    closing: watch::Sender<()>,
) {
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok((_, Some(peer))) if !service.guests.admit(peer) => {}
            Ok((stream, _)) => {
                let talk = converse(stream, service.clone(), closing.subscribe());
                tokio::spawn(async move {
                    talk.await;
                    drop(place);
                });
            }
            Err(error) if concerns_one_client(&error) => {}
            // Out of file descriptors, most likely: trying again at once would only spin.
            Err(_) => time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn converse(stream: Box<dyn Stream>, service: Service, closing: watch::Receiver<()>) {
    #[cfg(feature = "tls")]
    if let Some(tls) = &service.tls {
        let patience = service.limits.client;
        let shaken = time::timeout(patience, tls.accept(stream)).await;
        // A handshake's error concerns its client, who sees it too.
        if let Ok(Ok(stream)) = shaken {
            exchange(stream, service.routes, service.limits, closing).await;
        }
        return;
    }
    exchange(stream, service.routes, service.limits, closing).await;
}

async fn exchange(
    stream: impl Stream,
    routes: Routes,
    limits: Limits,
    mut closing: watch::Receiver<()>,
) {
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.client)
            .max_buf_size(limits.head.max(LEAST_HEAD))
            .serve_connection(Impatient::new(stream, limits.client), routes)
    );
    let closes = pin!(closing.changed());
    // A connection's error concerns its client, who sees it too.
    if unless(closes, connection.as_mut()).await.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// Completes on request, never because the handle was dropped.
async fn asked_to(stop: oneshot::Receiver<()>) {
    if stop.await.is_err() {
        future::pending::<()>().await;
    }
}

/// The work's output, or `None` when the signal comes first.
async fn unless<S, T>(
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

fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Less is no request, and hyper refuses to go below it.
const LEAST_HEAD: usize = 8 * 1024;
/// Checks and routes of the program's that run at once.
const BLOCKING_THREADS: usize = 8;
