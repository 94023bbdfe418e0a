//! [`Tls`]: the certificates and the TLS settings of a server.

use std::{
    fmt::{self, Debug, Display, Formatter},
    path::PathBuf,
    sync::Arc,
};

use tokio_rustls::rustls::{
    DEFAULT_VERSIONS, ServerConfig, SupportedProtocolVersion, crypto::CryptoProvider,
};

use super::client_auth::ClientAuth;

/// The certificate and key of a server, the CA of its clients, and further TLS settings.
///
/// All certificates and keys are PEM: the certificate followed by its intermediates, the key as
/// PKCS #8, PKCS #1 or SEC 1.
///
/// Files are read at the start, and again when a client connects more than a second after they were
/// read last. New connections use their new content. If it cannot be used (a file cannot be read,
/// or the certificate and the key do not match), the previous content stays in use, and the error is
/// passed to [`ServerBuilder::on_error`](crate::ServerBuilder::on_error) as
/// [`EventCause::Reload`](crate::EventCause::Reload).
///
/// By default, the server speaks TLS 1.2 and 1.3 with rustls' default cipher suites and does not ask
/// for client certificates. For all that is not a setting here, pass a complete configuration of
/// rustls to [`ServerBuilder::tls_config`](crate::ServerBuilder::tls_config).
///
/// ```no_run
/// use metrics_http::{Server, Tls, rustls};
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let tls = Tls::files("/etc/app/tls.crt", "/etc/app/tls.key")
///     .client_ca("/etc/app/ca.crt")
///     .client_allowed_sans(["prometheus.example.net"])
///     .versions(&[&rustls::version::TLS13]);
/// let server = Server::builder().tls(tls).serve("0.0.0.0:9464")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tls {
    pub(in crate::server) certificate: Pem,
    pub(in crate::server) key: Pem,
    pub(in crate::server) client_ca: Option<Pem>,
    pub(in crate::server) client_auth: ClientAuth,
    pub(in crate::server) client_allowed_sans: Vec<String>,
    pub(in crate::server) versions: Vec<&'static SupportedProtocolVersion>,
    pub(in crate::server) crypto_provider: Option<Arc<CryptoProvider>>,
    /// Whether the order of the server's cipher suites decides, and not that of the client's.
    pub(in crate::server) prefers_server_order: bool,
    pub(in crate::server) has_http2: bool,
}

impl Tls {
    /// The paths of the server's certificate chain and private key.
    pub fn files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Tls {
        Tls::new(Pem::File(certificate.into()), Pem::File(key.into()))
    }

    /// The PEM text of the server's certificate chain and private key, for example from a secret
    /// store.
    ///
    /// ```
    /// use metrics_http::{Server, Tls};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    /// # let (certificate, key) = (signed.cert.pem(), signed.signing_key.serialize_pem());
    /// let server = Server::builder()
    ///     .tls(Tls::pem(certificate, key))
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn pem(certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Tls {
        Tls::new(
            Pem::text("the certificate chain", certificate),
            Pem::text("the private key", key),
        )
    }

    pub(in crate::server) fn new(certificate: Pem, key: Pem) -> Tls {
        Tls {
            certificate,
            key,
            client_ca: None,
            client_auth: ClientAuth::NotRequested,
            client_allowed_sans: Vec::new(),
            versions: DEFAULT_VERSIONS.to_vec(),
            crypto_provider: None,
            prefers_server_order: false,
            has_http2: true,
        }
    }

    /// Requires clients to present a certificate signed by one of the CAs in this file (mutual TLS).
    #[must_use]
    pub fn client_ca(mut self, certificates: impl Into<PathBuf>) -> Tls {
        self.client_ca = Some(Pem::File(certificates.into()));
        self.client_auth = ClientAuth::RequiredAndVerified;
        self
    }

    /// Requires clients to present a certificate signed by one of these CAs, passed as PEM text.
    #[must_use]
    pub fn client_ca_pem(mut self, certificates: impl Into<Vec<u8>>) -> Tls {
        self.client_ca = Some(Pem::text("the CA of the clients", certificates));
        self.client_auth = ClientAuth::RequiredAndVerified;
        self
    }

    /// Accepts only client certificates with one of these subject alternative names.
    ///
    /// A DNS name, IP address, e-mail address or URI of the certificate must be exactly equal to
    /// one of `names`; a wildcard in the certificate matches only itself. Without this setting, the
    /// server accepts every certificate that the [client CA](Tls::client_ca) signed.
    ///
    /// ```no_run
    /// use metrics_http::{Server, Tls};
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let tls = Tls::files("tls.crt", "tls.key")
    ///     .client_ca("ca.crt")
    ///     .client_allowed_sans(["prometheus.example.net", "spiffe://example.net/prometheus"]);
    /// let server = Server::builder().tls(tls).serve("0.0.0.0:9464")?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client_allowed_sans<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Tls {
        let names = names.into_iter().map(Into::into);
        self.client_allowed_sans.extend(names);
        self
    }

    /// Speaks only these versions of TLS, instead of 1.2 and 1.3.
    ///
    /// For TLS 1.3 only, pass `&[&rustls::version::TLS13]`.
    #[must_use]
    pub fn versions(mut self, versions: &[&'static SupportedProtocolVersion]) -> Tls {
        self.versions = versions.to_vec();
        self
    }

    /// Uses this implementation of cryptography, with its cipher suites and key exchanges.
    ///
    /// The default is the process's default provider if the program has installed one
    /// (`CryptoProvider::install_default`), else *ring* if the feature `ring` is enabled, as it is
    /// by default. Without both, the server does not start.
    ///
    /// For *aws-lc-rs*, let the program depend on `rustls` with its feature `aws_lc_rs`, or `fips`,
    /// and pass `rustls::crypto::aws_lc_rs::default_provider()`. A changed provider restricts cipher
    /// suites and key exchanges:
    ///
    /// ```no_run
    /// use metrics_http::{
    ///     Server, Tls,
    ///     rustls::crypto::{CryptoProvider, ring},
    /// };
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let provider = CryptoProvider {
    ///     cipher_suites: vec![ring::cipher_suite::TLS13_AES_256_GCM_SHA384],
    ///     kx_groups: vec![ring::kx_group::X25519],
    ///     ..ring::default_provider()
    /// };
    /// let tls = Tls::files("tls.crt", "tls.key").crypto_provider(provider);
    /// let server = Server::builder().tls(tls).serve("0.0.0.0:9464")?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Tls {
        self.crypto_provider = Some(provider.into());
        self
    }

    /// Whether to offer HTTP/2 to clients: on by default.
    ///
    /// The client chooses the protocol in the TLS handshake (ALPN, RFC 7301). On a connection of
    /// HTTP/2, it may have 16 requests in progress. Without TLS, the server speaks HTTP/1 only.
    ///
    /// ```no_run
    /// use metrics_http::{Server, Tls};
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let tls = Tls::files("/etc/app/tls.crt", "/etc/app/tls.key").http2(false);
    /// let server = Server::builder().tls(tls).serve("0.0.0.0:9464")?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn http2(mut self, is_on: bool) -> Tls {
        self.has_http2 = is_on;
        self
    }
}

/// Where certificates or a key come from.
#[derive(Clone)]
pub(in crate::server) enum Pem {
    File(PathBuf),
    /// PEM text, and what errors call it.
    Text(&'static str, Vec<u8>),
}

impl Pem {
    pub(in crate::server) fn text(name: &'static str, pem: impl Into<Vec<u8>>) -> Pem {
        Pem::Text(name, pem.into())
    }
}

impl Display for Pem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Pem::File(path) => write!(f, "`{}`", path.display()),
            Pem::Text(name, _) => f.write_str(name),
        }
    }
}

/// Omits the text, which may be a private key.
impl Debug for Pem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// What the builder received: settings, or a complete configuration of rustls.
pub(in crate::server) enum TlsSource {
    Settings(Tls),
    Config(Arc<ServerConfig>),
}
