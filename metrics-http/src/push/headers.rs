//! Checks the headers that a program adds to its pushes.

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};

use crate::error::Error;

/// Parses the names and values of headers.
///
/// Errors quote no value, because it may be a secret.
pub(super) fn parse(headers: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut parsed = HeaderMap::new();
    for (name, value) in headers {
        let invalid = |fault: &str| {
            let name = name.escape_default();
            Error::setting(format!("the header `{name}` of the push {fault}"))
        };
        let header = HeaderName::try_from(name).map_err(|_| {
            invalid("has no valid name; use letters, digits and `-`, as in `X-Scope-OrgID`")
        })?;
        if header == "authorization" {
            return Err(invalid(
                "cannot be set; use `basic_auth`, `bearer_auth` or their variants for files",
            ));
        }
        if RESERVED.contains(&header.as_str()) {
            return Err(invalid(
                "cannot be set, because the push sets it itself; leave it out",
            ));
        }
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            invalid(
                "has a value with characters that a header cannot contain, perhaps a newline; \
                 remove them",
            )
        })?;
        value.set_sensitive(true);
        if parsed.insert(header, value).is_some() {
            return Err(invalid("is set twice; remove one"));
        }
    }
    Ok(parsed)
}

/// The names that
/// [Prometheus](https://github.com/prometheus/prometheus/blob/main/config/config.go) reserves, and
/// those that frame a request.
const RESERVED: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-prometheus-remote-write-version",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_all(headers: &[(&str, &str)]) -> Result<HeaderMap, String> {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        parse(&headers).map_err(|error| error.to_string())
    }

    #[test]
    fn headers_are_parsed() {
        let headers = parse_all(&[("X-Scope-OrgID", "team-a"), ("x-b", "1")]).unwrap();
        assert_eq!(headers["x-scope-orgid"], "team-a");
        assert_eq!(headers["x-b"], "1");
    }

    #[test]
    fn a_header_that_cannot_be_set_is_an_error_that_names_it() {
        for (name, expected) in [
            ("Host", "the push sets it itself"),
            ("Content-Length", "the push sets it itself"),
            ("content-type", "the push sets it itself"),
            ("Content-Encoding", "the push sets it itself"),
            (
                "X-Prometheus-Remote-Write-Version",
                "the push sets it itself",
            ),
            ("Authorization", "use `basic_auth`"),
            ("a b", "no valid name"),
            ("", "no valid name"),
        ] {
            let error = parse_all(&[(name, "secret")]).unwrap_err();
            let named = format!("the header `{name}` of the push ");
            assert!(error.starts_with(&named), "{error}");
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_invalid_value_is_an_error_that_does_not_quote_it() {
        let error = parse_all(&[("a", "secret\r\nb: c")]).unwrap_err();
        assert!(error.contains("newline"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_header_that_is_set_twice_is_an_error() {
        let error = parse_all(&[("X-A", "1"), ("x-a", "2")]).unwrap_err();
        assert!(error.contains("twice"), "{error}");
    }
}
