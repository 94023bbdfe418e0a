//! One request that is measured, from its beginning to its end.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use hyper::{HeaderMap, StatusCode, header::HeaderValue, http::request::Parts};
use metrics_core::UpDownCounter;

use super::recorder::{End, Recorder, Subject, UNIMPLEMENTED};

/// A request that is measured. Dropped, it has ended.
#[derive(Debug)]
pub(super) struct Call {
    recorder: Arc<Recorder>,
    subject: Subject,
    start: Instant,
    in_flight: UpDownCounter,
    status: Option<StatusCode>,
    /// How it has ended if it is dropped now.
    end: End,
    request_bytes: Option<Arc<AtomicU64>>,
    response_bytes: u64,
}

impl Call {
    /// Begins a request, unless it is to be skipped.
    pub(super) fn begin(recorder: &Arc<Recorder>, parts: &Parts) -> Option<Call> {
        if recorder.skips(parts) {
            return None;
        }
        let subject = recorder.subject(parts);
        let in_flight = recorder.in_flight(&subject);
        in_flight.inc();
        Some(Call {
            recorder: Arc::clone(recorder),
            subject,
            start: Instant::now(),
            in_flight,
            status: None,
            end: End::Panicked,
            request_bytes: None,
            response_bytes: 0,
        })
    }

    /// Where to count what is read of the request's body.
    pub(super) fn count_request(&mut self) -> Arc<AtomicU64> {
        Arc::clone(self.request_bytes.get_or_insert_default())
    }

    /// Code that is not ours runs from here on: dropped, the request has panicked. Returns how it
    /// would have ended otherwise.
    pub(super) fn enter(&mut self) -> End {
        mem::replace(&mut self.end, End::Panicked)
    }

    /// It has returned: dropped, the request has ended in this way.
    pub(super) fn leave(&mut self, end: End) {
        self.end = end;
    }

    /// Ends the request.
    pub(super) fn finish(mut self, end: End) {
        self.end = end;
    }

    /// Notes how the response begins.
    pub(super) fn respond(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// Whether the response has no body, whatever its headers say.
    pub(super) fn has_no_body(&self) -> bool {
        let bodiless = |status: StatusCode| {
            status.is_informational()
                || status == StatusCode::NO_CONTENT
                || status == StatusCode::NOT_MODIFIED
        };
        self.subject.method() == "HEAD" || self.status.is_some_and(bodiless)
    }

    /// Adds to the size of the response; returns what it is now.
    pub(super) fn add(&mut self, bytes: usize) -> u64 {
        self.response_bytes = self.response_bytes.saturating_add(bytes as u64);
        self.response_bytes
    }

    /// How a response ends that has come to its end, by its headers or trailers.
    pub(super) fn verdict(&self, fields: &HeaderMap) -> End {
        if !self.recorder.is_grpc() {
            return End::Complete;
        }
        let status = fields.get("grpc-status").map(HeaderValue::as_bytes);
        let fault = FAULTS.iter().find(|fault| Some(fault.as_bytes()) == status);
        fault.map_or(End::Complete, |fault| End::Refused(fault))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.in_flight.dec();
        let request = self.request_bytes.as_ref();
        let request = request.map_or(0, |bytes| bytes.load(Ordering::Relaxed));
        self.recorder.record(
            &self.subject,
            self.status,
            self.end,
            self.start.elapsed().as_secs_f64(),
            [request, self.response_bytes],
        );
    }
}

/// Those of [gRPC's statuses](https://grpc.io/docs/guides/status-codes/) that are the server's
/// fault, as [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/rpc/grpc/) has it:
/// unknown, deadline exceeded, unimplemented, internal, unavailable and data loss.
const FAULTS: [&str; 6] = ["2", "4", UNIMPLEMENTED, "13", "14", "15"];
