//! Whom to trust where a server is reached over TLS.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::error::{Error, PushError};

/// A connector that trusts the certificates in `roots`, as PEM, or those that the system trusts.
pub(super) fn connector(
    mut http: HttpConnector,
    url: &str,
    roots: Option<&[u8]>,
) -> Result<HttpsConnector<HttpConnector>, Error> {
    http.enforce_http(false);
    let roots = match roots {
        // Without TLS nobody needs to be trusted.
        None if !url.starts_with("https") => RootCertStore::empty(),
        None => of_the_system()?,
        Some(pem) => of_pem(pem)?,
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

fn of_the_system() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    let why = match found.errors.into_iter().next() {
        Some(error) => error.into(),
        None => "the system has no certificates".into(),
    };
    Err(Error::push(PushError::Tls(why)))
}

fn of_pem(pem: &[u8]) -> Result<RootCertStore, Error> {
    let wrong = |what: &str| Error::setting(format!("the root certificates are not PEM: {what}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| wrong(&error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is none"));
    }
    Ok(roots)
}
