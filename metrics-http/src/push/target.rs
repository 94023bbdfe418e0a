//! [`PushTarget`]: the URL of the server to push to, and how to connect to it.

use std::time::Duration;

#[cfg(feature = "https")]
use super::tls::TlsSettings;
use super::{credentials::Credentials, proxy::ProxySetting};

/// Settings that pushes to a Pushgateway and remote write have in common.
#[derive(Clone)]
pub(super) struct PushTarget {
    pub(super) url: String,
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
}
