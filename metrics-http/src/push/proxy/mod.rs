//! [`Proxy`]: the proxy through which a server is reached.
//!
//! The proxy is found by [`environment`] unless the program chooses one, and used by [`connector`].
//! The syntax of its URL, the exceptions of `NO_PROXY` and the handshakes are those of hyper-util.

mod connector;
mod environment;

use hyper::{Uri, header::HeaderValue, http::uri::Scheme};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::target::origin;
use crate::error::Error;

pub(super) use self::connector::ProxyConnector;

/// Which proxy a program wants to push through.
#[derive(Clone, Default)]
pub(super) enum ProxySetting {
    /// The one that the environment names, if any.
    #[default]
    Environment,
    Url(String),
    Direct,
}

/// The proxy for a server.
#[derive(Clone)]
pub(super) struct Proxy {
    intercept: Intercept,
    protocol: Protocol,
}

#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    /// The proxy forwards requests, whose target is a whole URL.
    Forward,
    /// The proxy connects to the server after a request `CONNECT`.
    Connect,
    Socks5,
}

impl ProxySetting {
    /// The proxy for this server; `None` if it is to be reached directly.
    ///
    /// Errors do not quote the URL of a proxy, because it may contain a password.
    pub(super) fn choose(&self, server: &Uri) -> Result<Option<Proxy>, Error> {
        let intercept = match self {
            ProxySetting::Direct => None,
            ProxySetting::Url(url) => {
                let matcher = Matcher::builder().all(url.as_str()).build();
                Some(matcher.intercept(server).ok_or_else(|| {
                    Error::setting(format!("the URL of the proxy is invalid; {EXAMPLES}"))
                })?)
            }
            ProxySetting::Environment => environment::proxy(server)?,
        };
        intercept
            .map(|intercept| Proxy::new(intercept, server))
            .transpose()
    }
}

impl Proxy {
    fn new(intercept: Intercept, server: &Uri) -> Result<Proxy, Error> {
        let protocol = match intercept.uri().scheme_str() {
            Some("http") if server.scheme() == Some(&Scheme::HTTPS) => Protocol::Connect,
            Some("http") => Protocol::Forward,
            Some("socks5" | "socks5h") => Protocol::Socks5,
            scheme => {
                let scheme = scheme.unwrap_or_default();
                return Err(Error::setting(format!(
                    "proxies with `{scheme}` are not supported; {EXAMPLES}, or call `no_proxy`"
                )));
            }
        };
        Ok(Proxy {
            intercept,
            protocol,
        })
    }

    /// Scheme, host and port of the proxy, for errors.
    pub(super) fn origin(&self) -> String {
        origin(self.intercept.uri())
    }

    /// The header `Proxy-Authorization` of forwarded requests; other requests do not reach the
    /// proxy.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let value = self.intercept.basic_auth().cloned();
        value.filter(|_| self.protocol == Protocol::Forward)
    }
}

const EXAMPLES: &str = "write `http://proxy:3128` or `socks5://proxy:1080`";
