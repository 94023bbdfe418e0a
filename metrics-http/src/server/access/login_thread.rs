//! [`LoginThread`]: the thread that hashes passwords.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time};

use super::{
    client::ClientId,
    login_queue::{Abandonable, LoginQueue},
};
use crate::{error::catch_panic, scrape::Exchange};

/// Runs checks of passwords one after another on one thread.
///
/// A check is slow by design. One thread keeps one processor busy, however many clients send wrong
/// passwords and however soon they hang up. It runs while there are checks. Clones share it.
#[derive(Clone, Default)]
pub(super) struct LoginThread(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Not empty only while the thread runs.
    queue: LoginQueue<Job>,
    is_running: bool,
}

struct Job {
    check: Box<dyn FnOnce() -> bool + Send>,
    result: oneshot::Sender<bool>,
    exchange: Arc<Exchange>,
}

impl Abandonable for Job {
    fn is_abandoned(&self) -> bool {
        self.exchange.is_client_closed()
    }
}

impl LoginThread {
    /// Runs the check of a request and returns its result.
    ///
    /// Returns `None` if the check does not complete within `patience`, or if the queue drops it
    /// because it has too many. If the future is dropped, so is a check that has not begun.
    pub(super) async fn run(
        &self,
        exchange: Arc<Exchange>,
        check: impl FnOnce() -> bool + Send + 'static,
        patience: Duration,
    ) -> Option<bool> {
        let client = ClientId::new(exchange.address());
        let (sender, result) = oneshot::channel();
        let job = Job {
            check: Box::new(check),
            result: sender,
            exchange,
        };
        let _ticket = self.enqueue(client, job)?;
        time::timeout(patience, result).await.ok()?.ok()
    }

    /// Adds a job to the queue; `None` if the thread cannot be started.
    fn enqueue(&self, client: ClientId, job: Job) -> Option<Ticket> {
        let mut state = self.lock();
        if !state.is_running {
            let thread = thread::Builder::new().name("metrics-http-login".to_owned());
            let this = self.clone();
            thread.spawn(move || this.work()).ok()?;
            state.is_running = true;
        }
        Some(Ticket {
            thread: self.clone(),
            client,
            number: state.queue.push(client, job),
        })
    }

    fn work(&self) {
        loop {
            let job = {
                let mut state = self.lock();
                let Some(job) = state.queue.pop() else {
                    state.is_running = false;
                    return;
                };
                job
            };
            // A check that panics drops the sender of its result. The panic hook has reported it.
            if let Ok(is_right) = catch_panic(job.check) {
                // Fails if the client has hung up.
                let _ = job.result.send(is_right);
            }
        }
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job's place in the queue, which it leaves when the ticket is dropped.
struct Ticket {
    thread: LoginThread,
    client: ClientId,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.thread.lock().queue.remove(self.client, self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        time::Instant,
    };

    use super::{super::login_queue::MAX_JOBS, *};

    const LONG: Duration = Duration::from_mins(1);

    /// A request on a Unix socket.
    fn local() -> Arc<Exchange> {
        Arc::new(Exchange::new(None))
    }

    /// Occupies the thread until the sender is dropped.
    async fn occupy(thread: &LoginThread) -> mpsc::Sender<()> {
        let (release, blocked) = mpsc::channel::<()>();
        let (started, has_started) = oneshot::channel();
        let this = thread.clone();
        tokio::spawn(async move {
            let check = move || {
                let _ = started.send(());
                blocked.recv().is_ok()
            };
            this.run(local(), check, LONG).await
        });
        has_started.await.unwrap();
        release
    }

    #[tokio::test]
    async fn a_check_returns_its_result() {
        let thread = LoginThread::default();
        assert_eq!(thread.run(local(), || true, LONG).await, Some(true));
        assert_eq!(thread.run(local(), || false, LONG).await, Some(false));
    }

    #[tokio::test]
    async fn a_check_whose_client_hangs_up_is_not_run() {
        let thread = LoginThread::default();
        let release = occupy(&thread).await;
        let runs = Arc::new(AtomicUsize::new(0));
        for _ in 0..10 {
            let counted = Arc::clone(&runs);
            let check = move || counted.fetch_add(1, Ordering::Relaxed) == 0;
            // The future is dropped when the shorter timeout has expired.
            let run = thread.run(local(), check, LONG);
            assert!(time::timeout(Duration::from_millis(1), run).await.is_err());
        }
        drop(release);
        assert_eq!(thread.run(local(), || true, LONG).await, Some(true));
        assert_eq!(runs.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_check_that_waits_too_long_has_no_result() {
        let thread = LoginThread::default();
        let release = occupy(&thread).await;
        let short = Duration::from_millis(1);
        assert_eq!(thread.run(local(), || true, short).await, None);
        drop(release);
    }

    #[tokio::test]
    async fn a_check_that_the_queue_drops_has_no_result() {
        let thread = LoginThread::default();
        let release = occupy(&thread).await;
        for waiting in 0..MAX_JOBS {
            let this = thread.clone();
            tokio::spawn(async move { this.run(local(), || true, LONG).await });
            while thread.lock().queue.len() <= waiting {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(thread.run(local(), || true, LONG).await, None);
        drop(release);
    }

    #[tokio::test]
    async fn a_check_that_panics_has_no_result_and_does_not_end_the_thread() {
        let thread = LoginThread::default();
        let release = occupy(&thread).await;
        let this = thread.clone();
        let panics = tokio::spawn(async move { this.run(local(), || panic!("no"), LONG).await });
        while thread.lock().queue.len() == 0 {
            tokio::task::yield_now().await;
        }
        let next = thread.run(local(), || true, LONG);
        drop(release);
        assert_eq!(next.await, Some(true));
        assert_eq!(panics.await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_thread_ends_when_there_is_nothing_to_check() {
        let thread = LoginThread::default();
        assert_eq!(thread.run(local(), || true, LONG).await, Some(true));
        let start = Instant::now();
        while thread.lock().is_running {
            assert!(start.elapsed() < LONG);
            tokio::task::yield_now().await;
        }
    }
}
