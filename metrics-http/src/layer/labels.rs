//! Derives label values from a request or response: method, status class, route, host, port.

use std::borrow::Cow;

use hyper::{
    Method, StatusCode, Uri,
    header::HOST,
    http::{
        request::Parts,
        uri::{Authority, PathAndQuery, Scheme},
    },
};

/// The label value of a method; the argument `other` for a non-standard one, because clients could
/// otherwise create any number of series.
pub(super) fn method(method: &Method, other: &'static str) -> &'static str {
    // The methods of RFC 9110 (<https://www.rfc-editor.org/rfc/rfc9110#section-9.3>) and RFC 5789,
    // and `QUERY`, as in OpenTelemetry.
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        "QUERY" => "QUERY",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => other,
    }
}

/// The class of a status, such as `2xx`.
pub(super) fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        // `StatusCode` also allows 600 to 999, which have no class.
        _ => "other",
    }
}

/// The route of a request, which refers to existing text instead of a copy.
#[derive(Debug)]
pub(super) enum Route {
    Unmatched,
    Function(Cow<'static, str>),
    #[cfg(feature = "axum")]
    Axum(axum::extract::MatchedPath),
    Grpc(PathAndQuery),
}

impl Route {
    /// The route that axum matched.
    pub(super) fn from_axum(parts: &Parts) -> Route {
        #[cfg(feature = "axum")]
        if let Some(matched) = parts.extensions.get::<axum::extract::MatchedPath>() {
            return Route::Axum(matched.clone());
        }
        let _ = parts;
        Route::Unmatched
    }

    /// The path of a request, if it has the form of a gRPC call's path.
    pub(super) fn from_grpc(uri: &Uri) -> Route {
        match uri.path_and_query() {
            Some(path) if is_grpc_path(path.path()) => Route::Grpc(path.clone()),
            _ => Route::Unmatched,
        }
    }

    /// The label value; `None` for an unmatched request.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Route::Unmatched => None,
            Route::Function(text) => Some(text),
            #[cfg(feature = "axum")]
            Route::Axum(matched) => Some(matched.as_str()),
            Route::Grpc(path) => Some(path.path()),
        }
    }
}

/// Whether a path is `/package.Service/Method`, where each part consists of the characters of
/// [protobuf identifiers](https://protobuf.dev/reference/protobuf/proto3-spec/#identifiers).
fn is_grpc_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_plain);
    path.strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .is_some_and(|(service, method)| service.split('.').all(is_name) && is_name(method))
}

/// The server that a request is sent to, in lower case; `None` if the request has no host.
pub(super) fn server(parts: &Parts) -> Option<Authority> {
    let from_header = || parts.headers.get(HOST)?.to_str().ok()?.parse().ok();
    let authority: Authority = parts.uri.authority().cloned().or_else(from_header)?;
    if authority.host().bytes().any(|b| b.is_ascii_uppercase()) {
        return authority.as_str().to_ascii_lowercase().parse().ok();
    }
    Some(authority)
}

/// The host of a server, without the brackets of an IPv6 address.
pub(super) fn host(server: &Authority) -> &str {
    let host = server.host();
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// The port of a server, or the default port of the scheme.
pub(super) fn port(server: Option<&Authority>, is_https: bool) -> &str {
    let given = server.map(Authority::as_str).and_then(|authority| {
        let (_, port) = authority.rsplit_once(':')?;
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        is_port.then_some(port)
    });
    given.unwrap_or(if is_https { "443" } else { "80" })
}

/// Whether the scheme of a request is `https`.
pub(super) fn is_https(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

/// The label values of a series, in an array of fixed size, which needs no allocation.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    values: [&'a str; MAX_LABELS],
    len: usize,
}

impl<'a> Values<'a> {
    pub(super) fn push(&mut self, value: &'a str) {
        if let Some(slot) = self.values.get_mut(self.len) {
            *slot = value;
            self.len += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[&'a str] {
        &self.values[..self.len]
    }
}

/// Maximum number of labels that a program can add with `LayerBuilder::label`.
pub(super) const MAX_CONSTANT_LABELS: usize = 8;
/// Maximum number of labels of a series: the constant labels, and at most six labels of the layer
/// itself.
const MAX_LABELS: usize = MAX_CONSTANT_LABELS + 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_service_and_method_is_a_grpc_route() {
        for path in ["/helloworld.Greeter/SayHello", "/a/b", "/a.b_c.D/E2"] {
            assert!(is_grpc_path(path), "{path}");
        }
        for path in [
            "", "/", "/a", "/a/", "/a/b/c", "//b", "/a..b/c", "/a/b%20c", "a/b", "*",
        ] {
            assert!(!is_grpc_path(path), "{path}");
        }
    }

    #[test]
    fn the_host_has_no_port_no_brackets_and_no_capitals() {
        for (uri, expected, expected_port) in [
            ("http://Example.ORG/a", "example.org", "80"),
            ("https://example.org", "example.org", "443"),
            ("http://example.org:8080/", "example.org", "8080"),
            ("http://[::1]:9/", "::1", "9"),
            ("http://[::1]/", "::1", "80"),
        ] {
            let (parts, ()) = hyper::Request::get(uri).body(()).unwrap().into_parts();
            let server = server(&parts).unwrap();
            assert_eq!(host(&server), expected);
            assert_eq!(
                port(Some(&server), is_https(&parts.uri)),
                expected_port,
                "{uri}"
            );
        }
    }

    #[test]
    fn methods_are_case_sensitive_as_in_rfc_9110() {
        assert_eq!(method(&Method::PATCH, "other"), "PATCH");
        for invented in ["get", "PROPFIND", "X"] {
            assert_eq!(method(&invented.parse().unwrap(), "other"), "other");
        }
    }
}
