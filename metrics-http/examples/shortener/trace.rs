//! The trace id of a request, for exemplars.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};

/// The id of a trace: the client's if it sent one, else a new one.
///
/// A program that uses `tracing` can declare its metrics with `#[exemplars]` instead, which takes
/// the ids of the OpenTelemetry span that is active during a recording.
pub(crate) struct Trace(String);

impl Trace {
    /// The labels of an exemplar that refers to this trace.
    pub(crate) fn labels(&self) -> [(&str, &str); 1] {
        [("trace_id", &self.0)]
    }
}

impl<S: Sync> FromRequestParts<S> for Trace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Trace, Infallible> {
        let id = sent(&parts.headers).map(str::to_owned);
        let id = id.unwrap_or_else(|| format!("{:032x}", fastrand::u128(1..)));
        Ok(Trace(id))
    }
}

/// The trace id in a header such as
/// [`traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`][1].
///
/// [1]: https://www.w3.org/TR/trace-context/#traceparent-header
fn sent(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get("traceparent")?.to_str().ok()?;
    let id = header.split('-').nth(1)?;
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(id)
}
