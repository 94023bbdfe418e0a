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
    pipe::{Tee, Writer},
};

/// What determines the bytes of an exposition: concurrent scrapes with equal keys are coalesced.
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
}

impl ScrapeJob {
    /// Starts the encoder thread; `permit` is released when it ends.
    ///
    /// The thread does not come from a runtime's blocking pool, because that pool may be full of
    /// the program's own work, and a program in trouble is the one whose metrics are needed.
    pub(super) fn start(mut self, permit: OwnedSemaphorePermit) -> io::Result<Body> {
        let tee = self
            .leader
            .take()
            .map(|leader| Box::new(leader) as Box<dyn Tee>);
        let (body, writer) = Body::stream(self.timeout, tee);
        thread::Builder::new()
            .name("metrics-scrape".to_owned())
            .spawn(move || {
                // On failure, the client is gone or too slow, and dropping the writer has already
                // ended the body with an error.
                let _ = self.run(writer);
                drop(permit);
            })?;
        Ok(body)
    }

    fn run(self, out: Writer) -> io::Result<()> {
        self.key.coding.write(out, |out| self.encode(out))
    }

    fn encode(&self, mut out: &mut dyn Write) -> io::Result<()> {
        let names = &self.key.names;
        let is_selected = |name: &str| names.iter().any(|selected| selected == name);
        let filter = (!names.is_empty()).then_some(&is_selected as &dyn Fn(&str) -> bool);
        // Collectors get three quarters of the timeout; the rest is for writing.
        let collect_timeout = self.timeout / 4 * 3;
        self.registry
            .encode_within(self.key.format, &mut out, collect_timeout, filter)
    }
}
