//! What a server or an endpoint is to be like.

use std::{
    net::{TcpListener, ToSocketAddrs},
    time::Duration,
};

use metrics_core::Registry;

use crate::{
    collect,
    endpoint::Endpoint,
    error::Error,
    routes::Routes,
    server::{Limits, Server},
};

/// A server or an endpoint that is yet to be started.
///
/// Made by [`Server::builder`]; ended by [`serve`](ServerBuilder::serve),
/// [`listener`](ServerBuilder::listener) or [`endpoint`](ServerBuilder::endpoint).
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = metrics_http::Server::builder()
///     .version(env!("CARGO_PKG_VERSION"))
///     .target_info([("service_namespace", "shop")])
///     .scrapes_at_once(2)
///     .scrape_timeout(Duration::from_secs(10))
///     .serve("127.0.0.1:0")?;
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing before `serve`, `listener` or `endpoint`"]
pub struct ServerBuilder {
    registry: Registry,
    path: String,
    process: bool,
    build: bool,
    version: Option<String>,
    target: Option<Vec<(String, String)>>,
    at_once: usize,
    scrape_timeout: Duration,
    limits: Limits,
}

impl ServerBuilder {
    pub(crate) fn new() -> ServerBuilder {
        ServerBuilder {
            registry: Registry::global().clone(),
            path: "/metrics".to_owned(),
            process: true,
            build: true,
            version: None,
            target: Some(Vec::new()),
            at_once: 4,
            scrape_timeout: Duration::from_mins(1),
            limits: Limits {
                client: Duration::from_secs(30),
                shutdown: Duration::from_secs(5),
            },
        }
    }

    /// Serves this registry instead of the global one.
    ///
    /// The metrics of process and build are added to it, unless they are switched off.
    pub fn registry(mut self, registry: Registry) -> ServerBuilder {
        self.registry = registry;
        self
    }

    /// Serves the metrics at this path instead of `/metrics`.
    pub fn path(mut self, path: impl Into<String>) -> ServerBuilder {
        self.path = path.into();
        self
    }

    /// Whether to add `process_cpu_seconds_total` and its relatives: on, where the system
    /// is Linux; elsewhere there are none yet.
    pub fn process_metrics(mut self, on: bool) -> ServerBuilder {
        self.process = on;
        self
    }

    /// Whether to add `build_info`, which tells builds of the program apart: on.
    pub fn build_info(mut self, on: bool) -> ServerBuilder {
        self.build = on;
        self
    }

    /// The program's version, for `build_info`: `env!("CARGO_PKG_VERSION")` is the package's.
    pub fn version(mut self, version: impl Into<String>) -> ServerBuilder {
        self.version = Some(version.into());
        self
    }

    /// Gives `target_info`, which says what is measured, these labels.
    ///
    /// Where they lack `service_name`, as they do at first, it is the name of the executable.
    pub fn target_info<N, V>(mut self, labels: impl IntoIterator<Item = (N, V)>) -> ServerBuilder
    where
        N: Into<String>,
        V: Into<String>,
    {
        let owned = |(name, value): (N, V)| (name.into(), value.into());
        self.target = Some(labels.into_iter().map(owned).collect());
        self
    }

    /// How many scrapes may run at once: 4, and at least 1. Further ones wait.
    pub fn scrapes_at_once(mut self, limit: usize) -> ServerBuilder {
        self.at_once = limit;
        self
    }

    /// How long a scrape may take before it is broken off: 60 seconds.
    ///
    /// A scraper that states less in `X-Prometheus-Scrape-Timeout-Seconds` gets less.
    pub fn scrape_timeout(mut self, time: Duration) -> ServerBuilder {
        self.scrape_timeout = time;
        self
    }

    /// How long a client may keep its connection waiting: 30 seconds, both until the head of
    /// its (next) request is complete and between two reads of the response.
    pub fn client_timeout(mut self, time: Duration) -> ServerBuilder {
        // hyper adds it to the present, and panics where no clock goes.
        self.limits.client = time.min(YEAR);
        self
    }

    /// How long [`Server::shutdown`] waits for scrapes that are running: 5 seconds.
    pub fn shutdown_timeout(mut self, time: Duration) -> ServerBuilder {
        self.limits.shutdown = time;
        self
    }

    /// Listens on the first of the addresses that can be had, and serves.
    ///
    /// # Errors
    ///
    /// As [`serve`](crate::serve), and when the path or a label of `target_info` cannot be one.
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
        let addresses: Vec<_> = address.to_socket_addrs().map_err(Error::address)?.collect();
        let listener = TcpListener::bind(&*addresses).map_err(|source| {
            if addresses.is_empty() {
                Error::address(source)
            } else {
                Error::listen(addresses, source)
            }
        })?;
        self.listener(listener)
    }

    /// Serves on a listener that is open already: one bound before privileges were given up,
    /// or handed over by a service manager.
    ///
    /// # Errors
    ///
    /// As [`ServerBuilder::serve`], but for the address.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let server = metrics_http::Server::builder().listener(listener)?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn listener(self, listener: TcpListener) -> Result<Server, Error> {
        let endpoint = self.endpoint_of()?;
        let routes = Routes::new(endpoint, &self.path);
        Server::start(listener, routes, self.limits).map_err(Error::start)
    }

    /// The exposition as a service, for a server that the program has already.
    ///
    /// It needs neither path, `client_timeout` nor `shutdown_timeout`: these are up to that
    /// server. See [`Endpoint`] for how to mount it.
    ///
    /// # Errors
    ///
    /// As [`ServerBuilder::serve`], but for the address.
    pub fn endpoint(self) -> Result<Endpoint, Error> {
        self.endpoint_of()
    }

    /// An axum router that serves the metrics at the path and has no other routes, to be
    /// merged into a program's own; tonic's `Routes` can be made of one too.
    ///
    /// # Errors
    ///
    /// As [`ServerBuilder::serve`], but for the address.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let metrics = metrics_http::Server::builder().path("/internal/metrics").router()?;
    /// let app: axum::Router = axum::Router::new().merge(metrics);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    pub fn router<S>(self) -> Result<axum::Router<S>, Error>
    where
        S: Clone + Send + Sync + 'static,
    {
        let endpoint = self.endpoint_of()?;
        Ok(axum::Router::new().route_service(&self.path, endpoint))
    }

    fn endpoint_of(&self) -> Result<Endpoint, Error> {
        self.check_path()?;
        if self.process {
            collect::add_process(&self.registry)?;
        }
        if self.build {
            collect::add_build(&self.registry, self.version.as_deref())?;
        }
        if let Some(labels) = &self.target {
            collect::add_target(&self.registry, labels)?;
        }
        self.registry.check().map_err(Error::declaration)?;
        let registry = self.registry.clone();
        Ok(Endpoint::new(registry, self.at_once, self.scrape_timeout))
    }

    /// Refuses what no request could name, and what axum would take for a pattern.
    fn check_path(&self) -> Result<(), Error> {
        let path = &self.path;
        if !path.starts_with('/') {
            return Err(Error::setting(format!(
                "the path `{path}` does not begin with a slash; write `/{path}`"
            )));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~!$&'()+,;=:@%".contains(c);
        match path.chars().find(|&c| !plain(c)) {
            None => Ok(()),
            Some(c) => Err(Error::setting(format!(
                "the path `{path}` has a `{}` in it; leave it out or write it in percent form",
                c.escape_default()
            ))),
        }
    }
}

const YEAR: Duration = Duration::from_hours(365 * 24);
