//! What a layer is to be like.

use std::{
    fmt::{self, Debug, Formatter},
    marker::PhantomData,
};

use hyper::http::request::Parts;
use metrics_core::Registry;

use super::{
    families::{Families, Side, Style},
    labels::MAX_CONSTANT,
    recorder::{Recorder, Routes, Skip},
};
use crate::error::Error;

/// A layer that is yet to be made.
///
/// Made by [`ServerLayer::builder`](super::ServerLayer::builder) and
/// [`ClientLayer::builder`](super::ClientLayer::builder); ended by `build`.
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

/// What was asked for.
pub(super) struct Settings {
    pub(super) side: Side,
    pub(super) style: Style,
    pub(super) prefix: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) routes: Option<Routes>,
    pub(super) scheme: Option<String>,
    pub(super) durations: Option<Vec<f64>>,
    pub(super) sizes: Option<Vec<f64>>,
    pub(super) native: Option<f64>,
    pub(super) max_series: Option<usize>,
    status_class: bool,
    skip: Option<Skip>,
    registry: Registry,
}

impl<L> LayerBuilder<L> {
    pub(super) fn new(side: Side) -> LayerBuilder<L> {
        LayerBuilder {
            settings: Settings {
                side,
                style: Style::Prometheus,
                prefix: String::new(),
                labels: Vec::new(),
                routes: Some(Routes::Matched),
                scheme: None,
                durations: None,
                sizes: None,
                native: None,
                max_series: None,
                status_class: false,
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

    /// Puts this before every name.
    pub fn prefix(mut self, prefix: impl Into<String>) -> LayerBuilder<L> {
        self.settings.prefix = prefix.into();
        self
    }

    /// Gives every series this label; up to eight of them.
    ///
    /// Layers of one registry have labels of the same names, in the same order.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> LayerBuilder<L> {
        self.settings.labels.push((name.into(), value.into()));
        self
    }

    /// Takes names and labels of OpenTelemetry's [semantic conventions][1], as they are in
    /// Prometheus.
    ///
    /// Of servers, these are `http_server_request_duration_seconds`,
    /// `http_server_request_body_size_bytes` and `http_server_response_body_size_bytes`, with
    /// `http_request_method`, `url_scheme`, `http_route`, `http_response_status_code` and
    /// `error_type`, and `http_server_active_requests` with the first two; of clients, the same
    /// with `http_client`, where `server_address` and `server_port` stand in place of scheme and
    /// route, and the latter in what is active as well. How many requests there were is the
    /// histogram's count.
    ///
    /// A series lacks `http_route` where none was found, the status where there was none, and
    /// `error_type` where there was no error. An error is a status of 500 and above, of a client's
    /// 400 and above, which is the label's value; else it is the name of the error's type,
    /// `cancelled`, `panic` or the status of gRPC. A method of a client's invention is `_OTHER`.
    /// Buckets of durations are those that the conventions advise.
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
        self.settings.style = Style::OpenTelemetry;
        self
    }

    /// Records the class of a status, such as `2xx`, instead of its code.
    pub fn status_class(mut self) -> LayerBuilder<L> {
        self.settings.status_class = true;
        self
    }

    /// The upper bounds of the durations' buckets, in seconds; [`DURATION_BUCKETS`] unless it is called or
    /// the buckets are [native](Self::native).
    ///
    /// [`DURATION_BUCKETS`]: metrics_core::DURATION_BUCKETS
    pub fn duration_buckets(mut self, bounds: impl Into<Vec<f64>>) -> LayerBuilder<L> {
        self.settings.durations = Some(bounds.into());
        self
    }

    /// The upper bounds of the sizes' buckets, in bytes; eight from 256 bytes to 4 MiB unless it is
    /// called or the buckets are [native](Self::native).
    pub fn size_buckets(mut self, bounds: impl Into<Vec<f64>>) -> LayerBuilder<L> {
        self.settings.sizes = Some(bounds.into());
        self
    }

    /// Makes the histograms native ones, whose buckets each are at most `growth` times as wide as
    /// the one before: 1.1 gives schema 3. Those that bounds are given for are of both kinds.
    pub fn native(mut self, growth: f64) -> LayerBuilder<L> {
        self.settings.native = Some(growth);
        self
    }

    /// How many series each metric may have before the rest is recorded as one, `overflow`; what
    /// [`Registry::max_series`] says unless it is called.
    pub fn max_series(mut self, max: usize) -> LayerBuilder<L> {
        self.settings.max_series = Some(max);
        self
    }

    /// Leaves requests alone for which this says yes: those for the metrics themselves, or for the
    /// program's health.
    pub fn skip(
        mut self,
        skip: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> LayerBuilder<L> {
        self.settings.skip = Some(Box::new(skip));
        self
    }

    #[track_caller]
    pub(super) fn recorder(self) -> Result<Recorder, Error> {
        let settings = self.settings;
        settings.check()?;
        // What breaks a rule does so in a registry of its own, too: what does not is a clash.
        Families::new(&Registry::new(), &settings).map_err(Error::declaration)?;
        let families = Families::new(&settings.registry, &settings).map_err(Error::layer)?;
        let values = settings.labels.into_iter().map(|(_, value)| value);
        Ok(Recorder {
            families,
            side: settings.side,
            style: settings.style,
            constant: values.collect(),
            status_class: settings.status_class,
            skip: settings.skip,
            routes: settings.routes,
            scheme: settings.scheme,
        })
    }
}

impl Settings {
    fn check(&self) -> Result<(), Error> {
        if self.status_class && self.style == Style::OpenTelemetry {
            return Err(Error::setting(
                "`status_class`: OpenTelemetry has the status as a code; leave out one of \
                 `status_class` and `open_telemetry`"
                    .to_owned(),
            ));
        }
        if self.labels.len() > MAX_CONSTANT {
            return Err(Error::setting(format!(
                "{} labels are added to every series, and at most {MAX_CONSTANT} can be; give the \
                 registry some with `Registry::builder`, or drop them",
                self.labels.len()
            )));
        }
        for (name, _) in &self.labels {
            if self.ended_labels().any(|own| own == name) {
                return Err(Error::setting(format!(
                    "the label `{name}` is one that the layer gives itself; rename it"
                )));
            }
        }
        // That of a registry would be held to the same rules.
        let mut checked = Registry::builder().prefix(&self.prefix);
        for (name, value) in &self.labels {
            checked = checked.label(name, value);
        }
        checked.build().map_err(Error::declaration)?;
        Ok(())
    }
}

impl<L> Debug for LayerBuilder<L> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerBuilder")
            .field("side", &self.settings.side)
            .field("style", &self.settings.style)
            .field("prefix", &self.settings.prefix)
            .field("labels", &self.settings.labels)
            .finish_non_exhaustive()
    }
}
