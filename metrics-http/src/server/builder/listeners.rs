//! Settings of the sockets that a server listens on.

use std::net::{TcpListener, ToSocketAddrs};
#[cfg(unix)]
use std::{os::unix::net::UnixListener, path::PathBuf};

use super::ServerBuilder;
use crate::server::listener::ListenerConfig;

impl ServerBuilder {
    /// Adds a TCP listener on the first of these addresses that can be bound.
    pub fn bind(mut self, address: impl ToSocketAddrs) -> ServerBuilder {
        self.listeners.push(ListenerConfig::addresses(address));
        self
    }

    /// Adds a listener on a Unix socket at this path.
    ///
    /// A socket file left behind by a program that has ended is replaced; one that a program
    /// listens on is not. The file gets the permissions that the process's umask allows, and is
    /// removed when the server shuts down.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("metrics.sock");
    /// let server = metrics_http::Server::builder().bind_unix(&path).start()?;
    /// assert!(path.exists());
    /// server.shutdown();
    /// assert!(!path.exists());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub fn bind_unix(mut self, path: impl Into<PathBuf>) -> ServerBuilder {
        self.listeners.push(ListenerConfig::UnixPath(path.into()));
        self
    }

    /// Adds a TCP listener that is already bound.
    ///
    /// For example, one bound before the program dropped its privileges, or one inherited from
    /// systemd with the crate `listenfd`.
    pub fn listener(mut self, listener: TcpListener) -> ServerBuilder {
        self.listeners.push(ListenerConfig::Tcp(listener));
        self
    }

    /// Adds a Unix socket that is already bound; its file is not removed.
    #[cfg(unix)]
    pub fn unix_listener(mut self, listener: UnixListener) -> ServerBuilder {
        self.listeners.push(ListenerConfig::Unix(listener));
        self
    }
}
