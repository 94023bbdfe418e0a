//! What other crates record through the `metrics` facade, in one of our registries.

mod families;
mod names;
mod series;

use std::{
    collections::HashMap,
    fmt::{self, Debug, Formatter},
    sync::Arc,
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_core::{Collection, Collector, DEFAULT_MAX_SERIES, Desc, Kind, Registry};

use crate::error::Error;

use self::{
    families::{Description, Families, Found, Limits},
    series::{Count, Level, Shape, Spread, Tally, Value},
};

/// Takes what other crates record through the facade of the crate [`metrics`] into a registry.
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// metrics_http::FacadeRecorder::install()?; // once, before anything is recorded
/// metrics::counter!("jobs", "queue" => "mail").increment(1);
///
/// let text = metrics_http::encode_to_string(metrics_http::Format::Text);
/// assert!(text.contains("jobs_total{queue=\"mail\"} 1\n"));
/// # Ok(())
/// # }
/// ```
///
/// A test, or a thread, can have one of its own:
///
/// ```
/// use metrics_http::{FacadeRecorder, Format, Registry};
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let registry = Registry::new();
/// let recorder = FacadeRecorder::builder().registry(registry.clone()).build()?;
/// metrics::with_local_recorder(&recorder, || {
///     metrics::gauge!("queue.depth").set(3.0);
/// });
/// assert!(registry.encode_to_string(Format::Text).contains("queue_depth 3\n"));
/// # Ok(())
/// # }
/// ```
///
/// # Names
///
/// A name becomes one that every scraper takes, and never depends on a description:
///
/// - what is not a letter of ASCII, a digit, `_` or `:` becomes `_`;
/// - leading `_` are dropped, and `metric_` is put before what then begins with a digit or is
///   empty;
/// - a counter ends in `_total`, which is added where it is missing;
/// - a gauge or a histogram that ends in a suffix of the formats (`_total`, `_info`, `_created`,
///   `_bucket`, `_count`, `_sum`, `_gcount`, `_gsum`) gets `_value` behind it.
///
/// Names of labels likewise, without `:`, with `label_` before digits, and `exported_` before `le`
/// and `quantile`, which are the formats' own. Two labels of one series that come to the same
/// name are one, its values joined by `;`, as [OpenTelemetry has it]. Two metrics that come to the
/// same name are one metric.
///
/// # Values
///
/// Series of one name may differ in their labels. Counters are `u64`, gauges `f64`. Histograms
/// have [`DURATION_BUCKETS`](crate::DURATION_BUCKETS) for buckets unless the [builder](Self::builder) says
/// otherwise. A histogram does not take what is not finite, nor what is negative where no bound
/// is: it would spoil the sum.
///
/// # Descriptions
///
/// The first description of a name is its help, and its unit is stated where the name ends in it,
/// as in `answer_seconds`; otherwise the help says it in parentheses. One that comes after the
/// first recording shows from the next scrape on.
///
/// # What is refused
///
/// Nothing that is recorded makes an exposition invalid, or takes memory without end:
///
/// - A name that clashes with what is in the registry, or is recorded as another type already, is
///   refused: the first one wins.
/// - There are at most [`max_families`](FacadeBuilder::max_families) names; others are refused.
/// - There are at most [`max_series`](FacadeBuilder::max_series) series of a name; all others are
///   recorded as the series `{overflow="true"}`.
///
/// `metrics_facade_rejected_total` counts recordings that were refused, by `family` and `reason`
/// (`clash`, `value` for what a histogram does not take, or `families`, without `family`), and
/// `metrics_facade_overflowed_total` counts how often a series beyond the most was asked for. A
/// series that has a label of the registry's is left out and counted in `metrics_rejected_total`.
///
/// [OpenTelemetry has it]: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
#[derive(Clone)]
pub struct FacadeRecorder {
    registry: Registry,
    tables: Arc<Tables>,
}

impl FacadeRecorder {
    /// Has the whole program record into [`Registry::global`].
    ///
    /// # Errors
    ///
    /// When a recorder is installed already.
    pub fn install() -> Result<(), Error> {
        Self::builder().install()
    }

    /// A recorder that is to differ from what [`install`](Self::install) installs.
    pub fn builder() -> FacadeBuilder {
        FacadeBuilder {
            registry: Registry::global().clone(),
            limits: Limits {
                families: 1000,
                series: DEFAULT_MAX_SERIES,
            },
            shape: Shape::default(),
            shapes: HashMap::new(),
        }
    }

    fn find<V: Value>(&self, families: &Families<V>, key: &Key) -> Found<V> {
        families.find(key, &self.registry, &self.tables)
    }

    fn describe<V: Value>(
        &self,
        families: &Families<V>,
        name: &KeyName,
        unit: Option<Unit>,
        help: &str,
    ) {
        let description = Description::new(help, unit);
        families.describe(name.as_str(), description, &self.registry, &self.tables);
    }
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&self.tables.counters, &name, unit, &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&self.tables.gauges, &name, unit, &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&self.tables.histograms, &name, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.find(&self.tables.counters, key) {
            Found::Series(series) => Counter::from_arc(series),
            Found::Refused(tally) => Counter::from_arc(tally),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.find(&self.tables.gauges, key) {
            Found::Series(series) => Gauge::from_arc(series),
            Found::Refused(tally) => Gauge::from_arc(tally),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.find(&self.tables.histograms, key) {
            Found::Series(series) => Histogram::from_arc(series),
            Found::Refused(tally) => Histogram::from_arc(tally),
        }
    }
}

impl Debug for FacadeRecorder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeRecorder").finish_non_exhaustive()
    }
}

/// A [`FacadeRecorder`] that is yet to be made.
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// metrics_http::FacadeRecorder::builder()
///     .buckets([0.01, 0.1, 1.0])
///     .buckets_for("body.bytes", [1e3, 1e6])
///     .native_for("rpc.duration", 1.1)
///     .max_series(500)
///     .install()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing before `build` or `install`"]
pub struct FacadeBuilder {
    registry: Registry,
    limits: Limits,
    shape: Shape,
    /// By the name that the exposition has.
    shapes: HashMap<String, Shape>,
}

impl FacadeBuilder {
    /// Records into this registry instead of the global one.
    pub fn registry(mut self, registry: Registry) -> FacadeBuilder {
        self.registry = registry;
        self
    }

    /// Gives histograms these upper bounds, `+Inf` left out, instead of
    /// [`DURATION_BUCKETS`](crate::DURATION_BUCKETS).
    pub fn buckets(mut self, bounds: impl Into<Vec<f64>>) -> FacadeBuilder {
        self.shape.bounds = Some(bounds.into());
        self
    }

    /// Gives histograms native buckets, each at most this factor wider than the one before; and
    /// classic ones beside them only if [`buckets`](Self::buckets) is called as well.
    pub fn native(mut self, growth: f64) -> FacadeBuilder {
        self.shape.native = Some(growth);
        self
    }

    /// Gives the histogram of this name, as it is recorded, these upper bounds.
    pub fn buckets_for(mut self, name: &str, bounds: impl Into<Vec<f64>>) -> FacadeBuilder {
        self.shape_of(name).bounds = Some(bounds.into());
        self
    }

    /// Gives the histogram of this name, as it is recorded, native buckets; and classic ones
    /// beside them only if [`buckets_for`](Self::buckets_for) is called as well.
    pub fn native_for(mut self, name: &str, growth: f64) -> FacadeBuilder {
        self.shape_of(name).native = Some(growth);
        self
    }

    /// How many series a name may have: [`DEFAULT_MAX_SERIES`], and at most 1,000,000. What goes
    /// beyond is recorded as one series, `{overflow="true"}`.
    pub fn max_series(mut self, max: usize) -> FacadeBuilder {
        self.limits.series = max.min(1_000_000);
        self
    }

    /// How many names may be recorded: 1000. Those beyond are refused and counted.
    pub fn max_families(mut self, max: usize) -> FacadeBuilder {
        self.limits.families = max;
        self
    }

    /// Makes the recorder, for [`metrics::with_local_recorder`] or to be wrapped in another.
    ///
    /// # Errors
    ///
    /// When bounds or a growth factor cannot be, and when the registry has a recorder already: a
    /// clone is the same recorder.
    pub fn build(self) -> Result<FacadeRecorder, Error> {
        self.registered().map(|(recorder, _)| recorder)
    }

    /// Makes the recorder and has the whole program record into it, from now on: what was
    /// recorded before is lost, and so is what is recorded through handles from before.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and when a recorder is installed already, by whomever.
    pub fn install(self) -> Result<(), Error> {
        let registry = self.registry.clone();
        let (recorder, own) = self.registered()?;
        metrics::set_global_recorder(recorder).map_err(|_| {
            registry.unregister(&own);
            Error::setting(
                "the `metrics` facade has a recorder already; install one, or let a layer feed \
                 both"
                    .to_owned(),
            )
        })
    }

    fn registered(self) -> Result<(FacadeRecorder, Arc<dyn Collector>), Error> {
        self.shape.check("histogram")?;
        for (name, shape) in &self.shapes {
            shape.check(name)?;
        }
        let registry = self.registry;
        let tables = Arc::new(Tables {
            limits: self.limits,
            shape: self.shape,
            shapes: self.shapes,
            counters: Families::default(),
            gauges: Families::default(),
            histograms: Families::default(),
            beyond: Arc::default(),
        });
        let own: Arc<dyn Collector> = Arc::new(Own(Arc::clone(&tables)));
        registry.register(Arc::clone(&own)).map_err(|error| {
            Error::setting(format!(
                "the registry takes in the `metrics` facade already ({error}); clone its recorder"
            ))
        })?;
        Ok((FacadeRecorder { registry, tables }, own))
    }

    fn shape_of(&mut self, name: &str) -> &mut Shape {
        let name = names::metric(Kind::Histogram, name);
        self.shapes.entry(name).or_default()
    }
}

/// All that was recorded. It does not know the registry, which knows it.
struct Tables {
    limits: Limits,
    shape: Shape,
    shapes: HashMap<String, Shape>,
    counters: Families<Count>,
    gauges: Families<Level>,
    histograms: Families<Spread>,
    /// Recordings of names beyond the most.
    beyond: Arc<Tally>,
}

impl Tables {
    fn shape_of(&self, name: &str) -> &Shape {
        self.shapes.get(name).unwrap_or(&self.shape)
    }

    /// How many names there are.
    fn names(&self) -> usize {
        self.counters.len() + self.gauges.len() + self.histograms.len()
    }
}

/// What the recorder counts of itself.
struct Own(Arc<Tables>);

impl Collector for Own {
    fn descs(&self) -> &[Desc] {
        &OWN
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let tables = &*self.0;
        tables.counters.report(out);
        tables.gauges.report(out);
        tables.histograms.report(out);
        reject(out, "", "families", tables.beyond.get());
    }
}

/// Writes how many recordings were refused, where any were.
fn reject(out: &mut Collection<'_>, family: &str, reason: &str, count: u64) {
    if count > 0 {
        let labels = [("family", family), ("reason", reason)];
        out.counter(&OWN[0], &labels, count as f64);
    }
}

/// Writes how often a series beyond the most was asked for, if ever.
fn overflow(out: &mut Collection<'_>, family: &str, count: u64) {
    if count > 0 {
        out.counter(&OWN[1], &[("family", family)], count as f64);
    }
}

static OWN: [Desc; 2] = [
    Desc::new(
        Kind::Counter,
        "metrics_facade_rejected_total",
        "Recordings through the facade `metrics` that were refused.",
    ),
    Desc::new(
        Kind::Counter,
        "metrics_facade_overflowed_total",
        "Times that a series was asked for through the facade `metrics` and its family had no \
         place for it.",
    ),
];
