//! TLS by rustls, with certificates that are read again when their files change.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};

use crate::{error::Error, listen::Stream};

metrics_core::metrics! {
    /// Certificates that were to be read again and could not be: the ones before stay in use.
    static FAILED: Counter = "metrics_http_tls_reload_errors_total";
}

/// The files of a server's certificate and key, and of whom it trusts.
///
/// They are in PEM: the certificate with those that lead to its root, the key in PKCS #8, PKCS #1
/// or SEC 1. When they change, connections from then on have the new ones; what cannot be read, or
/// does not fit together, is counted in `metrics_http_tls_reload_errors_total`, and the old ones
/// stay.
///
/// TLS 1.2 and 1.3 are spoken, with the cipher suites of rustls.
///
/// ```no_run
/// use metrics_http::{Server, TlsFiles};
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = Server::builder()
///     .tls(TlsFiles::new("/etc/app/tls.crt", "/etc/app/tls.key").client_ca("/etc/app/ca.crt"))
///     .serve("0.0.0.0:9464")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// The server's certificate chain and private key.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> TlsFiles {
        TlsFiles {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: None,
        }
    }

    /// Asks clients for a certificate that one of these has signed; without one they are refused.
    #[must_use]
    pub fn client_ca(mut self, certificates: impl Into<PathBuf>) -> TlsFiles {
        self.client_ca = Some(certificates.into());
        self
    }

    fn config(&self) -> Result<ServerConfig, Error> {
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unusable(&self.key, "a private key in PEM", &error))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::setting(format!("TLS cannot be set up: {error}")))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| unusable(path, "a certificate to trust", &error))?;
                }
                let provider = Arc::new(ring::default_provider());
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error| unusable(path, "certificates to trust", &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            Error::setting(format!(
                "the certificate `{}` and the key `{}` do not go together: {error}",
                self.certificate.display(),
                self.key.display()
            ))
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// When the files were changed; what is missing has no time.
    fn changed(&self) -> Vec<Option<SystemTime>> {
        [
            Some(&self.certificate),
            Some(&self.key),
            self.client_ca.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|path| fs::metadata(path).and_then(|it| it.modified()).ok())
        .collect()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wanted = "certificates in PEM";
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(path, wanted, &error))?;
    if found.is_empty() {
        return Err(unusable(path, wanted, &"it has none"));
    }
    Ok(found)
}

fn unusable(path: &Path, wanted: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::setting(format!(
        "`{}` is to have {wanted}: {reason}",
        path.display()
    ))
}

/// Shakes hands for a server.
#[derive(Clone)]
pub(crate) struct Tls {
    files: Arc<TlsFiles>,
    current: Arc<Mutex<Current>>,
}

struct Current {
    config: Arc<ServerConfig>,
    changed: Vec<Option<SystemTime>>,
    looked: Instant,
}

impl Tls {
    pub(crate) fn new(files: TlsFiles) -> Result<Tls, Error> {
        // Before the files are read: what changes meanwhile is read again.
        let changed = files.changed();
        let config = Arc::new(files.config()?);
        Ok(Tls {
            files: Arc::new(files),
            current: Arc::new(Mutex::new(Current {
                config,
                changed,
                looked: Instant::now(),
            })),
        })
    }

    pub(crate) async fn accept(
        &self,
        stream: Box<dyn Stream>,
    ) -> io::Result<TlsStream<Box<dyn Stream>>> {
        TlsAcceptor::from(self.config()).accept(stream).await
    }

    fn config(&self) -> Arc<rustls::ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() >= LOOKS {
            current.looked = Instant::now();
            let changed = self.files.changed();
            if changed != current.changed {
                match self.files.config() {
                    Ok(config) => {
                        current.config = Arc::new(config);
                        current.changed = changed;
                    }
                    // Halfway written, perhaps: the next connection looks again.
                    Err(_) => FAILED.inc(),
                }
            }
        }
        Arc::clone(&current.config)
    }
}

/// Files are looked at no more often.
const LOOKS: Duration = Duration::from_secs(1);
