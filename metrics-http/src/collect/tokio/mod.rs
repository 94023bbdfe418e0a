//! Collects metrics of tokio runtimes.

mod metric;
#[cfg(tokio_unstable)]
mod unstable;

use std::sync::Arc;

use metrics_core::{Collection, Collector, Desc, Kind};
use tokio::runtime::{Handle, RuntimeMetrics};

#[cfg(target_has_atomic = "64")]
use self::metric::per_worker;
use self::metric::{Metric, Read, per_runtime};

/// Collects metrics of the workers, tasks and queues of a tokio runtime.
///
/// | name | type | contents |
/// |---|---|---|
/// | `tokio_workers` | gauge | worker threads |
/// | `tokio_alive_tasks` | gauge | tasks that have not completed |
/// | `tokio_global_queue_depth` | gauge | tasks waiting for any worker |
/// | `tokio_worker_busy_seconds_total` | counter, by `worker` | time the worker was not parked |
/// | `tokio_worker_parks_total` | counter, by `worker` | times the worker was parked without work |
///
/// The counters exist only on targets with 64-bit atomics.
///
/// tokio maintains these values in any case, and reading them does not delay tasks. A program built
/// with `RUSTFLAGS="--cfg tokio_unstable"` has more: blocking threads, spawned tasks, local queues,
/// stealing, polls, the I/O driver and others.
///
/// A runtime that has been shut down keeps its last values. A registry accepts one collector of
/// these families; use [`tokio_runtimes`] for several runtimes.
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
    Arc::new(RuntimeCollector::new(vec![(None, handle.metrics())]))
}

/// Collects metrics of several tokio runtimes, with the label `runtime`.
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
    let runtimes = runtimes.into_iter();
    let runtimes = runtimes.map(|(name, handle)| (Some(name.into()), handle.metrics()));
    Arc::new(RuntimeCollector::new(runtimes.collect()))
}

struct RuntimeCollector {
    /// The runtimes, each with the value of its label `runtime`, if it has one.
    runtimes: Vec<(Option<String>, RuntimeMetrics)>,
    descs: Vec<Desc>,
    /// How to read the value of each of `descs`.
    reads: Vec<Read>,
}

impl RuntimeCollector {
    fn new(runtimes: Vec<(Option<String>, RuntimeMetrics)>) -> Self {
        let (descs, reads) = metrics().unzip();
        RuntimeCollector {
            runtimes,
            descs,
            reads,
        }
    }
}

impl Collector for RuntimeCollector {
    fn descs(&self) -> &[Desc] {
        &self.descs
    }

    fn collect(&self, out: &mut Collection<'_>) {
        for (name, runtime) in &self.runtimes {
            let name = name.as_deref().map(|name| ("runtime", name));
            for (desc, read) in self.descs.iter().zip(&self.reads) {
                match read {
                    Read::Runtime(read) => write(out, desc, name.as_slice(), read(runtime)),
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
        Kind::Counter => out.counter(desc, labels, value),
        _ => out.gauge(desc, labels, value),
    };
}

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
        per_runtime(
            Kind::Gauge,
            "tokio_workers",
            "Worker threads of the runtime.",
            |runtime| runtime.num_workers() as f64,
        ),
        per_runtime(
            Kind::Gauge,
            "tokio_alive_tasks",
            "Tasks that have not completed.",
            |runtime| runtime.num_alive_tasks() as f64,
        ),
        per_runtime(
            Kind::Gauge,
            "tokio_global_queue_depth",
            "Tasks waiting for any worker.",
            |runtime| runtime.global_queue_depth() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        (
            Desc::new(
                Kind::Counter,
                "tokio_worker_busy_seconds_total",
                "Time during which a worker was not parked.",
            )
            .unit("seconds"),
            Read::Worker(|runtime, worker| {
                runtime.worker_total_busy_duration(worker).as_secs_f64()
            }),
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Counter,
            "tokio_worker_parks_total",
            "Times a worker was parked without work.",
            |runtime, worker| runtime.worker_park_count(worker) as f64,
        ),
    ]
}
