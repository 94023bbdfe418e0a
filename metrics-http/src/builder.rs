//! What a server or an endpoint is to be like.

use std::{
    collections::HashMap,
    net::{TcpListener, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};
#[cfg(unix)]
use std::{os::unix::net::UnixListener, path::PathBuf};

use hyper::{Request, Response};
use metrics_core::Registry;

#[cfg(feature = "auth")]
use crate::auth::Credentials;
#[cfg(feature = "page")]
use crate::page::Page;
#[cfg(feature = "tls")]
use crate::tls::{Tls, TlsFiles};
use crate::{
    body::Body,
    collect,
    endpoint::Endpoint,
    error::Error,
    guests::Guests,
    health::Checks,
    listen::Place,
    routes::{HEALTHY, Handler, READY, Routes, Table},
    server::{Limits, Server, Service},
};

/// A server or an endpoint that is yet to be started.
///
/// Made by [`Server::builder`]; ended by [`serve`](ServerBuilder::serve),
/// [`start`](ServerBuilder::start) or [`endpoint`](ServerBuilder::endpoint).
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
#[must_use = "a builder does nothing before `serve`, `start` or `endpoint`"]
pub struct ServerBuilder {
    registry: Registry,
    path: String,
    process: bool,
    build: bool,
    version: Option<String>,
    revision: Option<String>,
    target: Option<Vec<(String, String)>>,
    at_once: usize,
    waiting: usize,
    scrape_timeout: Duration,
    limits: Limits,
    places: Vec<Place>,
    own: Vec<(String, Handler)>,
    healthy: Checks,
    ready: Checks,
    networks: Option<Vec<String>>,
    #[cfg(feature = "page")]
    page: bool,
    #[cfg(feature = "auth")]
    users: Vec<(String, String)>,
    #[cfg(feature = "auth")]
    tokens: Vec<String>,
    #[cfg(feature = "tls")]
    tls: Option<TlsFiles>,
}

impl ServerBuilder {
    pub(crate) fn new() -> ServerBuilder {
        ServerBuilder {
            registry: Registry::global().clone(),
            path: "/metrics".to_owned(),
            process: true,
            build: true,
            version: None,
            revision: None,
            target: Some(Vec::new()),
            at_once: 4,
            waiting: 64,
            scrape_timeout: Duration::from_mins(1),
            limits: Limits {
                client: Duration::from_secs(30),
                shutdown: Duration::from_secs(5),
                connections: 256,
                head: 16 * 1024,
            },
            places: Vec::new(),
            own: Vec::new(),
            healthy: Checks::default(),
            ready: Checks::default(),
            networks: None,
            #[cfg(feature = "page")]
            page: true,
            #[cfg(feature = "auth")]
            users: Vec::new(),
            #[cfg(feature = "auth")]
            tokens: Vec::new(),
            #[cfg(feature = "tls")]
            tls: None,
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
    /// is Linux, macOS or Windows; elsewhere there are none yet.
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

    /// The commit that the program was built from, for `build_info`.
    ///
    /// Only the program's own build knows it: a build script that asks git, such as vergen's, or a
    /// variable that the build service sets. Without it the label is left out.
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

    /// How many scrapes may run at once: 4, and at least 1. Further ones
    /// [wait](ServerBuilder::scrapes_waiting).
    pub fn scrapes_at_once(mut self, limit: usize) -> ServerBuilder {
        self.at_once = limit;
        self
    }

    /// How many scrapes may wait for others to end: 64. Further ones get 503 and are asked to try
    /// again.
    pub fn scrapes_waiting(mut self, limit: usize) -> ServerBuilder {
        self.waiting = limit;
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

    /// How many connections may be open at once: 256, and at least 1. Further ones wait to be
    /// accepted.
    pub fn connections(mut self, limit: usize) -> ServerBuilder {
        self.limits.connections = limit;
        self
    }

    /// How long the head of a request may be, in bytes: 16 KiB, and at least 8. Longer ones get
    /// 431.
    pub fn head_size(mut self, limit: usize) -> ServerBuilder {
        self.limits.head = limit;
        self
    }

    /// Accepts connections from these networks alone, such as `10.0.0.0/8`, `fd00::/8` or an
    /// address; others are closed without a word. Unix sockets have file permissions instead.
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
        self.networks.get_or_insert_default().extend(networks);
        self
    }

    /// Lets in who shows this user's password, by basic authentication (RFC 7617). The password is
    /// given as a bcrypt hash, as for Prometheus: `htpasswd -nBC 10 prometheus` makes one.
    ///
    /// May be called for several users, and along with [`bearer`](ServerBuilder::bearer): one of
    /// all is enough. All paths are guarded; but `/-/healthy` and `/-/ready` tell everybody
    /// whether, and only who is let in why not. Use it with
    #[cfg_attr(feature = "tls", doc = "[`tls`](ServerBuilder::tls),")]
    #[cfg_attr(not(feature = "tls"), doc = "TLS,")]
    /// or the password travels for all to read.
    #[cfg(feature = "auth")]
    pub fn basic(mut self, user: impl Into<String>, hash: impl Into<String>) -> ServerBuilder {
        self.users.push((user.into(), hash.into()));
        self
    }

    /// Lets in who shows this token, as `Authorization: Bearer` (RFC 6750). It is given as its
    /// SHA-256 in hexadecimal digits, which `printf %s "$TOKEN" | sha256sum` makes; a token that is
    /// to be safe has 128 random bits at least.
    ///
    /// May be called for several tokens, to change them without a gap; see
    /// [`basic`](ServerBuilder::basic).
    #[cfg(feature = "auth")]
    pub fn bearer(mut self, sha256: impl Into<String>) -> ServerBuilder {
        self.tokens.push(sha256.into());
        self
    }

    /// Speaks TLS on all that the server listens on.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, files: TlsFiles) -> ServerBuilder {
        self.tls = Some(files);
        self
    }

    /// Adds a condition for `/-/ready` to answer 200: that the program can take requests. While one
    /// fails, that path answers 503 with the reasons.
    ///
    /// Checks run on a thread that they may block, for five seconds at most, whenever they are
    /// asked for.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// static CONNECTED: AtomicBool = AtomicBool::new(false);
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .ready("database", || match CONNECTED.load(Ordering::Relaxed) {
    ///         true => Ok(()),
    ///         false => Err("not connected yet".to_owned()),
    ///     })
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn ready(
        mut self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.ready.add(name, check);
        self
    }

    /// Adds a condition for `/-/healthy` to answer 200: that the program need not be started anew.
    /// As [`ready`](ServerBuilder::ready) otherwise.
    pub fn healthy(
        mut self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.healthy.add(name, check);
        self
    }

    /// Answers at another path what the program has to say, whatever the method.
    ///
    /// It runs on a thread that it may block; where it panics, the answer is 500. The body of the
    /// request is not read.
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
        answer: impl Fn(&Request<()>) -> Response<Body> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.own.push((path.into(), Arc::new(answer)));
        self
    }

    /// Whether `/` is a live page for a person with a browser: on.
    ///
    /// It shows functions, all metrics, histograms and objectives as they are and as they were in
    /// the last minutes, and loads nothing from elsewhere. It costs nothing while nobody looks;
    /// while somebody does, metrics are gathered once a second, however many do, by a thread of
    /// its own, and up to 8 MiB of history are kept. Whoever may read the metrics may see it: it
    /// tells the places in the source where they are declared besides. Switched off, `/` says
    /// where the metrics are, and no more.
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
        self.page = on;
        self
    }

    /// Is to listen on the first of these addresses that can be had, along with what else it is
    /// to listen on.
    pub fn bind(mut self, address: impl ToSocketAddrs) -> ServerBuilder {
        self.places.push(Place::addresses(address));
        self
    }

    /// Is to listen on a Unix socket at this path, too.
    ///
    /// A socket that a program which ended has left there is replaced; what somebody listens on is
    /// not. The file is removed when the server shuts down, and has the permissions that the
    /// process's mask gives it.
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
        self.places.push(Place::Path(path.into()));
        self
    }

    /// Is to serve on a listener that is open already, too: one bound before privileges were given
    /// up, or handed over by a service manager, which the crate `listenfd` takes from systemd.
    pub fn listener(mut self, listener: TcpListener) -> ServerBuilder {
        self.places.push(Place::Tcp(listener));
        self
    }

    /// The same with a Unix socket; its file is left alone.
    #[cfg(unix)]
    pub fn unix_listener(mut self, listener: UnixListener) -> ServerBuilder {
        self.places.push(Place::Unix(listener));
        self
    }

    /// Listens on the first of the addresses that can be had, along with what else it is to listen
    /// on, and serves.
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
        self.bind(address).start()
    }

    /// Serves on all that the server is to listen on: all of it, or it is an error.
    ///
    /// # Errors
    ///
    /// As [`ServerBuilder::serve`], and when it is to listen nowhere.
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
        let metrics = self.endpoint_of()?;
        let guests = match &self.networks {
            None => Guests::default(),
            Some(networks) => Guests::from(networks)?,
        };
        let own = self.own_routes()?;
        #[cfg(feature = "auth")]
        let credentials = if self.users.is_empty() && self.tokens.is_empty() {
            None
        } else {
            Some(Credentials::new(&self.users, &self.tokens)?)
        };
        #[cfg(feature = "tls")]
        let tls = self.tls.map(Tls::new).transpose()?;
        if self.places.is_empty() {
            return Err(Error::nowhere());
        }
        let listeners = self.places.into_iter().map(Place::open);
        #[cfg(feature = "page")]
        let registry = self.registry;
        let path = self.path;
        let service = Service {
            routes: Routes::new(Table {
                metrics,
                healthy: self.healthy,
                ready: self.ready,
                own,
                #[cfg(feature = "page")]
                page: self.page.then(|| Page::new(registry, &path)),
                path,
                #[cfg(feature = "auth")]
                credentials,
            }),
            limits: self.limits,
            guests,
            #[cfg(feature = "tls")]
            tls,
        };
        Server::start(listeners.collect::<Result<_, _>>()?, service).map_err(Error::start)
    }

    fn own_routes(&self) -> Result<HashMap<String, Handler>, Error> {
        let mut routes = HashMap::new();
        for (path, handler) in &self.own {
            check_path(path)?;
            let taken = [self.path.as_str(), HEALTHY, READY].contains(&path.as_str());
            if taken || routes.insert(path.clone(), Arc::clone(handler)).is_some() {
                return Err(Error::setting(format!(
                    "two things are to answer at `{path}`; choose another path for one"
                )));
            }
        }
        Ok(routes)
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
        check_path(&self.path)?;
        if self.process {
            collect::add_process(&self.registry)?;
        }
        if self.build {
            let (version, revision) = (self.version.as_deref(), self.revision.as_deref());
            collect::add_build(&self.registry, version, revision)?;
        }
        if let Some(labels) = &self.target {
            collect::add_target(&self.registry, labels)?;
        }
        self.registry.check().map_err(Error::declaration)?;
        let registry = self.registry.clone();
        Ok(Endpoint::new(
            registry,
            self.at_once,
            self.waiting,
            self.scrape_timeout,
        ))
    }
}

/// Refuses what no request could name, and what axum would take for a pattern.
fn check_path(path: &str) -> Result<(), Error> {
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

const YEAR: Duration = Duration::from_hours(365 * 24);
