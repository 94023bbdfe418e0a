//! Threads that run collectors, so that a slow collector delays a scrape at most by the timeout.
//!
//! A scrape puts its collectors into a queue and wakes or starts one thread, which runs them one
//! after the other and sends each result back. If no result arrives for a while, another thread
//! takes over the rest of the queue. At the deadline the scrape continues with the results it has.
//! A thread whose collector returns after the deadline finds the queue empty and becomes idle, or
//! ends if enough threads are idle.
//!
//! Up to [`MAX_IDLE_THREADS`] idle threads are kept, so that a scrape with quick collectors usually
//! does not start a thread. An idle thread ends when its registry is dropped.

use std::{
    cell::RefCell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    registry::{
        collected::Collected,
        collector_failure::{CollectorFailure, CollectorFailureReason},
        collector_status::{HAS_THREADS, RunResult, Turn},
        exposed_families::ExposedFamilies,
        registered_collector::RegisteredCollector,
        settings::Settings,
    },
    series::recipients::ExpositionStart,
};

/// The idle threads that can run the collectors of a registry.
#[derive(Clone, Debug, Default)]
pub(crate) struct CollectorThreads(Arc<Mutex<IdleThreads>>);

/// One sender for each idle thread; a run sent to it wakes the thread.
type IdleThreads = Vec<Sender<Arc<Run>>>;

/// The run of one scrape's collectors, shared by the scrape and the threads that execute it.
#[derive(Debug)]
struct Run {
    families: Arc<ExposedFamilies>,
    settings: Arc<Settings>,
    exposition: ExpositionStart,
    /// Positions of the collectors that no thread has started yet.
    queue: Mutex<VecDeque<usize>>,
    /// Receives the position and the outcome of each collector.
    results: Sender<(usize, Outcome)>,
    deadline: Option<Instant>,
    /// Addresses of the collectors that made this scrape or wait for it; see [`ENCLOSING`].
    enclosing: Vec<usize>,
}

/// What a scrape got from one collector.
enum Outcome {
    /// The result of a run that this scrape has started.
    Run(RunResult),
    /// The result of a run that another scrape has started.
    Shared(RunResult),
    /// The collector was still running for another scrape at the deadline, or hangs.
    Skipped,
}

/// The results of the collectors of one scrape.
#[derive(Debug, Default)]
pub(crate) struct CollectorResults {
    /// The values of each collector of the registry, if it was selected and has returned any.
    pub(crate) collected: Vec<Option<Arc<Collected>>>,
    /// The selected collectors that have not returned values.
    pub(crate) failures: Vec<CollectorFailure>,
}

thread_local! {
    /// Addresses of the collector that this thread is running, and of the collectors that wait for
    /// it because they encode or gather themselves.
    ///
    /// A scrape made on this thread skips all of them, as it would wait for itself.
    static ENCLOSING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl CollectorThreads {
    /// Runs the collectors at the positions `selected`, for the exposition that starts at
    /// `exposition`.
    ///
    /// Waits for them until `timeout` or the registry's collector timeout, whichever is shorter.
    pub(crate) fn run(
        &self,
        families: &Arc<ExposedFamilies>,
        settings: &Arc<Settings>,
        timeout: Duration,
        exposition: ExpositionStart,
        selected: impl Iterator<Item = usize>,
    ) -> CollectorResults {
        let collectors = families.collectors();
        let mut collected_by: Vec<Option<Arc<Collected>>> = vec![None; collectors.len()];
        let mut failures = Vec::new();
        let collector_timeout = settings.collector_timeout();
        let timeout = collector_timeout.min(timeout);
        let mut fail = |at: usize, reason| {
            let collector = &collectors[at];
            match reason {
                CollectorFailureReason::Panic => collector.status.count_panic(),
                CollectorFailureReason::Timeout => collector.status.count_timeout(),
                CollectorFailureReason::ExpositionTimeout => {}
            }
            failures.push(CollectorFailure {
                collector: format!("{}{}", settings.prefix, collector.name()),
                reason,
            });
        };
        let enclosing = ENCLOSING.try_with(|enclosing| enclosing.borrow().clone());
        let enclosing = enclosing.unwrap_or_default();
        let mut queue = VecDeque::new();
        for at in selected {
            let collector = &collectors[at];
            if enclosing.contains(&collector.address()) {
                continue;
            }
            if collector.status.is_hanging(collector_timeout) {
                fail(at, CollectorFailureReason::Timeout);
            } else {
                queue.push_back(at);
            }
        }
        if queue.is_empty() {
            return CollectorResults {
                collected: collected_by,
                failures,
            };
        }
        let (sender, results) = mpsc::channel();
        let run = Arc::new(Run {
            families: Arc::clone(families),
            settings: Arc::clone(settings),
            exposition,
            queue: Mutex::new(queue.clone()),
            results: sender,
            // Without threads, does not read the clock, because such a system may have none.
            deadline: (HAS_THREADS && timeout < Duration::MAX)
                .then(|| Instant::now().checked_add(timeout))
                .flatten(),
            enclosing,
        });
        if !self.assign(&run) {
            run.execute(|| ());
        }
        // A collector without values has failed only if it has had the whole collector timeout, not
        // if the scraper had less time.
        let missed = |at: usize| {
            let is_hanging = || collectors[at].status.is_hanging(collector_timeout);
            if timeout >= collector_timeout || is_hanging() {
                CollectorFailureReason::Timeout
            } else {
                CollectorFailureReason::ExpositionTimeout
            }
        };
        let mut has_ended = vec![false; collectors.len()];
        let mut missing = queue.len();
        self.receive(&run, &results, timeout, |at, outcome| {
            if let Outcome::Run(Some(collected)) = &outcome {
                collectors[at].count_rejected(collected);
            }
            match outcome {
                Outcome::Run(Some(collected)) | Outcome::Shared(Some(collected)) => {
                    collected_by[at] = Some(collected);
                }
                Outcome::Run(None) | Outcome::Shared(None) => {
                    fail(at, CollectorFailureReason::Panic);
                }
                Outcome::Skipped => fail(at, missed(at)),
            }
            has_ended[at] = true;
            missing -= 1;
            missing == 0
        });
        for at in queue.into_iter().filter(|at| !has_ended[*at]) {
            fail(at, missed(at));
        }
        CollectorResults {
            collected: collected_by,
            failures,
        }
    }

    /// Passes results to `take` until it returns true, at most until the deadline.
    fn receive(
        &self,
        run: &Arc<Run>,
        results: &Receiver<(usize, Outcome)>,
        timeout: Duration,
        mut take: impl FnMut(usize, Outcome) -> bool,
    ) {
        let patience = (timeout / TAKEOVERS).min(MAX_PATIENCE);
        loop {
            // Results that have arrived are taken even after the deadline.
            let result = match results.try_recv() {
                Ok(result) => Ok(result),
                Err(_) if !HAS_THREADS => return,
                Err(_) => {
                    let now = Instant::now();
                    let remaining = run
                        .deadline
                        .map_or(patience, |deadline| deadline.saturating_duration_since(now));
                    if remaining.is_zero() {
                        return run.clear_queue();
                    }
                    results.recv_timeout(remaining.min(patience))
                }
            };
            match result {
                Ok((at, outcome)) => {
                    if take(at, outcome) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if !run.queue().is_empty() {
                        self.assign(run);
                    }
                }
                // Unreachable: `run` has a sender.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Assigns a run to an idle or a new thread; false if no thread can be started.
    fn assign(&self, run: &Arc<Run>) -> bool {
        if !HAS_THREADS {
            return false;
        }
        loop {
            let idle = lock(&self.0).pop();
            match idle {
                Some(thread) if thread.send(Arc::clone(run)).is_ok() => return true,
                Some(_) => {}
                None => break,
            }
        }
        let (idle, run) = (Arc::downgrade(&self.0), Arc::clone(run));
        thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn(move || run_thread(&idle, run))
            .is_ok()
    }
}

/// The body of a thread: executes one run after the other.
fn run_thread(idle: &Weak<Mutex<IdleThreads>>, mut run: Arc<Run>) {
    loop {
        let next = run.execute(|| become_idle(idle));
        // Dropping the last reference to the run drops collectors that were unregistered
        // during the run. Their destructors are code of the program, which may panic.
        call_catching_panics(move || drop(run));
        match next.and_then(|next| next.recv().ok()) {
            Some(next) => run = next,
            None => return,
        }
    }
}

/// Adds the calling thread to the idle threads, unless there are enough or the registry is gone.
fn become_idle(idle: &Weak<Mutex<IdleThreads>>) -> Option<Receiver<Arc<Run>>> {
    let idle = idle.upgrade()?;
    let mut idle = lock(&idle);
    if idle.len() >= MAX_IDLE_THREADS {
        return None;
    }
    let (sender, receiver) = mpsc::channel();
    idle.push(sender);
    Some(receiver)
}

impl Run {
    fn queue(&self) -> MutexGuard<'_, VecDeque<usize>> {
        lock(&self.queue)
    }

    /// Prevents the threads from starting further collectors of this run.
    fn clear_queue(&self) {
        self.queue().clear();
    }

    /// Runs the queued collectors.
    ///
    /// Calls `before_last` before it sends the last result, so that the thread is already idle when
    /// the next scrape looks for an idle thread.
    fn execute<R>(&self, before_last: impl FnOnce() -> R) -> R {
        loop {
            let next = self.queue().pop_front();
            let Some(at) = next else {
                return before_last();
            };
            let outcome = self.collect(at);
            if self.queue().is_empty() {
                let returned = before_last();
                self.send(at, outcome);
                return returned;
            }
            self.send(at, outcome);
        }
    }

    fn send(&self, at: usize, outcome: Outcome) {
        // Fails if the scrape has timed out and no longer needs the result.
        let _ = self.results.send((at, outcome));
    }

    /// Runs the collector at position `at`, or waits for another scrape to run it.
    fn collect(&self, at: usize) -> Outcome {
        let collector = &self.families.collectors()[at];
        let timeout = self.settings.collector_timeout();
        match collector.status.take_turn(self.deadline, timeout) {
            Turn::Run => {}
            Turn::Share(result) => return Outcome::Shared(result),
            Turn::Skip => return Outcome::Skipped,
        }
        let enclosing = self.enclosing.iter().copied().chain([collector.address()]);
        let before = ENCLOSING.replace(enclosing.collect());
        let mut collected = None;
        call_catching_panics(|| {
            collected = Some(Arc::new(collector.collect(&self.settings, self.exposition)));
        });
        ENCLOSING.set(before);
        collector.status.end_run(&collected);
        Outcome::Run(collected)
    }
}

impl RegisteredCollector {
    fn count_rejected(&self, collected: &Collected) {
        for (desc, family) in self.descs().iter().zip(&collected.families) {
            self.status.reject(desc.name(), family.rejected);
        }
        let Some(first) = self.descs().first() else {
            return;
        };
        let max = self.descs().len() + MAX_UNDESCRIBED;
        for (name, count) in &collected.undescribed {
            let fallback = first.name();
            self.status.reject_bounded(max, name, fallback, *count);
        }
    }
}

/// Calls code of the program and catches its panic, and a panic of the panic payload's destructor.
fn call_catching_panics(call: impl FnOnce()) {
    let result = catch_unwind(AssertUnwindSafe(call));
    if let Err(payload) = result
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(second);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 15 bytes, the most that Linux keeps of a thread's name.
const THREAD_NAME: &str = "metrics-collect";

/// Another thread takes over after an eighth of the timeout without a result, or after
/// [`MAX_PATIENCE`] if that is shorter.
const TAKEOVERS: u32 = 8;

/// Upper limit of the time without a result after which another thread takes over.
const MAX_PATIENCE: Duration = Duration::from_millis(250);

/// For at least this number of undescribed families, rejected values are counted by family name,
/// which helps to find the error; those of further families count for the collector's first family.
const MAX_UNDESCRIBED: usize = 16;

const MAX_IDLE_THREADS: usize = 2;
