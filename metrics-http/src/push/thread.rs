//! [`PushThread`]: a thread that pushes metrics, with its own tokio runtime.

use std::{
    future::Future,
    io,
    thread::{self, JoinHandle},
};

use tokio::runtime;

use crate::error::{Error, PushError};

/// A thread that runs a future to completion.
pub(super) struct PushThread(JoinHandle<Result<(), Error>>);

impl PushThread {
    /// Starts a thread that runs the future of `work` in its own tokio runtime.
    ///
    /// A push must not depend on a runtime of the program, which may not exist, may be busy, or may
    /// be shutting down.
    pub(super) fn spawn<F>(work: impl FnOnce() -> F + Send + 'static) -> Result<PushThread, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        thread::Builder::new()
            .name("metrics-push".to_owned())
            .spawn(move || {
                let runtime = runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(|source| Error::push(PushError::Thread(source)))?;
                let outcome = runtime.block_on(async { work().await });
                // Does not wait for blocking tasks, because a DNS look-up may hang.
                runtime.shutdown_background();
                outcome
            })
            .map(PushThread)
            .map_err(|source| Error::push(PushError::Thread(source)))
    }

    pub(super) fn join(self) -> Result<(), Error> {
        self.0.join().unwrap_or_else(|_| Err(panicked()))
    }
}

/// The error of a thread or a task that did not return a result.
pub(super) fn panicked() -> Error {
    Error::push(PushError::Thread(io::Error::other("it panicked")))
}
