//! The layer around what a program serves.

use std::{borrow::Cow, sync::Arc};

use hyper::http::request::Parts;
use tower_layer::Layer;

use super::{
    builder::LayerBuilder,
    families::Side,
    recorder::{Recorder, Routes},
    service::Measured,
};
use crate::error::Error;

/// Measures the requests that a program serves.
///
/// See the [module](super) for the metrics, and [`LayerBuilder`] for what can be chosen.
///
/// # Routes
///
/// With the feature `axum`, the route is the [`MatchedPath`] that axum found, nested routers
/// included. It is there for a layer of the router ([`Router::layer`] and `route_layer`), and not
/// for one around the router as a whole, which runs before it; nor, outside, for what was mounted
/// with `nest_service`. Other servers have [`route_by`](LayerBuilder::route_by) or, for gRPC,
/// [`grpc`](LayerBuilder::grpc).
///
/// Requests without a route share the value `unmatched`. `Router::layer` counts them,
/// `route_layer` does not.
///
/// [`MatchedPath`]: https://docs.rs/axum/latest/axum/extract/struct.MatchedPath.html
/// [`Router::layer`]: https://docs.rs/axum/latest/axum/struct.Router.html#method.layer
///
/// ```standalone_crate
/// use axum::{Router, routing::get};
/// use metrics_http::layer::ServerLayer;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let app: Router = Router::new()
///     .route("/users/{id}", get(|| async { "a user" }))
///     .layer(ServerLayer::new()?); // last: it measures what was added before
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ServerLayer(Arc<Recorder>);

impl ServerLayer {
    /// A layer that records into the global registry, with nothing chosen.
    ///
    /// # Errors
    ///
    /// When the metrics clash with what the program declares; the text says where.
    #[track_caller]
    pub fn new() -> Result<ServerLayer, Error> {
        ServerLayer::builder().build()
    }

    /// A layer that differs.
    pub fn builder() -> LayerBuilder<ServerLayer> {
        LayerBuilder::new(Side::Server)
    }
}

impl LayerBuilder<ServerLayer> {
    /// The route of a request, or none for `unmatched`; in place of what axum has matched.
    ///
    /// It must be a template of few values, never the path itself.
    ///
    /// ```
    /// use metrics_http::{Registry, layer::ServerLayer};
    ///
    /// let layer = ServerLayer::builder()
    ///     .route_by(|request| match request.uri.path() {
    ///         "/" => Some("/"),
    ///         path if path.starts_with("/users/") => Some("/users/{id}"),
    ///         _ => None,
    ///     })
    ///     .registry(Registry::new())
    ///     .build()?;
    /// # let _ = layer;
    /// # Ok::<(), metrics_http::Error>(())
    /// ```
    pub fn route_by<R: Into<Cow<'static, str>>>(
        mut self,
        route: impl Fn(&Parts) -> Option<R> + Send + Sync + 'static,
    ) -> LayerBuilder<ServerLayer> {
        let route = move |parts: &Parts| route(parts).map(Into::into);
        self.settings.routes = Some(Routes::Given(Box::new(route)));
        self
    }

    /// Leaves the label of the route out.
    pub fn without_route(mut self) -> LayerBuilder<ServerLayer> {
        self.settings.routes = None;
        self
    }

    /// Measures a server of gRPC, such as tonic's: the route is the path
    /// `/package.Service/Method`, and [statuses](https://grpc.io/docs/guides/status-codes/) that
    /// are the server's fault are errors, though HTTP has 200 for them.
    ///
    /// They are unknown (2), deadline exceeded (4), unimplemented (12), internal (13), unavailable
    /// (14) and data loss (15). A call that is unimplemented is `unmatched`, as clients can ask for
    /// whatever they like; what is in flight has the route `grpc` for the same reason.
    ///
    /// ```
    /// use metrics_http::{Registry, layer::ServerLayer};
    ///
    /// // Server::builder().layer(layer).add_service(...), with tonic
    /// let layer = ServerLayer::builder().grpc().registry(Registry::new()).build()?;
    /// # let _ = layer;
    /// # Ok::<(), metrics_http::Error>(())
    /// ```
    pub fn grpc(mut self) -> LayerBuilder<ServerLayer> {
        self.settings.routes = Some(Routes::Grpc);
        self
    }

    /// The scheme that clients use, for `url_scheme` of
    /// [OpenTelemetry](LayerBuilder::open_telemetry): a server behind a proxy that ends TLS sees no
    /// `https` itself. It is what the request says unless it is called, and `http` where it says
    /// nothing.
    pub fn scheme(mut self, scheme: impl Into<String>) -> LayerBuilder<ServerLayer> {
        self.settings.scheme = Some(scheme.into());
        self
    }

    /// Makes the layer.
    ///
    /// # Errors
    ///
    /// When prefix, labels or buckets break a rule, or the metrics clash with what is in the
    /// registry: with a layer that was built in another way, or a declaration. The text says where,
    /// and what to do.
    ///
    /// ```
    /// use metrics_http::{Registry, layer::ServerLayer};
    ///
    /// let registry = Registry::new();
    /// ServerLayer::builder().registry(registry.clone()).build()?;
    /// let other = ServerLayer::builder().without_route().registry(registry).build();
    /// assert!(other.unwrap_err().to_string().contains("different labels"));
    /// # Ok::<(), metrics_http::Error>(())
    /// ```
    #[track_caller]
    pub fn build(self) -> Result<ServerLayer, Error> {
        Ok(ServerLayer(Arc::new(self.recorder()?)))
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured::new(inner, &self.0)
    }
}
