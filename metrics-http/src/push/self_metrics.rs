//! The library's metrics about pushing: pushes, their durations, queued and lost samples, by server.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use metrics_core::{
    Collection, Collector, DURATION_BUCKETS, Desc, HistogramSnapshot, Kind, Registry, Subject,
};

use crate::error::{Destination, Error};

/// Registers the metrics of all pushers in a registry; returns those of one destination.
///
/// Two pushers with the same origin and job share their metrics, because no other label tells them
/// apart.
pub(super) fn register(
    registry: &Registry,
    to: &Arc<Destination>,
) -> Result<Arc<TargetMetrics>, Error> {
    let collector = collector();
    registry
        .register(Arc::clone(collector) as Arc<dyn Collector>)
        .map_err(Error::declaration)?;
    let mut targets = lock(&collector.0);
    let is_same =
        |target: &&Arc<TargetMetrics>| target.to.origin == to.origin && target.to.job == to.job;
    if let Some(target) = targets.iter().find(is_same) {
        return Ok(Arc::clone(target));
    }
    let target = Arc::new(TargetMetrics {
        to: Arc::clone(to),
        state: Mutex::default(),
        queues: Mutex::default(),
    });
    targets.push(Arc::clone(&target));
    Ok(target)
}

/// The program's only collector of push metrics, because two with the same families would clash.
fn collector() -> &'static Arc<PushCollector> {
    static COLLECTOR: OnceLock<Arc<PushCollector>> = OnceLock::new();
    COLLECTOR.get_or_init(Arc::default)
}

#[derive(Default)]
struct PushCollector(Mutex<Vec<Arc<TargetMetrics>>>);

/// The metrics of pushes to one destination.
pub(super) struct TargetMetrics {
    to: Arc<Destination>,
    state: Mutex<State>,
    /// The queue lengths of the pushers that exist.
    queues: Mutex<Vec<Weak<AtomicU64>>>,
}

#[derive(Clone, Copy, Default)]
struct State {
    succeeded: u64,
    failed: u64,
    /// Unix time in seconds; 0 before the first success.
    last_success: f64,
    /// Counts by bucket; the last bucket is `+Inf`.
    duration_buckets: [u64; DURATION_BUCKETS.len() + 1],
    duration_sum: f64,
    /// Counts by [`LossReason`]; `None` for servers that are not written to by remote write.
    lost: Option<[u64; LossReason::NAMES.len()]>,
}

/// Why remote write dropped samples.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "remote-write"), expect(dead_code))]
pub(super) enum LossReason {
    QueueFull,
    Refused,
    End,
    /// Another series of the same exposition has the same labels, once labels are added.
    Duplicate,
}

impl LossReason {
    /// Values of the label `reason`, in the order of the variants.
    const NAMES: [&str; 4] = ["queue", "refused", "end", "duplicate"];
}

impl TargetMetrics {
    #[cfg(feature = "remote-write")]
    pub(super) fn destination(&self) -> &Arc<Destination> {
        &self.to
    }

    pub(super) fn record_push(&self, duration: Duration, is_success: bool) {
        let seconds = duration.as_secs_f64();
        let bucket = DURATION_BUCKETS.partition_point(|bound| *bound < seconds);
        let mut state = lock(&self.state);
        state.duration_buckets[bucket] += 1;
        state.duration_sum += seconds;
        if !is_success {
            state.failed += 1;
            return;
        }
        state.succeeded += 1;
        if let Ok(now) = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            state.last_success = now.as_secs_f64();
        }
    }

    /// Counts lost samples. A call with 0 makes the counter appear in the exposition.
    #[cfg(feature = "remote-write")]
    pub(super) fn record_lost(&self, samples: u64, reason: LossReason) {
        let mut state = lock(&self.state);
        state.lost.get_or_insert_default()[reason as usize] += samples;
    }

    /// Adds a queue; its owner stores the number of queued samples in the result.
    #[cfg(feature = "remote-write")]
    pub(super) fn add_queue(&self) -> Arc<AtomicU64> {
        let length = Arc::default();
        let mut queues = lock(&self.queues);
        queues.retain(|queue| queue.strong_count() > 0);
        queues.push(Arc::downgrade(&length));
        length
    }

    /// Number of samples in all queues.
    fn queued(&self) -> u64 {
        let queues = lock(&self.queues);
        let lengths = queues.iter().filter_map(Weak::upgrade);
        lengths.map(|length| length.load(Ordering::Relaxed)).sum()
    }
}

impl Collector for PushCollector {
    fn descs(&self) -> &[Desc] {
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [pushes, last_success, duration, queued, lost] = &DESCS;
        let targets = lock(&self.0).clone();
        for target in targets {
            let state = *lock(&target.state);
            let url = ("url", target.to.origin.as_str());
            // Not `job`, because a gateway and a scraper set that label.
            let job = ("pushed_job", target.to.job.as_str());
            for (result, count) in [("ok", state.succeeded), ("error", state.failed)] {
                out.counter(pushes, &[url, job, ("result", result)], count as f64);
            }
            out.gauge(last_success, &[url, job], state.last_success);
            let bounds = DURATION_BUCKETS.into_iter().chain([f64::INFINITY]);
            let buckets = bounds.zip(state.duration_buckets);
            let snapshot = HistogramSnapshot::from_buckets(buckets, state.duration_sum);
            out.histogram(duration, &[url, job], snapshot);
            if let Some(counts) = state.lost {
                out.gauge(queued, &[url, job], target.queued() as f64);
                for (reason, count) in LossReason::NAMES.into_iter().zip(counts) {
                    out.counter(lost, &[url, job, ("reason", reason)], count as f64);
                }
            }
        }
    }
}

/// Ignores poisoning, because no code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static DESCS: [Desc; 5] = [
    Desc::new(
        Kind::Counter,
        "metrics_pushes_total",
        "Background pushes, by result.",
    )
    .about(Subject::Library),
    Desc::new(
        Kind::Gauge,
        "metrics_push_last_success_timestamp_seconds",
        "Unix time of the last successful push, 0 before it.",
    )
    .unit("seconds")
    .about(Subject::Library),
    Desc::new(
        Kind::Histogram,
        "metrics_push_duration_seconds",
        "Duration of pushes, successful or not.",
    )
    .unit("seconds")
    .about(Subject::Library),
    Desc::new(
        Kind::Gauge,
        "metrics_push_queued_samples",
        "Samples that remote write has not delivered yet.",
    )
    .about(Subject::Library),
    Desc::new(
        Kind::Counter,
        "metrics_push_lost_samples_total",
        "Samples that remote write dropped, by reason.",
    )
    .about(Subject::Library),
];
