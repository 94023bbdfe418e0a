//! Turns the settings of a [`ServerBuilder`] into a server or an endpoint.

#[cfg(feature = "page")]
use std::iter;
use std::{collections::HashMap, net::ToSocketAddrs, sync::Arc};

#[cfg(not(feature = "web-config"))]
use super::access::CurrentAccess;
#[cfg(feature = "catalog")]
use super::documents::Documents;
#[cfg(feature = "tls")]
use super::tls::TlsAcceptor;
#[cfg(feature = "web-config")]
use super::web_config::{self, Configured};
use super::{
    access::AllowList,
    builder::ServerBuilder,
    connection::{ConnectionConfig, Timeouts},
    custom::{CustomRoutes, RouteHandler},
    handle::Server,
    listener::ListenerConfig,
    routes::{HEALTHY, READY, RouteTable, Routes},
};
#[cfg(feature = "page")]
use crate::page::Page;
use crate::{collect, error::Error, monitor::Monitor, scrape::Endpoint};

impl ServerBuilder {
    /// Adds a listener on the first of these addresses that can be bound, and starts the server.
    ///
    /// # Errors
    ///
    /// As for [`serve`](crate::serve), and if a setting is invalid, such as a path or a label of
    /// `target_info`.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let first = metrics_http::Server::builder().serve("127.0.0.1:0")?;
    /// let second = metrics_http::Server::builder().serve(first.local_addr());
    /// assert!(second.unwrap_err().to_string().contains("address in use"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve(self, address: impl ToSocketAddrs) -> Result<Server, Error> {
        self.bind(address).start()
    }

    /// Starts the server on all listeners that were added.
    ///
    /// # Errors
    ///
    /// As for [`ServerBuilder::serve`], and if no listener was added.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let server = metrics_http::Server::builder().listener(listener).start()?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> Result<Server, Error> {
        let metrics = self.build_endpoint()?;
        let allow_list = match &self.allowed_networks {
            None => AllowList::default(),
            Some(networks) => AllowList::parse(networks)?,
        };
        let custom = CustomRoutes::new(self.custom_handlers()?, self.route_timeout);
        if self.listeners.is_empty() {
            return Err(Error::no_listener());
        }
        let listeners = self.listeners.into_iter().map(ListenerConfig::bind);
        #[cfg(feature = "page")]
        let page = self.has_page.then(|| {
            let documents = self.documents.iter().map(|it| (it.path(), it.title()));
            let links = iter::once((self.path.as_str(), "Exposition")).chain(documents);
            Page::new(self.registry.clone(), links)
        });
        let monitor = metrics.monitor().clone();
        let answer_timeout = self.scrape_timeout.max(self.route_timeout);
        let response_timeout = answer_timeout.saturating_add(self.client_timeout);
        let timeouts = Timeouts::new(self.client_timeout, response_timeout);
        #[cfg(feature = "tls")]
        let tls = match self.tls {
            None => None,
            Some(source) => Some(TlsAcceptor::new(source, &monitor)?),
        };
        #[cfg(not(feature = "web-config"))]
        let access = CurrentAccess::new(&self.access, &monitor)?;
        #[cfg(feature = "web-config")]
        let Configured {
            access,
            tls,
            reload,
        } = web_config::start(self.web_config.as_deref(), self.access, tls, &monitor)?;
        let config = ConnectionConfig {
            routes: Routes::new(RouteTable {
                metrics,
                liveness: self.liveness,
                readiness: self.readiness,
                custom,
                #[cfg(feature = "catalog")]
                documents: Documents::new(self.registry.clone(), self.documents),
                #[cfg(feature = "page")]
                page,
                metrics_path: self.path,
                access,
                #[cfg(feature = "web-config")]
                reload,
            }),
            monitor,
            allow_list,
            #[cfg(feature = "tls")]
            tls,
            timeouts,
            shutdown_timeout: self.shutdown_timeout,
            max_connections: self.max_connections,
            max_header_bytes: self.max_header_bytes,
        };
        Server::start(listeners.collect::<Result<_, _>>()?, config).map_err(Error::start)
    }

    /// Creates a service that serves the exposition, for a server that the program already has.
    ///
    /// The settings of the registry, of built-in metrics and of scrapes apply. Path, listeners,
    /// TLS, access control, limits on clients, health checks, routes and the live page have no
    /// effect, as they are up to the program's server. See [`Endpoint`] for how to mount it.
    ///
    /// # Errors
    ///
    /// If metric declarations clash (see [`ServerBuilder::on_clash`]), or if a setting is invalid.
    pub fn endpoint(self) -> Result<Endpoint, Error> {
        self.build_endpoint()
    }

    /// Registers the built-in metrics, checks the registry, and creates the endpoint.
    fn build_endpoint(&self) -> Result<Endpoint, Error> {
        check_path(&self.path)?;
        if self.has_process_metrics {
            self.tolerate(collect::register_process(&self.registry))?;
        }
        if self.has_build_info {
            let (version, revision) = (self.version.as_deref(), self.revision.as_deref());
            let registered = collect::register_build_info(&self.registry, version, revision);
            self.tolerate(registered)?;
        }
        let registered = collect::register_target_info(&self.registry, &self.target_labels);
        self.tolerate(registered)?;
        self.tolerate(self.registry.check_clashes().map_err(Error::clash))?;
        Ok(Endpoint::new(
            self.registry.clone(),
            self.monitor()?,
            self.max_concurrent_scrapes,
            self.max_queued_scrapes,
            self.scrape_timeout,
        ))
    }

    /// The monitor of the server; without its metrics if they clash and the program tolerates that.
    fn monitor(&self) -> Result<Monitor, Error> {
        let registry = self.has_server_metrics.then_some(&self.registry);
        match Monitor::new(registry, self.on_error.clone()) {
            Err(error) => {
                self.tolerate(Err(error))?;
                Monitor::new(None, self.on_error.clone())
            }
            created => created,
        }
    }

    /// Reports a clash of declarations instead of returning it, if there is a handler for clashes.
    fn tolerate(&self, result: Result<(), Error>) -> Result<(), Error> {
        match (&self.on_clash, result) {
            (Some(report), Err(error)) if error.is_clash() => {
                report(&error);
                Ok(())
            }
            (_, result) => result,
        }
    }

    fn custom_handlers(&self) -> Result<HashMap<String, RouteHandler>, Error> {
        let mut handlers = HashMap::new();
        for (path, handler) in &self.routes {
            check_path(path)?;
            let is_reserved = [self.path.as_str(), HEALTHY, READY].contains(&path.as_str());
            if is_reserved || handlers.insert(path.clone(), Arc::clone(handler)).is_some() {
                return Err(Error::setting(format!(
                    "the path `{path}` has two handlers; choose another path for one of them"
                )));
            }
        }
        Ok(handlers)
    }
}

/// Refuses a path without a leading slash or with characters that have to be percent-encoded.
///
/// Among these characters are braces, which axum would parse as a pattern.
fn check_path(path: &str) -> Result<(), Error> {
    if !path.starts_with('/') {
        return Err(Error::setting(format!(
            "the path `{path}` does not begin with a slash; write `/{path}`"
        )));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-._~!$&'()+,;=:@%".contains(c);
    match path.chars().find(|&c| !is_plain(c)) {
        None => Ok(()),
        Some(c) => Err(Error::setting(format!(
            "the path `{path}` contains `{}`; remove it or percent-encode it",
            c.escape_default()
        ))),
    }
}
