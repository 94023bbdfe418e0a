//! [`ClientAuth`]: which certificates of clients the server accepts.

use std::{
    error::Error as StdError,
    fmt::{self, Debug, Display, Formatter},
    net::IpAddr,
    sync::Arc,
};

#[cfg(feature = "web-config")]
use tokio_rustls::rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, OtherError,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use x509_cert::{
    Certificate,
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// What the server demands of clients, as `ClientAuthType` of Go's `crypto/tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum ClientAuth {
    /// The server does not ask for a certificate.
    NotRequested,
    /// A client may present any certificate, or none.
    #[cfg(feature = "web-config")]
    Requested,
    /// A client must present a certificate, which may be any.
    #[cfg(feature = "web-config")]
    RequiredUnverified,
    /// A client may present no certificate, or one that the client CA signed.
    #[cfg(feature = "web-config")]
    VerifiedIfGiven,
    /// A client must present a certificate that the client CA signed.
    RequiredAndVerified,
}

impl ClientAuth {
    /// Whether a certificate is accepted only if the client CA signed it.
    pub(super) fn is_verified(self) -> bool {
        match self {
            ClientAuth::NotRequested => false,
            #[cfg(feature = "web-config")]
            ClientAuth::Requested | ClientAuth::RequiredUnverified => false,
            #[cfg(feature = "web-config")]
            ClientAuth::VerifiedIfGiven => true,
            ClientAuth::RequiredAndVerified => true,
        }
    }
}

/// Accepts a certificate if `chain` does and if one of its names is allowed.
#[derive(Debug)]
pub(super) struct AllowedNames {
    pub(super) chain: Arc<dyn ClientCertVerifier>,
    pub(super) names: Vec<String>,
}

impl ClientCertVerifier for AllowedNames {
    /// A client without a certificate has no allowed name.
    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        let verified = self
            .chain
            .verify_client_cert(certificate, intermediates, now)?;
        let presented =
            alternative_names(certificate).map_err(|_| CertificateError::BadEncoding)?;
        if presented.iter().any(|name| self.names.contains(name)) {
            return Ok(verified);
        }
        let error = Arc::new(NameNotAllowed(presented));
        Err(CertificateError::Other(OtherError(error)).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.chain
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.chain
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// The subject alternative names of a certificate: DNS names, e-mail addresses, URIs, and IP
/// addresses in their usual form.
fn alternative_names(
    certificate: &CertificateDer<'_>,
) -> Result<Vec<String>, x509_cert::der::Error> {
    let certificate = Certificate::from_der(certificate)?;
    let names = certificate
        .tbs_certificate()
        .get_extension::<SubjectAltName>()?;
    let names = names.map(|(_, names)| names.0).unwrap_or_default();
    let text = |name: &GeneralName| match name {
        GeneralName::DnsName(name)
        | GeneralName::Rfc822Name(name)
        | GeneralName::UniformResourceIdentifier(name) => Some(name.to_string()),
        GeneralName::IpAddress(octets) => {
            let octets = octets.as_bytes();
            let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    };
    Ok(names.iter().filter_map(text).collect())
}

/// The names of a certificate of which none is allowed.
struct NameNotAllowed(Vec<String>);

impl Display for NameNotAllowed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "none of the names {:?} is in `client_allowed_sans`",
            self.0
        )
    }
}

/// The message, because rustls writes this form into its own messages.
impl Debug for NameNotAllowed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl StdError for NameNotAllowed {}

/// Accepts every certificate whose private key the client has.
#[cfg(feature = "web-config")]
#[derive(Debug)]
pub(super) struct AnyCertificate {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) is_required: bool,
}

#[cfg(feature = "web-config")]
impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    /// Empty, which asks the client for any certificate that it has.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
