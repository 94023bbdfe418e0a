//! Turns the section `tls_server_config` into a [`Tls`].

use std::{path::Path, sync::Arc};

use tokio_rustls::rustls::{SupportedCipherSuite, crypto::CryptoProvider, version::TLS13};

use super::{
    format::TlsServerConfig,
    names::{CipherSuiteName, Curve, TlsVersion},
};
use crate::{
    error::Error,
    server::tls::{ClientAuth, Pem, Tls, default_provider},
};

impl TlsServerConfig {
    /// The settings; `None` if the section is empty. `folder` is that of the configuration file.
    pub(super) fn settings(&self, folder: &Path) -> Result<Option<Tls>, Error> {
        if *self == TlsServerConfig::default() {
            return Ok(None);
        }
        let pem = |file, text| one_of(folder, file, text);
        let certificate = pem(("cert_file", &self.cert_file), ("cert", &self.cert))?;
        let certificate = certificate.ok_or_else(|| missing("cert_file", "cert"))?;
        let key = pem(("key_file", &self.key_file), ("key", &self.key))?;
        let key = key.ok_or_else(|| missing("key_file", "key"))?;
        let mut tls = Tls::new(certificate, key);
        tls.client_ca = pem(
            ("client_ca_file", &self.client_ca_file),
            ("client_ca", &self.client_ca),
        )?;
        tls.client_auth = match self.client_auth_type {
            Some(auth) => auth.0,
            None => ClientAuth::NotRequested,
        };
        if tls.client_ca.is_some() && tls.client_auth == ClientAuth::NotRequested {
            return Err(Error::setting(
                "`client_ca_file` or `client_ca` has no effect without `client_auth_type`; set it \
                 to RequireAndVerifyClientCert"
                    .to_owned(),
            ));
        }
        tls.client_allowed_sans = self.client_allowed_sans.clone().unwrap_or_default();
        tls.versions = TlsVersion::between(
            self.min_version.unwrap_or(TlsVersion::Tls12),
            self.max_version.unwrap_or(TlsVersion::Tls13),
        );
        if tls.versions.is_empty() {
            return Err(Error::setting(
                "`max_version` is lower than `min_version`; exchange them".to_owned(),
            ));
        }
        tls.crypto_provider = Some(Arc::new(self.provider()?));
        let has_order = self
            .cipher_suites
            .as_ref()
            .is_some_and(|names| !names.is_empty());
        tls.prefers_server_order = has_order && self.prefer_server_cipher_suites.unwrap_or(true);
        Ok(Some(tls))
    }

    /// The default provider, restricted to `cipher_suites` and `curve_preferences`.
    fn provider(&self) -> Result<CryptoProvider, Error> {
        let mut provider = CryptoProvider::clone(&*default_provider()?);
        if let Some(names) = self.cipher_suites.as_deref()
            && !names.is_empty()
        {
            provider.cipher_suites = restrict_suites(&provider.cipher_suites, names)?;
        }
        if let Some(curves) = self.curve_preferences.as_deref()
            && !curves.is_empty()
        {
            let group = |curve: &Curve| {
                let mut groups = provider.kx_groups.iter();
                let group = groups.find(|group| group.name() == curve.0);
                group.copied().ok_or_else(|| {
                    Error::setting(format!(
                        "`curve_preferences` contains {}, which the implementation of cryptography \
                         does not have; remove it",
                        curve.name()
                    ))
                })
            };
            provider.kx_groups = curves.iter().map(group).collect::<Result<_, _>>()?;
        }
        Ok(provider)
    }
}

/// All suites of TLS 1.3, which cannot be configured in Go, and those of TLS 1.2 that are named.
fn restrict_suites(
    available: &[SupportedCipherSuite],
    names: &[CipherSuiteName],
) -> Result<Vec<SupportedCipherSuite>, Error> {
    let is_tls13 = |suite: &SupportedCipherSuite| suite.version() == &TLS13;
    let mut suites: Vec<_> = available.iter().copied().filter(is_tls13).collect();
    for CipherSuiteName(name) in names {
        let mut available = available.iter();
        match available.find(|suite| suite.suite() == *name) {
            Some(suite) if is_tls13(suite) => {}
            Some(suite) => suites.push(*suite),
            None => {
                return Err(Error::setting(format!(
                    "`cipher_suites` contains {}, which the implementation of cryptography does \
                     not have; remove it",
                    name.as_str().unwrap_or_default()
                )));
            }
        }
    }
    Ok(suites)
}

/// What a file or a text contains, of which at most one may be set.
fn one_of(
    folder: &Path,
    (file_name, file): (&str, &Option<String>),
    (text_name, text): (&'static str, &Option<String>),
) -> Result<Option<Pem>, Error> {
    let is_set = |value: &&String| !value.is_empty();
    match (file.as_ref().filter(is_set), text.as_ref().filter(is_set)) {
        (Some(_), Some(_)) => Err(Error::setting(format!(
            "`{file_name}` and `{text_name}` are both set; remove one of them"
        ))),
        (Some(file), None) => Ok(Some(Pem::File(folder.join(file)))),
        (None, Some(text)) => Ok(Some(Pem::text(text_name, text.as_str()))),
        (None, None) => Ok(None),
    }
}

fn missing(file: &str, text: &str) -> Error {
    Error::setting(format!(
        "`tls_server_config` has neither `{file}` nor `{text}`; add one, or remove the section to \
         serve without TLS"
    ))
}
