//! [`ConnectionConfig`]: what all connections of a server share.

use std::time::Duration;

use super::activity::Timeouts;
#[cfg(feature = "tls")]
use crate::server::tls::TlsAcceptor;
use crate::{
    monitor::Monitor,
    server::{access::AllowList, routes::Routes},
};

/// What all connections share: routes, access control, limits and TLS settings.
#[derive(Clone)]
pub(in crate::server) struct ConnectionConfig {
    pub(in crate::server) routes: Routes,
    pub(in crate::server) monitor: Monitor,
    pub(in crate::server) allow_list: AllowList,
    #[cfg(feature = "tls")]
    pub(in crate::server) tls: Option<TlsAcceptor>,
    pub(in crate::server) timeouts: Timeouts,
    pub(in crate::server) shutdown_timeout: Duration,
    /// Of each listener; limited, so that file descriptors remain for the rest of the program.
    pub(in crate::server) max_connections: usize,
    pub(in crate::server) max_header_bytes: usize,
}
