//! Listens on TCP addresses, Unix sockets, and sockets that are already open.

use std::{
    fmt::{self, Display, Formatter},
    io,
    net::{IpAddr, SocketAddr, TcpListener as StdTcpListener, ToSocketAddrs},
    path::{Path, PathBuf},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
#[cfg(unix)]
use {
    super::unix_socket::{self, SocketAccess, SocketFile},
    std::os::unix::net::UnixListener as StdUnixListener,
    tokio::net::UnixListener,
};

use crate::error::Error;

/// An address that a server listens on.
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = metrics_http::serve("127.0.0.1:0")?;
/// assert!(server.addresses()[0].to_string().starts_with("127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a TCP port.
    Tcp(SocketAddr),
    /// The path of a Unix socket; empty for a socket without a path (unnamed or abstract).
    Unix(PathBuf),
}

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A socket to listen on, as configured in the builder.
pub(super) enum ListenerConfig {
    /// Candidates, of which the first that can be bound is used.
    Addresses(io::Result<Vec<SocketAddr>>),
    Tcp(StdTcpListener),
    #[cfg(unix)]
    UnixPath(PathBuf),
    #[cfg(unix)]
    Unix(StdUnixListener),
}

impl ListenerConfig {
    pub(super) fn addresses(addresses: impl ToSocketAddrs) -> ListenerConfig {
        ListenerConfig::Addresses(addresses.to_socket_addrs().map(Iterator::collect))
    }

    pub(super) fn bind(self, #[cfg(unix)] access: &SocketAccess) -> Result<BoundListener, Error> {
        match self {
            ListenerConfig::Addresses(resolved) => {
                let addresses = resolved.map_err(Error::address)?;
                match StdTcpListener::bind(&*addresses) {
                    Ok(listener) => {
                        lengthen_backlog(&listener);
                        Ok(BoundListener::Tcp(listener))
                    }
                    Err(source) if addresses.is_empty() => Err(Error::address(source)),
                    Err(source) => Err(Error::listen(addresses, source)),
                }
            }
            ListenerConfig::Tcp(listener) => Ok(BoundListener::Tcp(listener)),
            #[cfg(unix)]
            ListenerConfig::UnixPath(path) => match unix_socket::bind(&path, access) {
                Ok((file, listener)) => Ok(BoundListener::Unix(Some(file), listener)),
                Err(source) => Err(Error::listen_on_path(path, source)),
            },
            #[cfg(unix)]
            ListenerConfig::Unix(listener) => Ok(BoundListener::Unix(None, listener)),
        }
    }
}

/// A bound socket that is not yet registered with a runtime.
pub(super) enum BoundListener {
    Tcp(StdTcpListener),
    #[cfg(unix)]
    Unix(Option<SocketFile>, StdUnixListener),
}

impl BoundListener {
    pub(super) fn address(&self) -> io::Result<Address> {
        match self {
            BoundListener::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            #[cfg(unix)]
            BoundListener::Unix(_, listener) => {
                let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
                Ok(Address::Unix(path.unwrap_or_default()))
            }
        }
    }

    /// Registers the socket with the current runtime, which must be entered.
    pub(super) fn listen(self) -> io::Result<Listener> {
        match self {
            BoundListener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Listener::Tcp)
            }
            #[cfg(unix)]
            BoundListener::Unix(file, listener) => {
                listener.set_nonblocking(true)?;
                Ok(Listener::Unix(file, UnixListener::from_std(listener)?))
            }
        }
    }
}

/// A socket that accepts connections in a runtime.
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    /// The file is removed before the socket is closed, so that its inode is still in use.
    Unix(
        #[expect(dead_code, reason = "removes the socket file when it is dropped")]
        Option<SocketFile>,
        UnixListener,
    ),
}

impl Listener {
    /// The next connection, and the client's address if it is a network connection.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn Stream>, Option<IpAddr>)> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Disables Nagle's algorithm, which may delay the last packet of a response until
                // the client acknowledges the previous packet.
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), Some(peer.ip())))
            }
            #[cfg(unix)]
            Listener::Unix(_, listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), None))
            }
        }
    }
}

/// Lets the operating system keep more connections that are not accepted yet than the 128 of the
/// standard library.
///
/// Linux drops connections beyond that, and their clients try again after a second: more than a
/// health check should wait because many clients connect at once. The system's own limit applies too
/// (`net.core.somaxconn`, 4096 by default).
fn lengthen_backlog(listener: &StdTcpListener) {
    // A failure leaves the backlog as it is.
    #[cfg(unix)]
    let _ = socket2::SockRef::from(listener).listen(unix_socket::BACKLOG);
    #[cfg(not(unix))]
    let _ = listener;
}

/// A connection of any kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

#[cfg(all(test, unix))]
mod tests {
    use std::{net::TcpStream, time::Duration};

    use super::*;

    #[test]
    fn hundreds_of_clients_connect_before_the_first_is_accepted() {
        let config = ListenerConfig::addresses("127.0.0.1:0");
        let listener = config.bind(&SocketAccess::default()).unwrap();
        let Address::Tcp(address) = listener.address().unwrap() else {
            panic!("it is a TCP listener");
        };
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let clients: Result<Vec<_>, _> = (0..300).map(|_| connect()).collect();
        assert_eq!(clients.unwrap().len(), 300);
    }
}
