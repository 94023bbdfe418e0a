//! Settings of scrapes: how many run at the same time, how long one may take, and what is answered.

use std::time::Duration;

use metrics_core::Format;

use super::ServerBuilder;
use crate::scrape::{Compression, ErrorHandling};

impl ServerBuilder {
    /// Maximum number of expositions that are encoded at the same time, and of further ones for which
    /// collectors run: 4 by default, at least 1.
    ///
    /// Further scrapes are [queued](ServerBuilder::max_queued_scrapes). An exposition that waits
    /// for its client to read does not count.
    pub fn max_concurrent_scrapes(mut self, limit: usize) -> ServerBuilder {
        self.scrapes.max_concurrent = limit;
        self
    }

    /// Maximum number of queued scrapes: 64 by default.
    ///
    /// Further scrapes get status 503 with `Retry-After: 1`. As many expositions can wait for slow
    /// clients, but at least as many as are encoded at the same time; when another one has to wait,
    /// the one that has waited longest is aborted.
    pub fn max_queued_scrapes(mut self, limit: usize) -> ServerBuilder {
        self.scrapes.max_queued = limit;
        self
    }

    /// Maximum duration of a scrape: 60 seconds by default.
    ///
    /// A scraper can shorten the timeout with `X-Prometheus-Scrape-Timeout-Seconds`, down to 0.2
    /// seconds. Collectors that have not finished after three quarters of the timeout are left out.
    /// A scrape that still has to wait for its client when the time is over is aborted.
    pub fn scrape_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.scrapes.timeout = timeout;
        self
    }

    /// What a scrape is answered with if collectors panicked or did not return in time: an
    /// exposition without their families by default.
    ///
    /// Either way, the failures are passed to [`on_error`](ServerBuilder::on_error).
    ///
    /// ```
    /// use metrics_http::{ErrorHandling, Server};
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = Server::builder()
    ///     .error_handling(ErrorHandling::HttpError)
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn error_handling(mut self, handling: ErrorHandling) -> ServerBuilder {
        self.scrapes.error_handling = handling;
        self
    }

    /// Sets the formats that scrapers can choose from with `Accept`; all by default.
    ///
    /// List them in order of preference: of formats that a scraper accepts equally, the first is
    /// served. The first is also served to a scraper that accepts none of them, because it gains
    /// more from an exposition than from an error. An empty list is an error when the server
    /// starts.
    ///
    /// ```
    /// use metrics_http::{Format, Server};
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = Server::builder()
    ///     .formats([Format::Text, Format::OpenMetrics])
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn formats(mut self, formats: impl IntoIterator<Item = Format>) -> ServerBuilder {
        self.scrapes.formats = formats.into_iter().collect();
        self
    }

    /// Sets the compressions of expositions that scrapers can choose from with `Accept-Encoding`;
    /// all that are compiled in by default, none with `[]`.
    ///
    /// List them in order of preference. Without compression, a scrape takes less processor time of
    /// the program, and a multiple of the bandwidth.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder().compression([]).serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn compression(
        mut self,
        compressions: impl IntoIterator<Item = Compression>,
    ) -> ServerBuilder {
        self.scrapes.compression = compressions.into_iter().collect();
        self
    }
}
