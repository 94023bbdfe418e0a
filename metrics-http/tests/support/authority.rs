//! A certificate authority of a test, and TLS servers with its certificates.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

/// Signs certificates for servers and clients.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// The certificate of the authority, in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn client(&self) -> Identity {
        self.sign_client(vec![dns("client")])
    }

    /// Signs a certificate for a client with these names.
    pub fn sign_client(&self, names: Vec<SanType>) -> Identity {
        self.sign(names, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// Signs a certificate for a server on `localhost`.
    pub fn sign_server(&self) -> Identity {
        self.sign(vec![dns("localhost")], ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// The TLS configuration of a server of this name, which does not ask for client certificates.
    pub fn server(&self, name: &str) -> ServerConfig {
        self.config(name, false)
    }

    /// Like [`server`](Authority::server), for a server that demands client certificates.
    pub fn server_for_clients(&self, name: &str) -> ServerConfig {
        self.config(name, true)
    }

    fn sign(&self, names: Vec<SanType>, usage: ExtendedKeyUsagePurpose) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.subject_alt_names = names;
        params.extended_key_usages = vec![usage];
        Identity {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    fn config(&self, name: &str, demands_certificate: bool) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if demands_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.0.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let name = match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => dns(name),
        };
        let identity = self.sign(vec![name], ExtendedKeyUsagePurpose::ServerAuth);
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let chain = vec![identity.der().into()];
        builder.with_single_cert(chain, key).unwrap()
    }
}

impl Identity {
    /// The certificate in DER.
    pub fn der(&self) -> Vec<u8> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        certificate.unwrap().to_vec()
    }
}

/// A subject alternative name.
pub fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}
