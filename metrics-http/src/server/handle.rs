//! [`Server`]: the handle of a running server; starts the thread that the server runs on.

use std::{
    io,
    net::SocketAddr,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use tokio::{
    runtime::{self, Runtime},
    sync::oneshot,
};

use super::{
    connection::{self, ConnectionConfig},
    listener::{Address, BoundListener, Listener},
};

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
    /// The first TCP address that the server listens on; port 0 is replaced by the assigned port.
    ///
    /// For a server that listens on Unix sockets only, this is `0.0.0.0:0`.
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

    /// All addresses that the server listens on, in the order in which the builder received them.
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

    /// Stops the server and waits until it has stopped.
    ///
    /// The server accepts no more connections, waits up to [`ServerBuilder::shutdown_timeout`] for
    /// requests in progress, and releases its port. Blocks the calling thread until then.
    ///
    /// [`ServerBuilder::shutdown_timeout`]: crate::ServerBuilder::shutdown_timeout
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
        // Both fail only if the server thread has panicked.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }

    /// Starts the server thread and waits until its listeners are ready.
    pub(super) fn start(
        listeners: Vec<BoundListener>,
        config: ConnectionConfig,
    ) -> io::Result<Server> {
        let addresses = listeners
            .iter()
            .map(BoundListener::address)
            .collect::<Result<_, _>>()?;
        let (stop, stopped) = oneshot::channel();
        let (started, outcome) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("metrics-http".to_owned())
            .spawn(move || match listen(listeners) {
                Ok((runtime, listeners)) => {
                    // Does not fail, because the starting thread waits for this message.
                    let _ = started.send(Ok(()));
                    runtime.block_on(connection::run(listeners, config, stopped));
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })?;
        outcome
            .recv()
            .map_err(|_| io::Error::other("the server thread panicked"))??;
        Ok(Server {
            addresses,
            stop,
            thread,
        })
    }
}

/// Creates the runtime and registers the listeners with it.
///
/// Called on the server's thread, because a runtime must not be dropped inside another one.
fn listen(listeners: Vec<BoundListener>) -> io::Result<(Runtime, Vec<Listener>)> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let context = runtime.enter();
    let listeners: io::Result<_> = listeners.into_iter().map(BoundListener::listen).collect();
    drop(context);
    Ok((runtime, listeners?))
}
