//! [`ProxySetting`]: which proxy a program wants to push through.

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::{
    chosen::{EXAMPLES, Proxy},
    environment,
};
use crate::error::Error;

/// Which proxy a program wants to push through.
#[derive(Clone, Default)]
pub(in crate::push) enum ProxySetting {
    /// The one that the environment names, if any.
    #[default]
    Environment,
    Url(String),
    Direct,
}

impl ProxySetting {
    /// The proxy for this server; `None` if it is to be reached directly.
    ///
    /// Errors do not quote the URL of a proxy, because it may contain a password.
    pub(in crate::push) fn choose(&self, server: &Uri) -> Result<Option<Proxy>, Error> {
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
