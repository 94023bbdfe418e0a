//! Builds HTTP responses of the live page, with compression and security headers.

use std::borrow::Cow;

use hyper::{
    HeaderMap, Response,
    header::{self, HeaderName, HeaderValue},
};

use crate::scrape::{Body, CodedBody, compress, preferred_coding};

/// Creates a response; a body above one packet is compressed as the client prefers.
pub(super) fn full(
    headers: &HeaderMap,
    content_type: &'static str,
    body: Cow<'_, [u8]>,
) -> Response<Body> {
    let (coding, body) = compress(body.into_owned(), preferred_coding(headers));
    let body = CodedBody {
        coding,
        bytes: body.into(),
    };
    with_security_headers(body.respond(content_type))
}

pub(super) fn with_security_headers(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in SECURITY_HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name.clone(), value);
    }
    response
}

const SECURITY_HEADERS: [(HeaderName, &str); 3] = [
    // Forbids content from other origins, inline scripts and styles, and being framed.
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];
