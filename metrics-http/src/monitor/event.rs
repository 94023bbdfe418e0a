//! [`ServerEvent`]: something that went wrong in a server, as its handler of events receives it.

use std::{
    fmt::{self, Display, Formatter},
    net::IpAddr,
};

use crate::error::one_line;

/// Something that went wrong in a server: a client that it refused, or a fault of the program.
///
/// [`ServerBuilder::on_error`](crate::ServerBuilder::on_error) passes events to the program. The
/// text of an event says what happened, where, and what to do about it; it is one line, in which
/// control characters are escaped, because parts of it may come from a client.
///
/// ```
/// use metrics_http::{EventCause, Server};
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = Server::builder()
///     .on_error(|event| match event.cause() {
///         EventCause::Login => eprintln!("metrics: {event}"),
///         _ => {}
///     })
///     .serve("127.0.0.1:0")?;
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ServerEvent {
    cause: EventCause,
    peer: Option<IpAddr>,
    message: String,
    pub(super) omitted: u64,
}

/// The cause of a [`ServerEvent`]; the label `cause` of `metrics_http_errors_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventCause {
    /// A connection could not be accepted, for example because the process has too many open files.
    Accept,
    /// A client whose network is not in the allow-list tried to connect.
    NotAllowed,
    /// A connection was closed to make room for another one, or refused because no room was left.
    ConnectionLimit,
    /// A connection was closed because its client did not send or read in time.
    ClientTimeout,
    /// A TLS handshake failed.
    Handshake,
    /// A request had wrong credentials.
    Login,
    /// A request had a `Host` that the server does not serve.
    Host,
    /// A client exceeded the rate limit, or its password was not checked in time.
    RateLimit,
    /// A scrape was refused because too many were in progress.
    ScrapeRejected,
    /// An exposition ended before it was complete.
    ExpositionAborted,
    /// A collector panicked or did not return within the collector timeout.
    Collector,
    /// An exposition lacks a collector's families, because the scraper allowed less time than the
    /// collector took.
    ScrapeTimeout,
    /// A health check panicked, did not return in time, or could not be started.
    Check,
    /// A route of the program, a generated document or the live page had no answer: its code
    /// panicked, did not return in time, or was refused because too many requests were in progress.
    Route,
    /// A changed file of the configuration could not be used, so its previous content stays in use.
    Reload,
}

impl ServerEvent {
    pub(super) fn new(cause: EventCause, peer: Option<IpAddr>, message: &str) -> ServerEvent {
        ServerEvent {
            cause,
            peer,
            message: one_line(message),
            omitted: 0,
        }
    }

    /// What kind of event it is.
    pub fn cause(&self) -> EventCause {
        self.cause
    }

    /// The address of the client; `None` if no client is involved, or for a Unix socket.
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// How many events were left out since the previous one, because the handler was too slow.
    ///
    /// `metrics_http_errors_total` counts them nevertheless.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }
}

impl Display for ServerEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(peer) = self.peer {
            write!(f, " (client {peer})")?;
        }
        if self.omitted > 0 {
            write!(f, "; {} events before it were left out", self.omitted)?;
        }
        Ok(())
    }
}

impl EventCause {
    /// The value of the label `cause`.
    pub fn as_str(self) -> &'static str {
        match self {
            EventCause::Accept => "accept",
            EventCause::NotAllowed => "not_allowed",
            EventCause::ConnectionLimit => "connection_limit",
            EventCause::ClientTimeout => "client_timeout",
            EventCause::Handshake => "handshake",
            EventCause::Login => "login",
            EventCause::Host => "host",
            EventCause::RateLimit => "rate_limit",
            EventCause::ScrapeRejected => "scrape_rejected",
            EventCause::ExpositionAborted => "exposition_aborted",
            EventCause::Collector => "collector",
            EventCause::ScrapeTimeout => "scrape_timeout",
            EventCause::Check => "check",
            EventCause::Route => "route",
            EventCause::Reload => "reload",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_event_is_one_line_without_control_characters() {
        let peer = IpAddr::from([192, 0, 2, 1]);
        let event = ServerEvent::new(EventCause::Login, Some(peer), "user `a\n\u{1b}[31m`");
        assert_eq!(
            event.to_string(),
            "user `a\\n\\u{1b}[31m` (client 192.0.2.1)"
        );
    }
}
