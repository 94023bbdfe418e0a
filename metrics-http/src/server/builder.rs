//! [`ServerBuilder`]: all settings of a metrics server, an endpoint or a router.

use std::{
    net::{TcpListener, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};
#[cfg(unix)]
use std::{os::unix::net::UnixListener, path::PathBuf};

use hyper::{Request, Response};
use metrics_core::Registry;

#[cfg(feature = "tls")]
use super::tls::TlsFiles;
use super::{
    connection::Limits, handle::Server, health::HealthChecks, listener::ListenerConfig,
    routes::RouteHandler,
};
use crate::{error::Error, scrape::Body};

/// A function that receives each clash of metric declarations.
pub(super) type ClashHandler = Arc<dyn Fn(&Error) + Send + Sync>;

/// Builder for a server or an endpoint.
///
/// Created by [`Server::builder`]; consumed by [`serve`](ServerBuilder::serve),
/// [`start`](ServerBuilder::start), [`endpoint`](ServerBuilder::endpoint) and, with the feature
/// `axum`, `router`.
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
#[must_use = "a builder does nothing before `serve`, `start` or `endpoint`"]
pub struct ServerBuilder {
    pub(super) registry: Registry,
    pub(super) path: String,
    pub(super) has_process_metrics: bool,
    pub(super) has_build_info: bool,
    pub(super) version: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) target_labels: Vec<(String, String)>,
    pub(super) max_concurrent_scrapes: usize,
    pub(super) max_queued_scrapes: usize,
    pub(super) scrape_timeout: Duration,
    pub(super) limits: Limits,
    pub(super) listeners: Vec<ListenerConfig>,
    pub(super) routes: Vec<(String, RouteHandler)>,
    pub(super) liveness: HealthChecks,
    pub(super) readiness: HealthChecks,
    pub(super) allowed_networks: Option<Vec<String>>,
    pub(super) on_clash: Option<ClashHandler>,
    #[cfg(feature = "page")]
    pub(super) has_page: bool,
    #[cfg(feature = "auth")]
    pub(super) users: Vec<(String, String)>,
    #[cfg(feature = "auth")]
    pub(super) token_digests: Vec<String>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<TlsFiles>,
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
            max_concurrent_scrapes: 4,
            max_queued_scrapes: 64,
            scrape_timeout: Duration::from_mins(1),
            limits: Limits {
                client_timeout: Duration::from_secs(30),
                shutdown_timeout: Duration::from_secs(5),
                max_connections: 256,
                max_header_bytes: 16 * 1024,
            },
            listeners: Vec::new(),
            routes: Vec::new(),
            liveness: HealthChecks::default(),
            readiness: HealthChecks::default(),
            allowed_networks: None,
            on_clash: None,
            #[cfg(feature = "page")]
            has_page: true,
            #[cfg(feature = "auth")]
            users: Vec::new(),
            #[cfg(feature = "auth")]
            token_digests: Vec::new(),
            #[cfg(feature = "tls")]
            tls: None,
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

    /// Serves the metrics at this path instead of `/metrics`.
    pub fn path(mut self, path: impl Into<String>) -> ServerBuilder {
        self.path = path.into();
        self
    }

    /// Whether to register the `process_*` metrics; on by default.
    ///
    /// They are available on Linux, macOS and Windows. On other systems this has no effect.
    pub fn process_metrics(mut self, on: bool) -> ServerBuilder {
        self.has_process_metrics = on;
        self
    }

    /// Whether to register `build_info`, whose labels identify the build; on by default.
    pub fn build_info(mut self, on: bool) -> ServerBuilder {
        self.has_build_info = on;
        self
    }

    /// Sets the label `version` of `build_info`, usually to `env!("CARGO_PKG_VERSION")`.
    pub fn version(mut self, version: impl Into<String>) -> ServerBuilder {
        self.version = Some(version.into());
        self
    }

    /// Sets the label `revision` of `build_info`: the commit that the program was built from.
    ///
    /// Only the program's own build knows the commit, from a build script that runs git (such as
    /// vergen's) or a variable of the CI system. The label is omitted by default.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let mut builder = metrics_http::Server::builder().version(env!("CARGO_PKG_VERSION"));
    /// if let Some(commit) = option_env!("VERGEN_GIT_SHA").or(option_env!("GIT_COMMIT")) {
    ///     builder = builder.revision(commit);
    /// }
    /// let server = builder.serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn revision(mut self, revision: impl Into<String>) -> ServerBuilder {
        self.revision = Some(revision.into());
        self
    }

    /// Sets the labels of `target_info`, which describes the measured service.
    ///
    /// If `service_name` is not among them, it is added with the name of the executable.
    pub fn target_info<N, V>(mut self, labels: impl IntoIterator<Item = (N, V)>) -> ServerBuilder
    where
        N: Into<String>,
        V: Into<String>,
    {
        let owned = |(name, value): (N, V)| (name.into(), value.into());
        self.target_labels = labels.into_iter().map(owned).collect();
        self
    }

    /// Maximum number of concurrent scrapes: 4 by default, at least 1.
    ///
    /// Further scrapes are [queued](ServerBuilder::max_queued_scrapes).
    pub fn max_concurrent_scrapes(mut self, limit: usize) -> ServerBuilder {
        self.max_concurrent_scrapes = limit;
        self
    }

    /// Maximum number of queued scrapes: 64 by default.
    ///
    /// Further scrapes get status 503 with `Retry-After: 1`.
    pub fn max_queued_scrapes(mut self, limit: usize) -> ServerBuilder {
        self.max_queued_scrapes = limit;
        self
    }

    /// Maximum duration of a scrape: 60 seconds by default.
    ///
    /// A scraper can shorten the timeout with `X-Prometheus-Scrape-Timeout-Seconds`. Collectors
    /// that have not finished after three quarters of the timeout are left out. A scrape that still
    /// has to wait for its client when the time is over is aborted.
    pub fn scrape_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.scrape_timeout = timeout;
        self
    }

    /// Closes the connection of a stalled client after this time: 30 seconds by default.
    ///
    /// The timeout limits the TLS handshake, the time until the head of the next request is
    /// complete, and the time between two reads of the response.
    pub fn client_timeout(mut self, timeout: Duration) -> ServerBuilder {
        // Limited, because hyper adds the timeout to the current time and panics on overflow.
        self.limits.client_timeout = timeout.min(YEAR);
        self
    }

    /// How long [`Server::shutdown`] waits for requests in progress: 5 seconds by default.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.limits.shutdown_timeout = timeout;
        self
    }

    /// Maximum number of open connections: 256 by default, at least 1.
    ///
    /// Further connections are not accepted until one is closed.
    pub fn max_connections(mut self, limit: usize) -> ServerBuilder {
        self.limits.max_connections = limit;
        self
    }

    /// Maximum size of a request's head in bytes: 16 KiB by default, at least 8 KiB.
    ///
    /// A request with a larger head gets status 431.
    pub fn max_header_bytes(mut self, limit: usize) -> ServerBuilder {
        self.limits.max_header_bytes = limit;
        self
    }

    /// Accepts connections only from these networks, each written as `10.0.0.0/8` or as an address.
    ///
    /// Other connections are closed without a response. Unix sockets are not affected; their access
    /// control is the permissions of the file.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .allow_from(["127.0.0.0/8", "::1", "10.0.0.0/8"])
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_from<N: Into<String>>(
        mut self,
        networks: impl IntoIterator<Item = N>,
    ) -> ServerBuilder {
        let networks = networks.into_iter().map(Into::into);
        self.allowed_networks
            .get_or_insert_default()
            .extend(networks);
        self
    }

    /// Requires authentication, and accepts this user with basic authentication (RFC 7617).
    ///
    /// The password is passed as a bcrypt hash, as in Prometheus' web configuration:
    /// `htpasswd -nBC 10 prometheus` creates one. Further users and
    /// [tokens](ServerBuilder::bearer_auth) can be added; any of them grants access.
    ///
    /// All paths require credentials, except that `/-/healthy` and `/-/ready` answer everyone with
    /// their status; the reasons for a failure require credentials. Combine authentication with
    #[cfg_attr(feature = "tls", doc = "[`tls`](ServerBuilder::tls),")]
    #[cfg_attr(not(feature = "tls"), doc = "TLS,")]
    /// because the password is otherwise sent in the clear.
    #[cfg(feature = "auth")]
    pub fn basic_auth(
        mut self,
        user: impl Into<String>,
        bcrypt_hash: impl Into<String>,
    ) -> ServerBuilder {
        self.users.push((user.into(), bcrypt_hash.into()));
        self
    }

    /// Requires authentication, and accepts this token as `Authorization: Bearer` (RFC 6750).
    ///
    /// The token is passed as its SHA-256 in hexadecimal: `printf %s "$TOKEN" | sha256sum`. A
    /// secure token has at least 128 random bits. Several tokens can be accepted at the same time,
    /// for rotation without downtime. See also [`basic_auth`](ServerBuilder::basic_auth).
    #[cfg(feature = "auth")]
    pub fn bearer_auth(mut self, token_sha256: impl Into<String>) -> ServerBuilder {
        self.token_digests.push(token_sha256.into());
        self
    }

    /// Serves with TLS on all listeners.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, files: TlsFiles) -> ServerBuilder {
        self.tls = Some(files);
        self
    }

    /// Adds a check to `/-/ready`, which tells whether the program can take requests.
    ///
    /// The path answers 200 if all checks pass, else 503 with the reasons. Checks run for every
    /// request, on threads that they may block, and fail after five seconds.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// static CONNECTED: AtomicBool = AtomicBool::new(false);
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .readiness_check("database", || match CONNECTED.load(Ordering::Relaxed) {
    ///         true => Ok(()),
    ///         false => Err("not connected yet".to_owned()),
    ///     })
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn readiness_check(
        mut self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.readiness.add(name, check);
        self
    }

    /// Adds a check to `/-/healthy`, which tells whether the program needs a restart.
    ///
    /// See [`readiness_check`](ServerBuilder::readiness_check).
    pub fn liveness_check(
        mut self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.liveness.add(name, check);
        self
    }

    /// Adds a route: `handler` answers requests for this path, with any method.
    ///
    /// `handler` runs on a thread that it may block. A panic is answered with status 500. The body
    /// of the request is not read.
    ///
    /// ```
    /// use metrics_http::{Body, Server};
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = Server::builder()
    ///     .route("/version", |_| hyper::Response::new(Body::new(env!("CARGO_PKG_VERSION"))))
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn route(
        mut self,
        path: impl Into<String>,
        handler: impl Fn(&Request<()>) -> Response<Body> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.routes.push((path.into(), Arc::new(handler)));
        self
    }

    /// Whether to serve the live page at `/`; on by default.
    ///
    /// The page displays functions, metrics, histograms and objectives, now and over the last
    /// minutes. It loads nothing from other servers. While it is open, a separate thread gathers
    /// the metrics once a second for all viewers together, and up to 8 MiB of history are kept;
    /// while it is closed, it costs nothing. It discloses what `/metrics` discloses, and the source
    /// locations of the declarations. When it is switched off, `/` links to the metrics.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .page(cfg!(debug_assertions))
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "page")]
    pub fn page(mut self, on: bool) -> ServerBuilder {
        self.has_page = on;
        self
    }

    /// Adds a TCP listener on the first of these addresses that can be bound.
    pub fn bind(mut self, address: impl ToSocketAddrs) -> ServerBuilder {
        self.listeners.push(ListenerConfig::addresses(address));
        self
    }

    /// Adds a listener on a Unix socket at this path.
    ///
    /// A socket file left behind by a program that has ended is replaced; one that a program
    /// listens on is not. The file gets the permissions that the process's umask allows, and is
    /// removed when the server shuts down.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("metrics.sock");
    /// let server = metrics_http::Server::builder().bind_unix(&path).start()?;
    /// assert!(path.exists());
    /// server.shutdown();
    /// assert!(!path.exists());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub fn bind_unix(mut self, path: impl Into<PathBuf>) -> ServerBuilder {
        self.listeners.push(ListenerConfig::UnixPath(path.into()));
        self
    }

    /// Adds a TCP listener that is already bound.
    ///
    /// For example, one bound before the program dropped its privileges, or one inherited from
    /// systemd with the crate `listenfd`.
    pub fn listener(mut self, listener: TcpListener) -> ServerBuilder {
        self.listeners.push(ListenerConfig::Tcp(listener));
        self
    }

    /// Adds a Unix socket that is already bound; its file is not removed.
    #[cfg(unix)]
    pub fn unix_listener(mut self, listener: UnixListener) -> ServerBuilder {
        self.listeners.push(ListenerConfig::Unix(listener));
        self
    }
}

const YEAR: Duration = Duration::from_hours(365 * 24);
