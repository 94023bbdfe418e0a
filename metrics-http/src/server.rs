//! The server: a thread with a small runtime of its own, and the handle that stops it.

use std::{
    future::{self, Future, poll_fn},
    io,
    net::{SocketAddr, TcpListener as StdListener, ToSocketAddrs},
    pin::{Pin, pin},
    sync::{Arc, mpsc},
    task::Poll,
    thread::{self, JoinHandle},
    time::Duration,
};

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{self, Runtime},
    sync::{Semaphore, oneshot, watch},
    time,
};

use crate::{builder::ServerBuilder, error::Error, routes::Routes, stall::Impatient};

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
    local_addr: SocketAddr,
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

    /// The address the server listens on: with the port that the system chose for port 0.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::serve("127.0.0.1:0")?;
    /// assert!(server.local_addr().ip().is_loopback());
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
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

    pub(crate) fn start(
        listener: StdListener,
        routes: Routes,
        limits: Limits,
    ) -> io::Result<Server> {
        let local_addr = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();
        let (started, outcome) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("metrics-http".to_owned())
            .spawn(move || match listening(listener) {
                Ok((runtime, listener)) => {
                    // The other end waits until it has received.
                    let _ = started.send(Ok(()));
                    runtime.block_on(run(listener, routes, limits, stopped));
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })?;
        outcome
            .recv()
            .map_err(|_| io::Error::other("its thread panicked"))??;
        Ok(Server {
            local_addr,
            stop,
            thread,
        })
    }
}

/// How long the server waits for its clients.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) client: Duration,
    pub(crate) shutdown: Duration,
}

/// Called on the server's own thread: a runtime must not be dropped inside another.
fn listening(listener: StdListener) -> io::Result<(Runtime, TcpListener)> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let context = runtime.enter();
    let listener = TcpListener::from_std(listener)?;
    drop(context);
    Ok((runtime, listener))
}

async fn run(
    listener: TcpListener,
    routes: Routes,
    limits: Limits,
    stopped: oneshot::Receiver<()>,
) {
    let mut stopped = pin!(asked_to(stopped));
    // Each connection holds a receiver: it hears of the end, and its own end is heard of.
    let (closing, _) = watch::channel(());
    // The program needs its file descriptors for other things too.
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let accept = async || {
        let place = Arc::clone(&places).acquire_owned().await;
        (place, listener.accept().await)
    };
    while let Some((place, accepted)) = unless(stopped.as_mut(), accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let talk = converse(stream, routes.clone(), limits.client, closing.subscribe());
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
    drop(listener);
    closing.send_replace(());
    // What is not done by then is cut off.
    let _ = time::timeout(limits.shutdown, closing.closed()).await;
}

async fn converse(
    stream: TcpStream,
    routes: Routes,
    patience: Duration,
    mut closing: watch::Receiver<()>,
) {
    // Without it the last part of an exposition may wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .serve_connection(Impatient::new(stream, patience), routes)
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

/// Connections at once; further ones wait to be accepted.
const CONNECTIONS: usize = 256;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
