//! [`LayerBuilder`]: builds a `ServerLayer` or `ClientLayer`, and validates the settings.

use std::{
    fmt::{self, Debug, Formatter},
    marker::PhantomData,
};

use hyper::http::request::Parts;
use metrics_core::Registry;

use super::{
    families::Families,
    labels::MAX_CONSTANT_LABELS,
    recorder::Recorder,
    settings::{Convention, RouteSource, Settings, Side},
};
use crate::error::Error;

/// Builder for a [`ServerLayer`](super::ServerLayer) or a [`ClientLayer`](super::ClientLayer).
///
/// Created by [`ServerLayer::builder`](super::ServerLayer::builder) or
/// [`ClientLayer::builder`](super::ClientLayer::builder), and consumed by `build`.
///
/// ```
/// use metrics_http::{Registry, layer::ServerLayer};
///
/// let layer = ServerLayer::builder()
///     .prefix("shop_") // shop_http_server_requests_total
///     .label("listener", "public")
///     .status_class()
///     .duration_buckets([0.01, 0.1, 1.0, 10.0])
///     .skip(|request| request.uri.path() == "/metrics")
///     .registry(Registry::new())
///     .build()?;
/// # let _ = layer;
/// # Ok::<(), metrics_http::Error>(())
/// ```
#[must_use = "a builder does nothing before `build`"]
pub struct LayerBuilder<L> {
    pub(super) settings: Settings,
    layer: PhantomData<fn() -> L>,
}

impl<L> LayerBuilder<L> {
    pub(super) fn new(side: Side) -> LayerBuilder<L> {
        LayerBuilder {
            settings: Settings {
                side,
                convention: Convention::Prometheus,
                prefix: String::new(),
                labels: Vec::new(),
                route_source: Some(RouteSource::Axum),
                scheme: None,
                duration_buckets: None,
                size_buckets: None,
                native_growth: None,
                max_series: None,
                has_status_class: false,
                skip: None,
                registry: Registry::global().clone(),
            },
            layer: PhantomData,
        }
    }

    /// Records into this registry instead of the global one.
    pub fn registry(mut self, registry: Registry) -> LayerBuilder<L> {
        self.settings.registry = registry;
        self
    }

    /// Adds a prefix to the names of all metrics.
    pub fn prefix(mut self, prefix: impl Into<String>) -> LayerBuilder<L> {
        self.settings.prefix = prefix.into();
        self
    }

    /// Adds a label with a constant value to every series; up to eight labels.
    ///
    /// Layers that share metrics in a registry must have the same label names, in the same order.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> LayerBuilder<L> {
        self.settings.labels.push((name.into(), value.into()));
        self
    }

    /// Uses the names and labels of OpenTelemetry's [semantic conventions][1] for HTTP metrics.
    ///
    /// A server has the histograms `http_server_request_duration_seconds`,
    /// `http_server_request_body_size_bytes` and `http_server_response_body_size_bytes`, with the
    /// labels `http_request_method`, `url_scheme`, `http_route`, `http_response_status_code`,
    /// `rpc_status_code` (only for gRPC) and `error_type`, and the gauge `http_server_active_requests`, with the first two labels. A
    /// client has `http_client_*`, with `server_address` and `server_port` instead of `url_scheme`
    /// and `http_route`; its gauge has these two labels too. There is no counter, because the count
    /// of the duration histogram has the same value.
    ///
    /// `http_route` is omitted for an unmatched request, the status if there was no response, and
    /// `error_type` if there was no error. `error_type` is the type name of the error or `panic`;
    /// else the status if it is 500 or above (400 or above for clients), or the gRPC status if it is
    /// an error of the server (any but `OK` for clients); else `cancelled`. A non-standard method is `_OTHER`. Durations have the recommended buckets by
    /// default.
    ///
    /// [1]: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
    ///
    /// ```
    /// use metrics_http::{Registry, layer::ServerLayer};
    ///
    /// let registry = Registry::new();
    /// let layer = ServerLayer::builder().open_telemetry().registry(registry).build()?;
    /// # let _ = layer;
    /// # Ok::<(), metrics_http::Error>(())
    /// ```
    pub fn open_telemetry(mut self) -> LayerBuilder<L> {
        self.settings.convention = Convention::OpenTelemetry;
        self
    }

    /// Records the class of the status, such as `2xx`, instead of its code.
    pub fn status_class(mut self) -> LayerBuilder<L> {
        self.settings.has_status_class = true;
        self
    }

    /// Sets the upper bounds of the duration buckets, in seconds.
    ///
    /// The default is none with [native](Self::native) buckets; otherwise those that OpenTelemetry
    /// recommends with [`open_telemetry`](Self::open_telemetry), else [`DURATION_BUCKETS`].
    ///
    /// [`DURATION_BUCKETS`]: metrics_core::DURATION_BUCKETS
    pub fn duration_buckets(mut self, bounds: impl Into<Vec<f64>>) -> LayerBuilder<L> {
        self.settings.duration_buckets = Some(bounds.into());
        self
    }

    /// Sets the upper bounds of the size buckets, in bytes.
    ///
    /// The default is eight bounds from 256 bytes to 4 MiB, or none with [native](Self::native)
    /// buckets.
    pub fn size_buckets(mut self, bounds: impl Into<Vec<f64>>) -> LayerBuilder<L> {
        self.settings.size_buckets = Some(bounds.into());
        self
    }

    /// Uses native histograms: each bucket is at most `growth` times as wide as the one before.
    ///
    /// A factor of 1.1 results in schema 3. Histograms whose bounds are set have both native and
    /// classic buckets.
    pub fn native(mut self, growth: f64) -> LayerBuilder<L> {
        self.settings.native_growth = Some(growth);
        self
    }

    /// Sets the cardinality limit of each metric; the default is that of the registry.
    ///
    /// See [`Registry::max_series`]. Requests beyond the limit are recorded in an overflow series.
    pub fn max_series(mut self, max: usize) -> LayerBuilder<L> {
        self.settings.max_series = Some(max);
        self
    }

    /// Does not measure requests for which `skip` returns true, such as scrapes and health checks.
    pub fn skip(
        mut self,
        skip: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> LayerBuilder<L> {
        self.settings.skip = Some(Box::new(skip));
        self
    }

    /// Creates the recorder, which is never freed, so that requests need no reference count, for
    /// which threads would contend.
    #[track_caller]
    pub(super) fn recorder(self) -> Result<&'static Recorder, Error> {
        let settings = self.settings;
        settings.check()?;
        // Creates the families in an empty registry first, to distinguish invalid settings from
        // clashes with other metrics.
        Families::new(&Registry::new(), &settings).map_err(Error::declaration)?;
        let families = Families::new(&settings.registry, &settings).map_err(Error::layer)?;
        let constant_values = settings.labels.into_iter().map(|(_, value)| value);
        Ok(Box::leak(Box::new(Recorder {
            families,
            side: settings.side,
            convention: settings.convention,
            constant_values: constant_values.collect(),
            has_status_class: settings.has_status_class,
            skip: settings.skip,
            route_source: settings.route_source,
            scheme: settings.scheme,
        })))
    }
}

impl Settings {
    fn check(&self) -> Result<(), Error> {
        if self.has_status_class && self.convention == Convention::OpenTelemetry {
            return Err(Error::setting(
                "`status_class` contradicts OpenTelemetry's conventions, which use the code; remove it or \
                 `open_telemetry`"
                    .to_owned(),
            ));
        }
        if self.labels.len() > MAX_CONSTANT_LABELS {
            return Err(Error::setting(format!(
                "{} labels are added to every series, more than the maximum of {MAX_CONSTANT_LABELS}; \
                 remove some, or set them for the registry with `Registry::builder`",
                self.labels.len()
            )));
        }
        for (name, _) in &self.labels {
            if self.completed_labels().any(|label| label == name) {
                return Err(Error::setting(format!(
                    "the label `{name}` is also a label of the layer itself; rename it"
                )));
            }
        }
        // Validates prefix and labels by building a throw-away registry, which applies the same
        // rules.
        let mut registry = Registry::builder().prefix(&self.prefix);
        for (name, value) in &self.labels {
            registry = registry.label(name, value);
        }
        registry.build().map_err(Error::declaration)?;
        Ok(())
    }
}

impl<L> Debug for LayerBuilder<L> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerBuilder")
            .field("side", &self.settings.side)
            .field("convention", &self.settings.convention)
            .field("prefix", &self.settings.prefix)
            .field("labels", &self.settings.labels)
            .finish_non_exhaustive()
    }
}
