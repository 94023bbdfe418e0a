//! Why a push failed.

use std::{
    error::Error as StdError,
    fmt::{self, Display, Formatter},
    io,
    time::{Duration, SystemTime},
};

use hyper::{Method, StatusCode, Uri};

/// Why a push failed.
pub(crate) enum Failure {
    /// The server answered, but not that it was well.
    Refused(Refusal),
    /// There was no answer.
    Unreached {
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

/// An answer that is none of success.
pub(crate) struct Refusal {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) status: StatusCode,
    /// The beginning of its text.
    pub(crate) answer: String,
    /// When the server wants to be asked again.
    #[cfg_attr(not(feature = "remote-write"), expect(dead_code))]
    pub(crate) retry_after: Option<RetryAfter>,
}

/// What `Retry-After` says, in either of its forms.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(not(feature = "remote-write"), expect(dead_code))]
pub(crate) enum RetryAfter {
    Pause(Duration),
    At(SystemTime),
}

impl Failure {
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Failure::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    pub(crate) fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Failure::Unreached { source, .. } => Some(&**source),
            #[cfg(feature = "https")]
            Failure::Tls(source) => Some(&**source),
            Failure::Thread(source) => Some(source),
            Failure::Refused(_) | Failure::TimedOut { .. } => None,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(refusal) => Display::fmt(refusal, f),
            Failure::Unreached {
                method,
                uri,
                source,
            } => {
                write!(f, "cannot push the metrics: {method} {uri}: ")?;
                innermost(&**source, f)
            }
            Failure::TimedOut { method, uri, after } => write!(
                f,
                "cannot push the metrics: {method} {uri}: no answer within {after:?}; \
                 `timeout` gives it more"
            ),
            Failure::Thread(source) => write!(
                f,
                "cannot push the metrics: no thread can be started for it: {source}"
            ),
            #[cfg(feature = "https")]
            Failure::Tls(source) => write!(
                f,
                "cannot push the metrics: nobody can be trusted over `https`: {source}; \
                 `root_certificates` names whom to trust"
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
            answer,
            ..
        } = self;
        write!(f, "the metrics were refused: {method} {uri}: {status}")?;
        match *status {
            StatusCode::UNAUTHORIZED => f.write_str("; `basic_auth` and `bearer_auth` log in")?,
            status if status.is_redirection() => {
                f.write_str("; give the address that it leads to")?;
            }
            _ => {}
        }
        if !answer.is_empty() {
            write!(f, "; it says: {answer}")?;
        }
        Ok(())
    }
}

/// What the operating system or the peer said: the layers between say that there was an error.
fn innermost(error: &(dyn StdError + 'static), f: &mut Formatter<'_>) -> fmt::Result {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    Display::fmt(error, f)
}
