//! [`PushTarget`]: the URL of the server to push to, and how to connect to it.

use std::{sync::Arc, time::Duration};

use hyper::{
    Uri,
    http::uri::{Authority, PathAndQuery, Scheme},
};

#[cfg(feature = "https")]
use super::tls::TlsSettings;
use super::{client::Client, credentials::Credentials, headers, proxy::ProxySetting};
use crate::error::{Destination, Error};

/// Settings that pushes to a Pushgateway and remote write have in common.
#[derive(Clone)]
pub(super) struct PushTarget {
    url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) credentials: Credentials,
    pub(super) timeout: Duration,
    pub(super) proxy: ProxySetting,
    #[cfg(feature = "https")]
    pub(super) tls: TlsSettings,
}

impl PushTarget {
    pub(super) fn new(url: String) -> PushTarget {
        PushTarget {
            url,
            headers: Vec::new(),
            credentials: Credentials::None,
            timeout: Duration::from_secs(10),
            proxy: ProxySetting::default(),
            #[cfg(feature = "https")]
            tls: TlsSettings::default(),
        }
    }

    /// Creates a client for the URL with `path` appended.
    ///
    /// Checks all settings except the content of files, which the client reads for each push.
    pub(super) fn client(&self, path: &str, job: &str) -> Result<Client, Error> {
        let uri = self.uri(path)?;
        let to = Arc::new(Destination {
            origin: origin(&uri),
            job: job.to_owned(),
        });
        self.credentials.check()?;
        let headers = headers::parse(&self.headers)?;
        Client::new(uri, to, headers, self)
    }

    /// The URL of the server with `path` appended.
    ///
    /// Error messages do not quote an invalid URL, because it may contain a password.
    fn uri(&self, path: &str) -> Result<Uri, Error> {
        let invalid = |what: &str| {
            Error::setting(format!(
                "{what}; write the address of a server, as in `http://127.0.0.1:9091`"
            ))
        };
        let uri: Uri = self
            .url
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
