//! [`GrpcStatus`]: the status of a gRPC response, from its headers or trailers.

use hyper::{
    HeaderMap,
    header::{CONTENT_TYPE, HeaderValue},
};

/// A status of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GrpcStatus(usize);

impl GrpcStatus {
    pub(super) const OK: GrpcStatus = GrpcStatus(0);
    /// What a client assumes if a response has no status.
    pub(super) const UNKNOWN: GrpcStatus = GrpcStatus(2);
    /// The status for a method that does not exist.
    pub(super) const UNIMPLEMENTED: GrpcStatus = GrpcStatus(12);

    /// The status in headers or trailers, if there is one; `UNKNOWN` if it is not a known number.
    pub(super) fn from_fields(fields: &HeaderMap) -> Option<GrpcStatus> {
        let text = fields.get("grpc-status")?.to_str().ok();
        let number = text.and_then(|text| text.parse::<usize>().ok());
        let known = number.filter(|number| *number < NAMES.len());
        Some(known.map_or(GrpcStatus::UNKNOWN, GrpcStatus))
    }

    /// The number, from 0 to 16.
    pub(super) fn number(self) -> usize {
        self.0
    }

    /// The name, as in gRPC's documentation.
    pub(super) fn name(self) -> &'static str {
        NAMES[self.0]
    }

    /// Whether the status is an error of the server according to
    /// [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/rpc/grpc/).
    pub(super) fn is_server_error(self) -> bool {
        SERVER_ERRORS.contains(&self.name())
    }
}

/// Whether a response is one of gRPC, by its content type `application/grpc` or
/// `application/grpc+proto`.
///
/// False for gRPC-Web, whose status is in the body. The content type of the request does not
/// matter, because a client chooses it.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = content_type.and_then(|value| value.strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The names of the [statuses](https://grpc.io/docs/guides/status-codes/), by number.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

const SERVER_ERRORS: [&str; 6] = [
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static(value))])
    }

    #[test]
    fn a_status_has_the_name_of_its_number() {
        for (text, name) in [("0", "OK"), ("5", "NOT_FOUND"), ("16", "UNAUTHENTICATED")] {
            let status = GrpcStatus::from_fields(&fields("grpc-status", text));
            assert_eq!(status.map(GrpcStatus::name), Some(name));
        }
        assert_eq!(GrpcStatus::UNKNOWN.name(), "UNKNOWN");
        assert_eq!(GrpcStatus::UNIMPLEMENTED.name(), "UNIMPLEMENTED");
    }

    #[test]
    fn a_number_without_a_name_is_an_unknown_status() {
        for text in ["17", "-1", "", "OK", "99999999999999999999999"] {
            let status = GrpcStatus::from_fields(&fields("grpc-status", text));
            assert_eq!(status, Some(GrpcStatus::UNKNOWN), "{text}");
        }
        assert_eq!(GrpcStatus::from_fields(&HeaderMap::new()), None);
    }

    #[test]
    fn only_the_content_types_of_grpc_are_grpc() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web+proto", false),
            ("application/json", false),
        ] {
            let headers = fields("content-type", content_type);
            assert_eq!(is_grpc(&headers), expected, "{content_type}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
