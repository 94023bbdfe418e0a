//! Names of Go's `crypto/tls` in the configuration file.
//!
//! Each type here is deserialized from a name. The error of an unknown name lists the known ones.

use serde::Deserialize;
use tokio_rustls::rustls::{
    CipherSuite, NamedGroup, SupportedProtocolVersion,
    version::{TLS12, TLS13},
};

use crate::server::tls::ClientAuth;

/// A value of `client_auth_type`.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(super) struct ClientAuthType(pub(super) ClientAuth);

impl TryFrom<String> for ClientAuthType {
    type Error = String;

    fn try_from(name: String) -> Result<ClientAuthType, String> {
        let found = match name.as_str() {
            // A synonym in exporter-toolkit.
            "RequireClientCert" => Some(ClientAuth::RequiredUnverified),
            "" => Some(ClientAuth::NotRequested),
            name => look_up(name, &CLIENT_AUTH_TYPES),
        };
        let found = found.ok_or_else(|| unknown(&name, "client_auth_type", &CLIENT_AUTH_TYPES));
        found.map(ClientAuthType)
    }
}

const CLIENT_AUTH_TYPES: [(&str, ClientAuth); 5] = [
    ("NoClientCert", ClientAuth::NotRequested),
    ("RequestClientCert", ClientAuth::Requested),
    ("RequireAnyClientCert", ClientAuth::RequiredUnverified),
    ("VerifyClientCertIfGiven", ClientAuth::VerifiedIfGiven),
    (
        "RequireAndVerifyClientCert",
        ClientAuth::RequiredAndVerified,
    ),
];

/// A value of `min_version` or `max_version`.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(super) enum TlsVersion {
    Tls12,
    Tls13,
}

impl TryFrom<String> for TlsVersion {
    type Error = String;

    fn try_from(name: String) -> Result<TlsVersion, String> {
        if matches!(name.as_str(), "TLS10" | "TLS11") {
            return Err(format!(
                "`{name}` is not available, because rustls has no TLS 1.0 and 1.1; write TLS12 or \
                 TLS13"
            ));
        }
        look_up(&name, &VERSIONS).ok_or_else(|| unknown(&name, "TLS version", &VERSIONS))
    }
}

impl TlsVersion {
    /// All versions between two, which may be equal; none if `max` is lower than `min`.
    pub(super) fn between(
        min: TlsVersion,
        max: TlsVersion,
    ) -> Vec<&'static SupportedProtocolVersion> {
        let mut versions = Vec::new();
        if max == TlsVersion::Tls13 {
            versions.push(&TLS13);
        }
        if min == TlsVersion::Tls12 {
            versions.push(&TLS12);
        }
        versions
    }
}

const VERSIONS: [(&str, TlsVersion); 2] =
    [("TLS12", TlsVersion::Tls12), ("TLS13", TlsVersion::Tls13)];

/// An entry of `cipher_suites`.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(super) struct CipherSuiteName(pub(super) CipherSuite);

impl TryFrom<String> for CipherSuiteName {
    type Error = String;

    fn try_from(name: String) -> Result<CipherSuiteName, String> {
        let name = name.as_str();
        if name.starts_with("TLS_") && name.contains("_CBC_") {
            return Err(format!(
                "`{name}` is not available, because rustls has no cipher suites with CBC; remove it"
            ));
        }
        let found = look_up(name, &CIPHER_SUITES);
        let found = found.ok_or_else(|| unknown(name, "cipher suite", &CIPHER_SUITES));
        found.map(CipherSuiteName)
    }
}

const CIPHER_SUITES: [(&str, CipherSuite); 9] = [
    (
        "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_128_GCM_SHA256,
    ),
    (
        "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_AES_256_GCM_SHA384,
    ),
    (
        "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// An entry of `curve_preferences`.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(super) struct Curve(pub(super) NamedGroup);

impl TryFrom<String> for Curve {
    type Error = String;

    fn try_from(name: String) -> Result<Curve, String> {
        let found = look_up(&name, &CURVES);
        let found = found.ok_or_else(|| unknown(&name, "curve", &CURVES));
        found.map(Curve)
    }
}

impl Curve {
    /// The name in the configuration file.
    pub(super) fn name(self) -> &'static str {
        let mut curves = CURVES.iter();
        curves
            .find(|(_, group)| *group == self.0)
            .map_or("", |(name, _)| name)
    }
}

const CURVES: [(&str, NamedGroup); 4] = [
    ("CurveP256", NamedGroup::secp256r1),
    ("CurveP384", NamedGroup::secp384r1),
    ("CurveP521", NamedGroup::secp521r1),
    ("X25519", NamedGroup::X25519),
];

fn look_up<T: Copy>(name: &str, names: &[(&str, T)]) -> Option<T> {
    let mut names = names.iter();
    names
        .find(|(known, _)| *known == name)
        .map(|(_, meaning)| *meaning)
}

fn unknown<T>(name: &str, kind: &str, names: &[(&str, T)]) -> String {
    let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
    format!(
        "`{name}` is not a {kind}; write one of {}",
        known.join(", ")
    )
}
