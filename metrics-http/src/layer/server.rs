//! `ServerLayer`, the tower layer that measures HTTP servers.

use std::borrow::Cow;

use hyper::http::request::Parts;
use tower_layer::Layer;

use super::{
    builder::LayerBuilder,
    recorder::Recorder,
    service::Measured,
    settings::{RouteSource, Side},
};
use crate::error::Error;

/// Measures the requests that a program serves.
///
/// See the [module](super) for the metrics and [`LayerBuilder`] for the settings.
///
/// # Routes
///
/// With the feature `axum`, the route is axum's [`MatchedPath`], including that of nested routers.
/// It is available to a layer inside the router ([`Router::layer`] and `route_layer`), but not to a
/// layer around the router, which runs before routing, nor to an outer layer for services mounted
/// with `nest_service`. For other servers, use [`route_by`](LayerBuilder::route_by), or
/// [`grpc`](LayerBuilder::grpc) for gRPC.
///
/// Requests without a route have the value `unmatched`. A layer added with `Router::layer` counts
/// them, a layer added with `route_layer` does not.
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
///     .layer(ServerLayer::new()?); // last: it measures the routes added before it
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ServerLayer(&'static Recorder);

impl ServerLayer {
    /// Creates a layer with default settings that records into the global registry.
    ///
    /// # Errors
    ///
    /// If the layer's metrics clash with others in the registry; the message says where the others
    /// are declared.
    #[track_caller]
    pub fn new() -> Result<ServerLayer, Error> {
        ServerLayer::builder().build()
    }

    /// Creates a builder for a layer with other settings.
    pub fn builder() -> LayerBuilder<ServerLayer> {
        LayerBuilder::new(Side::Server)
    }
}

impl LayerBuilder<ServerLayer> {
    /// Determines the route with a function instead of axum; `None` is recorded as `unmatched`.
    ///
    /// The route must be one of a few templates, never the path itself.
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
        self.settings.route_source = Some(RouteSource::Function(Box::new(route)));
        self
    }

    /// Omits the label `route` (`http_route` with OpenTelemetry's names).
    pub fn without_route(mut self) -> LayerBuilder<ServerLayer> {
        self.settings.route_source = None;
        self
    }

    /// Measures a gRPC server, such as tonic's.
    ///
    /// The route is the path, `/package.Service/Method`. Unimplemented calls, and requests that are
    /// not answered in gRPC, have the route `unmatched`, and requests in flight have the route
    /// `grpc`, because clients could otherwise create any number of series.
    ///
    /// The label `grpc_status` does not need this setting. It is also there if axum routes the calls.
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
        self.settings.route_source = Some(RouteSource::Grpc);
        self
    }

    /// Sets `url_scheme` of [OpenTelemetry](LayerBuilder::open_telemetry) to the clients' scheme.
    ///
    /// For servers behind a proxy that terminates TLS, which do not see `https` themselves. The
    /// default is the scheme of the request's URI, or `http` if it has none.
    pub fn scheme(mut self, scheme: impl Into<String>) -> LayerBuilder<ServerLayer> {
        self.settings.scheme = Some(scheme.into());
        self
    }

    /// Creates the layer.
    ///
    /// # Errors
    ///
    /// If the prefix, a label, a bucket or the growth factor is invalid, if settings contradict
    /// each other, or if the metrics clash with others in the registry, such as those of a layer
    /// with other settings.
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
        Ok(ServerLayer(self.recorder()?))
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured::new(inner, self.0)
    }
}
