//! [`ResponseHeaders`]: the headers that the program adds to every response.

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};

use crate::error::Error;

/// Headers that a response has unless its route sets them itself.
pub(super) struct ResponseHeaders(HeaderMap);

impl ResponseHeaders {
    /// Validates names and values, and adds `X-Content-Type-Options: nosniff`.
    ///
    /// # Errors
    ///
    /// If a name or value is not valid in HTTP, a header is set twice, or the server decides its
    /// value itself.
    pub(super) fn new(headers: &[(String, String)]) -> Result<ResponseHeaders, Error> {
        let mut map = HeaderMap::new();
        for (text, value) in headers {
            let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| {
                Error::setting(format!(
                    "`{}` is not the name of a header; write letters, digits and hyphens, as in \
                     `X-Frame-Options`",
                    text.escape_default()
                ))
            })?;
            if RESERVED.contains(&name) || RESERVED_NAMES.contains(&name.as_str()) {
                return Err(Error::setting(format!(
                    "the header `{text}` cannot be added to responses, because the server sets it \
                     for each response; remove it"
                )));
            }
            let value = HeaderValue::from_str(value).map_err(|_| {
                Error::setting(format!(
                    "the value of the header `{text}` contains a control character or a character \
                     that is not ASCII; remove it"
                ))
            })?;
            if map.insert(name, value).is_some() {
                return Err(Error::setting(format!(
                    "the header `{text}` is set twice; remove one of them"
                )));
            }
        }
        map.entry(header::X_CONTENT_TYPE_OPTIONS)
            .or_insert(HeaderValue::from_static("nosniff"));
        Ok(ResponseHeaders(map))
    }

    /// Adds the headers that a response does not have yet.
    ///
    /// What a route has set remains, so that the live page works with its own content security
    /// policy.
    pub(super) fn add_to(&self, response: &mut HeaderMap) {
        for (name, value) in &self.0 {
            response.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Headers that frame a message or describe its body, or that the server computes.
///
/// A wrong value would make responses unreadable, or let a proxy between client and server
/// understand their boundaries differently.
const RESERVED: [HeaderName; 14] = [
    header::ACCEPT_RANGES,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::DATE,
    header::ETAG,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::VARY,
    header::WWW_AUTHENTICATE,
];
/// Headers of connections that have no constant in hyper.
const RESERVED_NAMES: [&str; 2] = ["keep-alive", "proxy-connection"];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(headers: &[(&str, &str)]) -> Result<ResponseHeaders, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers: Vec<_> = headers.iter().map(owned).collect();
        ResponseHeaders::new(&headers).map_err(|error| error.to_string())
    }

    #[test]
    fn a_header_that_a_route_has_set_remains() {
        let added = headers(&[
            ("Content-Security-Policy", "sandbox"),
            ("X-Frame-Options", "deny"),
        ]);
        let mut response = HeaderMap::new();
        let own = HeaderValue::from_static("default-src 'none'");
        response.insert(header::CONTENT_SECURITY_POLICY, own.clone());
        added.unwrap().add_to(&mut response);
        assert_eq!(response[header::CONTENT_SECURITY_POLICY], own);
        assert_eq!(response[header::X_FRAME_OPTIONS], "deny");
        assert_eq!(response[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn headers_that_the_server_sets_are_refused() {
        for name in [
            "Content-Length",
            "transfer-encoding",
            "CONTENT-TYPE",
            "Keep-Alive",
        ] {
            let error = headers(&[(name, "1")]).err().expect(name);
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn a_value_cannot_begin_another_header() {
        let error = headers(&[("X-A", "1\r\nSet-Cookie: a=b")]).err().unwrap();
        assert!(error.contains("`X-A`"), "{error}");
    }

    #[test]
    fn an_invalid_name_is_an_error_that_shows_it() {
        for name in ["", "a b", "a:", "a\n"] {
            let error = headers(&[(name, "1")]).err().expect(name);
            assert!(
                error.contains(&*name.escape_default().to_string()),
                "{error}"
            );
        }
    }

    #[test]
    fn a_header_that_is_set_twice_is_an_error() {
        let error = headers(&[("X-A", "1"), ("x-a", "2")]).err().unwrap();
        assert!(error.contains("twice"), "{error}");
    }
}
