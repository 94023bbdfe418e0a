//! Remote write: for programs that nobody can reach to scrape them.

mod proto;
mod queue;
mod request;
mod sender;
mod series;

use std::{
    collections::HashMap,
    fmt::{self, Debug, Formatter},
    sync::Arc,
    time::{Duration, SystemTime},
};

use metrics_core::{Escaping, Registry};
use tokio::{
    sync::oneshot,
    task,
    time::{self, Instant},
};

use self::{
    queue::Queue,
    sender::Sender,
    series::{Labels, Point, Shape},
};
use super::{
    background::{self, Pusher},
    client::Server,
    self_metrics::{self, Loss, Row},
};
use crate::error::Error;

/// Sends samples to a server by Prometheus' remote write protocol: for programs that nobody can
/// reach to scrape them, and for servers that do not scrape.
///
/// It does what a Prometheus does that scrapes the program and passes on what it finds. Samples
/// are of the time at which they are gathered, and wait in memory until the server has taken them,
/// up to a [bound](RemoteWrite::max_queued_samples). What the server cannot take at the moment
/// (statuses 5xx and 429), or does not answer, is sent again, after pauses that grow from a
/// twentieth of a second to ten seconds or are as long as its `Retry-After` says; what it refuses
/// otherwise is given up and counted. Repeated samples have their first time, so that a server
/// that took them before knows them again. When the pusher ends, and when a series is no longer
/// there, the server is told so by a stale marker.
///
/// Series have the names that a scrape in OpenMetrics has, and further
/// [labels](RemoteWrite::label), `job` among them, which a scraper would put on. Exemplars and
/// metadata are sent as well, the time of birth where version 2.0 is spoken, and native histograms
/// where they are [asked for](RemoteWrite::send_native_histograms). Version 2.0 is tried first, and 1.0
/// spoken to servers that do not know it.
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
#[must_use = "nothing is sent before `every`"]
pub struct RemoteWrite {
    registry: Registry,
    server: Server,
    labels: Vec<(String, String)>,
    escaping: Escaping,
    native: bool,
    version: RemoteWriteVersion,
    capacity: usize,
    most: usize,
    shutdown: Duration,
}

/// A version of the remote write protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RemoteWriteVersion {
    /// 1.0, with the metadata, exemplars and native histograms that Prometheus has added to it.
    V1,
    /// 2.0, and 1.0 to a server that does not know it.
    #[default]
    V2,
}

impl RemoteWrite {
    /// To this URL, path included, with this label `job`.
    pub fn new(url: impl Into<String>, job: impl Into<String>) -> RemoteWrite {
        RemoteWrite {
            registry: Registry::global().clone(),
            server: Server::new(url.into()),
            labels: vec![("job".to_owned(), job.into())],
            escaping: Escaping::Underscores,
            native: false,
            version: RemoteWriteVersion::V2,
            capacity: 100_000,
            most: 2_000,
            shutdown: Duration::from_secs(10),
        }
    }

    /// Sends this registry instead of the global one.
    pub fn registry(mut self, registry: Registry) -> RemoteWrite {
        self.registry = registry;
        self
    }

    /// A further label of all series that have none of this name.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> RemoteWrite {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// The label `instance`, with the name of this machine. Programs that send the same series
    /// need something to tell them apart.
    pub fn instance_from_hostname(self) -> RemoteWrite {
        let host = gethostname::gethostname();
        self.label("instance", host.to_string_lossy())
    }

    /// How names of other characters than letters, digits and underscores are written: with
    /// underscores in place of them.
    pub fn escaping(mut self, escaping: Escaping) -> RemoteWrite {
        self.escaping = escaping;
        self
    }

    /// Whether to send the native buckets of histograms that have them: not, as in Prometheus, whose
    /// setting is called `send_native_histograms`.
    ///
    /// A Prometheus that has its own of them disabled (`--enable-feature=native-histograms`)
    /// answers a request with one as if it could take it later, and takes none of it ever.
    pub fn send_native_histograms(mut self, on: bool) -> RemoteWrite {
        self.native = on;
        self
    }

    /// Which version to speak: 2.0, or 1.0 where the server does not know it.
    pub fn version(mut self, version: RemoteWriteVersion) -> RemoteWrite {
        self.version = version;
        self
    }

    /// Logs in with a name and a password.
    pub fn basic_auth(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> RemoteWrite {
        self.server.basic_auth(user.into(), password.into());
        self
    }

    /// Logs in with a token.
    pub fn bearer_auth(mut self, token: impl Into<String>) -> RemoteWrite {
        self.server.bearer_auth(token.into());
        self
    }

    /// How long to wait for an answer before sending again: 10 seconds.
    pub fn timeout(mut self, time: Duration) -> RemoteWrite {
        self.server.timeout(time);
        self
    }

    /// How many samples may wait: 100,000. The oldest ones are given up for newer ones, and
    /// counted. One takes some hundred bytes.
    pub fn max_queued_samples(mut self, samples: usize) -> RemoteWrite {
        self.capacity = samples;
        self
    }

    /// How many samples a request has at the most: 2,000, and at least 1.
    pub fn max_samples_per_send(mut self, samples: usize) -> RemoteWrite {
        self.most = samples;
        self
    }

    /// How long the end may take until all has arrived: 10 seconds. What has not is given up and
    /// counted.
    pub fn shutdown_timeout(mut self, time: Duration) -> RemoteWrite {
        self.shutdown = time;
        self
    }

    /// Trusts these certificates (PEM) instead of those that the system trusts.
    #[cfg(feature = "https")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> RemoteWrite {
        self.server.roots = Some(pem.into());
        self
    }

    /// Sends in the background: now, each time `interval` has passed since, and at the end; see
    /// [`Pusher`], which ends within the [time for it](RemoteWrite::shutdown_timeout).
    ///
    /// Samples that are refused are counted. Errors are given to `on_error`, an outage as one.
    ///
    /// # Errors
    ///
    /// When the interval is zero, the URL, a label or a certificate cannot be one, no thread can be
    /// started, or the registry has metrics of the names of the pusher's own. The server is not asked yet.
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
        background::check(interval)?;
        self.check_labels()?;
        let client = self.server.client()?;
        let uri = self.server.uri("")?;
        let row = self_metrics::add(&self.registry, &uri.to_string())?;
        row.lost(0, Loss::Queue);
        Pusher::spawn(move |stopped| async move {
            let queue = Arc::new(Queue::new(self.capacity));
            let sender = Sender {
                client,
                uri,
                queue: Arc::clone(&queue),
                row: Arc::clone(&row),
                on_error: Box::new(on_error),
                most: self.most.max(1),
                wanted: self.version,
                version: self.version,
                is_known: false,
            };
            let sending = task::spawn(sender.run());
            let gatherer = Gatherer {
                registry: self.registry,
                shape: Shape {
                    escaping: self.escaping,
                    native: self.native,
                    labels: self.labels,
                },
                known: HashMap::new(),
                time: 0,
            };
            gatherer.run(interval, &queue, &row, stopped).await;
            finish(sending, &queue, &row, self.shutdown).await
        })
    }

    fn check_labels(&self) -> Result<(), Error> {
        for (at, (name, _)) in self.labels.iter().enumerate() {
            let fault = if name.is_empty() {
                "is empty; give it a name"
            } else if name.starts_with("__") {
                "begins with `__`, as only Prometheus' own do; take another"
            } else if self.labels[..at].iter().any(|(earlier, _)| earlier == name) {
                "is there twice; drop one"
            } else if self.escaping.label_name(name) != *name {
                "has characters that the escaping does not leave alone; take letters, digits and `_`"
            } else {
                continue;
            };
            let name = name.escape_default();
            return Err(Error::setting(format!(
                "the label `{name}` of what is sent {fault}"
            )));
        }
        Ok(())
    }
}

/// Without the password.
impl Debug for RemoteWrite {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteWrite")
            .field("labels", &self.labels)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Makes points of what the registry holds.
struct Gatherer {
    registry: Registry,
    shape: Shape,
    /// The series of the last time, and when the newest exemplar of each was recorded.
    known: HashMap<Labels, (Point, f64)>,
    /// Of the last points, in Unix time in milliseconds.
    time: i64,
}

impl Gatherer {
    async fn run(
        mut self,
        interval: Duration,
        queue: &Queue,
        row: &Row,
        mut stopped: oneshot::Receiver<()>,
    ) {
        loop {
            let start = Instant::now();
            row.lost(queue.push(self.gather().await), Loss::Queue);
            let left = interval.saturating_sub(start.elapsed());
            // Told to stop, or left alone by a handle that is gone.
            if time::timeout(left, &mut stopped).await.is_ok() {
                break;
            }
        }
        let mut last = self.gather().await;
        let time = self.now();
        let ends = self
            .known
            .values()
            .map(|(point, _)| series::stale(point, time));
        last.extend(ends);
        row.lost(queue.push(last), Loss::Queue);
        queue.close();
    }

    async fn gather(&mut self) -> Vec<Point> {
        let time = self.now();
        let registry = self.registry.clone();
        // Collectors may take their time, and what is under way must not wait for them.
        let gathered = task::spawn_blocking(move || registry.gather()).await;
        let Ok(families) = gathered else {
            return Vec::new();
        };
        let mut before = std::mem::take(&mut self.known);
        let mut points = self.shape.points(&families, time);
        for point in &mut points {
            let newest = match before.remove_entry(&point.labels) {
                // The same text need not be kept twice.
                Some((labels, (_, newest))) => {
                    point.labels = labels;
                    newest
                }
                None => 0.0,
            };
            // A server takes each exemplar once, and none that is older than one it has.
            point.exemplars.retain(|exemplar| exemplar.time > newest);
            let newest = point.exemplars.last().map_or(newest, |last| last.time);
            let mut kept = point.clone();
            kept.exemplars = Vec::new();
            self.known.insert(Arc::clone(&point.labels), (kept, newest));
        }
        let gone = before.values().map(|(point, _)| series::stale(point, time));
        points.extend(gone);
        points
    }

    /// The time, or as little more than the last one as it takes for samples to be in order.
    fn now(&mut self) -> i64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_millis() as i64);
        self.time = now.max(self.time + 1);
        self.time
    }
}

/// Waits until all has arrived, or gives the rest up.
async fn finish(
    mut sending: task::JoinHandle<Result<(), Error>>,
    queue: &Queue,
    row: &Row,
    within: Duration,
) -> Result<(), Error> {
    if let Ok(ended) = time::timeout(within, &mut sending).await {
        return ended.unwrap_or_else(|_| Err(super::client::panicked()));
    }
    sending.abort();
    let left = queue.left();
    row.lost(left, Loss::End);
    Err(Error::setting(format!(
        "{left} samples had not arrived {within:?} after the end, and are lost; \
         `shutdown_timeout` gives them more"
    )))
}
