//! Limits on clients: timeouts, the number of connections, the size of request heads.

use std::time::Duration;

use super::ServerBuilder;

impl ServerBuilder {
    /// Closes the connection of a stalled client after this time: 30 seconds by default.
    ///
    /// The timeout limits the TLS handshake, the time until the head of the next request is
    /// complete, and the time between two reads of the response.
    pub fn client_timeout(mut self, timeout: Duration) -> ServerBuilder {
        // Limited, because hyper adds the timeout to the current time and panics on overflow.
        self.limits.client_timeout = timeout.min(YEAR);
        self
    }

    /// How long [`Server::shutdown`] waits for requests in progress: 5 seconds by default.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.limits.shutdown_timeout = timeout;
        self
    }

    /// Maximum number of open connections: 256 by default, at least 1.
    ///
    /// Further connections are not accepted until one is closed.
    pub fn max_connections(mut self, limit: usize) -> ServerBuilder {
        self.limits.max_connections = limit;
        self
    }

    /// Maximum size of a request's head in bytes: 16 KiB by default, at least 8 KiB.
    ///
    /// A request with a larger head gets status 431.
    pub fn max_header_bytes(mut self, limit: usize) -> ServerBuilder {
        self.limits.max_header_bytes = limit;
        self
    }
}

const YEAR: Duration = Duration::from_hours(365 * 24);
