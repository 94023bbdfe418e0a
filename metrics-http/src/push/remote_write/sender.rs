//! Sends queued samples by remote write, with retries and a fallback to protocol version 1.0.

use std::{
    mem,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hyper::{HeaderMap, Method, StatusCode};
use tokio::time::{self, Instant};

use super::{
    queue::Queue,
    request,
    series::{SampleValue, SeriesSample},
    version::RemoteWriteVersion,
};
use crate::{
    error::{Error, PushError, PushFault, Refusal, RetryAfter},
    push::{
        client::Client,
        panics::catch_panic_of,
        reporter::ErrorReporter,
        self_metrics::{LossReason, TargetMetrics},
    },
};

pub(super) struct Sender {
    client: Client,
    queue: Arc<Queue>,
    metrics: Arc<TargetMetrics>,
    reporter: Arc<ErrorReporter>,
    max_samples_per_send: usize,
    preferred_version: RemoteWriteVersion,
    version: RemoteWriteVersion,
    /// Whether the server has accepted a request. Until then, a response with status 400 to a
    /// message of version 2.0 is taken to mean that the server supports only 1.0.
    is_version_confirmed: bool,
}

impl Sender {
    pub(super) fn new(
        client: Client,
        queue: Arc<Queue>,
        metrics: Arc<TargetMetrics>,
        reporter: Arc<ErrorReporter>,
        max_samples_per_send: usize,
        version: RemoteWriteVersion,
    ) -> Sender {
        Sender {
            client,
            queue,
            metrics,
            reporter,
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
                    self.reporter.report(error);
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
                        self.reporter.report(Error::push(error));
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
        let client = &mut self.client;
        let to = Arc::clone(client.destination());
        // A panic is retried like a failed connection, because it may have the same cause: too few
        // threads or descriptors.
        let sent = catch_panic_of(async {
            let body = request::body(samples, version);
            let headers = request::headers(version);
            client.send(Method::POST, headers, body).await
        });
        let fault = match sent.await {
            Ok(Ok(headers)) if is_version_ignored(version, &headers) => version_ignored(),
            Ok(result) => return result,
            Err(message) => PushFault::Panicked(message),
        };
        Err(PushError::new(&to, fault))
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
            self.client.destination().origin,
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
    let PushFault::Refused(refusal) = &error.cause else {
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
fn version_ignored() -> PushFault {
    PushFault::Refused(Refusal {
        method: Method::POST,
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
/// A longer `Retry-After` is probably a mistake, such as a wrong clock, and the queue would overflow.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Destination;

    fn wait(header: RetryAfter) -> Option<Duration> {
        let to = Arc::new(Destination {
            origin: String::new(),
            job: String::new(),
        });
        let refusal = Refusal {
            method: Method::POST,
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: String::new(),
            retry_after: Some(header),
        };
        retry_after(&PushError::new(&to, PushFault::Refused(refusal)))
    }

    #[test]
    fn retry_after_is_at_most_five_minutes() {
        let (second, max) = (Duration::from_secs(1), Duration::from_mins(5));
        assert_eq!(wait(RetryAfter::Delay(second)), Some(second));
        assert_eq!(wait(RetryAfter::Delay(Duration::MAX)), Some(max));
        let now = SystemTime::now();
        let tomorrow = now + Duration::from_hours(24);
        assert_eq!(wait(RetryAfter::Date(tomorrow)), Some(max));
        assert_eq!(wait(RetryAfter::Date(now - second)), None);
    }
}
