//! Why a server or an endpoint could not be started, or metrics not be written or pushed.

use std::{
    error::Error as StdError,
    fmt::{self, Debug, Display, Formatter},
    io,
    net::SocketAddr,
    path::PathBuf,
};

#[cfg(feature = "push")]
use crate::push::Failure;

/// What stood in the way of a server or an endpoint, of a file or a push.
///
/// The text says what failed, where, and what to do about it. An error of the operating
/// system is its [`source`](StdError::source).
///
/// ```
/// let error = metrics_http::serve("192.0.2.1").unwrap_err();
/// assert!(error.to_string().ends_with("write `host:port`, as in `127.0.0.1:9464`"));
/// ```
pub struct Error(Box<Reason>);

enum Reason {
    Address(io::Error),
    Listen(Vec<SocketAddr>, io::Error),
    Path(PathBuf, io::Error),
    Nowhere,
    Start(io::Error),
    Setting(String),
    Declaration(metrics_core::Error),
    Collector(metrics_core::Error, &'static str),
    Textfile(PathBuf, io::Error),
    #[cfg(feature = "push")]
    Push(Failure),
    #[cfg(feature = "tower")]
    Layer(metrics_core::Error),
}

impl Error {
    pub(crate) fn address(source: io::Error) -> Error {
        Error(Box::new(Reason::Address(source)))
    }

    pub(crate) fn listen(tried: Vec<SocketAddr>, source: io::Error) -> Error {
        Error(Box::new(Reason::Listen(tried, source)))
    }

    pub(crate) fn listen_on_path(path: PathBuf, source: io::Error) -> Error {
        Error(Box::new(Reason::Path(path, source)))
    }

    pub(crate) fn nowhere() -> Error {
        Error(Box::new(Reason::Nowhere))
    }

    pub(crate) fn start(source: io::Error) -> Error {
        Error(Box::new(Reason::Start(source)))
    }

    pub(crate) fn setting(message: String) -> Error {
        Error(Box::new(Reason::Setting(message)))
    }

    pub(crate) fn declaration(source: metrics_core::Error) -> Error {
        Error(Box::new(Reason::Declaration(source)))
    }

    /// `off` is the call on the builder that leaves the collector out.
    pub(crate) fn collector(source: metrics_core::Error, off: &'static str) -> Error {
        Error(Box::new(Reason::Collector(source, off)))
    }

    pub(crate) fn textfile(path: PathBuf, source: io::Error) -> Error {
        Error(Box::new(Reason::Textfile(path, source)))
    }

    #[cfg(feature = "push")]
    pub(crate) fn push(failure: Failure) -> Error {
        Error(Box::new(Reason::Push(failure)))
    }

    /// The status code with which a server refused what was pushed to it; none where it did not
    /// come to an answer.
    ///
    /// ```
    /// # use metrics_http::PushGateway;
    /// let error = PushGateway::new("http://127.0.0.1:1", "backup").push().unwrap_err();
    /// assert_eq!(error.status(), None); // nobody listens there
    /// ```
    #[cfg(feature = "push")]
    pub fn status(&self) -> Option<u16> {
        match &*self.0 {
            Reason::Push(failure) => failure.status().map(|status| status.as_u16()),
            _ => None,
        }
    }

    #[cfg(feature = "tower")]
    pub(crate) fn layer(source: metrics_core::Error) -> Error {
        Error(Box::new(Reason::Layer(source)))
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Reason::Address(source) => write!(
                f,
                "cannot listen: the address does not resolve: {source}; \
                 write `host:port`, as in `127.0.0.1:9464`"
            ),
            Reason::Listen(tried, source) => {
                f.write_str("cannot listen on ")?;
                for (position, address) in tried.iter().enumerate() {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(f, "{separator}{address}")?;
                }
                match source.kind() {
                    io::ErrorKind::AddrInUse => f.write_str(
                        ": address in use; another program, or another server of this one, \
                         holds the port",
                    ),
                    io::ErrorKind::AddrNotAvailable => f.write_str(
                        ": address not available; no interface of this machine has it, \
                         `0.0.0.0` stands for all of them",
                    ),
                    io::ErrorKind::PermissionDenied => f.write_str(
                        ": permission denied; ports below 1024 need a privilege, \
                         choose a higher one",
                    ),
                    _ => write!(f, ": {source}"),
                }
            }
            Reason::Path(path, source) => {
                write!(f, "cannot listen on the Unix socket `{}`: ", path.display())?;
                match source.kind() {
                    io::ErrorKind::AddrInUse => f.write_str(
                        "another program listens on it, or the file is no socket; \
                         choose another path or remove the file",
                    ),
                    io::ErrorKind::NotFound => f.write_str("its folder does not exist; create it"),
                    _ => write!(f, "{source}"),
                }
            }
            Reason::Nowhere => f.write_str(
                "the server is to listen nowhere; name an address with `bind` or `serve`",
            ),
            Reason::Start(source) => write!(f, "cannot start the metrics server: {source}"),
            Reason::Setting(message) => f.write_str(message),
            Reason::Declaration(source) => Display::fmt(source, f),
            Reason::Collector(source, off) => {
                write!(
                    f,
                    "{source}; or leave ours out with `Server::builder(){off}`"
                )
            }
            Reason::Textfile(path, source) => {
                write!(f, "cannot write the metrics to `{}`: ", path.display())?;
                match source.kind() {
                    io::ErrorKind::NotFound => f.write_str(
                        "its folder does not exist; create it, and have the exporter read it",
                    ),
                    io::ErrorKind::PermissionDenied => f.write_str(
                        "permission denied; a temporary file beside it takes its place, so that \
                         the program must be allowed to write to the folder",
                    ),
                    _ => write!(f, "{source}"),
                }
            }
            #[cfg(feature = "push")]
            Reason::Push(failure) => Display::fmt(failure, f),
            #[cfg(feature = "tower")]
            Reason::Layer(source) => write!(
                f,
                "{source}; layers of one registry are built alike, or each has a `prefix` or a \
                 `registry` of its own"
            ),
        }
    }
}

/// As [`Display`], followed by the sources: this is what `main` prints when it returns an error.
impl Debug for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)?;
        let mut source = self.source();
        while let Some(cause) = source {
            write!(f, "\n  caused by: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            Reason::Address(source)
            | Reason::Listen(_, source)
            | Reason::Path(_, source)
            | Reason::Start(source)
            | Reason::Textfile(_, source) => Some(source),
            #[cfg(feature = "push")]
            Reason::Push(failure) => failure.source(),
            // Their text is part of ours already.
            Reason::Declaration(source) | Reason::Collector(source, _) => source.source(),
            #[cfg(feature = "tower")]
            Reason::Layer(source) => source.source(),
            Reason::Nowhere | Reason::Setting(_) => None,
        }
    }
}
