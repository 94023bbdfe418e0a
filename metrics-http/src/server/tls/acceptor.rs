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
    config: CurrentConfig,
    /// `None` if nothing can change.
    reload: Option<Reload>,
}

impl TlsAcceptor {
    /// Reads the files, and starts the thread that reloads them if there are any.
    pub(in crate::server) fn new(
        source: TlsSource,
        monitor: &Monitor,
    ) -> Result<TlsAcceptor, Error> {
        let tls = match source {
            TlsSource::Config(config) => {
                return Ok(TlsAcceptor::with_config(CurrentConfig::new(config), None));
            }
            TlsSource::Settings(tls) => tls,
        };
        let mut used = tls.read()?;
        let config = CurrentConfig::new(Arc::new(tls.config(&used)?));
        if !tls.has_files() {
            return Ok(TlsAcceptor::with_config(config, None));
        }
        let reloaded = config.clone();
        let load = move || {
            let content = tls.read()?;
            if content != used {
                reloaded.replace(tls.config(&content)?);
                used = content;
            }
            Ok(())
        };
        let reload = Reload::start(monitor.clone(), load).map_err(Error::start)?;
        Ok(TlsAcceptor::with_config(config, Some(reload)))
    }

    /// Uses a configuration, which `reload` replaces, if anything can change.
    pub(in crate::server) fn with_config(
        config: CurrentConfig,
        reload: Option<Reload>,
    ) -> TlsAcceptor {
        TlsAcceptor { config, reload }
    }

    pub(in crate::server) async fn accept(
        &self,
        stream: Box<dyn Stream>,
    ) -> io::Result<TlsStream<Box<dyn Stream>>> {
        if let Some(reload) = &self.reload {
            reload.check().await;
        }
        let acceptor = tokio_rustls::TlsAcceptor::from(self.config.current());
        acceptor.accept(stream).await
    }
}

/// The configuration for the next handshake; clones share it.
#[derive(Clone)]
pub(in crate::server) struct CurrentConfig(Arc<RwLock<Arc<ServerConfig>>>);

impl CurrentConfig {
    pub(in crate::server) fn new(config: Arc<ServerConfig>) -> CurrentConfig {
        CurrentConfig(Arc::new(RwLock::new(config)))
    }

    pub(in crate::server) fn replace(&self, config: ServerConfig) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
