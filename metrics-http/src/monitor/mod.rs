//! [`Monitor`]: what a server counts about itself, and the events that it reports to the program.
//!
//! [`metrics`] are in the registry that is served. [`events`] passes a [`ServerEvent`] to the
//! program's handler, on a thread of its own.

mod event;
mod events;
mod metrics;

use std::{fmt::Display, net::IpAddr, sync::Arc};

use hyper::StatusCode;
use metrics_core::Registry;

use self::{
    events::EventQueue,
    metrics::{Connection, ServerMetrics},
};
use crate::error::Error;

pub use self::event::{EventCause, ServerEvent};
pub(crate) use self::{events::EventHandler, metrics::Scrape};

/// Counts and reports what happens in one server; clones share the counts and the handler.
#[derive(Clone)]
pub(crate) struct Monitor(Arc<Inner>);

struct Inner {
    metrics: ServerMetrics,
    /// `None` if the program has no handler of events.
    events: Option<EventQueue>,
}

impl Monitor {
    /// Creates a monitor whose metrics are in `registry`; `None` leaves them out of expositions.
    ///
    /// Servers of the same registry share its metrics, because no label tells servers apart.
    ///
    /// # Errors
    ///
    /// If a metric of the program clashes with one of the server.
    pub(crate) fn new(
        registry: Option<&Registry>,
        handler: Option<EventHandler>,
    ) -> Result<Monitor, Error> {
        let metrics = match registry {
            Some(registry) => ServerMetrics::new(registry),
            None => ServerMetrics::new(&Registry::new()),
        };
        Ok(Monitor(Arc::new(Inner {
            metrics: metrics
                .map_err(|source| Error::collector(source, ".server_metrics(false)"))?,
            events: handler.map(EventQueue::new),
        })))
    }

    /// Counts an event, and passes it to the program's handler.
    ///
    /// `message` says what happened, where, and what to do about it, in one sentence without a
    /// full stop. It may contain text from a client: the handler receives it with control
    /// characters escaped.
    pub(crate) fn report(&self, cause: EventCause, peer: Option<IpAddr>, message: impl Display) {
        self.0.metrics.count_error(cause);
        if let Some(events) = &self.0.events {
            events.send(ServerEvent::new(cause, peer, &message.to_string()));
        }
    }

    /// Counts a request by the route that answered it.
    ///
    /// `route` must not be the path of the request, because clients choose that.
    pub(crate) fn count_request(&self, route: &'static str, status: StatusCode) {
        self.0.metrics.count_request(route, status);
    }

    /// Counts a connection as open until the result is dropped.
    pub(crate) fn open_connection(&self) -> Connection {
        self.0.metrics.open_connection()
    }

    /// Counts a scrape as in progress until the result is dropped.
    pub(crate) fn begin_scrape(&self) -> Scrape {
        self.0.metrics.begin_scrape()
    }
}
