//! [`Settings`]: the settings of a layer, as collected by its builder.

use std::borrow::Cow;

use hyper::http::request::Parts;
use metrics_core::Registry;

/// Whether a layer measures a server or a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// The naming convention of metrics and labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Convention {
    Prometheus,
    OpenTelemetry,
}

/// Returns true for a request that is not to be measured.
pub(super) type SkipFn = Box<dyn Fn(&Parts) -> bool + Send + Sync>;
/// Returns the route of a request.
pub(super) type RouteFn = Box<dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync>;

/// Where a server's routes come from.
pub(super) enum RouteSource {
    /// axum's `MatchedPath`.
    Axum,
    Function(RouteFn),
    /// The path of a gRPC call.
    Grpc,
}

pub(super) struct Settings {
    pub(super) side: Side,
    pub(super) convention: Convention,
    pub(super) prefix: String,
    pub(super) labels: Vec<(String, String)>,
    /// `None` if the layer omits the route label.
    pub(super) route_source: Option<RouteSource>,
    pub(super) scheme: Option<String>,
    pub(super) duration_buckets: Option<Vec<f64>>,
    pub(super) size_buckets: Option<Vec<f64>>,
    /// Growth factor of native buckets.
    pub(super) native_growth: Option<f64>,
    pub(super) max_series: Option<usize>,
    pub(super) has_status_class: bool,
    pub(super) skip: Option<SkipFn>,
    pub(super) registry: Registry,
}
