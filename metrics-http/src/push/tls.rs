//! [`Tls`]: trusted root certificates and the client certificate of pushes to `https` URLs.

use std::{error::Error as StdError, fs, path::PathBuf, sync::Arc};

use hyper::{Uri, http::uri::Scheme};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

use super::proxy::ProxyConnector;
use crate::error::{Error, UnusableFile};

#[derive(Clone, Default)]
pub(super) struct TlsSettings {
    /// PEM certificates to trust instead of those of the system.
    pub(super) root_certificates: Option<Vec<u8>>,
    pub(super) client_certificate: Option<ClientCertificate>,
}

/// A certificate chain and its key, in PEM.
#[derive(Clone)]
pub(super) enum ClientCertificate {
    Given(Pem),
    /// Read for every push, so that a certificate can be renewed while the program runs.
    Files {
        certificate: PathBuf,
        key: PathBuf,
    },
}

#[derive(Clone, PartialEq)]
pub(super) struct Pem {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

/// Why a client certificate cannot be used.
enum CertificateFault {
    Certificate(Box<dyn StdError + Send + Sync>),
    Key(Box<dyn StdError + Send + Sync>),
}

impl TlsSettings {
    /// Parses what is in no file.
    pub(super) fn load(&self, server: &Uri) -> Result<Tls, Error> {
        let roots = match &self.root_certificates {
            // An `http` URL must not fail because the system has no certificates.
            None if server.scheme() != Some(&Scheme::HTTPS) => RootCertStore::empty(),
            None => system_roots()?,
            Some(pem) => parse_roots(pem)?,
        };
        let tls = Tls {
            roots: Arc::new(roots),
            client_certificate: self.client_certificate.clone(),
            current: match &self.client_certificate {
                Some(ClientCertificate::Given(pem)) => Some(pem.clone()),
                _ => None,
            },
        };
        if let Err(fault) = tls.config() {
            let (what, source) = match fault {
                CertificateFault::Certificate(source) => ("certificate", source),
                CertificateFault::Key(source) => ("key of the client certificate", source),
            };
            return Err(Error::setting(format!(
                "the client {what} cannot be used: {source}; pass the content of a PEM file"
            )));
        }
        Ok(tls)
    }
}

/// The TLS settings of one client.
pub(super) struct Tls {
    roots: Arc<RootCertStore>,
    client_certificate: Option<ClientCertificate>,
    /// The client certificate that was given or last read.
    current: Option<Pem>,
}

impl Tls {
    /// Reads the files of the client certificate again; returns whether they have changed.
    pub(super) fn read_files(&mut self) -> Result<bool, UnusableFile> {
        let Some(ClientCertificate::Files { certificate, key }) = &self.client_certificate else {
            return Ok(false);
        };
        let read = |path: &PathBuf, content| {
            fs::read(path).map_err(|source| UnusableFile {
                content,
                path: path.clone(),
                source: source.into(),
            })
        };
        let read = Some(Pem {
            certificate: read(certificate, CERTIFICATE)?,
            key: read(key, KEY)?,
        });
        let has_changed = self.current != read;
        self.current = read;
        Ok(has_changed)
    }

    pub(super) fn connector(
        &self,
        inner: ProxyConnector,
    ) -> Result<HttpsConnector<ProxyConnector>, UnusableFile> {
        let config = self.config().map_err(|fault| self.unusable(fault))?;
        Ok(HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(inner))
    }

    fn config(&self) -> Result<ClientConfig, CertificateFault> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| CertificateFault::Certificate(error.into()))?
            .with_root_certificates(Arc::clone(&self.roots));
        let Some(pem) = &self.current else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = CertificateDer::pem_slice_iter(&pem.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| CertificateFault::Certificate(error.into()))?;
        if chain.is_empty() {
            let none = "it contains no certificate in PEM";
            return Err(CertificateFault::Certificate(none.into()));
        }
        let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                CertificateFault::Key("it contains no private key in PEM".into())
            }
            error => CertificateFault::Key(error.into()),
        })?;
        // Fails if the key does not belong to the certificate.
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| CertificateFault::Key(error.into()))
    }

    fn unusable(&self, fault: CertificateFault) -> UnusableFile {
        let (certificate, key) = match &self.client_certificate {
            Some(ClientCertificate::Files { certificate, key }) => {
                (certificate.clone(), key.clone())
            }
            // Unreachable, because `TlsSettings::load` has checked a given certificate.
            _ => Default::default(),
        };
        let (content, path, source) = match fault {
            CertificateFault::Certificate(source) => (CERTIFICATE, certificate, source),
            CertificateFault::Key(source) => (KEY, key, source),
        };
        UnusableFile {
            content,
            path,
            source,
        }
    }
}

fn system_roots() -> Result<RootCertStore, Error> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    let why = match loaded.errors.into_iter().next() {
        Some(error) => error.to_string(),
        None => "the system has no certificates".to_owned(),
    };
    Err(Error::setting(format!(
        "no trusted root certificates for `https`: {why}; set them with `root_certificates`"
    )))
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

const CERTIFICATE: &str = "the client certificate";
const KEY: &str = "the key of the client certificate";
