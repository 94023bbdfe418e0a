//! Encodes one exposition on a thread and streams it into a response body.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use metrics_core::{
    CollectorFailure, CollectorFailureReason, Exposition, ExpositionFormat, Registry,
};
use tokio::sync::oneshot;

use super::{
    body::Body,
    coalescing::Leader,
    confirmations::{Confirmations, SharedDelivery},
    content_coding::ContentCoding,
    delivery::Client,
    pipe::Writer,
    places::Place,
    settings::ErrorHandling,
};
use crate::monitor::{EventCause, Monitor};

/// The settings on which the bytes of an exposition depend; concurrent scrapes with equal keys are
/// coalesced.
#[derive(Clone, PartialEq)]
pub(super) struct ScrapeKey {
    pub(super) format: ExpositionFormat,
    pub(super) coding: ContentCoding,
    /// Names of the families or samples to restrict the exposition to; all if empty.
    pub(super) names: BTreeSet<String>,
    /// How long collectors may take.
    ///
    /// A part of the key, because a scrape with less time may lack families that another scrape
    /// can have, and one with more time may make another scrape wait for too long.
    pub(super) collector_time: Duration,
}

/// One exposition to encode.
pub(super) struct ScrapeJob {
    pub(super) registry: Registry,
    pub(super) key: ScrapeKey,
    pub(super) timeout: Duration,
    pub(super) error_handling: ErrorHandling,
    /// Shares the encoding with identical scrapes.
    pub(super) leader: Option<Leader<ScrapeKey>>,
    pub(super) delivery: SharedDelivery,
    pub(super) confirmations: Confirmations,
    pub(super) client: Client,
    pub(super) monitor: Monitor,
}

/// An exposition that a thread has begun to make.
pub(super) struct StartedScrape {
    pub(super) body: Body,
    /// Receives the text to answer with instead, if collectors failed and that is an error; closed
    /// otherwise.
    pub(super) failure: oneshot::Receiver<Arc<str>>,
}

impl ScrapeJob {
    /// Starts the encoder thread, which holds `place` while it encodes.
    ///
    /// The thread does not come from a runtime's blocking pool, because that pool may be full of
    /// the program's own work, and a program in trouble is the one whose metrics are needed.
    pub(super) fn start(self, place: Place) -> io::Result<StartedScrape> {
        let (body, writer) = Body::stream(self.timeout);
        let (on_failure, failure) = oneshot::channel();
        thread::Builder::new()
            .name("metrics-scrape".to_owned())
            .spawn(move || self.run(writer, place, on_failure))?;
        Ok(StartedScrape { body, failure })
    }

    fn run(mut self, out: Writer, mut place: Place, on_failure: oneshot::Sender<Arc<str>>) {
        self.confirmations.finish();
        let names = std::mem::take(&mut self.key.names);
        let is_selected = |name: &str| names.contains(name);
        let filter = (!names.is_empty()).then_some(&is_selected as &dyn Fn(&str) -> bool);
        let (recipient, key) = (self.client.recipient(), &self.key);
        let exposition =
            self.registry
                .collect_for(recipient, key.format, key.collector_time, filter);
        self.report_failures(exposition.failures());
        let leader = self.leader.take();
        if self.error_handling == ErrorHandling::HttpError && !exposition.failures().is_empty() {
            let text = failure_text(exposition.failures());
            if let Some(leader) = leader {
                leader.fail(Arc::clone(&text));
            }
            // Fails if the client is gone.
            let _ = on_failure.send(text);
            return;
        }
        drop(on_failure);
        place.begin_encoding(exposition.collected_bytes());
        let mut out = out.with_place(place);
        if let Some(leader) = leader {
            out = out.with_tee(Box::new(leader));
        }
        if let Err(error) = self.encode(exposition, out) {
            self.report_aborted(&error);
        }
    }

    fn encode(&self, exposition: Exposition<'_>, out: Writer) -> io::Result<()> {
        self.key.coding.write(out, |mut out: &mut dyn Write| {
            let delivery = exposition.encode(&mut out)?;
            self.delivery.set(delivery);
            Ok(())
        })
    }

    fn report_failures(&self, failures: &[CollectorFailure]) {
        for failure in failures {
            let (cause, peer) = match failure.reason {
                CollectorFailureReason::ExpositionTimeout => {
                    (EventCause::ScrapeTimeout, self.client.address())
                }
                _ => (EventCause::Collector, None),
            };
            self.monitor.report(cause, peer, failure);
        }
    }

    fn report_aborted(&self, error: &io::Error) {
        let message = match error.kind() {
            // The body reports that its client is gone.
            io::ErrorKind::BrokenPipe => return,
            io::ErrorKind::TimedOut => {
                format!("an exposition was not read within {:?}", self.timeout)
            }
            io::ErrorKind::ResourceBusy => {
                "an exposition was aborted because its client read it more slowly than others, and \
                 too many expositions were waiting for their clients"
                    .to_owned()
            }
            _ => format!("an exposition was aborted: {error}"),
        };
        let cause = EventCause::ExpositionAborted;
        self.monitor.report(cause, self.client.address(), message);
    }
}

/// The text of the response instead of an exposition that lacks collectors.
fn failure_text(failures: &[CollectorFailure]) -> Arc<str> {
    let mut text = "the metrics are incomplete:\n".to_owned();
    for failure in failures {
        let _ = writeln!(text, "{failure}");
    }
    text.into()
}
