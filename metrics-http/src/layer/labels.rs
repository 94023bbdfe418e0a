//! The values of labels: what a request may call itself, and what it is called.

use std::borrow::Cow;

use hyper::{
    Method, StatusCode, Uri,
    header::HOST,
    http::{
        request::Parts,
        uri::{Authority, PathAndQuery, Scheme},
    },
};

/// The value for a method; `other` for one that a client made up.
pub(super) fn method(method: &Method, other: &'static str) -> &'static str {
    let known = METHODS.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or(other)
}

/// Of [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-9.3) and
/// [RFC 5789](https://www.rfc-editor.org/rfc/rfc5789), and `QUERY`: those that OpenTelemetry
/// knows, most frequent first.
const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "QUERY", "CONNECT", "TRACE",
];

/// The class of a status.
pub(super) fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        // No class that there is, though a status of three digits.
        _ => "other",
    }
}

/// The route of a request, whose text is not copied.
#[derive(Debug)]
pub(super) enum Route {
    Unmatched,
    Given(Cow<'static, str>),
    #[cfg(feature = "axum")]
    Matched(axum::extract::MatchedPath),
    Grpc(PathAndQuery),
}

impl Route {
    /// What axum has matched.
    pub(super) fn matched(parts: &Parts) -> Route {
        #[cfg(feature = "axum")]
        if let Some(matched) = parts.extensions.get::<axum::extract::MatchedPath>() {
            return Route::Matched(matched.clone());
        }
        let _ = parts;
        Route::Unmatched
    }

    /// The path of a call of gRPC, if it is formed like one.
    pub(super) fn grpc(uri: &Uri) -> Route {
        match uri.path_and_query() {
            Some(path) if is_grpc(path.path()) => Route::Grpc(path.clone()),
            _ => Route::Unmatched,
        }
    }

    /// The text; none of a request that no route was found for.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Route::Unmatched => None,
            Route::Given(text) => Some(text),
            #[cfg(feature = "axum")]
            Route::Matched(matched) => Some(matched.as_str()),
            Route::Grpc(path) => Some(path.path()),
        }
    }
}

/// Whether it is `/package.Service/Method`, each an identifier of
/// [protobuf](https://protobuf.dev/reference/protobuf/proto3-spec/#identifiers).
fn is_grpc(path: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(word);
    path.strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .is_some_and(|(service, method)| service.split('.').all(is_name) && is_name(method))
}

/// The server that a client asks, in lower case; none where the request does not say.
pub(super) fn server(parts: &Parts) -> Option<Authority> {
    let from_header = || parts.headers.get(HOST)?.to_str().ok()?.parse().ok();
    let authority: Authority = parts.uri.authority().cloned().or_else(from_header)?;
    if authority.host().bytes().any(|b| b.is_ascii_uppercase()) {
        return authority.as_str().to_ascii_lowercase().parse().ok();
    }
    Some(authority)
}

/// The name or address of a server, without the brackets of the latter.
pub(super) fn host(server: &Authority) -> &str {
    let host = server.host();
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// The port that is asked, which the scheme has where the request says none.
pub(super) fn port(server: Option<&Authority>, is_https: bool) -> &str {
    let given = server.map(Authority::as_str).and_then(|authority| {
        let (_, port) = authority.rsplit_once(':')?;
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        is_port.then_some(port)
    });
    given.unwrap_or(if is_https { "443" } else { "80" })
}

/// Whether a request asks for `https`.
pub(super) fn is_https(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

/// Room for the values of a series.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    values: [&'a str; MAX_LABELS],
    len: usize,
}

impl<'a> Values<'a> {
    pub(super) fn push(&mut self, value: &'a str) {
        if let Some(place) = self.values.get_mut(self.len) {
            *place = value;
            self.len += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[&'a str] {
        &self.values[..self.len]
    }
}

/// How many labels a program may add.
pub(super) const MAX_CONSTANT: usize = 8;
/// With our own.
const MAX_LABELS: usize = MAX_CONSTANT + 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_form_of_a_call_is_a_route_of_grpc() {
        for path in ["/helloworld.Greeter/SayHello", "/a/b", "/a.b_c.D/E2"] {
            assert!(is_grpc(path), "{path}");
        }
        for path in [
            "", "/", "/a", "/a/", "/a/b/c", "//b", "/a..b/c", "/a/b%20c", "a/b", "*",
        ] {
            assert!(!is_grpc(path), "{path}");
        }
    }

    #[test]
    fn the_host_of_a_server_has_neither_port_nor_brackets_nor_capitals() {
        for (uri, expected, its_port) in [
            ("http://Example.ORG/a", "example.org", "80"),
            ("https://example.org", "example.org", "443"),
            ("http://example.org:8080/", "example.org", "8080"),
            ("http://[::1]:9/", "::1", "9"),
            ("http://[::1]/", "::1", "80"),
        ] {
            let (parts, ()) = hyper::Request::get(uri).body(()).unwrap().into_parts();
            let server = server(&parts).unwrap();
            assert_eq!(host(&server), expected);
            assert_eq!(port(Some(&server), is_https(&parts.uri)), its_port, "{uri}");
        }
    }

    #[test]
    fn methods_are_told_apart_by_case_as_the_standard_has_it() {
        assert_eq!(method(&Method::PATCH, "other"), "PATCH");
        for odd in ["get", "PROPFIND", "X"] {
            assert_eq!(method(&odd.parse().unwrap(), "other"), "other");
        }
    }
}
