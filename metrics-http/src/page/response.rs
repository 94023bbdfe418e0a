//! Builds HTTP responses of the live page, with compression and security headers.

use std::borrow::Cow;

use hyper::{
    HeaderMap, Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};

use crate::scrape::{Body, ContentCoding, joined, text};

/// Creates a response; a body above [`ONE_PACKET`] is compressed as the client prefers.
pub(super) fn full(
    headers: &HeaderMap,
    content_type: &'static str,
    body: Cow<'_, [u8]>,
) -> Response<Body> {
    let coding = if body.len() <= ONE_PACKET {
        ContentCoding::Identity
    } else {
        ContentCoding::negotiate(joined(headers, &header::ACCEPT_ENCODING).as_deref())
    };
    let Ok(body) = coding.compress(body.into_owned()) else {
        return with_security_headers(text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "cannot compress the response\n",
        ));
    };
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    with_security_headers(response)
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
/// A body of at most this many bytes is about one packet long, so compressing it saves little.
const ONE_PACKET: usize = 1400;
