//! Builds the plain-text responses of `scrape`, `page` and `server`.

use std::convert::Infallible;

use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};

use super::body::Body;
use crate::workers::Refusal;

/// The result of a service; it has no error, because every failure is a response too.
pub(super) type ServiceResult = Result<Response<Body>, Infallible>;

/// A response with a plain-text body.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// The response to a request whose work did not run, or did not end.
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    let status = match refusal {
        Refusal::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = text(status, format!("this path has no answer: {refusal}\n"));
    if let Refusal::Full = refusal {
        let second = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, second);
    }
    response
}

pub(crate) fn method_not_allowed() -> Response<Body> {
    let mut response = text(
        StatusCode::METHOD_NOT_ALLOWED,
        "only `GET` and `HEAD` are allowed\n",
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}
