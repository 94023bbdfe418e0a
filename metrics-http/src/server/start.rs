//! Turns the settings of a [`ServerBuilder`] into a server or an endpoint.

#[cfg(feature = "page")]
use std::iter;
use std::{collections::HashMap, net::ToSocketAddrs, panic::Location, sync::Arc};

#[cfg(feature = "catalog")]
use super::documents::Documents;
#[cfg(feature = "tls")]
use super::tls::TlsAcceptor;
#[cfg(feature = "web-config")]
use super::web_config::{self, Configured};
use super::{
    access::{AllowList, CurrentAccess},
    builder::ServerBuilder,
    connection::{ConnectionConfig, Timeouts},
    custom::{CustomRoutes, RouteHandler},
    handle::Server,
    path::check_path,
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
    #[track_caller]
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
    #[track_caller]
    pub fn start(
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_mut, reason = "only the settings of TLS are taken out")
        )]
        mut self,
    ) -> Result<Server, Error> {
        let metrics = self.build_endpoint()?;
        let allow_list = match &self.allowed_networks {
            None => AllowList::default(),
            Some(networks) => AllowList::parse(networks)?,
        };
        if self.listeners.is_empty() {
            return Err(Error::no_listener());
        }
        let handlers = self.custom_handlers()?;
        let monitor = metrics.monitor().clone();
        let answer_timeout = self.scrapes.timeout.max(self.route_timeout);
        let response_timeout = answer_timeout.saturating_add(self.client_timeout);
        let timeouts = Timeouts::new(self.client_timeout, response_timeout);
        #[cfg(feature = "tls")]
        let tls = match self.tls.take() {
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
        } = web_config::start(
            self.web_config.as_deref(),
            self.access.clone(),
            tls,
            &monitor,
        )?;
        let table = self.build_table(metrics, handlers, access);
        #[cfg(feature = "web-config")]
        let table = RouteTable { reload, ..table };
        let listeners = self.listeners.into_iter().map(|listener| {
            listener.bind(
                #[cfg(unix)]
                &self.unix_sockets,
            )
        });
        let listeners = listeners.collect::<Result<_, _>>()?;
        let config = ConnectionConfig {
            routes: Routes::new(table),
            monitor,
            allow_list,
            #[cfg(feature = "tls")]
            tls,
            timeouts,
            shutdown_timeout: self.shutdown_timeout,
            max_connections: self.max_connections,
            max_header_bytes: self.max_header_bytes,
        };
        Server::start(listeners, config).map_err(Error::start)
    }

    /// Creates a service that serves all paths, for a server that the program already has.
    ///
    /// The settings of the registry, of built-in metrics, of scrapes and of paths apply: the page,
    /// the catalogue, dashboards, rules, health checks and routes are served unless they are
    /// switched off. See [`Routes`] for how to mount it.
    ///
    /// **Who may read them is up to the program's server**: listeners, TLS, `allow_from` and limits
    /// on connections have no effect. The service itself does this: it demands the users and tokens
    /// of this builder, if there are any, adds [`headers`](ServerBuilder::header) and
    /// `X-Content-Type-Options` to its responses, and applies
    /// [`rate_limit`](ServerBuilder::rate_limit) to all clients together, because it does not know
    /// their addresses. For the same reason [`hosts`](ServerBuilder::hosts) has no effect.
    ///
    /// # Errors
    ///
    /// If metric declarations clash (see [`ServerBuilder::on_clash`]), or if a setting is invalid. A
    /// web configuration file is an error too, because the service could not apply all of it.
    #[track_caller]
    pub fn routes(self) -> Result<Routes, Error> {
        #[cfg(feature = "web-config")]
        if self.web_config.is_some() {
            return Err(Error::setting(
                "a web configuration file has no effect on mounted routes; remove `.web_config(..)` \
                 and let the program's server do TLS and authentication"
                    .to_owned(),
            ));
        }
        let metrics = self.build_endpoint()?;
        let access = CurrentAccess::new(&self.access, metrics.monitor())?;
        let handlers = self.custom_handlers()?;
        Ok(Routes::new(self.build_table(metrics, handlers, access)))
    }

    /// Creates a service that serves the exposition, for a server that the program already has.
    ///
    /// The settings of the registry, of built-in metrics and of scrapes apply. Path, listeners,
    /// TLS, access control, limits on clients, health checks, routes and the live page have no
    /// effect, as they are up to the program's server. See [`Endpoint`] for how to mount it, and
    /// [`routes`](ServerBuilder::routes) for a service with the other paths.
    ///
    /// # Errors
    ///
    /// If metric declarations clash (see [`ServerBuilder::on_clash`]), or if a setting is invalid.
    #[track_caller]
    pub fn endpoint(self) -> Result<Endpoint, Error> {
        self.build_endpoint()
    }

    /// Creates what answers the paths that are switched on.
    fn build_table(
        &self,
        metrics: Endpoint,
        handlers: HashMap<String, RouteHandler>,
        access: CurrentAccess,
    ) -> RouteTable {
        #[cfg(feature = "page")]
        let page = self.has_page.then(|| {
            let documents = self.documents.iter().map(|it| (it.path(), it.title()));
            let links = iter::once((self.path.as_str(), "Exposition")).chain(documents);
            Page::new(self.registry.clone(), links)
        });
        RouteTable {
            metrics,
            metrics_path: self.path.clone(),
            liveness: self.liveness.clone(),
            readiness: self.readiness.clone(),
            custom: CustomRoutes::new(handlers, self.route_timeout),
            #[cfg(feature = "catalog")]
            documents: Documents::new(self.registry.clone(), self.documents.clone()),
            #[cfg(feature = "page")]
            page,
            access,
            #[cfg(feature = "web-config")]
            reload: None,
        }
    }

    /// Registers the built-in metrics, checks the registry, and creates the endpoint.
    #[track_caller]
    fn build_endpoint(&self) -> Result<Endpoint, Error> {
        let location = Location::caller();
        check_path(&self.path)?;
        if self.has_process_metrics {
            self.tolerate(collect::register_process(&self.registry))?;
        }
        if self.has_build_info {
            let (version, revision) = (self.version.as_deref(), self.revision.as_deref());
            let registered =
                collect::register_build_info(&self.registry, version, revision, location);
            self.tolerate(registered)?;
        }
        let registered =
            collect::register_target_info(&self.registry, &self.target_labels, location);
        self.tolerate(registered)?;
        self.tolerate(self.registry.check_clashes().map_err(Error::clash))?;
        let mut scrapes = self.scrapes.clone();
        if scrapes.formats.is_empty() {
            return Err(Error::setting(
                "`formats` has no format; list at least one, such as `Format::Text`".to_owned(),
            ));
        }
        if self.has_process_metrics {
            scrapes.process_start = collect::process_start_time();
        }
        let registry = self.registry.clone();
        Ok(Endpoint::new(registry, self.monitor()?, scrapes))
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
