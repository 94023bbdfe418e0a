//! [`TlsAcceptor`]: performs TLS handshakes with the current content of the files.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};

use tokio_rustls::{rustls::ServerConfig, server::TlsStream};

use super::settings::TlsSource;
use crate::{
    error::Error,
    monitor::Monitor,
    server::{listener::Stream, reload::Reload},
};

/// Performs TLS handshakes. Clones share the configuration and its reloads.
#[derive(Clone)]
pub(in crate::server) struct TlsAcceptor {
    current: CurrentConfig,
    /// `None` if nothing can change.
    reload: Option<Reload>,
}

/// The configuration for the next handshake.
type CurrentConfig = Arc<RwLock<Arc<ServerConfig>>>;

impl TlsAcceptor {
    /// Reads the files, and starts the thread that reloads them if there are any.
    pub(in crate::server) fn new(
        source: TlsSource,
        monitor: &Monitor,
    ) -> Result<TlsAcceptor, Error> {
        match source {
            TlsSource::Config(config) => Ok(TlsAcceptor {
                current: Arc::new(RwLock::new(config)),
                reload: None,
            }),
            TlsSource::Settings(tls) => {
                let content = tls.read()?;
                let config = tls.config(&content)?;
                let current = Arc::new(RwLock::new(Arc::new(config)));
                let mut reload = None;
                if tls.has_files() {
                    let (mut used, reloaded) = (content, Arc::clone(&current));
                    let load = move || {
                        let content = tls.read()?;
                        if content != used {
                            replace(&reloaded, tls.config(&content)?);
                            used = content;
                        }
                        Ok(())
                    };
                    reload = Some(Reload::start(monitor.clone(), load).map_err(Error::start)?);
                }
                Ok(TlsAcceptor { current, reload })
            }
        }
    }

    pub(in crate::server) async fn accept(
        &self,
        stream: Box<dyn Stream>,
    ) -> io::Result<TlsStream<Box<dyn Stream>>> {
        if let Some(reload) = &self.reload {
            reload.check().await;
        }
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        tokio_rustls::TlsAcceptor::from(config).accept(stream).await
    }
}

fn replace(current: &CurrentConfig, config: ServerConfig) {
    *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
}
