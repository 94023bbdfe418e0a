//! [`MeasuredRequest`]: a request from the call of the service to the end of the response body.

use std::mem;

use hyper::{HeaderMap, StatusCode, http::request::Parts};
use metrics_core::Stopwatch;

use super::{
    byte_count::ByteCount,
    grpc::{self, GrpcStatus},
    outcome::{Completion, ResponseStatus},
    recorder::{Recorder, RequestInfo},
};

/// A request in flight; recorded as completed when it is dropped.
#[derive(Debug)]
pub(super) struct MeasuredRequest {
    recorder: &'static Recorder,
    info: RequestInfo,
    start: Stopwatch,
    status: ResponseStatus,
    /// How the request ends if it is dropped now.
    completion: Completion,
    request_bytes: Option<ByteCount>,
    response_bytes: u64,
}

impl MeasuredRequest {
    /// Begins to measure a request; `None` if it is skipped.
    pub(super) fn begin(recorder: &'static Recorder, parts: &Parts) -> Option<MeasuredRequest> {
        if recorder.skips(parts) {
            return None;
        }
        let info = recorder.info(parts);
        recorder.count_begin(&info);
        Some(MeasuredRequest {
            recorder,
            info,
            start: Stopwatch::start(),
            status: ResponseStatus::default(),
            completion: Completion::Panicked,
            request_bytes: None,
            response_bytes: 0,
        })
    }

    /// The counter of the bytes of the request body.
    pub(super) fn request_bytes(&mut self) -> ByteCount {
        self.request_bytes
            .get_or_insert_with(ByteCount::new)
            .clone()
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

    /// Notes the status of the response, and that of gRPC if the response has no trailers.
    pub(super) fn note_response(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.status.http = Some(status);
        self.status.is_grpc = grpc::is_grpc(headers);
        self.note_grpc_status(headers);
    }

    /// Notes the status of gRPC, if `fields` are the headers or trailers of a gRPC response that
    /// have one.
    pub(super) fn note_grpc_status(&mut self, fields: &HeaderMap) {
        if self.status.is_grpc {
            self.status.grpc = self.status.grpc.or_else(|| GrpcStatus::from_fields(fields));
        }
    }

    /// Whether the response's headers or trailers had the status of gRPC, which ends a response.
    pub(super) fn has_grpc_status(&self) -> bool {
        self.status.grpc.is_some()
    }

    /// Whether the response has no body by the rules of HTTP, whatever its headers say.
    pub(super) fn has_no_body(&self) -> bool {
        let is_bodiless = |status: StatusCode| {
            status.is_informational()
                || status == StatusCode::NO_CONTENT
                || status == StatusCode::NOT_MODIFIED
        };
        self.info.method() == "HEAD" || self.status.http.is_some_and(is_bodiless)
    }

    /// Adds bytes to the size of the response body; returns the new size.
    pub(super) fn add_response_bytes(&mut self, bytes: usize) -> u64 {
        self.response_bytes = self.response_bytes.saturating_add(bytes as u64);
        self.response_bytes
    }
}

/// Runs code of the inner service. If it panics, drops the request, which
/// [`enter`](MeasuredRequest::enter) has prepared for that.
///
/// The request stays in its place, because to take it out and to put it back copies it twice.
#[inline]
pub(super) fn run<R>(request: &mut Option<MeasuredRequest>, code: impl FnOnce() -> R) -> R {
    let mut guard = PanicGuard(Some(request));
    let result = code();
    guard.0 = None;
    result
}

/// Drops a request when it is dropped itself.
struct PanicGuard<'a>(Option<&'a mut Option<MeasuredRequest>>);

impl Drop for PanicGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(request) = self.0.take() {
            *request = None;
        }
    }
}

impl Drop for MeasuredRequest {
    fn drop(&mut self) {
        if self.status.is_grpc && self.completion == Completion::Complete {
            // Clients of gRPC regard a complete response without a status as one with `UNKNOWN`.
            self.status.grpc.get_or_insert(GrpcStatus::UNKNOWN);
        }
        let request = self.request_bytes.as_ref();
        let request = request.map_or(0, ByteCount::get);
        self.recorder.record(
            &self.info,
            self.status,
            self.completion,
            self.start.seconds(),
            [request, self.response_bytes],
        );
    }
}
