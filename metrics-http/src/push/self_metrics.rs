//! The metrics of what is pushed in the background.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, SystemTime},
};

use metrics_core::{
    Collection, Collector, DURATION_BUCKETS, Desc, HistogramSnapshot, Kind, Registry,
};

use crate::error::Error;

/// Adds the metrics of all pushers to a registry, and returns those of a server.
pub(super) fn add(registry: &Registry, url: &str) -> Result<Arc<Row>, Error> {
    let pushers = pushers();
    registry
        .register(Arc::clone(pushers) as Arc<dyn Collector>)
        .map_err(Error::declaration)?;
    let mut rows = lock(&pushers.0);
    // Two pushers to the same server are one here, as series have no other label.
    if let Some(row) = rows.iter().find(|row| row.url == url) {
        return Ok(Arc::clone(row));
    }
    let row = Arc::new(Row {
        url: url.to_owned(),
        state: Mutex::default(),
    });
    rows.push(Arc::clone(&row));
    Ok(row)
}

/// One for the whole program: two collectors of the same families would clash.
fn pushers() -> &'static Arc<Pushers> {
    static PUSHERS: OnceLock<Arc<Pushers>> = OnceLock::new();
    PUSHERS.get_or_init(Arc::default)
}

/// What is known of all pushers.
#[derive(Default)]
struct Pushers(Mutex<Vec<Arc<Row>>>);

/// What is known of a server that is pushed to.
pub(super) struct Row {
    url: String,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    succeeded: u64,
    failed: u64,
    last_success: f64,
    /// By bucket, the last of which has no bound.
    durations: [u64; DURATION_BUCKETS.len() + 1],
    duration: f64,
    lost: Option<[u64; Loss::ALL.len()]>,
}

/// Why samples were given up.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "remote-write"), expect(dead_code))]
pub(super) enum Loss {
    Queue,
    Refused,
    End,
}

impl Loss {
    const ALL: [&str; 3] = ["queue", "refused", "end"];
}

impl Row {
    /// A push has ended.
    pub(super) fn pushed(&self, took: Duration, well: bool) {
        let seconds = took.as_secs_f64();
        let bucket = DURATION_BUCKETS.partition_point(|bound| *bound < seconds);
        let mut state = lock(&self.state);
        state.durations[bucket] += 1;
        state.duration += seconds;
        if !well {
            state.failed += 1;
            return;
        }
        state.succeeded += 1;
        if let Ok(now) = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            state.last_success = now.as_secs_f64();
        }
    }

    /// So many samples will never arrive. None does not count, but shows that it could.
    #[cfg(feature = "remote-write")]
    pub(super) fn lost(&self, samples: u64, why: Loss) {
        let mut state = lock(&self.state);
        state.lost.get_or_insert_default()[why as usize] += samples;
    }
}

impl Collector for Pushers {
    fn descs(&self) -> &[Desc] {
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [pushes, last_success, duration, lost] = &DESCS;
        let rows = lock(&self.0).clone();
        for row in rows {
            let state = *lock(&row.state);
            let url = ("url", row.url.as_str());
            for (result, count) in [("ok", state.succeeded), ("error", state.failed)] {
                out.counter(pushes, &[url, ("result", result)], count as f64);
            }
            out.gauge(last_success, &[url], state.last_success);
            let bounds = DURATION_BUCKETS.into_iter().chain([f64::INFINITY]);
            let buckets = bounds.zip(state.durations);
            let durations = HistogramSnapshot::from_buckets(buckets, state.duration);
            out.histogram(duration, &[url], durations);
            for (reason, count) in state
                .lost
                .into_iter()
                .flat_map(|lost| Loss::ALL.into_iter().zip(lost))
            {
                out.counter(lost, &[url, ("reason", reason)], count as f64);
            }
        }
    }
}

/// Nothing that panics is called under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static DESCS: [Desc; 4] = [
    Desc::new(
        Kind::Counter,
        "metrics_pushes_total",
        "Pushes of metrics in the background, by result.",
    ),
    Desc::new(
        Kind::Gauge,
        "metrics_push_last_success_timestamp_seconds",
        "When metrics were last pushed with success, 0 before.",
    )
    .unit("seconds"),
    Desc::new(
        Kind::Histogram,
        "metrics_push_duration_seconds",
        "Time that pushes took, whatever their result.",
    )
    .unit("seconds"),
    Desc::new(
        Kind::Counter,
        "metrics_push_lost_samples_total",
        "Samples that remote write gave up, by reason.",
    ),
];
