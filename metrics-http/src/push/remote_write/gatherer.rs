//! Gathers a registry at an interval and queues its samples for remote write.

use std::{
    collections::HashMap,
    mem,
    panic::resume_unwind,
    sync::Arc,
    time::{Duration, SystemTime},
};

use metrics_core::{Delivery, Recipient, Registry};
use tokio::{
    sync::oneshot,
    task,
    time::{self, Instant},
};

use super::{
    queue::Queue,
    series::{Labels, SeriesConverter, SeriesSample},
};
use crate::push::{
    panics::catch_panic_of,
    reporter::ErrorReporter,
    self_metrics::{LossReason, TargetMetrics},
    thread,
};

pub(super) struct Gatherer {
    registry: Registry,
    recipient: Recipient,
    converter: SeriesConverter,
    /// The series of the last gathering.
    previous: HashMap<Labels, PreviousSample>,
    /// The last timestamp that [`Gatherer::now`] returned, in Unix milliseconds.
    last_time: i64,
}

struct PreviousSample {
    /// The last sample, without its exemplars.
    sample: SeriesSample,
    /// Unix time in seconds of the newest exemplar that was sent; 0 if there was none.
    newest_exemplar: f64,
}

impl Gatherer {
    pub(super) fn new(
        registry: Registry,
        recipient: Recipient,
        converter: SeriesConverter,
    ) -> Gatherer {
        Gatherer {
            registry,
            recipient,
            converter,
            previous: HashMap::new(),
            last_time: 0,
        }
    }

    /// Fills the queue until `stopped` completes; then queues the last samples and stale markers.
    pub(super) async fn run(
        mut self,
        interval: Duration,
        queue: &Queue,
        metrics: &TargetMetrics,
        reporter: &ErrorReporter,
        mut stopped: oneshot::Receiver<()>,
    ) {
        loop {
            let start = Instant::now();
            let (samples, delivery) = self.gather(metrics, reporter).await;
            let dropped = queue.push(samples, delivery);
            metrics.record_lost(dropped, LossReason::QueueFull);
            let left = interval.saturating_sub(start.elapsed());
            // `stopped` completes when the signal is sent, and when its sender is dropped.
            if time::timeout(left, &mut stopped).await.is_ok() {
                break;
            }
        }
        let (mut last, delivery) = self.gather(metrics, reporter).await;
        let time = self.now();
        let previous = self.previous.values();
        last.extend(previous.map(|previous| previous.sample.stale_marker(time)));
        metrics.record_lost(queue.push(last, delivery), LossReason::QueueFull);
        queue.close();
    }

    /// Gathers the registry; a panic is reported, and counted as a failed push without samples.
    async fn gather(
        &mut self,
        metrics: &TargetMetrics,
        reporter: &ErrorReporter,
    ) -> (Vec<SeriesSample>, Option<Delivery>) {
        let start = Instant::now();
        match catch_panic_of(self.gather_samples(metrics)).await {
            Ok((samples, delivery)) => (samples, Some(delivery)),
            Err(message) => {
                metrics.record_push(start.elapsed(), false);
                reporter.report(thread::panicked(metrics.destination(), message));
                (Vec::new(), None)
            }
        }
    }

    async fn gather_samples(&mut self, metrics: &TargetMetrics) -> (Vec<SeriesSample>, Delivery) {
        let time = self.now();
        let (registry, recipient) = (self.registry.clone(), self.recipient);
        // Gathers on a blocking thread, because a slow collector must not delay the sender.
        let gathered = task::spawn_blocking(move || registry.gather_for(recipient)).await;
        let (families, delivery) = gathered.unwrap_or_else(|error| {
            let panic = error.try_into_panic();
            resume_unwind(panic.unwrap_or_else(|error| Box::new(error.to_string())))
        });
        let mut disappeared = mem::take(&mut self.previous);
        let mut samples = self.converter.samples(&families, time);
        let mut duplicates = 0;
        samples.retain_mut(|sample| {
            // Drops a second sample of a series, because a server refuses a request with two
            // samples of one series and time. Two series can become equal when a label is added to
            // the one that lacks it.
            if self.previous.contains_key(&sample.labels) {
                duplicates += 1;
                return false;
            }
            let newest = match disappeared.remove_entry(&sample.labels) {
                // Drops the sample, because a server accepts the samples of a series only in the
                // order of time. A sample with a timestamp of its own may have been sent before.
                Some((labels, previous)) if sample.time <= previous.sample.time => {
                    self.previous.insert(labels, previous);
                    return false;
                }
                Some((labels, previous)) => {
                    // Reuses the earlier labels, so that queued samples share one copy of the text.
                    sample.labels = labels;
                    previous.newest_exemplar
                }
                None => 0.0,
            };
            // A server accepts each exemplar once, and only in the order of time.
            sample.exemplars.retain(|exemplar| exemplar.time > newest);
            let newest = sample.exemplars.last().map_or(newest, |last| last.time);
            let mut previous = sample.clone();
            previous.exemplars = Vec::new();
            self.previous.insert(
                Arc::clone(&sample.labels),
                PreviousSample {
                    sample: previous,
                    newest_exemplar: newest,
                },
            );
            true
        });
        metrics.record_lost(duplicates, LossReason::Duplicate);
        let disappeared = disappeared.values();
        samples.extend(disappeared.map(|previous| previous.sample.stale_marker(time)));
        (samples, delivery)
    }

    /// The current Unix time in milliseconds, but at least 1 ms after the last one.
    ///
    /// A server may refuse samples of a series that are not in the order of time.
    fn now(&mut self) -> i64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_millis() as i64);
        self.last_time = now.max(self.last_time + 1);
        self.last_time
    }
}
