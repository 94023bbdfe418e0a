//! [`PushTarget`]: URL, credentials, timeout and trusted certificates of the server to push to.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    Uri,
    header::HeaderValue,
    http::uri::{Authority, PathAndQuery, Scheme},
};

use super::client::{self, Client};
#[cfg(feature = "https")]
use super::tls;
use crate::error::Error;

/// Settings that pushes to a Pushgateway and remote write have in common.
#[derive(Clone)]
pub(super) struct PushTarget {
    url: String,
    credentials: Option<Credentials>,
    timeout: Duration,
    #[cfg(feature = "https")]
    root_certificates: Option<Vec<u8>>,
}

#[derive(Clone)]
enum Credentials {
    Basic { user: String, password: String },
    Bearer(String),
}

impl PushTarget {
    pub(super) fn new(url: String) -> PushTarget {
        PushTarget {
            url,
            credentials: None,
            timeout: Duration::from_secs(10),
            #[cfg(feature = "https")]
            root_certificates: None,
        }
    }

    pub(super) fn basic_auth(&mut self, user: String, password: String) {
        self.credentials = Some(Credentials::Basic { user, password });
    }

    pub(super) fn bearer_auth(&mut self, token: String) {
        self.credentials = Some(Credentials::Bearer(token));
    }

    pub(super) fn timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    #[cfg(feature = "https")]
    pub(super) fn root_certificates(&mut self, pem: Vec<u8>) {
        self.root_certificates = Some(pem);
    }

    /// The URL of the server with `path` appended.
    ///
    /// Error messages do not quote an invalid URL, because it may contain a password.
    pub(super) fn uri(&self, path: &str) -> Result<Uri, Error> {
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

    pub(super) fn client(&self) -> Result<Client, Error> {
        let http = client::http_connector();
        #[cfg(feature = "https")]
        let http = tls::connector(http, &self.url, self.root_certificates.as_deref())?;
        Ok(Client::new(http, self.authorization()?, self.timeout))
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        let text = match &self.credentials {
            None => return Ok(None),
            Some(Credentials::Basic { user, .. }) if user.contains(':') => {
                return Err(Error::setting(format!(
                    "the user name `{user}` contains a colon, which basic authentication does not \
                     allow; use another user"
                )));
            }
            Some(Credentials::Basic { user, password }) => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Some(Credentials::Bearer(token)) => format!("Bearer {token}"),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| {
            Error::setting(
                "the token contains characters that a header cannot contain, perhaps the newline \
                 at the end of a file; trim it"
                    .to_owned(),
            )
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Whether a port is given but not a 16-bit number; hyper would ignore it and use the default port.
fn has_invalid_port(authority: &Authority) -> bool {
    authority.as_str() != authority.host() && authority.port_u16().is_none()
}
