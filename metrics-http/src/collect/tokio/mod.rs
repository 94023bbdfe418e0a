//! What tokio counts of a runtime.

#[cfg(tokio_unstable)]
mod unstable;

use std::sync::Arc;

use metrics_core::{Collection, Collector, Desc, Kind};
use tokio::runtime::{Handle, RuntimeMetrics};

/// Workers, tasks and queues of a tokio runtime.
///
/// | name | type | |
/// |---|---|---|
/// | `tokio_workers` | gauge | threads that run tasks |
/// | `tokio_alive_tasks` | gauge | tasks that were spawned and have not ended |
/// | `tokio_global_queue_depth` | gauge | tasks that wait for any worker |
/// | `tokio_worker_busy_seconds_total` | counter, by `worker` | time in which it was not parked |
/// | `tokio_worker_parks_total` | counter, by `worker` | times that it had nothing to do |
///
/// tokio keeps these anyhow; reading them costs its tasks nothing. In a program that is built with
/// `RUSTFLAGS="--cfg tokio_unstable"` there are more: of blocking threads, spawned tasks, local
/// queues, stealing, polls and the driver of input and output.
///
/// A runtime that has ended keeps its last values. A registry takes one such collector;
/// [`tokio_runtimes`] is for programs with several runtimes.
///
/// ```
/// use metrics_http::{Format, Registry, collect};
///
/// let runtime = tokio::runtime::Runtime::new()?;
/// let registry = Registry::new(); // or Registry::global()
/// registry.register(collect::tokio(runtime.handle()))?;
/// assert!(registry.encode_to_string(Format::Text).contains("\ntokio_alive_tasks 0\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tokio(handle: &Handle) -> Arc<dyn Collector> {
    Arc::new(Runtimes::new(vec![(None, handle.metrics())]))
}

/// The same of several runtimes, told apart by the label `runtime`.
///
/// ```
/// use metrics_http::{Format, Registry, collect};
///
/// let web = tokio::runtime::Runtime::new()?;
/// let jobs = tokio::runtime::Builder::new_current_thread().build()?;
/// let registry = Registry::new();
/// let both = collect::tokio_runtimes([("web", web.handle()), ("jobs", jobs.handle())]);
/// registry.register(both)?;
/// let text = registry.encode_to_string(Format::Text);
/// assert!(text.contains("tokio_workers{runtime=\"jobs\"} 1\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tokio_runtimes<'h, N: Into<String>>(
    runtimes: impl IntoIterator<Item = (N, &'h Handle)>,
) -> Arc<dyn Collector> {
    let named = runtimes.into_iter();
    let named = named.map(|(name, handle)| (Some(name.into()), handle.metrics()));
    Arc::new(Runtimes::new(named.collect()))
}

struct Runtimes {
    /// What each is called, where there are several.
    named: Vec<(Option<String>, RuntimeMetrics)>,
    descs: Vec<Desc>,
    /// How each of them is read.
    reads: Vec<Read>,
}

impl Runtimes {
    fn new(named: Vec<(Option<String>, RuntimeMetrics)>) -> Self {
        let (descs, reads) = metrics().unzip();
        Runtimes {
            named,
            descs,
            reads,
        }
    }
}

impl Collector for Runtimes {
    fn descs(&self) -> &[Desc] {
        &self.descs
    }

    fn collect(&self, out: &mut Collection<'_>) {
        for (name, runtime) in &self.named {
            let name = name.as_deref().map(|name| ("runtime", name));
            for (desc, read) in self.descs.iter().zip(&self.reads) {
                match read {
                    Read::Whole(read) => write(out, desc, name.as_slice(), read(runtime)),
                    #[cfg(target_has_atomic = "64")]
                    Read::Worker(read) => {
                        for worker in 0..runtime.num_workers() {
                            let number = worker.to_string();
                            let labels = name.into_iter().chain([("worker", number.as_str())]);
                            let labels: Vec<_> = labels.collect();
                            write(out, desc, &labels, read(runtime, worker));
                        }
                    }
                }
            }
        }
    }
}

fn write(out: &mut Collection<'_>, desc: &Desc, labels: &[(&str, &str)], value: f64) {
    match desc.kind() {
        Kind::Counter => _ = out.counter(desc, labels, value),
        _ => out.gauge(desc, labels, value),
    }
}

/// How a number is read, and whose it is.
enum Read {
    Whole(fn(&RuntimeMetrics) -> f64),
    /// tokio keeps these where there are atomics of 64 bits.
    #[cfg(target_has_atomic = "64")]
    Worker(fn(&RuntimeMetrics, usize) -> f64),
}

type Metric = (Desc, Read);

#[cfg(not(tokio_unstable))]
fn metrics() -> impl Iterator<Item = Metric> {
    stable().into_iter()
}

#[cfg(tokio_unstable)]
fn metrics() -> impl Iterator<Item = Metric> {
    stable().into_iter().chain(unstable::metrics())
}

fn stable() -> Vec<Metric> {
    vec![
        whole(
            Kind::Gauge,
            "tokio_workers",
            "Threads of the runtime that run tasks.",
            |runtime| runtime.num_workers() as f64,
        ),
        whole(
            Kind::Gauge,
            "tokio_alive_tasks",
            "Tasks that were spawned and have not ended.",
            |runtime| runtime.num_alive_tasks() as f64,
        ),
        whole(
            Kind::Gauge,
            "tokio_global_queue_depth",
            "Tasks that wait for any worker to take them.",
            |runtime| runtime.global_queue_depth() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        (
            Desc::new(
                Kind::Counter,
                "tokio_worker_busy_seconds_total",
                "Time in which a worker was not parked.",
            )
            .unit("seconds"),
            Read::Worker(|runtime, worker| {
                runtime.worker_total_busy_duration(worker).as_secs_f64()
            }),
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Counter,
            "tokio_worker_parks_total",
            "Times that a worker had nothing to do and was parked.",
            |runtime, worker| runtime.worker_park_count(worker) as f64,
        ),
    ]
}

fn whole(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    read: fn(&RuntimeMetrics) -> f64,
) -> Metric {
    (Desc::new(kind, name, help), Read::Whole(read))
}

#[cfg(target_has_atomic = "64")]
fn worker(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    read: fn(&RuntimeMetrics, usize) -> f64,
) -> Metric {
    (Desc::new(kind, name, help), Read::Worker(read))
}
