//! Settings of the paths that a server answers: the exposition, health checks, the live page, and
//! routes of the program.

use std::sync::Arc;

use hyper::{Request, Response};

use super::ServerBuilder;
use crate::scrape::Body;

impl ServerBuilder {
    /// Serves the metrics at this path instead of `/metrics`.
    pub fn path(mut self, path: impl Into<String>) -> ServerBuilder {
        self.path = path.into();
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
}
