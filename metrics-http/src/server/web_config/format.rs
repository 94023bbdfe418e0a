//! The format of the configuration file: that of Prometheus' exporter-toolkit.
//!
//! A field that is empty has its default value. All fields and their meaning are documented at
//! <https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    duration::GoDuration,
    headers::Headers,
    names::{CipherSuiteName, ClientAuthType, Curve, TlsVersion},
};

/// The configuration file. It contains secrets, so it does not implement `Debug`.
#[derive(Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WebConfig {
    pub(super) tls_server_config: Option<TlsServerConfig>,
    pub(super) http_server_config: Option<HttpServerConfig>,
    pub(super) basic_auth_users: Option<BTreeMap<String, String>>,
    pub(super) rate_limit: Option<RateLimitConfig>,
}

/// The section `tls_server_config`.
#[derive(Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsServerConfig {
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) client_auth_type: Option<ClientAuthType>,
    pub(super) client_ca_file: Option<String>,
    pub(super) client_ca: Option<String>,
    pub(super) client_allowed_sans: Option<Vec<String>>,
    pub(super) cipher_suites: Option<Vec<CipherSuiteName>>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
    pub(super) min_version: Option<TlsVersion>,
    pub(super) max_version: Option<TlsVersion>,
    pub(super) curve_preferences: Option<Vec<Curve>>,
}

/// The section `http_server_config`.
#[derive(Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HttpServerConfig {
    pub(super) http2: Option<bool>,
    pub(super) headers: Option<Headers>,
}

/// The section `rate_limit`.
#[derive(Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RateLimitConfig {
    pub(super) interval: Option<GoDuration>,
    pub(super) burst: Option<u32>,
}
