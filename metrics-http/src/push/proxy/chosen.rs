//! [`Proxy`]: the proxy for a server, and how it is used.

use hyper::{Uri, header::HeaderValue, http::uri::Scheme};
use hyper_util::client::proxy::matcher::Intercept;

use crate::{error::Error, push::url::origin};

/// The proxy for a server.
#[derive(Clone)]
pub(in crate::push) struct Proxy {
    pub(super) intercept: Intercept,
    pub(super) protocol: Protocol,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Protocol {
    /// The proxy forwards requests, whose target is a whole URL.
    Forward,
    /// The proxy connects to the server after a request `CONNECT`.
    Connect,
    Socks5,
}

impl Proxy {
    pub(super) fn new(intercept: Intercept, server: &Uri) -> Result<Proxy, Error> {
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
    pub(in crate::push) fn origin(&self) -> String {
        origin(self.intercept.uri())
    }

    /// The header `Proxy-Authorization` of forwarded requests; other requests do not reach the
    /// proxy.
    pub(in crate::push) fn authorization(&self) -> Option<HeaderValue> {
        let value = self.intercept.basic_auth().cloned();
        value.filter(|_| self.protocol == Protocol::Forward)
    }
}

pub(super) const EXAMPLES: &str = "write `http://proxy:3128` or `socks5://proxy:1080`";
