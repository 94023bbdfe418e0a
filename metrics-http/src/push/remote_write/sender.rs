//! Sends what waits in the queue, again where that may help.

use std::{
    mem,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hyper::{HeaderMap, Method, StatusCode, Uri};
use tokio::time;

use super::{
    RemoteWriteVersion,
    queue::Queue,
    request,
    series::{Point, PointValue},
};
use crate::{
    error::{Error, PushError, Refusal, RetryAfter},
    push::{
        background::recorded,
        client::Client,
        self_metrics::{Loss, Row},
    },
};

pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) uri: Uri,
    pub(super) queue: Arc<Queue>,
    pub(super) row: Arc<Row>,
    pub(super) on_error: Box<dyn FnMut(Error) + Send>,
    pub(super) most: usize,
    pub(super) wanted: RemoteWriteVersion,
    pub(super) version: RemoteWriteVersion,
    /// Whether the server has shown that it knows the version.
    pub(super) is_known: bool,
}

impl Sender {
    /// Sends until the queue is closed and empty; returns the last error after it was closed.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let mut outcome = Ok(());
        while let Some(points) = self.queue.take(self.most).await {
            if let Err(error) = self.deliver(&points).await {
                let told = if self.queue.is_closed() {
                    mem::replace(&mut outcome, Err(error))
                } else {
                    Err(error)
                };
                if let Err(error) = told {
                    (self.on_error)(error);
                }
            }
        }
        outcome
    }

    /// Sends points until they have arrived or are refused for good.
    async fn deliver(&mut self, points: &[Point]) -> Result<(), Error> {
        let (mut pause, mut told) = (FIRST_PAUSE, false);
        loop {
            let version = self.version;
            let failure = match self.attempt(points, version).await {
                Ok(headers) => return self.arrived(points, version, &headers),
                Err(failure) => failure,
            };
            match self.after(failure, version) {
                After::OtherVersion => self.version = RemoteWriteVersion::V1,
                After::Lost(failure) => {
                    self.row.lost(points.len() as u64, Loss::Refused);
                    return Err(Error::push(failure));
                }
                After::Again(failure) => {
                    let asked = retry_after(&failure);
                    if !told {
                        // Once for all attempts: an outage is one error.
                        (self.on_error)(Error::push(failure));
                        told = true;
                    }
                    time::sleep(asked.unwrap_or_default().max(jittered(pause))).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
            }
        }
    }

    async fn attempt(
        &mut self,
        points: &[Point],
        version: RemoteWriteVersion,
    ) -> Result<HeaderMap, PushError> {
        let body = request::body(points, version);
        let headers = request::headers(version);
        let (client, uri) = (&self.client, &self.uri);
        recorded(&self.row, async {
            let sent = client.send(Method::POST, uri, headers, body);
            let headers = sent.await?;
            if is_mistaken(version, &headers) {
                return Err(mistaken(uri));
            }
            Ok(headers)
        })
        .await
    }

    /// What to do about a failure.
    fn after(&mut self, failure: PushError, version: RemoteWriteVersion) -> After {
        let Some(status) = failure.status() else {
            return After::Again(failure);
        };
        if version == RemoteWriteVersion::V2 {
            // Servers that know 1.0 alone may take what they cannot read for a bad request.
            let unread = status == StatusCode::UNSUPPORTED_MEDIA_TYPE
                || (status == StatusCode::BAD_REQUEST && !self.is_known);
            if unread {
                return After::OtherVersion;
            }
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return After::Again(failure);
        }
        if !self.is_known {
            // What was refused in both versions says nothing about either.
            self.version = self.wanted;
        }
        After::Lost(failure)
    }

    /// Compares what the server says to have written with what it was sent.
    fn arrived(
        &mut self,
        points: &[Point],
        version: RemoteWriteVersion,
        headers: &HeaderMap,
    ) -> Result<(), Error> {
        self.is_known = true;
        if version == RemoteWriteVersion::V1 {
            return Ok(());
        }
        let histogram = |point: &&Point| matches!(point.value, PointValue::Native(_));
        let histograms = points.iter().filter(histogram).count() as u64;
        let samples = points.len() as u64 - histograms;
        let missing = samples.saturating_sub(written(headers, "samples").unwrap_or(0))
            + histograms.saturating_sub(written(headers, "histograms").unwrap_or(0));
        if missing == 0 {
            return Ok(());
        }
        self.row.lost(missing, Loss::Refused);
        Err(Error::setting(format!(
            "the server at {} has taken the metrics without an error, but says that it has not \
             written {missing} of {} samples; its log may say why",
            self.uri,
            points.len()
        )))
    }
}

enum After {
    Again(PushError),
    OtherVersion,
    Lost(PushError),
}

/// How long the server asks to wait before the next request.
fn retry_after(error: &PushError) -> Option<Duration> {
    let PushError::Refused(refusal) = error else {
        return None;
    };
    let pause = match refusal.retry_after? {
        RetryAfter::Delay(pause) => pause,
        RetryAfter::Date(time) => time.duration_since(SystemTime::now()).ok()?,
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// Whether a server that knows 1.0 alone has read an empty message of that version in one of 2.0:
/// one that knows 2.0 says what it has written.
fn is_mistaken(version: RemoteWriteVersion, headers: &HeaderMap) -> bool {
    let silent = |what| written(headers, what).is_none();
    version == RemoteWriteVersion::V2
        && ["samples", "histograms", "exemplars"]
            .into_iter()
            .all(silent)
}

fn mistaken(uri: &Uri) -> PushError {
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

/// Half of a pause for certain, and of the other half as much as chance has it: programs that lost
/// a server together do not come back together.
fn jittered(pause: Duration) -> Duration {
    pause / 2 + (pause / 2).mul_f64(fastrand::f64())
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// What a server asks for beyond that is taken for a mistake, of a clock perhaps.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
