//! Pushing in the background, by a thread of its own.

use std::{
    fmt::{self, Debug, Formatter},
    future::Future,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use metrics_core::Registry;
use tokio::{
    sync::oneshot,
    time::{self, Instant},
};

use super::{
    client::{self, Running},
    self_metrics::{self, Row},
};
use crate::error::Error;

/// Pushes in the background until it is shut down or dropped, and once more then.
///
/// Made by [`PushGateway::push_every`](crate::PushGateway::push_every), and with the feature `remote-write`
/// by `RemoteWrite::push_every`. It has a thread of its own and needs no async runtime.
///
/// Both [`shutdown`](Pusher::shutdown) and dropping block until the last push is done, no longer
/// than two of the pushes may take. A program that ends without either (`std::process::exit`)
/// pushes nothing at its end; one that forgets the pusher neither.
///
/// # Metrics of its own
///
/// The registry that is pushed gets some more, with the label `url`, that of the server. All
/// pushers of the program are in them.
///
/// | family | what it is |
/// |---|---|
/// | `metrics_pushes_total` | pushes, by `result`: `ok` or `error` |
/// | `metrics_push_last_success_timestamp_seconds` | when one last succeeded, in Unix time; 0 before |
/// | `metrics_push_duration_seconds` | how long they took, both those that succeeded and those that did not |
/// | `metrics_push_lost_samples_total` | samples that remote write gave up, by `reason`: `queue` (too many waited), `refused` (by the server) or `end` (still waiting when the pusher ended) |
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
#[must_use = "dropped at once, it pushes once"]
pub struct Pusher {
    /// Present until the end.
    running: Option<(oneshot::Sender<()>, Running)>,
}

impl Pusher {
    /// Pushes once more, stops, and returns what came of that last push.
    ///
    /// The calling thread is blocked meanwhile.
    ///
    /// # Errors
    ///
    /// Those of a push. It is counted, but not given to `on_error`.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.end()
    }

    /// Runs what `work` returns on a thread, and tells it when to end.
    pub(super) fn spawn<F>(
        work: impl FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
    ) -> Result<Pusher, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let (stop, stopped) = oneshot::channel();
        let running = client::on_a_thread(move || work(stopped))?;
        Ok(Pusher {
            running: Some((stop, running)),
        })
    }

    /// Pushes at that interval.
    pub(super) fn start(
        registry: &Registry,
        url: &str,
        interval: Duration,
        on_error: impl FnMut(Error) + Send + 'static,
        work: impl Work,
    ) -> Result<Pusher, Error> {
        check(interval)?;
        let row = self_metrics::add(registry, url)?;
        Pusher::spawn(move |stopped| async move {
            regularly(work, interval, &row, on_error, stopped).await
        })
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some((stop, running)) = self.running.take() else {
            return Ok(());
        };
        // Fails only when the thread has ended already.
        let _ = stop.send(());
        running.join()
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        // A destructor has nobody to tell.
        let _ = self.end();
    }
}

impl Debug for Pusher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").finish_non_exhaustive()
    }
}

/// What is done again and again.
pub(super) trait Work: Send + 'static {
    async fn push(&mut self) -> Result<(), Error>;
}

pub(super) fn check(interval: Duration) -> Result<(), Error> {
    if interval.is_zero() {
        return Err(Error::setting(
            "the interval between pushes is zero; take `Duration::from_secs(15)`, or what you \
             would have Prometheus scrape at"
                .to_owned(),
        ));
    }
    Ok(())
}

async fn regularly(
    mut work: impl Work,
    interval: Duration,
    row: &Arc<Row>,
    mut on_error: impl FnMut(Error),
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), Error> {
    loop {
        let start = Instant::now();
        if let Err(error) = recorded(row, work.push()).await {
            on_error(error);
        }
        let left = interval.saturating_sub(start.elapsed());
        // Told to stop, or left alone by a handle that is gone.
        if time::timeout(left, &mut stopped).await.is_ok() {
            return recorded(row, work.push()).await;
        }
    }
}

/// A push, and what is to be known of it afterwards.
pub(super) async fn recorded<T, E>(
    row: &Row,
    push: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let start = Instant::now();
    let outcome = pin!(push).await;
    row.pushed(start.elapsed(), outcome.is_ok());
    outcome
}
