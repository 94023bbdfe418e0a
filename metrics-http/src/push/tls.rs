//! Creates the TLS connector for pushes to `https` URLs, and loads the trusted root certificates.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::error::{Error, PushError};

/// A connector that trusts the PEM certificates in `roots`, or else those of the system.
pub(super) fn connector(
    mut http: HttpConnector,
    url: &str,
    roots: Option<&[u8]>,
) -> Result<HttpsConnector<HttpConnector>, Error> {
    http.enforce_http(false);
    let roots = match roots {
        // An `http` URL must not fail because the system has no certificates.
        None if !url.starts_with("https") => RootCertStore::empty(),
        None => system_roots()?,
        Some(pem) => parse_roots(pem)?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::push(PushError::Tls(error.into())))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}

fn system_roots() -> Result<RootCertStore, Error> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    let source = match loaded.errors.into_iter().next() {
        Some(error) => error.into(),
        None => "the system has no certificates".into(),
    };
    Err(Error::push(PushError::Tls(source)))
}

fn parse_roots(pem: &[u8]) -> Result<RootCertStore, Error> {
    let invalid =
        |reason: &str| Error::setting(format!("the root certificates are not PEM: {reason}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| invalid(&error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| invalid(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(invalid("there is no certificate"));
    }
    Ok(roots)
}
