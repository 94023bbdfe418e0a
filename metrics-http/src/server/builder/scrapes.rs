//! Limits on scrapes: how many run at the same time, how many wait, and how long one may take.

use std::time::Duration;

use super::ServerBuilder;

impl ServerBuilder {
    /// Maximum number of concurrent scrapes: 4 by default, at least 1.
    ///
    /// Further scrapes are [queued](ServerBuilder::max_queued_scrapes).
    pub fn max_concurrent_scrapes(mut self, limit: usize) -> ServerBuilder {
        self.max_concurrent_scrapes = limit;
        self
    }

    /// Maximum number of queued scrapes: 64 by default.
    ///
    /// Further scrapes get status 503 with `Retry-After: 1`.
    pub fn max_queued_scrapes(mut self, limit: usize) -> ServerBuilder {
        self.max_queued_scrapes = limit;
        self
    }

    /// Maximum duration of a scrape: 60 seconds by default.
    ///
    /// A scraper can shorten the timeout with `X-Prometheus-Scrape-Timeout-Seconds`. Collectors
    /// that have not finished after three quarters of the timeout are left out. A scrape that still
    /// has to wait for its client when the time is over is aborted.
    pub fn scrape_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.scrape_timeout = timeout;
        self
    }
}
