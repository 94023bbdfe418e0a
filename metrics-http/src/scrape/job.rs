//! Encodes one exposition on a thread and streams it into a response body.

use std::{
    io::{self, Write},
    thread,
    time::Duration,
};

use metrics_core::{ExpositionFormat, Registry};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    body::Body,
    coalescing::Leader,
    content_coding::ContentCoding,
    delivery::{Client, SharedDelivery},
    pipe::{Tee, Writer},
};
use crate::monitor::{EventCause, Monitor};

/// The settings on which the bytes of an exposition depend; concurrent scrapes with equal keys are
/// coalesced.
#[derive(Clone, PartialEq)]
pub(super) struct ScrapeKey {
    pub(super) format: ExpositionFormat,
    pub(super) coding: ContentCoding,
    /// Names of the families or samples to restrict the exposition to; all if empty.
    pub(super) names: Vec<String>,
}

/// One exposition to encode.
pub(super) struct ScrapeJob {
    pub(super) registry: Registry,
    pub(super) key: ScrapeKey,
    pub(super) timeout: Duration,
    /// Shares the encoding with identical scrapes.
    pub(super) leader: Option<Leader<ScrapeKey>>,
    pub(super) client: Client,
    pub(super) monitor: Monitor,
}

impl ScrapeJob {
    /// Starts the encoder thread; `permit` is released when it ends.
    ///
    /// The thread does not come from a runtime's blocking pool, because that pool may be full of
    /// the program's own work, and a program in trouble is the one whose metrics are needed.
    pub(super) fn start(mut self, permit: OwnedSemaphorePermit) -> io::Result<Body> {
        let delivery = self.leader.as_ref().map(Leader::delivery);
        let delivery = delivery.cloned().unwrap_or_default();
        let confirmation = delivery.to(&self.client);
        let tee = self
            .leader
            .take()
            .map(|leader| Box::new(leader) as Box<dyn Tee>);
        let (body, writer) = Body::stream(self.timeout, tee);
        thread::Builder::new()
            .name("metrics-scrape".to_owned())
            .spawn(move || {
                let scrape = self.monitor.begin_scrape();
                match self.run(writer, &delivery) {
                    Ok(bytes) => scrape.finish(bytes),
                    // Dropping the writer has already ended the body with an error.
                    Err(error) => self.report_aborted(&error),
                }
                drop(permit);
            })?;
        Ok(body.confirming(confirmation))
    }

    fn report_aborted(&self, error: &io::Error) {
        let message = match error.kind() {
            io::ErrorKind::TimedOut => {
                format!("an exposition was not read within {:?}", self.timeout)
            }
            _ => format!("an exposition was aborted: {error}"),
        };
        let cause = EventCause::ExpositionAborted;
        self.monitor.report(cause, self.client.address(), message);
    }

    fn run(&self, out: Writer, delivery: &SharedDelivery) -> io::Result<u64> {
        let coding = self.key.coding;
        coding.write(out, |out| self.encode(out, delivery))
    }

    fn encode(&self, mut out: &mut dyn Write, delivery: &SharedDelivery) -> io::Result<()> {
        let names = &self.key.names;
        let is_selected = |name: &str| names.iter().any(|selected| selected == name);
        let filter = (!names.is_empty()).then_some(&is_selected as &dyn Fn(&str) -> bool);
        // Collectors get three quarters of the timeout; the rest is for writing.
        let collect_timeout = self.timeout / 4 * 3;
        let (recipient, format) = (self.client.recipient(), self.key.format);
        let encoded =
            self.registry
                .encode_for(recipient, format, &mut out, collect_timeout, filter)?;
        delivery.set(encoded);
        Ok(())
    }
}
