//! The proxy through which a server is reached.
//!
//! [`setting`] chooses a [`Proxy`], with [`environment`] unless the program names one, and
//! [`connector`] connects through it. The syntax of its URL, the exceptions of `NO_PROXY` and the
//! handshakes are those of hyper-util.

mod chosen;
mod connector;
mod environment;
mod setting;

pub(super) use self::{chosen::Proxy, connector::ProxyConnector, setting::ProxySetting};
