//! [`mount`]: adds the exposition to a program's axum router.

use axum::Router;

use super::{builder::ServerBuilder, handle::Server};
use crate::error::Error;

/// Adds a route for the metrics of this program, `/metrics`, to an axum router.
///
/// Before or after [`Router::layer`], as the program likes: a layer that is added later also wraps
/// scrapes. A router of metrics to [merge](Router::merge) would be a trap instead: axum takes the
/// fallback of the router that is merged, so that layers that were added before would no longer see
/// requests without a route.
///
/// [`ServerBuilder::mount`] has settings.
///
/// # Errors
///
/// If metric declarations clash (see [`Registry::check`](metrics_core::Registry::check)).
///
/// # Panics
///
/// If the router has a route `/metrics` already.
///
/// ```standalone_crate
/// # fn main() -> Result<(), metrics_http::Error> {
/// use axum::{Router, routing::get};
/// use metrics_http::layer::ServerLayer;
///
/// let app: Router = Router::new()
///     .route("/", get(|| async { "hello" }))
///     .layer(ServerLayer::new()?);
/// let app = metrics_http::mount(app)?; // scrapes are not measured by the layer
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn mount<S>(app: Router<S>) -> Result<Router<S>, Error>
where
    S: Clone + Send + Sync + 'static,
{
    Server::builder().mount(app)
}

impl ServerBuilder {
    /// Adds a route for the exposition, at its [path](Self::path), to an axum router; see
    /// [`mount`].
    ///
    /// For tonic, convert the router into its `Routes`.
    ///
    /// # Errors
    ///
    /// As for [`ServerBuilder::endpoint`].
    ///
    /// # Panics
    ///
    /// If the router has a route with this path already.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let metrics = metrics_http::Server::builder().path("/internal/metrics");
    /// let app: axum::Router = metrics.mount(axum::Router::new())?;
    /// # let _ = app;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mount<S>(self, app: Router<S>) -> Result<Router<S>, Error>
    where
        S: Clone + Send + Sync + 'static,
    {
        let path = self.path.clone();
        Ok(app.route_service(&path, self.endpoint()?))
    }
}
