//! [`TlsFiles`]: TLS for the server, with rustls. Certificates are reloaded when their files
//! change.

use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};

use super::listener::Stream;
use crate::error::Error;

metrics_core::metrics! {
    /// Failed reloads of the certificate files; the previous certificates stay in use.
    static RELOAD_ERRORS: Counter = "metrics_http_tls_reload_errors_total";
}

/// The files of a server's certificate and key, and of the CA of its clients.
///
/// All files are PEM: the certificate followed by its intermediates, the key as PKCS #8, PKCS #1 or
/// SEC 1. When the files change, new connections use their new content. A failed reload (a file
/// that cannot be read, or a certificate and a key that do not match) is counted in
/// `metrics_http_tls_reload_errors_total` and keeps the previous certificate in use.
///
/// The server supports TLS 1.2 and 1.3 with rustls' default cipher suites.
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
    /// The paths of the server's certificate chain and private key.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> TlsFiles {
        TlsFiles {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: None,
        }
    }

    /// Requires clients to present a certificate signed by one of these CAs (mutual TLS).
    #[must_use]
    pub fn client_ca(mut self, certificates: impl Into<PathBuf>) -> TlsFiles {
        self.client_ca = Some(certificates.into());
        self
    }

    fn config(&self) -> Result<ServerConfig, Error> {
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| invalid_file(&self.key, "a PEM private key", &error))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::setting(format!("cannot set up TLS: {error}")))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| invalid_file(path, "CA certificates", &error))?;
                }
                let provider = Arc::new(ring::default_provider());
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error| invalid_file(path, "CA certificates", &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            Error::setting(format!(
                "the certificate `{}` and the key `{}` do not match: {error}",
                self.certificate.display(),
                self.key.display()
            ))
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Modification times of the files; `None` for a missing file.
    fn modified(&self) -> Vec<Option<SystemTime>> {
        [
            Some(&self.certificate),
            Some(&self.key),
            self.client_ca.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|path| {
            fs::metadata(path)
                .and_then(|metadata| metadata.modified())
                .ok()
        })
        .collect()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let expected = "PEM certificates";
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| invalid_file(path, expected, &error))?;
    if certificates.is_empty() {
        return Err(invalid_file(path, expected, &"it contains none"));
    }
    Ok(certificates)
}

fn invalid_file(path: &Path, expected: &str, reason: &dyn Display) -> Error {
    Error::setting(format!(
        "`{}` must contain {expected}: {reason}",
        path.display()
    ))
}

/// Performs TLS handshakes; reloads the certificate files when they have changed.
#[derive(Clone)]
pub(super) struct ReloadingAcceptor {
    files: Arc<TlsFiles>,
    current: Arc<Mutex<Current>>,
}

struct Current {
    config: Arc<ServerConfig>,
    modified: Vec<Option<SystemTime>>,
    checked: Instant,
}

impl ReloadingAcceptor {
    pub(super) fn new(files: TlsFiles) -> Result<ReloadingAcceptor, Error> {
        // The modification times are read before the files, so that a change in between is detected
        // later.
        let modified = files.modified();
        let config = Arc::new(files.config()?);
        Ok(ReloadingAcceptor {
            files: Arc::new(files),
            current: Arc::new(Mutex::new(Current {
                config,
                modified,
                checked: Instant::now(),
            })),
        })
    }

    pub(super) async fn accept(
        &self,
        stream: Box<dyn Stream>,
    ) -> io::Result<TlsStream<Box<dyn Stream>>> {
        TlsAcceptor::from(self.config()).accept(stream).await
    }

    fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.checked.elapsed() >= CHECK_INTERVAL {
            current.checked = Instant::now();
            let modified = self.files.modified();
            if modified != current.modified {
                match self.files.config() {
                    Ok(config) => {
                        current.config = Arc::new(config);
                        current.modified = modified;
                    }
                    // The files may be half written. `modified` is unchanged, so that the next
                    // check tries again.
                    Err(_) => RELOAD_ERRORS.inc(),
                }
            }
        }
        Arc::clone(&current.config)
    }
}

/// Minimum time between two checks of the files' modification times.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
