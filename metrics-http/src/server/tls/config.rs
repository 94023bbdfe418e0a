//! Reads the files of [`Tls`], and makes a configuration of rustls from them.

use std::{fmt::Display, sync::Arc};

use tokio_rustls::rustls::{
    Error as TlsError, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

#[cfg(feature = "web-config")]
use super::client_auth::AnyCertificate;
use super::{
    client_auth::{AllowedNames, ClientAuth},
    settings::{Pem, Tls},
};
use crate::{error::Error, server::reload::read_file};

/// The PEM text of all certificates and keys of a [`Tls`].
#[derive(PartialEq)]
pub(in crate::server) struct TlsContent {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Tls {
    /// Whether there are files, which may change.
    pub(super) fn has_files(&self) -> bool {
        let all = [
            Some(&self.certificate),
            Some(&self.key),
            self.client_ca.as_ref(),
        ];
        all.into_iter()
            .flatten()
            .any(|pem| matches!(pem, Pem::File(_)))
    }

    /// Reads the files.
    pub(in crate::server) fn read(&self) -> Result<TlsContent, Error> {
        Ok(TlsContent {
            certificate: self.certificate.read()?,
            key: self.key.read()?,
            client_ca: self.client_ca.as_ref().map(Pem::read).transpose()?,
        })
    }

    /// Makes a configuration with the content of the files.
    pub(in crate::server) fn config(&self, content: &TlsContent) -> Result<ServerConfig, Error> {
        let provider = match &self.crypto_provider {
            Some(provider) => Arc::clone(provider),
            None => default_provider()?,
        };
        let chain = certificates(&self.certificate, &content.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(|error| invalid(&self.key, "a PEM private key", &error))?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .map_err(|error| {
                Error::setting(format!(
                    "no TLS connection would be possible: {error}; allow more versions or cipher \
                     suites"
                ))
            })?;
        let verifier = self.verifier(content.client_ca.as_deref(), provider)?;
        let mut config = builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| {
                let (certificate, key) = (&self.certificate, &self.key);
                let reason = match error {
                    TlsError::InconsistentKeys(_) => "do not match",
                    _ => "cannot be used",
                };
                Error::setting(format!(
                    "the certificate and the key {reason} ({certificate} and {key}): {error}"
                ))
            })?;
        config.ignore_client_order = self.prefers_server_order;
        let http2 = self.has_http2.then_some(HTTP2);
        config.alpn_protocols = http2.into_iter().chain([HTTP1]).map(Into::into).collect();
        Ok(config)
    }

    fn verifier(
        &self,
        client_ca: Option<&[u8]>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, Error> {
        let names = &self.client_allowed_sans;
        if !names.is_empty() && !self.client_auth.is_verified() {
            return Err(Error::setting(
                "`client_allowed_sans` needs certificates that a CA has signed, because otherwise \
                 a client chooses its names itself; set the CA of the clients, and verify it"
                    .to_owned(),
            ));
        }
        let chain: Arc<dyn ClientCertVerifier> = match self.client_auth {
            ClientAuth::NotRequested => WebPkiClientVerifier::no_client_auth(),
            #[cfg(feature = "web-config")]
            ClientAuth::Requested | ClientAuth::RequiredUnverified => Arc::new(AnyCertificate {
                provider,
                is_required: self.client_auth == ClientAuth::RequiredUnverified,
            }),
            #[cfg(feature = "web-config")]
            ClientAuth::VerifiedIfGiven => self.ca_verifier(client_ca, provider, false)?,
            ClientAuth::RequiredAndVerified => self.ca_verifier(client_ca, provider, true)?,
        };
        if names.is_empty() {
            return Ok(chain);
        }
        let names = names.clone();
        Ok(Arc::new(AllowedNames { chain, names }))
    }

    /// Checks that the client CA signed the certificate of a client.
    fn ca_verifier(
        &self,
        client_ca: Option<&[u8]>,
        provider: Arc<CryptoProvider>,
        is_required: bool,
    ) -> Result<Arc<dyn ClientCertVerifier>, Error> {
        let (Some(pem), Some(content)) = (&self.client_ca, client_ca) else {
            return Err(Error::setting(
                "certificates of clients cannot be verified without a CA; set the CA of the clients"
                    .to_owned(),
            ));
        };
        let invalid = |error: &dyn Display| invalid(pem, "CA certificates", error);
        let mut roots = RootCertStore::empty();
        for certificate in certificates(pem, content)? {
            roots.add(certificate).map_err(|error| invalid(&error))?;
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if !is_required {
            builder = builder.allow_unauthenticated();
        }
        builder.build().map_err(|error| invalid(&error))
    }
}

/// The default provider of the process, or else *ring*.
pub(in crate::server) fn default_provider() -> Result<Arc<CryptoProvider>, Error> {
    #[cfg(feature = "ring")]
    let built_in = Some(tokio_rustls::rustls::crypto::ring::default_provider());
    #[cfg(not(feature = "ring"))]
    let built_in = None;
    CryptoProvider::get_default()
        .cloned()
        .or(built_in.map(Arc::new))
        .ok_or_else(|| {
            Error::setting(
                "TLS needs an implementation of cryptography; enable the feature `ring`, call \
                 `Tls::crypto_provider`, or install a default provider of rustls"
                    .to_owned(),
            )
        })
}

impl Pem {
    fn read(&self) -> Result<Vec<u8>, Error> {
        match self {
            Pem::File(path) => read_file(path),
            Pem::Text(_, text) => Ok(text.clone()),
        }
    }
}

fn certificates(pem: &Pem, content: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let expected = "PEM certificates";
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(content)
        .collect::<Result<_, _>>()
        .map_err(|error| invalid(pem, expected, &error))?;
    if certificates.is_empty() {
        return Err(invalid(pem, expected, &"it contains none"));
    }
    Ok(certificates)
}

fn invalid(pem: &Pem, expected: &str, reason: &dyn Display) -> Error {
    Error::setting(format!("{pem} must contain {expected}: {reason}"))
}

/// The identifiers of the protocols in the TLS handshake (ALPN, RFC 7301).
pub(in crate::server) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";
