//! [`CollectorStatus`]: counts the errors of a collector, and lets only one scrape at a time run it.
//!
//! A scrape that finds the collector running waits. Its values must not be older than the scrape,
//! so the run in progress is of no use to it; but all scrapes that wait when a run ends share the
//! next one. A scrape therefore waits for two runs at most, however many others there are.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::registry::{
    collected::Collected,
    item::{Item, ItemKey},
};

/// The error counts of a collector, and whether it is running.
#[derive(Debug, Default)]
pub(crate) struct CollectorStatus {
    /// Scrapes in which the collector panicked.
    panics: AtomicU64,
    /// Scrapes without the collector's values because it exceeded the collector timeout.
    timeouts: AtomicU64,
    /// Number of rejected values by family name.
    rejected: Mutex<BTreeMap<String, u64>>,
    run: Mutex<RunState>,
    run_ended: Condvar,
}

/// The run of a collector, and the scrapes that wait for the next one.
///
/// At most one scrape runs a collector at a time, so that at most one thread hangs in it.
#[derive(Debug, Default)]
struct RunState {
    is_running: bool,
    /// When the run in progress started; `None` if the system has no threads, and perhaps no clock.
    start: Option<Instant>,
    /// The number of the newest run.
    number: u64,
    /// Number of scrapes that wait for a run.
    waiting: usize,
    /// The newest result while scrapes wait, with the number of its run.
    result: Option<(u64, RunResult)>,
}

/// What a run of a collector produced; `None` if the collector panicked.
pub(crate) type RunResult = Option<Arc<Collected>>;

/// What a scrape does to get the values of a collector.
pub(crate) enum Turn {
    /// Run the collector, and call [`CollectorStatus::end_run`].
    Run,
    /// Use the result of a run that another scrape has started since this one began to wait.
    Share(RunResult),
    /// Go on without the collector, because it was still running at the deadline, or hangs.
    Skip,
}

impl RunState {
    fn begin(&mut self) {
        self.is_running = true;
        self.start = HAS_THREADS.then(Instant::now);
        self.number += 1;
    }

    /// When the run in progress exceeds the collector timeout; `None` for never.
    fn hangs_from(&self, collector_timeout: Duration) -> Option<Instant> {
        self.start?.checked_add(collector_timeout)
    }
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

    /// Begins a run, or waits for one that another scrape begins, at most until the deadline.
    ///
    /// Ends the wait early if the run in progress exceeds `collector_timeout`.
    pub(crate) fn take_turn(&self, deadline: Option<Instant>, collector_timeout: Duration) -> Turn {
        let mut run = lock(&self.run);
        let newest = run.number;
        run.waiting += 1;
        let turn = loop {
            if let Some((number, result)) = &run.result
                && *number > newest
            {
                break Turn::Share(result.clone());
            }
            if !run.is_running {
                run.begin();
                break Turn::Run;
            }
            let limits = [deadline, run.hangs_from(collector_timeout)];
            run = match limits.into_iter().flatten().min() {
                None => self
                    .run_ended
                    .wait(run)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(limit) => {
                    let remaining = limit.saturating_duration_since(Instant::now());
                    if remaining.is_zero() {
                        break Turn::Skip;
                    }
                    let waited = self.run_ended.wait_timeout(run, remaining);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        run.waiting -= 1;
        if run.waiting == 0 {
            run.result = None;
        }
        turn
    }

    /// Ends a run, and shares its result with the scrapes that were waiting when it began.
    pub(crate) fn end_run(&self, result: &RunResult) {
        let mut run = lock(&self.run);
        run.is_running = false;
        run.start = None;
        if run.waiting > 0 {
            run.result = Some((run.number, result.clone()));
        }
        drop(run);
        self.run_ended.notify_all();
    }

    /// Whether the run in progress has exceeded the collector timeout.
    ///
    /// Only that timeout counts, so that a scraper with little time does not make others skip the
    /// collector.
    pub(crate) fn is_hanging(&self, collector_timeout: Duration) -> bool {
        let limit = lock(&self.run).hangs_from(collector_timeout);
        limit.is_some_and(|limit| Instant::now() >= limit)
    }
}

/// Whether the target has threads. If not, collectors run on the calling thread.
pub(crate) const HAS_THREADS: bool = !cfg!(target_family = "wasm");

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

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{self, Receiver},
        thread,
    };

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[expect(clippy::unnecessary_wraps, reason = "it is what a run returns")]
    fn result() -> RunResult {
        Some(Arc::new(Collected {
            families: Vec::new(),
            undescribed: Vec::new(),
        }))
    }

    /// Starts `count` scrapes that wait for a run; each sends its turn, and ends its own run with
    /// the same result.
    fn wait(status: &Arc<CollectorStatus>, count: usize, result: &RunResult) -> Receiver<Turn> {
        let (sender, turns) = mpsc::channel();
        for _ in 0..count {
            let (status, sender, result) = (Arc::clone(status), sender.clone(), result.clone());
            thread::spawn(move || {
                let turn = status.take_turn(None, LONG);
                if matches!(turn, Turn::Run) {
                    status.end_run(&result);
                }
                let _ = sender.send(turn);
            });
        }
        while lock(&status.run).waiting < count {
            thread::yield_now();
        }
        turns
    }

    #[test]
    fn waiting_scrapes_share_the_next_run_and_not_the_one_in_progress() {
        let status = Arc::new(CollectorStatus::default());
        assert!(matches!(status.take_turn(None, LONG), Turn::Run));
        let next = result();
        let turns = wait(&status, 5, &next);
        status.end_run(&result());
        let (mut runs, mut shared) = (0, 0);
        for turn in turns {
            match turn {
                Turn::Run => runs += 1,
                Turn::Share(Some(result)) => {
                    assert!(Arc::ptr_eq(&result, next.as_ref().expect("a result")));
                    shared += 1;
                }
                _ => panic!("a scrape got no values"),
            }
        }
        assert_eq!((runs, shared), (1, 4));
        assert!(lock(&status.run).result.is_none());
    }

    #[test]
    fn a_panic_is_shared_too() {
        let status = Arc::new(CollectorStatus::default());
        assert!(matches!(status.take_turn(None, LONG), Turn::Run));
        let turns = wait(&status, 2, &None);
        status.end_run(&result());
        let shared = turns
            .iter()
            .filter(|turn| matches!(turn, Turn::Share(None)));
        assert_eq!(shared.count(), 1);
    }

    #[test]
    fn a_scrape_waits_until_its_deadline() {
        let status = CollectorStatus::default();
        assert!(matches!(status.take_turn(None, LONG), Turn::Run));
        let now = Some(Instant::now());
        assert!(matches!(status.take_turn(now, LONG), Turn::Skip));
        assert!(!status.is_hanging(LONG));
    }

    #[test]
    fn a_run_hangs_from_the_collector_timeout_until_it_ends() {
        let status = CollectorStatus::default();
        assert!(!status.is_hanging(Duration::ZERO));
        assert!(matches!(status.take_turn(None, LONG), Turn::Run));
        assert!(status.is_hanging(Duration::ZERO));
        assert!(!status.is_hanging(LONG) && !status.is_hanging(Duration::MAX));
        assert!(matches!(status.take_turn(None, Duration::ZERO), Turn::Skip));
        status.end_run(&None);
        assert!(!status.is_hanging(Duration::ZERO));
    }
}
