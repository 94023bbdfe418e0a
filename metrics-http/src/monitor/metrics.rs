//! [`ServerMetrics`]: the metrics of a server about itself.

use std::time::Instant;

use hyper::StatusCode;
use metrics_core::{
    Counter, DynamicFamily, Error, Options, Registry, Subject, Summary, UpDownCounter,
};

use super::event::EventCause;

/// Metrics of all servers of one registry.
///
/// A program that nothing has gone wrong in has few samples: the series of `errors` and `requests`
/// appear with the first error or request.
#[derive(Clone)]
pub(super) struct ServerMetrics {
    errors: DynamicFamily<Counter>,
    requests: DynamicFamily<Counter>,
    connections: UpDownCounter,
    scrapes: UpDownCounter,
    exposition_duration: Summary,
    exposition_bytes: Counter,
}

impl ServerMetrics {
    pub(super) fn new(registry: &Registry) -> Result<ServerMetrics, Error> {
        Ok(ServerMetrics {
            errors: registry.get_or_create_family(
                options(
                    "metrics_http_errors_total",
                    "Events of the metrics server by cause, such as failed logins.",
                )
                .labels(["cause"]),
            )?,
            requests: registry.get_or_create_family(
                options(
                    "metrics_http_requests_total",
                    "Responses of the metrics server, by route and status code.",
                )
                .labels(["route", "code"]),
            )?,
            connections: registry
                .get_or_create_family::<UpDownCounter>(options(
                    "metrics_http_connections",
                    "Open connections to the metrics server.",
                ))?
                .try_bind(&[])?,
            scrapes: registry
                .get_or_create_family::<UpDownCounter>(options(
                    "metrics_http_scrapes_in_progress",
                    "Scrapes that wait, are being encoded or sent.",
                ))?
                .try_bind(&[])?,
            exposition_duration: registry
                .get_or_create_family::<Summary>(
                    options(
                        "metrics_http_exposition_duration_seconds",
                        "Time from the request of an exposition to its end.",
                    )
                    .unit("seconds"),
                )?
                .try_bind(&[])?,
            exposition_bytes: registry
                .get_or_create_family::<Counter>(
                    options(
                        "metrics_http_exposition_bytes_total",
                        "Bytes of expositions sent, after compression.",
                    )
                    .unit("bytes"),
                )?
                .try_bind(&[])?,
        })
    }

    pub(super) fn count_error(&self, cause: EventCause) {
        self.errors.with(&[cause.as_str()]).inc();
    }

    pub(super) fn count_request(&self, route: &'static str, status: StatusCode) {
        self.requests.with(&[route, status.as_str()]).inc();
    }

    pub(super) fn open_connection(&self) -> Connection {
        self.connections.inc();
        Connection(self.connections.clone())
    }

    pub(super) fn begin_scrape(&self) -> Scrape {
        self.scrapes.inc();
        Scrape {
            metrics: self.clone(),
            start: Instant::now(),
        }
    }
}

/// An open connection.
pub(crate) struct Connection(UpDownCounter);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A scrape in progress.
pub(crate) struct Scrape {
    metrics: ServerMetrics,
    start: Instant,
}

impl Scrape {
    /// Records a complete exposition of `bytes` bytes, after compression.
    pub(crate) fn finish(self, bytes: u64) {
        let metrics = &self.metrics;
        metrics
            .exposition_duration
            .observe_duration(self.start.elapsed());
        metrics.exposition_bytes.inc_by(bytes);
    }
}

impl Drop for Scrape {
    fn drop(&mut self) {
        self.metrics.scrapes.dec();
    }
}

fn options(name: &str, help: &str) -> Options {
    Options::new(name, help).about(Subject::Library)
}
