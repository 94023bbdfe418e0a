//! Sends queued samples by remote write, with retries and a fallback to protocol version 1.0.

use std::{
    mem,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hyper::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::{self, Instant};

use super::{
    queue::Queue,
    request,
    series::{SampleValue, SeriesSample},
    version::RemoteWriteVersion,
};
use crate::{
    error::{Error, PushError, Refusal, RetryAfter},
    push::{
        client::Client,
        self_metrics::{LossReason, TargetMetrics},
    },
};

pub(super) struct Sender {
    client: Client,
    uri: Uri,
    queue: Arc<Queue>,
    metrics: Arc<TargetMetrics>,
    on_error: OnError,
    max_samples_per_send: usize,
    preferred_version: RemoteWriteVersion,
    version: RemoteWriteVersion,
    /// Whether the server has accepted a request. Until then, a response with status 400 to a
    /// message of version 2.0 is taken to mean that the server supports only 1.0.
    is_version_confirmed: bool,
}

type OnError = Box<dyn FnMut(Error) + Send>;

impl Sender {
    pub(super) fn new(
        client: Client,
        uri: Uri,
        queue: Arc<Queue>,
        metrics: Arc<TargetMetrics>,
        on_error: OnError,
        max_samples_per_send: usize,
        version: RemoteWriteVersion,
    ) -> Sender {
        Sender {
            client,
            uri,
            queue,
            metrics,
            on_error,
            max_samples_per_send,
            preferred_version: version,
            version,
            is_version_confirmed: false,
        }
    }

    /// Sends until the queue is closed and empty; fails with the last error since it was closed.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let mut last = Ok(());
        while let Some(samples) = self.queue.take(self.max_samples_per_send).await {
            if let Err(error) = self.deliver(&samples).await {
                // `Pusher::shutdown` returns the last error; earlier ones go to `on_error`.
                let reported = if self.queue.is_closed() {
                    mem::replace(&mut last, Err(error))
                } else {
                    Err(error)
                };
                if let Err(error) = reported {
                    (self.on_error)(error);
                }
            }
        }
        last
    }

    /// Sends samples until the server has accepted them or refused them permanently.
    async fn deliver(&mut self, samples: &[SeriesSample]) -> Result<(), Error> {
        let (mut backoff, mut is_reported) = (MIN_BACKOFF, false);
        loop {
            let version = self.version;
            let started = Instant::now();
            let error = match self.send(samples, version).await {
                Ok(headers) => {
                    self.metrics.record_push(started.elapsed(), true);
                    self.queue.confirm_taken();
                    return self.check_written(samples, version, &headers);
                }
                Err(error) => error,
            };
            let duration = started.elapsed();
            let recovery = self.recovery(error, version);
            // A refused version is not counted as a failed push, because the request is sent again
            // with 1.0.
            if !matches!(recovery, Recovery::FallBack) {
                self.metrics.record_push(duration, false);
            }
            match recovery {
                Recovery::FallBack => self.version = RemoteWriteVersion::V1,
                Recovery::Drop(error) => {
                    self.metrics
                        .record_lost(samples.len() as u64, LossReason::Refused);
                    return Err(Error::push(error));
                }
                Recovery::Retry(error) => {
                    let requested = retry_after(&error).unwrap_or_default();
                    // An outage is reported once, not for every attempt.
                    if !is_reported {
                        (self.on_error)(Error::push(error));
                        is_reported = true;
                    }
                    time::sleep(requested.max(with_jitter(backoff))).await;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
            }
        }
    }

    async fn send(
        &mut self,
        samples: &[SeriesSample],
        version: RemoteWriteVersion,
    ) -> Result<HeaderMap, PushError> {
        let body = request::body(samples, version);
        let headers = request::headers(version);
        let (client, uri) = (&self.client, &self.uri);
        let headers = client.send(Method::POST, uri, headers, body).await?;
        if is_version_ignored(version, &headers) {
            return Err(version_ignored(uri));
        }
        Ok(headers)
    }

    /// Decides how to continue after an error.
    fn recovery(&mut self, error: PushError, version: RemoteWriteVersion) -> Recovery {
        let Some(status) = error.status() else {
            return Recovery::Retry(error);
        };
        if version == RemoteWriteVersion::V2 {
            // A server that supports only 1.0 may respond with 400 to a message it cannot decode.
            let is_unsupported = status == StatusCode::UNSUPPORTED_MEDIA_TYPE
                || (status == StatusCode::BAD_REQUEST && !self.is_version_confirmed);
            if is_unsupported {
                return Recovery::FallBack;
            }
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Recovery::Retry(error);
        }
        if !self.is_version_confirmed {
            // If this was the fallback to 1.0, the server has refused both versions, so the content
            // is at fault, and the next request tries the preferred version again.
            self.version = self.preferred_version;
        }
        Recovery::Drop(error)
    }

    /// Compares the number of samples that the server reports as written with what was sent.
    fn check_written(
        &mut self,
        samples: &[SeriesSample],
        version: RemoteWriteVersion,
        headers: &HeaderMap,
    ) -> Result<(), Error> {
        self.is_version_confirmed = true;
        if version == RemoteWriteVersion::V1 {
            return Ok(());
        }
        let is_histogram =
            |sample: &&SeriesSample| matches!(sample.value, SampleValue::NativeHistogram(_));
        let histograms = samples.iter().filter(is_histogram).count() as u64;
        let floats = samples.len() as u64 - histograms;
        let missing = floats.saturating_sub(written(headers, "samples").unwrap_or(0))
            + histograms.saturating_sub(written(headers, "histograms").unwrap_or(0));
        if missing == 0 {
            return Ok(());
        }
        self.metrics.record_lost(missing, LossReason::Refused);
        Err(Error::setting(format!(
            "the server at {} accepted a request, but reports that it has not written {missing} of \
             {} samples; see its log",
            self.uri,
            samples.len()
        )))
    }
}

enum Recovery {
    Retry(PushError),
    /// Retry with version 1.0.
    FallBack,
    Drop(PushError),
}

/// How long the server asks to wait before the next request.
fn retry_after(error: &PushError) -> Option<Duration> {
    let PushError::Refused(refusal) = error else {
        return None;
    };
    let delay = match refusal.retry_after? {
        RetryAfter::Delay(delay) => delay,
        RetryAfter::Date(date) => date.duration_since(SystemTime::now()).ok()?,
    };
    Some(delay.min(MAX_RETRY_AFTER))
}

/// Whether a server has probably decoded a message of version 2.0 as an empty one of version 1.0.
///
/// A server that supports 2.0 would report how much it has written.
fn is_version_ignored(version: RemoteWriteVersion, headers: &HeaderMap) -> bool {
    let is_unreported = |what| written(headers, what).is_none();
    version == RemoteWriteVersion::V2
        && ["samples", "histograms", "exemplars"]
            .into_iter()
            .all(is_unreported)
}

/// The error that leads to the fallback, as if the server had responded with status 415.
fn version_ignored(uri: &Uri) -> PushError {
    PushError::Refused(Refusal {
        method: Method::POST,
        uri: uri.clone(),
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        message: "nothing was written".to_owned(),
        retry_after: None,
    })
}

fn written(headers: &HeaderMap, what: &str) -> Option<u64> {
    let name = format!("x-prometheus-remote-write-{what}-written");
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// A random duration between half the backoff and the backoff.
///
/// Programs that lost a server at the same time must not all retry at the same time.
fn with_jitter(backoff: Duration) -> Duration {
    backoff / 2 + (backoff / 2).mul_f64(fastrand::f64())
}

const MIN_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// A longer `Retry-After` is probably a mistake, such as a wrong clock.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
