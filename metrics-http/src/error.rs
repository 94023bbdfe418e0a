//! Why a server or an endpoint could not be started.

use std::{
    error::Error as StdError,
    fmt::{self, Debug, Display, Formatter},
    io,
    net::SocketAddr,
};

/// What stood in the way of a server or an endpoint.
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
    Start(io::Error),
    Setting(String),
    Declaration(metrics_core::Error),
    Collector(metrics_core::Error, &'static str),
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
            Reason::Start(source) => write!(f, "cannot start the metrics server: {source}"),
            Reason::Setting(message) => f.write_str(message),
            Reason::Declaration(source) => Display::fmt(source, f),
            Reason::Collector(source, off) => {
                write!(
                    f,
                    "{source}; or leave ours out with `Server::builder(){off}`"
                )
            }
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
            Reason::Address(source) | Reason::Listen(_, source) | Reason::Start(source) => {
                Some(source)
            }
            // Their text is part of ours already.
            Reason::Declaration(source) | Reason::Collector(source, _) => source.source(),
            #[cfg(feature = "tower")]
            Reason::Layer(source) => source.source(),
            Reason::Setting(_) => None,
        }
    }
}
