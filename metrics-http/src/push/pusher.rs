//! [`Pusher`]: pushes metrics at an interval, on a thread of its own.

use std::{
    fmt::{self, Debug, Formatter},
    future::Future,
    pin::pin,
    time::Duration,
};

use metrics_core::Registry;
use tokio::{
    sync::oneshot,
    time::{self, Instant},
};

use super::{
    self_metrics::{self, TargetMetrics},
    thread::PushThread,
};
use crate::error::Error;

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
/// by the label `url`, the server's URL.
///
/// | family | contents |
/// |---|---|
/// | `metrics_pushes_total` | pushes, by `result`: `ok` or `error` |
/// | `metrics_push_last_success_timestamp_seconds` | Unix time of the last successful push; 0 before it |
/// | `metrics_push_duration_seconds` | duration of pushes, successful or not |
/// | `metrics_push_lost_samples_total` | samples that remote write dropped, by `reason`: `queue` (the queue was full), `refused` (by the server), `end` (not sent when the pusher ended) or `duplicate` (its series has the labels of another one once labels are added) |
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
        work: impl FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
    ) -> Result<Pusher, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let (stop, stopped) = oneshot::channel();
        let thread = PushThread::spawn(move || work(stopped))?;
        Ok(Pusher {
            running: Some((stop, thread)),
        })
    }

    /// Starts a thread that runs `task` at once, at every interval, and once more at the end.
    pub(super) fn start(
        registry: &Registry,
        url: &str,
        interval: Duration,
        on_error: impl FnMut(Error) + Send + 'static,
        task: impl PushTask,
    ) -> Result<Pusher, Error> {
        check_interval(interval)?;
        let metrics = self_metrics::register(registry, url)?;
        Pusher::spawn(move |stopped| async move {
            push_repeatedly(task, interval, &metrics, on_error, stopped).await
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

async fn push_repeatedly(
    mut task: impl PushTask,
    interval: Duration,
    metrics: &TargetMetrics,
    mut on_error: impl FnMut(Error),
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), Error> {
    loop {
        let start = Instant::now();
        if let Err(error) = measure(metrics, task.push()).await {
            on_error(error);
        }
        let left = interval.saturating_sub(start.elapsed());
        // `stopped` completes when the signal is sent, and when its sender is dropped.
        if time::timeout(left, &mut stopped).await.is_ok() {
            return measure(metrics, task.push()).await;
        }
    }
}

/// Runs a push and records its duration and result.
async fn measure<T, E>(
    metrics: &TargetMetrics,
    push: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let start = Instant::now();
    let result = pin!(push).await;
    metrics.record_push(start.elapsed(), result.is_ok());
    result
}
