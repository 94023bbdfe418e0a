//! [`PushThread`]: a thread that pushes metrics, with its own tokio runtime.

use std::{
    future::Future,
    io,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::{
    runtime::{self, Runtime},
    sync::oneshot,
};

use super::panics::catch_panic_of;
use crate::error::{Destination, Error, PushError, PushFault};

/// A thread that runs a future to completion.
pub(super) struct PushThread {
    thread: JoinHandle<Result<(), Error>>,
    to: Arc<Destination>,
}

impl PushThread {
    /// Starts a thread that runs the future of `work` in its own tokio runtime.
    ///
    /// A push must not depend on a runtime of the program, which may not exist, may be busy, or may
    /// be shutting down.
    ///
    /// # Errors
    ///
    /// If the thread or its runtime cannot be created, so that a thread that has started never
    /// ends for this reason.
    pub(super) fn spawn<F>(
        to: &Arc<Destination>,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<PushThread, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let failed = |source| fault(to, PushFault::Thread(source));
        let runtime = OwnRuntime::new().map_err(failed)?;
        let destination = Arc::clone(to);
        let thread = thread::Builder::new()
            .name("metrics-push".to_owned())
            .spawn(move || {
                let outcome = runtime.block_on(async { work().await });
                outcome.unwrap_or_else(|message| Err(panicked(&destination, message)))
            })
            .map_err(failed)?;
        Ok(PushThread {
            thread,
            to: Arc::clone(to),
        })
    }

    /// Runs the future of `work` on a new thread; the result can be awaited in any async runtime.
    pub(super) async fn run<F>(
        to: &Arc<Destination>,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let (sender, result) = oneshot::channel();
        let destination = Arc::clone(to);
        PushThread::spawn(to, move || async move {
            let outcome = catch_panic_of(async { work().await }).await;
            let outcome = outcome.unwrap_or_else(|message| Err(panicked(&destination, message)));
            // Fails if the awaiting future was dropped.
            let _ = sender.send(outcome);
            Ok(())
        })?;
        result
            .await
            .unwrap_or_else(|_| Err(panicked(to, "the thread has ended".to_owned())))
    }

    pub(super) fn join(self) -> Result<(), Error> {
        self.thread
            .join()
            .unwrap_or_else(|_| Err(panicked(&self.to, "the thread has ended".to_owned())))
    }
}

/// A runtime that can be dropped inside another one, and does not wait for its blocking tasks when
/// it is dropped, because a DNS look-up may hang.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn new() -> io::Result<OwnRuntime> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Ok(OwnRuntime(Some(runtime?)))
    }

    /// Runs a future to its end; returns the message of its panic, if it panics.
    fn block_on<F: Future>(&self, future: F) -> Result<F::Output, String> {
        match &self.0 {
            Some(runtime) => runtime.block_on(catch_panic_of(future)),
            None => unreachable!("the runtime is taken out by `drop` only"),
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn fault(to: &Arc<Destination>, cause: PushFault) -> Error {
    Error::push(PushError::new(to, cause))
}

/// The error of a push that panicked with this message.
pub(super) fn panicked(to: &Arc<Destination>, message: String) -> Error {
    fault(to, PushFault::Panicked(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination() -> Arc<Destination> {
        Arc::new(Destination {
            origin: "http://gateway.invalid".to_owned(),
            job: "backup".to_owned(),
        })
    }

    const EXPECTED: &str = "cannot push the metrics of job `backup`: it panicked: on purpose";

    #[test]
    fn a_thread_that_panics_returns_the_message() {
        let work = || async { panic!("on purpose") };
        let error = PushThread::spawn(&destination(), work).unwrap().join();
        assert_eq!(error.unwrap_err().to_string(), EXPECTED);
    }

    #[tokio::test]
    async fn an_awaited_thread_that_panics_returns_the_message() {
        let work = || async { panic!("on purpose") };
        let error = PushThread::run(&destination(), work).await;
        assert_eq!(error.unwrap_err().to_string(), EXPECTED);
    }

    #[tokio::test]
    async fn a_runtime_that_no_thread_runs_can_be_dropped_inside_another_one() {
        drop(OwnRuntime::new().unwrap());
    }
}
