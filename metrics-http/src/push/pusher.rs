//! [`Pusher`]: pushes metrics at an interval, on a thread of its own.

use std::{
    fmt::{self, Debug, Formatter},
    future::Future,
    sync::Arc,
    time::Duration,
};

use metrics_core::Registry;
use tokio::{
    sync::oneshot,
    time::{self, Instant},
};

use super::{
    panics::catch_panic_of,
    reporter::ErrorReporter,
    self_metrics::{self, TargetMetrics},
    thread::{self, PushThread},
};
use crate::error::{Destination, Error};

/// Pushes in the background until it is shut down or dropped, and once more at the end.
///
/// Created by [`PushGateway::push_every`](crate::PushGateway::push_every) and, with the feature
/// `remote-write`, by `RemoteWrite::push_every`. It runs on its own thread and needs no async
/// runtime.
///
/// Both [`shutdown`](Pusher::shutdown) and dropping it block until the last push is done: for at
/// most twice the timeout of a push, or the shutdown timeout of remote write, plus the time that
/// gathering the metrics takes. A program that ends without either (with
/// `std::process::exit` or `std::mem::forget`) does not push at its end.
///
/// # Self-metrics
///
/// These families are added to the registry that is pushed. They cover all pushers of the program,
/// by the labels `url`, which has scheme, host and port of the server, and `pushed_job`. Pushers for
/// which both are equal share their series. The path of a URL is in no label, because it may contain
/// a token.
///
/// | family | contents |
/// |---|---|
/// | `metrics_pushes_total` | pushes, by `result`: `ok` or `error` |
/// | `metrics_push_last_success_timestamp_seconds` | Unix time of the last successful push; 0 before it |
/// | `metrics_push_duration_seconds` | duration of pushes, successful or not |
/// | `metrics_push_queued_samples` | samples that remote write has not delivered yet |
/// | `metrics_push_lost_samples_total` | samples that remote write dropped, by `reason`: `queue` (the queue was full), `refused` (by the server), `end` (not sent when the pusher ended) or `duplicate` (its series has the labels of another one once labels are added) |
/// | `metrics_push_handler_panics_total` | panics of `on_error`; after the first one |
///
/// An `on_error` that panics does not end the pusher, but nothing is pushed while it blocks. A panic
/// while metrics are gathered or sent is an error of that push.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
///
/// use metrics_http::PushGateway;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let pusher = PushGateway::new("http://127.0.0.1:9091", "import")
///     .push_every(Duration::from_secs(15), |error| eprintln!("{error}"))?;
/// // ...
/// pusher.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "if dropped immediately, it pushes only once"]
pub struct Pusher {
    /// `None` once the pusher has been stopped.
    running: Option<(oneshot::Sender<()>, PushThread)>,
}

impl Pusher {
    /// Pushes once more, stops, and returns the result of that last push.
    ///
    /// Blocks the calling thread until then.
    ///
    /// # Errors
    ///
    /// If the last push fails. The failure is counted, and `on_error` does not receive this error.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.stop()
    }

    /// Runs the future of `work` on a thread; the argument of `work` receives the signal to stop.
    pub(super) fn spawn<F>(
        to: &Arc<Destination>,
        work: impl FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
    ) -> Result<Pusher, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let (stop, stopped) = oneshot::channel();
        let thread = PushThread::spawn(to, move || work(stopped))?;
        Ok(Pusher {
            running: Some((stop, thread)),
        })
    }

    /// Starts a thread that runs `task` at once, at every interval, and once more at the end.
    pub(super) fn start(
        registry: &Registry,
        to: &Arc<Destination>,
        interval: Duration,
        on_error: impl FnMut(Error) + Send + 'static,
        task: impl PushTask,
    ) -> Result<Pusher, Error> {
        check_interval(interval)?;
        let mut pushes = Pushes {
            task,
            metrics: self_metrics::register(registry, to)?,
            to: Arc::clone(to),
        };
        let reporter = ErrorReporter::new(registry, to, on_error);
        Pusher::spawn(to, move |stopped| async move {
            pushes.repeat(interval, &reporter, stopped).await
        })
    }

    fn stop(&mut self) -> Result<(), Error> {
        let Some((stop, thread)) = self.running.take() else {
            return Ok(());
        };
        // Fails only if the thread has already ended.
        let _ = stop.send(());
        thread.join()
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        // A destructor cannot return the error of the last push.
        let _ = self.stop();
    }
}

impl Debug for Pusher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").finish_non_exhaustive()
    }
}

/// The push that a [`Pusher`] repeats.
pub(super) trait PushTask: Send + 'static {
    async fn push(&mut self) -> Result<(), Error>;
}

pub(super) fn check_interval(interval: Duration) -> Result<(), Error> {
    if interval.is_zero() {
        return Err(Error::setting(
            "the interval between pushes is zero; use `Duration::from_secs(15)`, or the interval \
             at which Prometheus would scrape"
                .to_owned(),
        ));
    }
    Ok(())
}

/// A push that is measured.
struct Pushes<T> {
    task: T,
    metrics: Arc<TargetMetrics>,
    to: Arc<Destination>,
}

impl<T: PushTask> Pushes<T> {
    /// Pushes at once, at every interval, and once more after `stopped` completes.
    async fn repeat(
        &mut self,
        interval: Duration,
        reporter: &ErrorReporter,
        mut stopped: oneshot::Receiver<()>,
    ) -> Result<(), Error> {
        loop {
            let start = Instant::now();
            if let Err(error) = self.push().await {
                reporter.report(error);
            }
            let left = interval.saturating_sub(start.elapsed());
            // `stopped` completes when the signal is sent, and when its sender is dropped.
            if time::timeout(left, &mut stopped).await.is_ok() {
                return self.push().await;
            }
        }
    }

    /// Pushes once, and records the duration and the result.
    async fn push(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        let result = catch_panic_of(self.task.push())
            .await
            .unwrap_or_else(|message| Err(thread::panicked(&self.to, message)));
        self.metrics.record_push(start.elapsed(), result.is_ok());
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use metrics_core::Format;

    use super::*;

    /// A push that panics at its first run.
    struct PanicsOnce(mpsc::Sender<()>, bool);

    impl PushTask for PanicsOnce {
        async fn push(&mut self) -> Result<(), Error> {
            let _ = self.0.send(());
            let has_panicked = std::mem::replace(&mut self.1, true);
            assert!(has_panicked, "the first push panics");
            Ok(())
        }
    }

    #[test]
    fn a_push_that_panics_is_an_error_and_the_next_one_follows() {
        let registry = Registry::new();
        let to = Arc::new(Destination {
            origin: "http://gateway.invalid".to_owned(),
            job: "panics".to_owned(),
        });
        let (told, errors) = mpsc::channel();
        let (sender, calls) = mpsc::channel();
        let on_error = move |error: Error| _ = told.send(error.to_string());
        let task = PanicsOnce(sender, false);
        let pusher = Pusher::start(&registry, &to, Duration::from_millis(1), on_error, task);
        let pusher = pusher.unwrap();
        for _ in 0..2 {
            calls.recv().unwrap();
        }
        pusher.shutdown().unwrap();
        let errors: Vec<_> = errors.iter().collect();
        let expected =
            "cannot push the metrics of job `panics`: it panicked: the first push panics";
        assert_eq!(errors, [expected]);
        let text = registry.encode_to_string(Format::Text);
        let failed = "pushed_job=\"panics\",result=\"error\"} 1\n";
        assert!(text.contains(failed), "{text}");
    }
}
