//! Limits on clients: timeouts, the number of connections, the size of request heads.

use std::time::Duration;

use super::ServerBuilder;

impl ServerBuilder {
    /// Closes the connection of a stalled client after this time: 30 seconds by default.
    ///
    /// The timeout limits the time until the next request is complete, and the time in which a
    /// client reads nothing of a response. A TLS handshake and the first request must be complete
    /// within 10 seconds if the timeout is longer.
    ///
    /// A client that reads slowly must have read the whole response 90 seconds after its request by
    /// default: after this timeout and the longer one of
    /// [`scrape_timeout`](ServerBuilder::scrape_timeout) and
    /// [`route_timeout`](ServerBuilder::route_timeout).
    pub fn client_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.client_timeout = timeout;
        self
    }

    /// How long [`shutdown`](crate::Server::shutdown) waits for requests in progress: 5 seconds by
    /// default.
    ///
    /// Connections without a complete request are closed at once.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.shutdown_timeout = timeout;
        self
    }

    /// Maximum number of open connections of each listener: 256 by default, at least 1.
    ///
    /// To accept a further connection, the server closes one: the one that has been without a
    /// request for longest, or else the one whose client has not read its response for longest, if
    /// for more than a second. If there is neither, the client waits until a connection ends.
    /// [`on_error`](ServerBuilder::on_error) receives an
    /// [event](crate::EventCause::ConnectionLimit) in either case.
    pub fn max_connections(mut self, limit: usize) -> ServerBuilder {
        self.max_connections = limit;
        self
    }

    /// Maximum size of a request's head in bytes: 16 KiB by default, at least 8 KiB.
    ///
    /// A request with a larger head gets status 431.
    pub fn max_header_bytes(mut self, limit: usize) -> ServerBuilder {
        self.max_header_bytes = limit;
        self
    }
}
