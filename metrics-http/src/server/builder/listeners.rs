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
    /// listens on is not. Only the user of this process can connect, unless
    /// [`unix_socket_group`](ServerBuilder::unix_socket_group) or
    /// [`unix_socket_mode`](ServerBuilder::unix_socket_mode) is set. The file is removed when the
    /// server shuts down, unless another process has replaced it.
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

    /// Sets the group of the sockets of [`bind_unix`](ServerBuilder::bind_unix), and lets its
    /// members connect.
    ///
    /// `group` is a name in `/etc/group`, or a number, for groups of a directory service. The user
    /// of this process must be a member of the group or privileged.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .bind_unix("/run/app/metrics.sock")
    ///     .unix_socket_group("prometheus")
    ///     .start()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub fn unix_socket_group(mut self, group: impl Into<String>) -> ServerBuilder {
        self.unix_sockets.group = Some(group.into());
        self
    }

    /// Sets the file mode of the sockets of [`bind_unix`](ServerBuilder::bind_unix).
    ///
    /// The default is `0o600`, and `0o660` with
    /// [`unix_socket_group`](ServerBuilder::unix_socket_group). A client needs the permission to
    /// write, so `0o666` lets every user of the host connect. The umask has no effect.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::os::unix::fs::PermissionsExt;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("metrics.sock");
    /// let server = metrics_http::Server::builder()
    ///     .bind_unix(&path)
    ///     .unix_socket_mode(0o666)
    ///     .start()?;
    /// assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o666);
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub fn unix_socket_mode(mut self, mode: u32) -> ServerBuilder {
        self.unix_sockets.mode = Some(mode);
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
