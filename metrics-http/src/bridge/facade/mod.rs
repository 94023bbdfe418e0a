//! [`FacadeRecorder`]: records into a registry what a program records through the facade `metrics`.

mod buckets;
mod families;
mod family;
mod names;
mod renames;
mod self_metrics;
mod thread_cache;
mod values;

use std::{
    collections::HashMap,
    fmt::{self, Debug, Formatter},
    sync::Arc,
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_core::{Collection, Collector, DEFAULT_MAX_SERIES, Desc, Kind, Registry};

use crate::error::Error;

use self::{
    buckets::Buckets,
    families::{Families, Limits, Lookup, Store},
    family::Description,
    renames::Renames,
    self_metrics::Counts,
    thread_cache::RecorderId,
    values::{CounterValue, GaugeValue, HistogramValue, RejectionCounter, SeriesValue},
};

/// Adds metrics that other crates record through the facade [`metrics`] to a registry.
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
/// A test or a thread can have its own recorder:
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
/// Names are converted to names that every scraper accepts, independently of descriptions:
///
/// - characters other than ASCII letters, digits, `_` and `:` are replaced by `_`;
/// - leading `_` are removed, and a name that is empty or begins with a digit then gets the prefix
///   `metric_`;
/// - counters get the suffix `_total` if they do not have it;
/// - gauges and histograms with a suffix of the exposition formats (`_total`, `_info`, `_created`,
///   `_bucket`, `_count`, `_sum`, `_gcount`, `_gsum`) get the suffix `_value`.
///
/// Label names are converted in the same way, but without `:` and with the prefix `label_`; `le` and
/// `quantile` get the prefix `exported_`. If two labels of a series get the same name, their values
/// are joined by `;`, as in [OpenTelemetry]. Two metrics of one type that get the same name are one
/// metric.
///
/// `metrics_facade_renamed_info` has a series for each name that was changed, of a metric or of a label
/// (`of`), with the name as `recorded` and as `exposed`; counters that only got `_total` have none.
///
/// # Values
///
/// The series of a name may have different labels. Counters are `u64`, gauges are `f64`. Histograms
/// have [`DURATION_BUCKETS`](crate::DURATION_BUCKETS), unless the [builder](Self::builder) sets
/// other ones. They reject values that would make the sum meaningless: non-finite values, and
/// negative values unless a bound is negative.
///
/// # Cost
///
/// Each thread caches the series that it has used, up to 4,096 of each type. For a cached series, the
/// macros of the facade take no lock, and threads that increment one counter or observe into one
/// histogram write to no common memory. Gauges are one variable that all threads share. A handle that
/// is kept (`let jobs = counter!("jobs");`) saves the look-up. Setting a counter with `absolute` takes
/// a lock, because it reads what all threads have counted.
///
/// # Descriptions
///
/// The first description of a name is its help text. The unit is exposed if it is the suffix of the
/// name, as in `answer_seconds`; otherwise it is appended to the help text in parentheses. A
/// description that comes after the first recording applies from the next scrape on.
///
/// # Limits
///
/// No recording makes an exposition invalid or uses unlimited memory:
///
/// - A name that clashes with another metric of the registry, or that is already recorded with
///   another type, is rejected; the first one is kept.
/// - Names beyond [`max_families`](FacadeBuilder::max_families) are rejected. Threads that create
///   names at the same time may together exceed the limit slightly.
/// - There are at most [`max_series`](FacadeBuilder::max_series) series of a name; others are
///   recorded in the overflow series `{overflow="true"}`. With [`expire`](FacadeBuilder::expire),
///   idle series make room for new ones.
///
/// `metrics_facade_rejected_total` counts rejected recordings, by `family` and `reason`: `clash`,
/// `value` (not accepted by a histogram), or `families` (beyond the limit, without `family`).
/// `metrics_facade_overflowed_total` counts look-ups of series beyond the limit. A series with a
/// label that is also a const label of the registry is omitted, and counted in
/// `metrics_rejected_total`.
///
/// [OpenTelemetry]: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
#[derive(Clone)]
pub struct FacadeRecorder {
    registry: Registry,
    store: Arc<FacadeStore>,
}

impl FacadeRecorder {
    /// Installs a recorder for the whole program, which records into [`Registry::global`].
    ///
    /// # Errors
    ///
    /// If a recorder is already installed, or if the global registry already has one.
    pub fn install() -> Result<(), Error> {
        Self::builder().install()
    }

    /// Creates a builder for a recorder with other settings.
    pub fn builder() -> FacadeBuilder {
        FacadeBuilder {
            registry: Registry::global().clone(),
            limits: Limits {
                families: 1000,
                series: DEFAULT_MAX_SERIES,
                expire: None,
            },
            default_buckets: Buckets::default(),
            buckets_by_name: HashMap::new(),
        }
    }

    fn find<V: SeriesValue>(&self, families: &Families<V>, key: &Key) -> Lookup<V> {
        families.find(key, &self.registry, &*self.store)
    }

    fn describe<V: SeriesValue>(
        &self,
        families: &Families<V>,
        name: &KeyName,
        unit: Option<Unit>,
        help: &str,
    ) {
        let description = Description::new(help, unit);
        families.describe(name.as_str(), description, &self.registry, &*self.store);
    }
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&self.store.counters, &name, unit, &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&self.store.gauges, &name, unit, &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&self.store.histograms, &name, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.find(&self.store.counters, key) {
            Lookup::Series(series) => Counter::from_arc(series),
            Lookup::Rejected(rejected) => Counter::from_arc(rejected),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.find(&self.store.gauges, key) {
            Lookup::Series(series) => Gauge::from_arc(series),
            Lookup::Rejected(rejected) => Gauge::from_arc(rejected),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.find(&self.store.histograms, key) {
            Lookup::Series(series) => Histogram::from_arc(series),
            Lookup::Rejected(rejected) => Histogram::from_arc(rejected),
        }
    }
}

impl Debug for FacadeRecorder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeRecorder").finish_non_exhaustive()
    }
}

/// Builder for a [`FacadeRecorder`].
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
    default_buckets: Buckets,
    /// Buckets of single histograms, by their names in the exposition.
    buckets_by_name: HashMap<String, Buckets>,
}

impl FacadeBuilder {
    /// Records into this registry instead of the global one.
    pub fn registry(mut self, registry: Registry) -> FacadeBuilder {
        self.registry = registry;
        self
    }

    /// Sets the bounds, except `+Inf`, of all histograms that have no buckets of their own.
    ///
    /// [`buckets_for`](Self::buckets_for) and [`native_for`](Self::native_for) set a histogram's
    /// own buckets. The default is [`DURATION_BUCKETS`](crate::DURATION_BUCKETS).
    pub fn buckets(mut self, bounds: impl Into<Vec<f64>>) -> FacadeBuilder {
        self.default_buckets.bounds = Some(bounds.into());
        self
    }

    /// Uses native buckets for all histograms without buckets of their own.
    ///
    /// Each bucket is at most `growth` times as wide as the one before. The histograms have classic
    /// buckets too if [`buckets`](Self::buckets) is called.
    pub fn native(mut self, growth: f64) -> FacadeBuilder {
        self.default_buckets.native_growth = Some(growth);
        self
    }

    /// Sets the upper bounds of the histogram that is recorded under this name.
    pub fn buckets_for(mut self, name: &str, bounds: impl Into<Vec<f64>>) -> FacadeBuilder {
        self.buckets_of_name(name).bounds = Some(bounds.into());
        self
    }

    /// Uses native buckets for the histogram that is recorded under this name.
    ///
    /// The histogram has classic buckets too if [`buckets_for`](Self::buckets_for) is called.
    pub fn native_for(mut self, name: &str, growth: f64) -> FacadeBuilder {
        self.buckets_of_name(name).native_growth = Some(growth);
        self
    }

    /// Sets the cardinality limit of each name: [`DEFAULT_MAX_SERIES`] by default, at most 1,000,000.
    ///
    /// Series beyond the limit are recorded in the overflow series `{overflow="true"}`.
    pub fn max_series(mut self, max: usize) -> FacadeBuilder {
        self.limits.series = max.min(1_000_000);
        self
    }

    /// Sets the maximum number of names: 1000 by default. Further names are rejected and counted.
    pub fn max_families(mut self, max: usize) -> FacadeBuilder {
        self.limits.families = max;
        self
    }

    /// Removes series that have been idle for this time; the default is never.
    ///
    /// A series is idle if a counter or a histogram does not change, and if a gauge is not set. As
    /// for [`#[expire]`](metrics_core::metrics#series-that-expire), it leaves the exposition after all
    /// regular recipients, such as several scrapers, have received its last value. A series that is
    /// recorded again through a handle that was kept (`let jobs = counter!("jobs");`) continues with its
    /// old value; without such a handle, its memory is freed, and it starts again at 0.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let recorder = metrics_http::FacadeRecorder::builder()
    ///     .registry(metrics_http::Registry::new())
    ///     .expire(Duration::from_hours(1))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn expire(mut self, idle: Duration) -> FacadeBuilder {
        self.limits.expire = Some(idle);
        self
    }

    /// Creates the recorder, for [`metrics::with_local_recorder`] or for another recorder to wrap.
    ///
    /// # Errors
    ///
    /// If bounds, a growth factor or the expiry time are invalid, or if the registry already has a
    /// recorder; clone that recorder instead.
    pub fn build(self) -> Result<FacadeRecorder, Error> {
        self.build_registered().map(|(recorder, _)| recorder)
    }

    /// Creates the recorder and installs it for the whole program.
    ///
    /// Earlier recordings are lost, and so are recordings through handles that were created before.
    ///
    /// # Errors
    ///
    /// As for [`build`](Self::build), and if a recorder is already installed.
    pub fn install(self) -> Result<(), Error> {
        let registry = self.registry.clone();
        let (recorder, self_metrics) = self.build_registered()?;
        metrics::set_global_recorder(recorder).map_err(|_| {
            registry.unregister(&self_metrics);
            Error::setting(
                "the `metrics` facade already has a recorder; install only one, or combine both in a \
                 fan-out recorder"
                    .to_owned(),
            )
        })
    }

    /// Creates the recorder, and registers the collector of its self-metrics.
    fn build_registered(self) -> Result<(FacadeRecorder, Arc<dyn Collector>), Error> {
        if self.limits.expire == Some(Duration::ZERO) {
            return Err(Error::setting(
                "series of the `metrics` facade expire after a duration above zero; pass several \
                 scrape intervals to `expire`, such as `Duration::from_hours(1)`"
                    .to_owned(),
            ));
        }
        self.default_buckets.check("histogram")?;
        for (name, buckets) in &self.buckets_by_name {
            buckets.check(name)?;
        }
        let registry = self.registry;
        let store = Arc::new(FacadeStore {
            id: RecorderId::new(),
            limits: self.limits,
            default_buckets: self.default_buckets,
            buckets_by_name: self.buckets_by_name,
            counters: Families::default(),
            gauges: Families::default(),
            histograms: Families::default(),
            excess_families: Arc::default(),
            renames: Renames::default(),
        });
        let self_metrics: Arc<dyn Collector> = Arc::new(SelfMetrics(Arc::clone(&store)));
        registry.register(Arc::clone(&self_metrics)).map_err(|error| {
            Error::setting(format!(
                "the registry already has a recorder of the `metrics` facade ({error}); clone that one"
            ))
        })?;
        Ok((FacadeRecorder { registry, store }, self_metrics))
    }

    fn buckets_of_name(&mut self, name: &str) -> &mut Buckets {
        let name = names::metric(Kind::Histogram, name);
        self.buckets_by_name.entry(name).or_default()
    }
}

/// All families that are recorded through the facade, and the settings that they are created with.
///
/// The store has no reference to the registry, because the registry refers to the store, and a
/// cycle would leak both.
struct FacadeStore {
    id: RecorderId,
    limits: Limits,
    default_buckets: Buckets,
    buckets_by_name: HashMap<String, Buckets>,
    counters: Families<CounterValue>,
    gauges: Families<GaugeValue>,
    histograms: Families<HistogramValue>,
    excess_families: Arc<RejectionCounter>,
    renames: Renames,
}

impl Store for FacadeStore {
    fn id(&self) -> RecorderId {
        self.id
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn buckets(&self, name: &str) -> &Buckets {
        self.buckets_by_name
            .get(name)
            .unwrap_or(&self.default_buckets)
    }

    fn family_count(&self) -> usize {
        self.counters.len() + self.gauges.len() + self.histograms.len()
    }

    fn excess_families(&self) -> &Arc<RejectionCounter> {
        &self.excess_families
    }

    fn renames(&self) -> &Renames {
        &self.renames
    }
}

struct SelfMetrics(Arc<FacadeStore>);

impl Collector for SelfMetrics {
    fn descs(&self) -> &[Desc] {
        &self_metrics::DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let store = &*self.0;
        let mut counts = Counts::default();
        store.counters.count(&mut counts);
        store.gauges.count(&mut counts);
        store.histograms.count(&mut counts);
        counts.add_rejected("", "families", store.excess_families.get());
        counts.write(out);
        store.renames.write(out);
    }
}
