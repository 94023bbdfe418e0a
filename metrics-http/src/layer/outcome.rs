//! [`ResponseStatus`] and [`Completion`]: how a request ended, and the outcome that follows from it.

use hyper::StatusCode;

use super::grpc::GrpcStatus;

/// The statuses of a response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResponseStatus {
    /// `None` if there was no response.
    pub(super) http: Option<StatusCode>,
    pub(super) is_grpc: bool,
    /// `None` if the response is not one of gRPC, or ended before its status.
    pub(super) grpc: Option<GrpcStatus>,
}

/// How a request ended, apart from its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// The response body was read to its end.
    Complete,
    /// The service or the response body returned an error of this type.
    Failed(&'static str),
    Cancelled,
    Panicked,
}

impl Completion {
    /// Turns `Cancelled` into `Complete`, because the response body has been read to its end.
    pub(super) fn at_body_end(self) -> Completion {
        if self == Completion::Cancelled {
            Completion::Complete
        } else {
            self
        }
    }
}

/// The value of `outcome`.
pub(super) fn outcome(status: ResponseStatus, completion: Completion) -> &'static str {
    let has_error_status = status.http.is_some_and(|status| status.as_u16() >= 500)
        || status.grpc.is_some_and(|status| status != GrpcStatus::OK);
    match completion {
        Completion::Failed(_) => "error",
        Completion::Panicked => "panic",
        _ if has_error_status => "error",
        Completion::Cancelled => "cancelled",
        Completion::Complete => "ok",
    }
}
