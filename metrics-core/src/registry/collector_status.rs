//! Counts the errors of each collector, and ensures that only one scrape at a time runs a
//! collector.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::registry::item::{Item, ItemKey};

/// The error counts of a collector, and whether it is running.
#[derive(Debug, Default)]
pub(crate) struct CollectorStatus {
    /// Scrapes in which the collector panicked.
    panics: AtomicU64,
    /// Scrapes that went on without the collector's values: they stopped waiting for it, or skipped
    /// it because it was still running for an earlier scrape.
    timeouts: AtomicU64,
    /// Number of rejected values by family name.
    rejected: Mutex<BTreeMap<String, u64>>,
    run: Mutex<RunState>,
    run_ended: Condvar,
}

/// Whether a collector is running.
///
/// At most one scrape runs a collector at a time, so that at most one thread hangs in it.
#[derive(Debug, Default)]
struct RunState {
    is_running: bool,
    /// Whether a scrape has timed out while it waited for this run.
    has_timed_out: bool,
}

impl CollectorStatus {
    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn count_timeout(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    /// Family names with the number of their rejected values.
    pub(crate) fn rejected(&self) -> Vec<(String, u64)> {
        let rejected = lock(&self.rejected);
        let owned = |(family, count): (&String, &u64)| (family.clone(), *count);
        rejected.iter().map(owned).collect()
    }

    /// Counts `count` rejected values of a family.
    pub(crate) fn reject(&self, family: &str, count: u64) {
        self.reject_bounded(usize::MAX, family, family, count);
    }

    /// Like [`reject`](Self::reject), but counts for `fallback` if `family` is new and `max`
    /// families are known already.
    ///
    /// Bounds the number of names that are stored for a collector that makes up family names.
    pub(crate) fn reject_bounded(&self, max: usize, family: &str, fallback: &str, count: u64) {
        if count == 0 {
            return;
        }
        let mut rejected = lock(&self.rejected);
        let has_room = rejected.len() < max || rejected.contains_key(family);
        let family = if has_room { family } else { fallback };
        *rejected.entry(family.to_owned()).or_default() += count;
    }

    /// Waits until no other scrape runs the collector, and begins a run. Returns false if another
    /// scrape still runs the collector at the deadline.
    pub(crate) fn begin_run(&self, deadline: Option<Instant>) -> bool {
        let mut run = lock(&self.run);
        while run.is_running {
            run = match deadline {
                None => self
                    .run_ended
                    .wait(run)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let remaining = deadline.saturating_duration_since(Instant::now());
                    if remaining.is_zero() {
                        return false;
                    }
                    let waited = self.run_ended.wait_timeout(run, remaining);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        run.is_running = true;
        true
    }

    pub(crate) fn end_run(&self) {
        *lock(&self.run) = RunState::default();
        self.run_ended.notify_one();
    }

    /// Counts a scrape that reached its deadline before the collector finished. Later scrapes skip
    /// the collector while [`is_stuck`](Self::is_stuck).
    pub(crate) fn abandon_run(&self) {
        let mut run = lock(&self.run);
        run.has_timed_out = run.is_running;
        drop(run);
        self.count_timeout();
    }

    /// Whether the collector is still in a run for which a scrape has timed out.
    pub(crate) fn is_stuck(&self) -> bool {
        lock(&self.run).has_timed_out
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The status of each collector of a registry; kept when the families are grouped anew.
#[derive(Debug, Default)]
pub(crate) struct CollectorStatuses(HashMap<ItemKey, Arc<CollectorStatus>>);

impl CollectorStatuses {
    /// The status of a collector; a new one at the first call.
    pub(crate) fn of(&mut self, collector: &Item) -> Arc<CollectorStatus> {
        Arc::clone(self.0.entry(collector.key()).or_default())
    }

    /// Moves the status of `from` to `to`, so that the counts continue.
    pub(crate) fn transfer(&mut self, from: &Item, to: &Item) {
        if let Some(status) = self.0.remove(&from.key()) {
            self.0.insert(to.key(), status);
        }
    }

    /// Removes the status of a collector that is removed from the registry.
    pub(crate) fn remove(&mut self, collector: ItemKey) {
        self.0.remove(&collector);
    }
}
