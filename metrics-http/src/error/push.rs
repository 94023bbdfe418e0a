//! [`PushError`]: why pushing metrics to a server failed.
//!
//! The messages name the server by its [`Destination`], and contain text of servers in one line.

use std::{
    error::Error as StdError,
    fmt::{self, Display, Formatter},
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hyper::{Method, StatusCode};

use super::text::one_line;

/// Names the server that metrics are pushed to, in errors and in the labels of self-metrics.
///
/// Both end in logs and on `/metrics`. The path of a URL may contain a token, as that of a hosted
/// gateway does, so it is left out.
#[derive(Debug)]
pub(crate) struct Destination {
    /// Scheme, host and port of the URL.
    pub(crate) origin: String,
    /// The job whose metrics are pushed.
    pub(crate) job: String,
}

/// Why a push failed.
pub(crate) struct PushError {
    pub(crate) to: Arc<Destination>,
    pub(crate) cause: PushFault,
}

/// The cause of a [`PushError`].
pub(crate) enum PushFault {
    /// The server responded with a status other than 2xx.
    Refused(Refusal),
    /// The connection failed before a response was received.
    Unreachable {
        method: Method,
        /// Scheme, host and port of the proxy, if there is one.
        proxy: Option<String>,
        source: Box<dyn StdError + Send + Sync>,
    },
    TimedOut {
        method: Method,
        after: Duration,
    },
    /// A file with credentials or certificates cannot be used.
    File(UnusableFile),
    /// Neither a thread nor its runtime could be started.
    Thread(io::Error),
    /// Gathering or sending the metrics panicked, with this message.
    Panicked(String),
}

/// A response whose status is not 2xx.
pub(crate) struct Refusal {
    pub(crate) method: Method,
    pub(crate) status: StatusCode,
    /// The beginning of the response body.
    pub(crate) message: String,
    #[cfg_attr(not(feature = "remote-write"), expect(dead_code))]
    pub(crate) retry_after: Option<RetryAfter>,
}

/// The header `Retry-After`, in either of its forms.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(not(feature = "remote-write"), expect(dead_code))]
pub(crate) enum RetryAfter {
    Delay(Duration),
    Date(SystemTime),
}

/// A file of the configuration that cannot be read, or whose content is not usable.
pub(crate) struct UnusableFile {
    /// What the file should contain, such as `the bearer token`.
    pub(crate) content: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) source: Box<dyn StdError + Send + Sync>,
}

impl PushError {
    pub(crate) fn new(to: &Arc<Destination>, cause: PushFault) -> PushError {
        PushError {
            to: Arc::clone(to),
            cause,
        }
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        match &self.cause {
            PushFault::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    pub(super) fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            PushFault::Unreachable { source, .. } => Some(&**source),
            PushFault::File(file) => Some(&*file.source),
            PushFault::Thread(source) => Some(source),
            PushFault::Refused(_) | PushFault::TimedOut { .. } | PushFault::Panicked(_) => None,
        }
    }
}

impl Display for PushError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Destination { origin, job } = &*self.to;
        let what = match &self.cause {
            PushFault::Refused(_) => "the server refused the metrics",
            _ => "cannot push the metrics",
        };
        write!(f, "{what} of job `{}`: ", one_line(job))?;
        match &self.cause {
            PushFault::Refused(refusal) => {
                write!(f, "{} {origin}: {refusal}", refusal.method)
            }
            PushFault::Unreachable {
                method,
                proxy,
                source,
            } => {
                write!(f, "{method} {origin}")?;
                if let Some(proxy) = proxy {
                    write!(f, " through the proxy {proxy}")?;
                }
                write!(f, ": {}", one_line(&root_cause(&**source).to_string()))
            }
            PushFault::TimedOut { method, after } => write!(
                f,
                "{method} {origin}: no response within {after:?}; increase `timeout`"
            ),
            PushFault::File(file) => Display::fmt(file, f),
            PushFault::Thread(source) => write!(f, "cannot run a thread: {source}"),
            PushFault::Panicked(message) => write!(f, "it panicked: {}", one_line(message)),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match self.status {
            StatusCode::UNAUTHORIZED => {
                f.write_str("; set credentials with `basic_auth` or `bearer_auth`")?;
            }
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                f.write_str("; write the user and the password of the proxy in its URL")?;
            }
            status if status.is_redirection() => {
                f.write_str("; use the URL that it redirects to")?;
            }
            _ => {}
        }
        if !self.message.is_empty() {
            write!(f, "; the response is: {}", one_line(&self.message))?;
        }
        Ok(())
    }
}

impl Display for UnusableFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let UnusableFile {
            content,
            path,
            source,
        } = self;
        let path = path.display().to_string();
        write!(f, "cannot use {content} in `{}`: ", one_line(&path))?;
        match source.downcast_ref().map(io::Error::kind) {
            Some(io::ErrorKind::NotFound) => f.write_str("there is no such file; create it"),
            Some(io::ErrorKind::PermissionDenied) => {
                f.write_str("permission denied; allow the program to read the file")
            }
            _ => f.write_str(&one_line(&source.to_string())),
        }
    }
}

/// The innermost source, because the errors around it only say that something failed.
fn root_cause<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error
}
