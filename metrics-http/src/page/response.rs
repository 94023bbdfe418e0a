//! The headers that all responses of the live page have.

use hyper::{
    Response,
    header::{self, HeaderName, HeaderValue},
};

use crate::scrape::Body;

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
