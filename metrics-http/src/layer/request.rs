//! [`MeasuredRequest`]: a request from the call of the service to the end of the response body.

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

use super::recorder::{Completion, GRPC_UNIMPLEMENTED, Recorder, RequestInfo};

/// A request in flight; recorded as completed when it is dropped.
#[derive(Debug)]
pub(super) struct MeasuredRequest {
    recorder: Arc<Recorder>,
    info: RequestInfo,
    start: Instant,
    in_flight: UpDownCounter,
    status: Option<StatusCode>,
    /// How the request ends if it is dropped now.
    completion: Completion,
    request_bytes: Option<Arc<AtomicU64>>,
    response_bytes: u64,
}

impl MeasuredRequest {
    /// Begins to measure a request; `None` if it is skipped.
    pub(super) fn begin(recorder: &Arc<Recorder>, parts: &Parts) -> Option<MeasuredRequest> {
        if recorder.skips(parts) {
            return None;
        }
        let info = recorder.info(parts);
        let in_flight = recorder.in_flight(&info);
        in_flight.inc();
        Some(MeasuredRequest {
            recorder: Arc::clone(recorder),
            info,
            start: Instant::now(),
            in_flight,
            status: None,
            completion: Completion::Panicked,
            request_bytes: None,
            response_bytes: 0,
        })
    }

    /// The counter of the bytes of the request body.
    pub(super) fn request_bytes(&mut self) -> Arc<AtomicU64> {
        Arc::clone(self.request_bytes.get_or_insert_default())
    }

    /// Called before code of the inner service runs. If the request is dropped before
    /// [`leave`](Self::leave) is called, that code has panicked.
    ///
    /// Returns the previous completion.
    pub(super) fn enter(&mut self) -> Completion {
        mem::replace(&mut self.completion, Completion::Panicked)
    }

    /// Called after code of the inner service ran. If the request is dropped from now on, it is
    /// recorded with this completion.
    pub(super) fn leave(&mut self, completion: Completion) {
        self.completion = completion;
    }

    /// Completes the request.
    pub(super) fn finish(mut self, completion: Completion) {
        self.completion = completion;
    }

    /// Sets the status of the response.
    pub(super) fn set_status(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// Whether the response has no body by the rules of HTTP, whatever its headers say.
    pub(super) fn has_no_body(&self) -> bool {
        let is_bodiless = |status: StatusCode| {
            status.is_informational()
                || status == StatusCode::NO_CONTENT
                || status == StatusCode::NOT_MODIFIED
        };
        self.info.method() == "HEAD" || self.status.is_some_and(is_bodiless)
    }

    /// Adds bytes to the size of the response body; returns the new size.
    pub(super) fn add_response_bytes(&mut self, bytes: usize) -> u64 {
        self.response_bytes = self.response_bytes.saturating_add(bytes as u64);
        self.response_bytes
    }

    /// The completion of a response that was read to its end, from its headers or trailers.
    pub(super) fn completion_from(&self, fields: &HeaderMap) -> Completion {
        if !self.recorder.is_grpc() {
            return Completion::Complete;
        }
        let status = fields.get("grpc-status").map(HeaderValue::as_bytes);
        let error = GRPC_SERVER_ERRORS
            .iter()
            .find(|error| Some(error.as_bytes()) == status);
        error.map_or(Completion::Complete, |error| Completion::GrpcError(error))
    }
}

impl Drop for MeasuredRequest {
    fn drop(&mut self) {
        self.in_flight.dec();
        let request = self.request_bytes.as_ref();
        let request = request.map_or(0, |bytes| bytes.load(Ordering::Relaxed));
        self.recorder.record(
            &self.info,
            self.status,
            self.completion,
            self.start.elapsed().as_secs_f64(),
            [request, self.response_bytes],
        );
    }
}

/// The [gRPC statuses](https://grpc.io/docs/guides/status-codes/) that are errors of the server
/// according to [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/rpc/grpc/).
///
/// They are unknown, deadline exceeded, unimplemented, internal, unavailable and data loss.
const GRPC_SERVER_ERRORS: [&str; 6] = ["2", "4", GRPC_UNIMPLEMENTED, "13", "14", "15"];
