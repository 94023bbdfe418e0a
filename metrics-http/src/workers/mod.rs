//! [`Workers`]: a bounded number of threads for one kind of work that may block.
//!
//! `page` and `server` have workers of their own for each kind of work, so that work that hangs
//! delays no work of another kind, and neither the thread of the server nor the blocking threads
//! of the program's runtime.

#[cfg(feature = "catalog")]
mod budget;

use std::{
    collections::VecDeque,
    fmt::{self, Display, Formatter},
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time};

#[cfg(feature = "catalog")]
pub(crate) use self::budget::Budget;
use crate::error::catch_panic;

/// Threads that run jobs; started on demand, and ended when they have been idle or when the last
/// clone of the handle is dropped.
#[derive(Clone)]
pub(crate) struct Workers(Arc<Handle>);

/// Ends the idle threads when it is dropped.
struct Handle(Arc<Shared>);

/// The limits of [`Workers`].
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) threads: usize,
    /// How many jobs may wait for a thread.
    pub(crate) queued: usize,
    /// Maximum time that a caller waits for its result, in the queue and while the job runs.
    pub(crate) time: Duration,
}

/// Why a job has no result.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// All threads are occupied and the queue is full.
    Full,
    /// There was no result within the time limit. A job that had begun keeps its thread.
    TimedOut(Duration),
    Panicked,
    NoThread(io::Error),
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Full => f.write_str("too many requests are in progress"),
            Refusal::TimedOut(limit) => write!(f, "no answer within {limit:?}"),
            Refusal::Panicked => f.write_str("its code panicked"),
            Refusal::NoThread(error) => write!(f, "cannot start a thread: {error}"),
        }
    }
}

struct Shared {
    name: &'static str,
    limits: Limits,
    /// Called by a thread that has been idle, before it ends.
    on_idle: Box<dyn Fn() + Send + Sync>,
    idle_timeout: Duration,
    state: Mutex<State>,
    /// Notified when a job is queued, or when the handle is dropped.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Box<dyn Job>>,
    threads: usize,
    /// How many of the threads wait for a job.
    idle: usize,
    /// How many jobs have been taken from the queue and have not ended. The remaining threads are
    /// idle, starting, or between two jobs.
    running: usize,
    is_closed: bool,
}

impl Workers {
    /// Creates workers whose threads have this name; starts none.
    pub(crate) fn new(name: &'static str, limits: Limits) -> Workers {
        Workers::with_idle_hook(name, limits, IDLE_TIMEOUT, || {})
    }

    /// Like [`Workers::new`], but calls `on_idle` when a thread has had no job for `idle_timeout`.
    ///
    /// With a single thread, `on_idle` does not overlap with a job.
    pub(crate) fn with_idle_hook(
        name: &'static str,
        limits: Limits,
        idle_timeout: Duration,
        on_idle: impl Fn() + Send + Sync + 'static,
    ) -> Workers {
        Workers(Arc::new(Handle(Arc::new(Shared {
            name,
            limits,
            on_idle: Box::new(on_idle),
            idle_timeout,
            state: Mutex::default(),
            changed: Condvar::new(),
        }))))
    }

    /// Runs `work` on one of the threads, and waits for its result up to the time limit.
    ///
    /// If the future is dropped before `work` has begun, `work` does not run.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let shared = &self.0.0;
        let (sender, result) = oneshot::channel();
        shared.submit(Box::new(Task {
            work,
            result: sender,
        }))?;
        match time::timeout(shared.limits.time, result).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) => Err(Refusal::Panicked),
            Err(_) => Err(Refusal::TimedOut(shared.limits.time)),
        }
    }

    #[cfg(test)]
    fn threads(&self) -> usize {
        self.0.0.lock().threads
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    /// Queues a job, and starts a thread for it if none is idle.
    fn submit(self: &Arc<Self>, job: Box<dyn Job>) -> Result<(), Refusal> {
        let mut state = self.lock();
        if state.is_full(self.limits) {
            // Clients that have gone away do not keep others out.
            state.queue.retain(|job| !job.is_abandoned());
            if state.is_full(self.limits) {
                return Err(Refusal::Full);
            }
        }
        state.queue.push_back(job);
        if state.idle >= state.queue.len() {
            self.changed.notify_one();
        } else if state.threads < self.limits.threads {
            let shared = Arc::clone(self);
            let thread = thread::Builder::new().name(self.name.to_owned());
            match thread.spawn(move || shared.work()) {
                Ok(_) => state.threads += 1,
                // Without any thread, nothing would take the job from the queue.
                Err(error) if state.threads == 0 => {
                    state.queue.pop_back();
                    return Err(Refusal::NoThread(error));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// The loop of a thread.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            // The panic hook has reported the panic, and the caller of the job gets an error.
            let _ = catch_panic(|| job.run());
            self.lock().running -= 1;
        }
    }

    /// Waits for a job; `None` if the thread has been idle, or if the handle was dropped.
    fn next_job(&self) -> Option<Box<dyn Job>> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                state.running += 1;
                return Some(job);
            }
            if state.is_closed {
                break;
            }
            state.idle += 1;
            let waited = self.changed.wait_timeout(state, self.idle_timeout);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                drop(state);
                (self.on_idle)();
                state = self.lock();
                if state.queue.is_empty() {
                    break;
                }
            }
        }
        state.threads -= 1;
        None
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_full(&self, limits: Limits) -> bool {
        self.running + self.queue.len() >= limits.threads + limits.queued
    }
}

/// A job in the queue.
trait Job: Send {
    /// Whether nothing waits for the result any more.
    fn is_abandoned(&self) -> bool;

    /// Runs the job unless it is abandoned.
    fn run(self: Box<Self>);
}

struct Task<F, T> {
    work: F,
    result: oneshot::Sender<T>,
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Task<F, T> {
    fn is_abandoned(&self) -> bool {
        self.result.is_closed()
    }

    fn run(self: Box<Self>) {
        if !self.is_abandoned() {
            // Fails if the caller has gone away meanwhile.
            let _ = self.result.send((self.work)());
        }
    }
}

/// Long enough that a thread serves several requests of a client that polls once a second.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        time::Instant,
    };

    use tokio::runtime;

    use super::*;

    const LIMITS: Limits = Limits {
        threads: 2,
        queued: 1,
        time: Duration::from_mins(1),
    };

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(work)
    }

    fn eventually(mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < Duration::from_secs(30));
            thread::yield_now();
        }
    }

    /// Occupies threads and the queue with `count` jobs that wait until the sender is dropped.
    fn occupy(workers: &Workers, count: usize) -> (mpsc::Sender<()>, Vec<thread::JoinHandle<()>>) {
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = Arc::new(Mutex::new(blocked));
        let callers = (0..count).map(|_| {
            let (workers, blocked) = (workers.clone(), Arc::clone(&blocked));
            thread::spawn(move || {
                let wait = move || blocked.lock().unwrap().recv().is_err();
                assert!(block_on(workers.run(wait)).unwrap());
            })
        });
        let callers = callers.collect();
        eventually(|| {
            let state = workers.0.0.lock();
            state.running + state.queue.len() == count
                && state.queue.len() == count.saturating_sub(LIMITS.threads)
        });
        (release, callers)
    }

    #[test]
    fn jobs_return_their_results() {
        let workers = Workers::new("test", LIMITS);
        for n in 0..10 {
            assert_eq!(block_on(workers.run(move || n * 2)).unwrap(), n * 2);
        }
        assert!(workers.threads() <= LIMITS.threads);
    }

    #[test]
    fn a_job_beyond_the_queue_is_refused() {
        let workers = Workers::new("test", LIMITS);
        let (release, callers) = occupy(&workers, 3);
        let refusal = block_on(workers.run(|| ())).unwrap_err();
        assert!(matches!(refusal, Refusal::Full), "{refusal:?}");
        assert_eq!(workers.threads(), LIMITS.threads);
        drop(release);
        for caller in callers {
            caller.join().unwrap();
        }
        block_on(workers.run(|| ())).unwrap();
    }

    #[test]
    fn threads_that_are_still_starting_are_available() {
        for _ in 0..100 {
            let workers = Workers::new("test", LIMITS);
            block_on(async {
                let (a, b, c) =
                    tokio::join!(workers.run(|| ()), workers.run(|| ()), workers.run(|| ()),);
                a.and(b).and(c).unwrap();
            });
        }
    }

    #[test]
    fn a_queued_job_whose_caller_has_gone_makes_room_and_never_runs() {
        let workers = Workers::new("test", LIMITS);
        let (release, callers) = occupy(&workers, 2);
        let runs = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let runs = Arc::clone(&runs);
            let job = workers.run(move || runs.fetch_add(1, Ordering::Relaxed));
            let gone = block_on(async { time::timeout(Duration::ZERO, job).await });
            assert!(gone.is_err());
        }
        drop(release);
        for caller in callers {
            caller.join().unwrap();
        }
        block_on(workers.run(|| ())).unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_job_that_takes_too_long_is_not_waited_for() {
        let limits = Limits {
            time: Duration::ZERO,
            ..LIMITS
        };
        let workers = Workers::new("test", limits);
        let (release, blocked) = mpsc::channel::<()>();
        let refusal = block_on(workers.run(move || blocked.recv().is_ok())).unwrap_err();
        assert!(matches!(refusal, Refusal::TimedOut(_)), "{refusal:?}");
        drop(release);
    }

    #[test]
    fn a_job_that_panics_does_not_end_its_thread() {
        let limits = Limits {
            threads: 1,
            ..LIMITS
        };
        let workers = Workers::new("test", limits);
        let refusal = block_on(workers.run(|| panic!("no result"))).unwrap_err();
        assert!(matches!(refusal, Refusal::Panicked), "{refusal:?}");
        assert_eq!(block_on(workers.run(|| 7)).unwrap(), 7);
        assert_eq!(workers.threads(), 1);
    }

    #[test]
    fn an_idle_thread_ends_after_its_hook() {
        let calls = Arc::new(AtomicUsize::new(0));
        let called = Arc::clone(&calls);
        let hook = move || {
            called.fetch_add(1, Ordering::Relaxed);
        };
        let workers = Workers::with_idle_hook("test", LIMITS, Duration::ZERO, hook);
        block_on(workers.run(|| ())).unwrap();
        eventually(|| workers.threads() == 0);
        assert!(calls.load(Ordering::Relaxed) >= 1);
    }

    #[test]
    fn dropping_the_handle_ends_idle_threads() {
        let workers = Workers::new("test", LIMITS);
        block_on(workers.run(|| ())).unwrap();
        let shared = Arc::downgrade(&workers.0.0);
        drop(workers);
        eventually(|| shared.strong_count() == 0);
    }
}
