//! Settings of the paths that a server answers: the exposition, health checks, the live page, and
//! routes of the program.

use std::{sync::Arc, time::Duration};

use hyper::{Request, Response};

use super::ServerBuilder;
use crate::scrape::Body;
#[cfg(feature = "catalog")]
use crate::server::documents::DocumentKind;

impl ServerBuilder {
    /// Serves the metrics at this path instead of `/metrics`.
    pub fn path(mut self, path: impl Into<String>) -> ServerBuilder {
        self.path = path.into();
        self
    }

    /// Adds a check to `/-/ready`, which tells whether the program can take requests.
    ///
    /// The path answers 200 if all checks pass, else 503 with the reasons. Each check runs on a
    /// thread of its own, which it may block, and fails after five seconds. Of each check, one call
    /// is in progress at most: requests that arrive meanwhile share its result, so a check that
    /// hangs keeps one thread and delays nothing else.
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
    /// `handler` runs on a thread that it may block. At most eight handlers of a server run at the
    /// same time, and 64 requests wait; further ones get status 503 with `Retry-After: 1`. A panic
    /// is answered with status 500, and a handler that takes longer than
    /// [`route_timeout`](ServerBuilder::route_timeout) with 503. The body of the request is not
    /// read.
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

    /// How long a request for a [`route`](ServerBuilder::route) waits for the handler: 30 seconds
    /// by default.
    ///
    /// The request is answered with status 503 then. A handler that does not return keeps its
    /// thread, one of eight, so give it a time limit of its own.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .route("/jobs", |_| hyper::Response::new(metrics_http::Body::new("none\n")))
    ///     .route_timeout(Duration::from_secs(5))
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn route_timeout(mut self, timeout: Duration) -> ServerBuilder {
        self.route_timeout = timeout;
        self
    }

    /// Whether to serve the live page at `/`; on by default.
    ///
    /// The page displays functions, metrics, histograms and objectives, now and over the last
    /// minutes. It loads nothing from other servers. While it is open, a separate thread gathers
    /// the metrics once a second for all viewers together, and up to 8 MiB of history are kept;
    /// while it is closed, it costs nothing. It discloses what `/metrics` discloses, and the source
    /// locations of the declarations, relative to their crates. When it is switched off, `/` links
    /// to the metrics.
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

    /// Whether to serve the [catalogue](metrics_core::Catalog) at `/catalog.json`; on by default.
    ///
    /// It discloses all declarations, also of metrics that have no series yet: names, help, labels,
    /// buckets, objectives, and the source files relative to their crates.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// // Serves metrics and health checks only.
    /// let server = metrics_http::Server::builder()
    ///     .catalog(false)
    ///     .dashboards(false)
    ///     .rules(false)
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "catalog")]
    pub fn catalog(self, on: bool) -> ServerBuilder {
        self.document(DocumentKind::Catalog, on)
    }

    /// Whether to serve Grafana dashboards at `/dashboard.json`; on by default.
    ///
    /// The parameters `title`, `uid` and `datasource` set what their names say; `?functions` selects
    /// the dashboard of the measured functions. It discloses what the
    /// [catalogue](ServerBuilder::catalog) discloses.
    #[cfg(feature = "catalog")]
    pub fn dashboards(self, on: bool) -> ServerBuilder {
        self.document(DocumentKind::Dashboard, on)
    }

    /// Whether to serve Prometheus rules at `/rules.yml`; on by default.
    ///
    /// The parameter `job` restricts them to a job. They disclose what the
    /// [catalogue](ServerBuilder::catalog) discloses.
    #[cfg(feature = "catalog")]
    pub fn rules(self, on: bool) -> ServerBuilder {
        self.document(DocumentKind::Rules, on)
    }

    #[cfg(feature = "catalog")]
    fn document(mut self, kind: DocumentKind, on: bool) -> ServerBuilder {
        self.documents.retain(|other| *other != kind);
        if on {
            self.documents.push(kind);
        }
        self
    }
}
