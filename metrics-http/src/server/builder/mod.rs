//! [`ServerBuilder`]: all settings of a metrics server or an endpoint.

mod access;
mod content;
mod limits;
mod listeners;
mod routes;
mod scrapes;

#[cfg(feature = "web-config")]
use std::path::PathBuf;
use std::{sync::Arc, time::Duration};

use metrics_core::Registry;

#[cfg(feature = "catalog")]
use super::documents::DocumentKind;
#[cfg(feature = "tls")]
use super::tls::TlsSource;
#[cfg(unix)]
use super::unix_socket::SocketAccess;
use super::{
    access::AccessSettings, custom::RouteHandler, handle::Server, health::HealthChecks,
    listener::ListenerConfig,
};
use crate::{
    error::Error,
    monitor::{EventHandler, ServerEvent},
    scrape::ScrapeSettings,
};

/// A function that receives each clash of metric declarations.
pub(in crate::server) type ClashHandler = Arc<dyn Fn(&Error) + Send + Sync>;

/// Builder for a server or an endpoint.
///
/// Created by [`Server::builder`]; consumed by [`serve`](ServerBuilder::serve),
/// [`start`](ServerBuilder::start), [`routes`](ServerBuilder::routes),
/// [`endpoint`](ServerBuilder::endpoint) and, with the feature `axum`, `mount`.
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = metrics_http::Server::builder()
///     .version(env!("CARGO_PKG_VERSION"))
///     .target_info([("service_namespace", "shop")])
///     .max_concurrent_scrapes(2)
///     .scrape_timeout(Duration::from_secs(10))
///     .serve("127.0.0.1:0")?;
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing before `serve`, `start`, `routes` or `endpoint`"]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting that is on or off"
)]
pub struct ServerBuilder {
    pub(in crate::server) registry: Registry,
    pub(in crate::server) path: String,
    pub(in crate::server) has_process_metrics: bool,
    pub(in crate::server) has_build_info: bool,
    pub(in crate::server) version: Option<String>,
    pub(in crate::server) revision: Option<String>,
    pub(in crate::server) target_labels: Vec<(String, String)>,
    pub(in crate::server) scrapes: ScrapeSettings,
    pub(in crate::server) client_timeout: Duration,
    pub(in crate::server) shutdown_timeout: Duration,
    pub(in crate::server) max_connections: usize,
    pub(in crate::server) max_header_bytes: usize,
    pub(in crate::server) listeners: Vec<ListenerConfig>,
    #[cfg(unix)]
    pub(in crate::server) unix_sockets: SocketAccess,
    pub(in crate::server) routes: Vec<(String, RouteHandler)>,
    pub(in crate::server) route_timeout: Duration,
    pub(in crate::server) liveness: HealthChecks,
    pub(in crate::server) readiness: HealthChecks,
    pub(in crate::server) allowed_networks: Option<Vec<String>>,
    pub(in crate::server) on_clash: Option<ClashHandler>,
    pub(in crate::server) on_error: Option<EventHandler>,
    pub(in crate::server) has_server_metrics: bool,
    #[cfg(feature = "catalog")]
    pub(in crate::server) documents: Vec<DocumentKind>,
    #[cfg(feature = "page")]
    pub(in crate::server) has_page: bool,
    pub(in crate::server) access: AccessSettings,
    #[cfg(feature = "tls")]
    pub(in crate::server) tls: Option<TlsSource>,
    #[cfg(feature = "web-config")]
    pub(in crate::server) web_config: Option<PathBuf>,
}

impl Server {
    /// Creates a builder for a server with other settings than those of [`serve`](crate::serve).
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .path("/internal/metrics")
    ///     .process_metrics(false)
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }
}

impl ServerBuilder {
    fn new() -> ServerBuilder {
        ServerBuilder {
            registry: Registry::global().clone(),
            path: "/metrics".to_owned(),
            has_process_metrics: true,
            has_build_info: true,
            version: None,
            revision: None,
            target_labels: Vec::new(),
            scrapes: ScrapeSettings::default(),
            client_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(5),
            max_connections: 256,
            max_header_bytes: 16 * 1024,
            listeners: Vec::new(),
            #[cfg(unix)]
            unix_sockets: SocketAccess::default(),
            routes: Vec::new(),
            route_timeout: Duration::from_secs(30),
            liveness: HealthChecks::default(),
            readiness: HealthChecks::default(),
            allowed_networks: None,
            on_clash: None,
            on_error: None,
            has_server_metrics: true,
            #[cfg(feature = "catalog")]
            documents: vec![
                DocumentKind::Catalog,
                DocumentKind::Dashboard,
                DocumentKind::Rules,
            ],
            #[cfg(feature = "page")]
            has_page: true,
            access: AccessSettings::default(),
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "web-config")]
            web_config: None,
        }
    }

    /// Serves this registry instead of the global one.
    ///
    /// `target_info` is registered in it too, and so are process metrics and `build_info` unless
    /// they are switched off. One server shows several registries if this one
    /// [includes](Registry::include) the others.
    pub fn registry(mut self, registry: Registry) -> ServerBuilder {
        self.registry = registry;
        self
    }

    /// Starts although metric declarations clash, and passes each clash to `report`.
    ///
    /// For programs with two dependencies that declare one name differently, or one that declares
    /// a built-in metric: of the metrics that clash, the first is exposed, the others are left out
    /// and counted in `metrics_rejected_total{reason="clash"}`. Without this call, a clash is an
    /// error, so that it is found before production.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .on_clash(|clash| eprintln!("left out of the metrics: {clash}"))
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_clash(mut self, report: impl Fn(&Error) + Send + Sync + 'static) -> ServerBuilder {
        self.on_clash = Some(Arc::new(report));
        self
    }

    /// Passes everything that goes wrong in the server to `handle`, usually for a log.
    ///
    /// Among the [causes](crate::EventCause) are refused clients, failed logins and handshakes,
    /// scrapes that were rejected or aborted, and collectors and checks that failed. Clients can
    /// cause any number of events, so a log should limit their rate.
    ///
    /// `handle` runs on a thread of its own. If it is slow, events are
    /// [left out](ServerEvent::omitted) and the server goes on; if it panics, it receives the next
    /// event nevertheless. `metrics_http_errors_total` counts all events, with or without it.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .on_error(|event| eprintln!("metrics: {event}"))
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_error(
        mut self,
        handle: impl Fn(&ServerEvent) + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.on_error = Some(Arc::new(handle));
        self
    }
}
