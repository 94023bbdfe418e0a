//! What a server listens on: addresses, Unix sockets, and listeners that are open already.

use std::{
    fmt::{self, Display, Formatter},
    fs, io,
    net::{IpAddr, SocketAddr, TcpListener as StdTcpListener, ToSocketAddrs},
    path::{Path, PathBuf},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
#[cfg(unix)]
use {
    std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream},
    tokio::net::UnixListener,
};

use crate::error::Error;

/// Where a server listens.
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
    /// A TCP port.
    Tcp(SocketAddr),
    /// A Unix socket; the path is empty where the socket has no name.
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

/// What to listen on, once the server starts.
pub(crate) enum Place {
    /// The first of these that can be had.
    Addresses(io::Result<Vec<SocketAddr>>),
    Tcp(StdTcpListener),
    #[cfg(unix)]
    Path(PathBuf),
    #[cfg(unix)]
    Unix(StdUnixListener),
}

impl Place {
    pub(crate) fn addresses(addresses: impl ToSocketAddrs) -> Place {
        Place::Addresses(addresses.to_socket_addrs().map(Iterator::collect))
    }

    pub(crate) fn open(self) -> Result<Open, Error> {
        match self {
            Place::Addresses(resolved) => {
                let addresses = resolved.map_err(Error::address)?;
                match StdTcpListener::bind(&*addresses) {
                    Ok(listener) => Ok(Open::Tcp(listener)),
                    Err(source) if addresses.is_empty() => Err(Error::address(source)),
                    Err(source) => Err(Error::listen(addresses, source)),
                }
            }
            Place::Tcp(listener) => Ok(Open::Tcp(listener)),
            #[cfg(unix)]
            Place::Path(path) => match bind(&path) {
                Ok(listener) => Ok(Open::Unix(listener, Some(Remove(path)))),
                Err(source) => Err(Error::listen_on_path(path, source)),
            },
            #[cfg(unix)]
            Place::Unix(listener) => Ok(Open::Unix(listener, None)),
        }
    }
}

/// Binds a socket where there is none, or one that nobody listens on any more.
#[cfg(unix)]
fn bind(path: &Path) -> io::Result<StdUnixListener> {
    use std::os::unix::fs::FileTypeExt;

    let is_socket =
        |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    match StdUnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_socket(path) => {
            match StdUnixStream::connect(path) {
                // Left by a program that ended without removing it.
                Err(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
                    fs::remove_file(path)?;
                    StdUnixListener::bind(path)
                }
                _ => Err(error),
            }
        }
        bound => bound,
    }
}

/// A listener that accepts nothing yet.
pub(crate) enum Open {
    Tcp(StdTcpListener),
    #[cfg(unix)]
    Unix(StdUnixListener, Option<Remove>),
}

impl Open {
    pub(crate) fn address(&self) -> io::Result<Address> {
        match self {
            Open::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            #[cfg(unix)]
            Open::Unix(listener, _) => {
                let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
                Ok(Address::Unix(path.unwrap_or_default()))
            }
        }
    }

    /// Called within the runtime that is to accept.
    pub(crate) fn listening(self) -> io::Result<Listener> {
        match self {
            Open::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Listener::Tcp)
            }
            #[cfg(unix)]
            Open::Unix(listener, remove) => {
                listener.set_nonblocking(true)?;
                Ok(Listener::Unix(UnixListener::from_std(listener)?, remove))
            }
        }
    }
}

/// A listener that accepts.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "it is there to be dropped")] Option<Remove>,
    ),
}

impl Listener {
    /// The next connection, and whose it is, where it comes over a network.
    pub(crate) async fn accept(&self) -> io::Result<(Box<dyn Stream>, Option<IpAddr>)> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Without it the last part of an answer may wait for the client's acknowledgement.
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), Some(peer.ip())))
            }
            #[cfg(unix)]
            Listener::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), None))
            }
        }
    }
}

/// A connection, of whatever kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Removes the file of a socket when nobody listens any more.
#[cfg(unix)]
pub(crate) struct Remove(PathBuf);

#[cfg(unix)]
impl Drop for Remove {
    fn drop(&mut self) {
        // Somebody may have removed it meanwhile.
        let _ = fs::remove_file(&self.0);
    }
}
