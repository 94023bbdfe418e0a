//! `Error`, the error type of metrics-http.

mod panics;
#[cfg(feature = "push")]
mod push;
mod text;

use std::{
    error::Error as StdError,
    fmt::{self, Debug, Display, Formatter},
    io,
    net::SocketAddr,
    path::PathBuf,
};

#[cfg(feature = "push")]
pub(crate) use self::push::{Destination, PushError, PushFault, Refusal, RetryAfter, UnusableFile};
pub(crate) use self::{panics::catch_panic, text::one_line};

/// An error of building a server, an endpoint, a layer or a bridge, writing a textfile, or pushing.
///
/// The message says what failed and where, and how to fix it if that is known. If the operating
/// system or a connection caused the error, its [`source`](StdError::source) is that cause.
///
/// ```
/// let error = metrics_http::serve("192.0.2.1").unwrap_err();
/// assert!(error.to_string().ends_with("write `host:port`, as in `127.0.0.1:9464`"));
/// ```
pub struct Error(Box<Reason>);

enum Reason {
    Address(io::Error),
    Listen(Vec<SocketAddr>, io::Error),
    ListenOnPath(PathBuf, io::Error),
    NoListener,
    Start(io::Error),
    /// An invalid setting; the message is complete.
    Setting(String),
    Declaration(metrics_core::Error),
    /// Metrics in the server's registry clash.
    Clash(metrics_core::Error),
    Collector(metrics_core::Error, &'static str),
    /// Two servers of one registry have different settings; the message is complete.
    Conflict(String),
    Textfile(PathBuf, io::Error),
    #[cfg(feature = "push")]
    Push(PushError),
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
        Error(Box::new(Reason::ListenOnPath(path, source)))
    }

    pub(crate) fn no_listener() -> Error {
        Error(Box::new(Reason::NoListener))
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

    pub(crate) fn clash(source: metrics_core::Error) -> Error {
        Error(Box::new(Reason::Clash(source)))
    }

    /// Whether the error is a clash of metrics; a server can start and leave one of them out.
    pub(crate) fn is_clash(&self) -> bool {
        matches!(
            *self.0,
            Reason::Declaration(_) | Reason::Clash(_) | Reason::Collector(..) | Reason::Conflict(_)
        )
    }

    /// A built-in collector clashes with another metric; `off` is the builder call that omits it.
    pub(crate) fn collector(source: metrics_core::Error, off: &'static str) -> Error {
        Error(Box::new(Reason::Collector(source, off)))
    }

    /// Two servers of one registry have different settings.
    pub(crate) fn conflict(message: String) -> Error {
        Error(Box::new(Reason::Conflict(message)))
    }

    pub(crate) fn textfile(path: PathBuf, source: io::Error) -> Error {
        Error(Box::new(Reason::Textfile(path, source)))
    }

    #[cfg(feature = "push")]
    pub(crate) fn push(error: PushError) -> Error {
        Error(Box::new(Reason::Push(error)))
    }

    /// The HTTP status with which a server refused a push; `None` if it did not respond, and for
    /// all other errors.
    ///
    /// ```
    /// # use metrics_http::PushGateway;
    /// let error = PushGateway::new("http://127.0.0.1:1", "backup").push().unwrap_err();
    /// assert_eq!(error.status(), None); // connection refused
    /// ```
    #[cfg(feature = "push")]
    pub fn status(&self) -> Option<u16> {
        match &*self.0 {
            Reason::Push(error) => error.status().map(|status| status.as_u16()),
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
                        ": address in use; another program, or another server of this program, \
                         listens on the port",
                    ),
                    io::ErrorKind::AddrNotAvailable => f.write_str(
                        ": address not available; no interface of this machine has it, \
                         write `0.0.0.0` to listen on all interfaces",
                    ),
                    io::ErrorKind::PermissionDenied => f.write_str(
                        ": permission denied; ports below 1024 need a privilege, \
                         choose a higher one",
                    ),
                    _ => write!(f, ": {source}"),
                }
            }
            Reason::ListenOnPath(path, source) => {
                write!(f, "cannot listen on the Unix socket `{}`: ", path.display())?;
                match source.kind() {
                    io::ErrorKind::NotFound => f.write_str("its folder does not exist; create it"),
                    _ => write!(f, "{source}"),
                }
            }
            Reason::NoListener => f.write_str(
                "the server has no address to listen on; add one with `bind` or `serve`",
            ),
            Reason::Start(source) => write!(f, "cannot start the metrics server: {source}"),
            Reason::Setting(message) | Reason::Conflict(message) => f.write_str(message),
            Reason::Declaration(source) => Display::fmt(source, f),
            Reason::Clash(source) => write!(
                f,
                "{source}\nto start without the metrics that clash, use \
                 `Server::builder().on_clash(..)`"
            ),
            Reason::Collector(source, off) => write!(
                f,
                "{source}; or switch off the built-in metrics with `Server::builder(){off}`"
            ),
            Reason::Textfile(path, source) => {
                write!(f, "cannot write the metrics to `{}`: ", path.display())?;
                match source.kind() {
                    io::ErrorKind::NotFound => f.write_str(
                        "its folder does not exist; create it, and configure the exporter to read \
                         it",
                    ),
                    io::ErrorKind::PermissionDenied => f.write_str(
                        "permission denied; the file is replaced by a temporary file in the same \
                         folder, so allow the program to write to the folder",
                    ),
                    _ => write!(f, "{source}"),
                }
            }
            #[cfg(feature = "push")]
            Reason::Push(error) => Display::fmt(error, f),
            #[cfg(feature = "tower")]
            Reason::Layer(source) => write!(
                f,
                "{source}; build all layers of a registry with the same settings, or give each a \
                 `prefix` or a `registry` of its own"
            ),
        }
    }
}

/// The message, followed by its sources: `main` prints this when it returns an error.
impl Debug for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)?;
        let mut source = self.source();
        while let Some(cause) = source {
            // A source may contain text of a server.
            write!(f, "\n  caused by: {}", one_line(&cause.to_string()))?;
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
            | Reason::ListenOnPath(_, source)
            | Reason::Start(source)
            | Reason::Textfile(_, source) => Some(source),
            #[cfg(feature = "push")]
            Reason::Push(error) => error.source(),
            // The message already contains the message of `source`, so the next error of the chain
            // is returned.
            Reason::Declaration(source) | Reason::Clash(source) | Reason::Collector(source, _) => {
                source.source()
            }
            #[cfg(feature = "tower")]
            Reason::Layer(source) => source.source(),
            Reason::NoListener | Reason::Setting(_) | Reason::Conflict(_) => None,
        }
    }
}
