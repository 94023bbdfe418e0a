//! [`PushError`]: why pushing metrics to a server failed.

use std::{
    error::Error as StdError,
    fmt::{self, Display, Formatter},
    io,
    time::{Duration, SystemTime},
};

use hyper::{Method, StatusCode, Uri};

/// Why a push failed.
pub(crate) enum PushError {
    /// The server responded with a status other than 2xx.
    Refused(Refusal),
    /// The connection failed before a response was received.
    Unreachable {
        method: Method,
        uri: Uri,
        source: Box<dyn StdError + Send + Sync>,
    },
    TimedOut {
        method: Method,
        uri: Uri,
        after: Duration,
    },
    Thread(io::Error),
    #[cfg(feature = "https")]
    Tls(Box<dyn StdError + Send + Sync>),
}

/// A response whose status is not 2xx.
pub(crate) struct Refusal {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
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

impl PushError {
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            PushError::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    pub(super) fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            PushError::Unreachable { source, .. } => Some(&**source),
            #[cfg(feature = "https")]
            PushError::Tls(source) => Some(&**source),
            PushError::Thread(source) => Some(source),
            PushError::Refused(_) | PushError::TimedOut { .. } => None,
        }
    }
}

impl Display for PushError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            PushError::Refused(refusal) => Display::fmt(refusal, f),
            PushError::Unreachable {
                method,
                uri,
                source,
            } => {
                write!(f, "cannot push the metrics: {method} {uri}: ")?;
                fmt_root_cause(&**source, f)
            }
            PushError::TimedOut { method, uri, after } => write!(
                f,
                "cannot push the metrics: {method} {uri}: no response within {after:?}; \
                 increase `timeout`"
            ),
            PushError::Thread(source) => {
                write!(f, "cannot push the metrics: cannot run a thread: {source}")
            }
            #[cfg(feature = "https")]
            PushError::Tls(source) => write!(
                f,
                "cannot push the metrics: no trusted root certificates for `https`: {source}; \
                 set them with `root_certificates`"
            ),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Refusal {
            method,
            uri,
            status,
            message,
            ..
        } = self;
        write!(
            f,
            "the server refused the metrics: {method} {uri}: {status}"
        )?;
        match *status {
            StatusCode::UNAUTHORIZED => {
                f.write_str("; set credentials with `basic_auth` or `bearer_auth`")?;
            }
            status if status.is_redirection() => {
                f.write_str("; use the URL that it redirects to")?;
            }
            _ => {}
        }
        if !message.is_empty() {
            write!(f, "; the response is: {message}")?;
        }
        Ok(())
    }
}

/// Writes the innermost source, because the errors around it only say that something failed.
fn fmt_root_cause(error: &(dyn StdError + 'static), f: &mut Formatter<'_>) -> fmt::Result {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    Display::fmt(error, f)
}
