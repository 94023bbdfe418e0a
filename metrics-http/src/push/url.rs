//! Parses the URL of the server to push to.

use hyper::{
    Uri,
    http::uri::{Authority, PathAndQuery, Scheme},
};

use crate::error::Error;

/// Parses the URL of a server and appends `path`.
///
/// Error messages do not quote an invalid URL, because it may contain a password.
pub(super) fn join(url: &str, path: &str) -> Result<Uri, Error> {
    let invalid = |what: &str| {
        Error::setting(format!(
            "{what}; write the address of a server, as in `http://127.0.0.1:9091`"
        ))
    };
    let uri: Uri = url
        .parse()
        .map_err(|error| invalid(&format!("the URL to push to is invalid: {error}")))?;
    let mut parts = uri.into_parts();
    match (&parts.scheme, &parts.authority) {
        (_, Some(authority)) if authority.as_str().contains('@') => {
            return Err(invalid(
                "the URL to push to contains a user; pass it to `basic_auth`",
            ));
        }
        (_, Some(authority)) if has_invalid_port(authority) => {
            return Err(invalid("the URL to push to has an invalid port"));
        }
        (Some(scheme), Some(_)) if *scheme == Scheme::HTTP => {}
        (Some(scheme), Some(_)) if *scheme == Scheme::HTTPS => {
            if cfg!(not(feature = "https")) {
                return Err(Error::setting(
                    "`https` needs the feature `https` of metrics-http; enable it".to_owned(),
                ));
            }
        }
        _ => {
            return Err(invalid(
                "the URL to push to begins with neither `http://` nor `https://`",
            ));
        }
    }
    let prefix = match &parts.path_and_query {
        Some(path) if path.query().is_some() => {
            return Err(invalid("the URL to push to has a query"));
        }
        Some(path) if path.path() != "/" => path.path(),
        _ => "",
    };
    let joined = if path.is_empty() {
        prefix.to_owned()
    } else {
        format!("{}{path}", prefix.trim_end_matches('/'))
    };
    if !joined.is_empty() {
        let joined = PathAndQuery::try_from(joined)
            .map_err(|error| invalid(&format!("the path to push to is invalid: {error}")))?;
        parts.path_and_query = Some(joined);
    }
    Uri::from_parts(parts).map_err(|error| invalid(&error.to_string()))
}

/// Scheme, host and port of a URL; neither user and password nor path and query.
pub(super) fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    match uri.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// Whether a port is given but not a 16-bit number; hyper would ignore it and use the default port.
fn has_invalid_port(authority: &Authority) -> bool {
    authority.as_str() != authority.host() && authority.port_u16().is_none()
}
