//! Remote write: gathers samples at an interval, queues them, and sends them to a server.
//!
//! [`gatherer`] fills the [`queue`] while [`sender`] empties it, both in the pusher's runtime.
//! [`series`] converts families into samples, and [`request`] encodes samples as messages.

mod gatherer;
mod proto;
mod queue;
mod request;
mod sender;
mod series;
mod version;

use std::{
    fmt::{self, Debug, Formatter},
    sync::Arc,
    time::Duration,
};

use metrics_core::{Escaping, Recipient, Registry};
use tokio::{task, time};

pub use self::version::RemoteWriteVersion;

use self::{gatherer::Gatherer, queue::Queue, sender::Sender, series::SeriesConverter};
use super::{
    client::Client,
    pusher::{self, Pusher},
    reporter::ErrorReporter,
    self_metrics::{self, LossReason, TargetMetrics},
    settings::request_settings,
    target::PushTarget,
    thread,
};
use crate::error::{Destination, Error};

/// Sends samples to a server with Prometheus' remote-write protocol.
///
/// For programs that Prometheus cannot reach, and for servers that do not scrape.
///
/// It behaves like a Prometheus that scrapes the program and forwards the samples. Samples have the
/// timestamp of when they were gathered, or the one that their
/// [collector](metrics_core::CollectedSeries::timestamp) has set. A sample that is not newer than
/// the last one of its series is not sent, because servers refuse it. Samples wait in a
/// [bounded](RemoteWrite::max_queued_samples) queue in memory until the server has accepted them. A
/// request that fails temporarily (status 5xx or 429, no response, or a timeout) is retried, with a
/// backoff that grows from 50 ms to 10 s, or after the server's `Retry-After` if that is later, but
/// after 5 minutes at the latest.
/// Samples that the server refuses otherwise are dropped and counted. Retries keep their
/// timestamps, so the server recognises samples that it has already stored. When a series
/// disappears, and when the pusher ends, a stale marker is sent.
///
/// Series have the names of a scrape in OpenMetrics, and the [labels](RemoteWrite::label) that a
/// scraper would add, such as `job`; these tell the self-metrics and `process_*` of several programs
/// apart, as they do in a scrape. Exemplars and metadata are sent too, created timestamps with
/// version 2.0, and native histograms [on request](RemoteWrite::send_native_histograms). Version
/// 2.0 is tried first, with a fallback to 1.0.
///
/// See the specifications [1.0](https://prometheus.io/docs/specs/prw/remote_write_spec/) and
/// [2.0](https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/).
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
///
/// use metrics_http::RemoteWrite;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let pusher = RemoteWrite::new("http://127.0.0.1:9090/api/v1/write", "shortener")
///     .instance_from_hostname()
///     .push_every(Duration::from_secs(15), |error| eprintln!("{error}"))?;
/// // ...
/// pusher.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before `push_every`"]
pub struct RemoteWrite {
    registry: Registry,
    target: PushTarget,
    job: String,
    labels: Vec<(String, String)>,
    escaping: Escaping,
    sends_native_histograms: bool,
    version: RemoteWriteVersion,
    max_queued_samples: usize,
    max_samples_per_send: usize,
    shutdown_timeout: Duration,
}

request_settings!(RemoteWrite);

impl RemoteWrite {
    /// Configures remote write to this URL, including its path, with this value of the label `job`.
    pub fn new(url: impl Into<String>, job: impl Into<String>) -> RemoteWrite {
        let job = job.into();
        RemoteWrite {
            registry: Registry::global().clone(),
            target: PushTarget::new(url.into()),
            labels: vec![("job".to_owned(), job.clone())],
            job,
            escaping: Escaping::Underscores,
            sends_native_histograms: false,
            version: RemoteWriteVersion::V2,
            max_queued_samples: 100_000,
            max_samples_per_send: 2_000,
            shutdown_timeout: Duration::from_secs(10),
        }
    }

    /// Sends this registry instead of the global one.
    pub fn registry(mut self, registry: Registry) -> RemoteWrite {
        self.registry = registry;
        self
    }

    /// Adds a label to all series that do not have one of this name.
    ///
    /// Of series that the label makes equal, such as one with `shard="1"` and one without `shard`,
    /// the first is sent; `metrics_push_lost_samples_total` counts the samples of the others.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> RemoteWrite {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Adds the label `instance` with this machine's host name.
    ///
    /// Several programs that send the same series need this label, or another one that
    /// distinguishes them.
    pub fn instance_from_hostname(self) -> RemoteWrite {
        let host = gethostname::gethostname();
        self.label("instance", host.to_string_lossy())
    }

    /// How to escape metric and label names that need UTF-8 support in the server.
    ///
    /// By default, [underscores](Escaping::Underscores) replace the characters that need it.
    pub fn escaping(mut self, escaping: Escaping) -> RemoteWrite {
        self.escaping = escaping;
        self
    }

    /// Whether to send native histograms; off by default, as in Prometheus.
    ///
    /// A Prometheus that needs `--enable-feature=native-histograms` and runs without it never
    /// accepts a request that contains one, but responds as if it could accept it later.
    pub fn send_native_histograms(mut self, on: bool) -> RemoteWrite {
        self.sends_native_histograms = on;
        self
    }

    /// The protocol version to try first: 2.0 by default, with a fallback to 1.0.
    pub fn version(mut self, version: RemoteWriteVersion) -> RemoteWrite {
        self.version = version;
        self
    }

    /// Timeout of a request, after which it is retried: 10 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> RemoteWrite {
        self.target.timeout = timeout;
        self
    }

    /// Maximum number of queued samples: 100,000 by default.
    ///
    /// When the queue is full, the oldest samples are dropped and counted. A sample takes a few
    /// hundred bytes.
    pub fn max_queued_samples(mut self, samples: usize) -> RemoteWrite {
        self.max_queued_samples = samples;
        self
    }

    /// Maximum number of samples in a request: 2,000 by default, at least 1.
    pub fn max_samples_per_send(mut self, samples: usize) -> RemoteWrite {
        self.max_samples_per_send = samples;
        self
    }

    /// How long to send the remaining samples at the end: 10 seconds by default.
    ///
    /// Samples that have not been sent by then are dropped and counted.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> RemoteWrite {
        self.shutdown_timeout = timeout;
        self
    }

    /// Sends in the background: now, at every interval, and at the end.
    ///
    /// Shutting the [`Pusher`] down gathers the registry once more and then takes at most the
    /// [shutdown timeout](RemoteWrite::shutdown_timeout). Errors are passed to `on_error`, one for
    /// all retries of a request; the last error at the end is returned by [`Pusher::shutdown`].
    ///
    /// # Errors
    ///
    /// If the interval is zero, if the URL, a label, the credentials or a certificate is invalid,
    /// if no thread can be started, or if metrics in the registry clash with the pusher's
    /// self-metrics. The server is not contacted yet.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_http::RemoteWrite;
    ///
    /// let error = RemoteWrite::new("127.0.0.1:9090", "shortener")
    ///     .push_every(Duration::from_secs(15), |error| eprintln!("{error}"))
    ///     .unwrap_err();
    /// assert!(error.to_string().contains("write the address of a server"));
    /// ```
    pub fn push_every(
        self,
        interval: Duration,
        on_error: impl FnMut(Error) + Send + 'static,
    ) -> Result<Pusher, Error> {
        pusher::check_interval(interval)?;
        self.check_labels()?;
        let client = Client::new(&self.target, "", &self.job)?;
        let to = Arc::clone(client.destination());
        let metrics = self_metrics::register(&self.registry, &to)?;
        metrics.record_lost(0, LossReason::QueueFull);
        let reporter = Arc::new(ErrorReporter::new(&self.registry, &to, on_error));
        Pusher::spawn(&Arc::clone(&to), move |stopped| async move {
            let recipient =
                Recipient::new(("remote write", client.uri().to_string(), &self.labels));
            let capacity = self.max_queued_samples;
            let queue = Arc::new(Queue::new(capacity, recipient, metrics.add_queue()));
            let sender = Sender::new(
                client,
                Arc::clone(&queue),
                Arc::clone(&metrics),
                Arc::clone(&reporter),
                self.max_samples_per_send.max(1),
                self.version,
            );
            let sending = task::spawn(sender.run());
            let converter = SeriesConverter {
                escaping: self.escaping,
                sends_native_histograms: self.sends_native_histograms,
                labels: self.labels,
            };
            let gatherer = Gatherer::new(self.registry, recipient, converter);
            gatherer
                .run(interval, &queue, &metrics, &reporter, stopped)
                .await;
            finish(sending, &to, &queue, &metrics, self.shutdown_timeout).await
        })
    }

    fn check_labels(&self) -> Result<(), Error> {
        for (position, (name, _)) in self.labels.iter().enumerate() {
            let is_duplicate = || {
                let mut earlier = self.labels[..position].iter();
                earlier.any(|(earlier, _)| earlier == name)
            };
            let fault = if name.is_empty() {
                "is empty; give it a name"
            } else if name.starts_with("__") {
                "begins with `__`, which is reserved for Prometheus; choose another"
            } else if is_duplicate() {
                "is set twice; remove one"
            } else if self.escaping.label_name(name) != *name {
                "would be changed by escaping; use letters, digits and `_`"
            } else {
                continue;
            };
            let name = name.escape_default();
            return Err(Error::setting(format!(
                "the remote-write label `{name}` {fault}"
            )));
        }
        Ok(())
    }
}

/// Omits the credentials.
impl Debug for RemoteWrite {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteWrite")
            .field("labels", &self.labels)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Waits until the sender has emptied the queue; drops the rest after the timeout.
async fn finish(
    mut sending: task::JoinHandle<Result<(), Error>>,
    to: &Arc<Destination>,
    queue: &Queue,
    metrics: &TargetMetrics,
    timeout: Duration,
) -> Result<(), Error> {
    if let Ok(ended) = time::timeout(timeout, &mut sending).await {
        return ended.unwrap_or_else(|error| Err(thread::panicked(to, error.to_string())));
    }
    sending.abort();
    let lost = queue.unsent();
    metrics.record_lost(lost, LossReason::End);
    Err(Error::setting(format!(
        "{lost} samples were not sent within {timeout:?} after the end, and are lost; \
         increase `shutdown_timeout`"
    )))
}
