//! [`Transfer`]: follows the body of an exposition until it has been passed on or is dropped.

use super::{
    confirmations::{Confirmations, SharedDelivery},
    delivery::{Client, Confirmation},
};
use crate::monitor::{EventCause, Monitor, Scrape};

/// A scrape from its request to the end of its body.
///
/// If it is dropped before, the scrape is no longer in progress, but not counted as an exposition.
pub(super) struct Transfer {
    monitor: Monitor,
    scrape: Scrape,
    client: Client,
    /// Confirms the exposition to the registry; `None` until it is known.
    confirmation: Option<Confirmation>,
    bytes: u64,
}

impl Transfer {
    /// Begins with the request.
    pub(super) fn begin(monitor: &Monitor, client: Client) -> Transfer {
        Transfer {
            monitor: monitor.clone(),
            scrape: monitor.begin_scrape(),
            client,
            confirmation: None,
            bytes: 0,
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Sets the delivery to confirm at the end of the body.
    pub(super) fn set_delivery(
        &mut self,
        delivery: &SharedDelivery,
        confirmations: &Confirmations,
    ) {
        self.confirmation = Some(delivery.to(&self.client, confirmations));
    }

    /// Counts bytes that were passed to the server that writes the body.
    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Called when the whole body was passed to the server that writes it.
    pub(super) fn complete(self) {
        self.scrape.finish(self.bytes);
        if let Some(confirmation) = self.confirmation {
            confirmation.body_taken();
        }
    }

    /// Called when the server drops the body before its end, because the client is gone or its
    /// connection was closed.
    pub(super) fn disconnect(self) {
        let message = "the connection of a scraper ended before the exposition";
        let cause = EventCause::ExpositionAborted;
        self.monitor.report(cause, self.client.address(), message);
    }
}
