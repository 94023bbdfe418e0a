//! Gathers a registry's metrics as data instead of encoding them.

use std::time::Duration;

use crate::{
    describe::{kind::Kind, source_location::SourceLocation, subject::Subject},
    metric::exemplar::Exemplar,
    registry::{delivery::Delivery, handle::Registry},
    sample::{
        head::FamilyHead,
        label_text::LabelView,
        sink::Sink,
        value,
        value::{Number, Value},
    },
    series::recipients::Recipient,
    storage::native::NativeHistogramSnapshot,
};

/// A metric family with its current values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MetricFamily {
    /// The declared name, with the registry's prefix.
    pub name: String,
    /// The help text.
    pub help: String,
    /// The unit, if one was declared.
    pub unit: Option<String>,
    /// The type.
    pub kind: Kind,
    /// The source location of the family's first declaration.
    pub location: SourceLocation,
    /// What the family is about.
    pub subject: Subject,
    /// The series.
    pub metrics: Vec<Metric>,
}

/// A series with its current value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Label names and values.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: MetricValue,
    /// Exemplars, ascending by value: at most one of a counter, one per classic bucket of a
    /// histogram, or at most ten of a histogram with native buckets only.
    pub exemplars: Vec<Exemplar>,
    /// Created timestamp of a counter, histogram or summary, if known: Unix time in seconds.
    pub created: Option<f64>,
    /// The timestamp that a [`Collector`](crate::Collector) has given the series: Unix time in
    /// seconds, to the millisecond.
    pub timestamp: Option<f64>,
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MetricValue {
    /// A counter.
    Counter(Number),
    /// A gauge, or a series of unknown type.
    Gauge(Number),
    /// A histogram or gauge histogram.
    Histogram {
        /// Upper bounds, the last one infinite, and the count of each bucket (not cumulative).
        buckets: Vec<(f64, u64)>,
        /// The sum of the observations.
        sum: f64,
        /// The native buckets, if the histogram has them.
        native: Option<NativeHistogramSnapshot>,
    },
    /// A summary.
    Summary {
        /// Quantiles and their values.
        quantiles: Vec<(f64, f64)>,
        /// The number of observations.
        count: u64,
        /// The sum of the observations.
        sum: f64,
    },
    /// An info metric; its information is in the labels.
    Info,
    /// A state set: the name of each state, and whether it is active.
    StateSet(Vec<(String, bool)>),
}

impl Registry {
    /// Returns all metrics as data.
    pub fn gather(&self) -> Vec<MetricFamily> {
        self.gather_within(Duration::MAX, None)
    }

    /// Returns all families, or those that `filter` selects by name or sample name, as data.
    ///
    /// Like [`encode_within`](Registry::encode_within), waits for collectors no longer than
    /// `timeout`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_core::{Counter, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// registry.create::<Counter>(Options::new("jobs_total", "Jobs done."))?.inc();
    /// let filter = |name: &str| name == "jobs_total";
    /// let families = registry.gather_within(Duration::from_secs(1), Some(&filter));
    /// assert_eq!(families[0].name, "jobs_total");
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn gather_within(
        &self,
        timeout: Duration,
        filter: Option<&dyn Fn(&str) -> bool>,
    ) -> Vec<MetricFamily> {
        self.gather_to(None, timeout, filter).0
    }

    /// Gathers like [`gather`](Self::gather) for a recipient to which the program sends the values
    /// itself. [`gather`](Self::gather) lets no series expire; here, idle series leave after the
    /// program has [confirmed](Delivery::confirm) that the values arrived.
    ///
    /// ```
    /// use metrics_core::{Recipient, Registry};
    ///
    /// let queue = Recipient::new("queue");
    /// let (families, delivery) = Registry::new().gather_for(queue);
    /// // Send the families, then:
    /// delivery.confirm(queue);
    /// # drop(families);
    /// ```
    pub fn gather_for(&self, recipient: Recipient) -> (Vec<MetricFamily>, Delivery) {
        self.gather_to(Some(recipient), Duration::MAX, None)
    }

    fn gather_to(
        &self,
        recipient: Option<Recipient>,
        timeout: Duration,
        filter: Option<&dyn Fn(&str) -> bool>,
    ) -> (Vec<MetricFamily>, Delivery) {
        let settings = self.settings();
        let mut sink = GatherSink {
            const_labels: &settings.const_labels,
            families: Vec::new(),
        };
        let collected = self.run_collectors(recipient, None, timeout, filter);
        collected.write_to(&mut sink);
        (sink.families, collected.into_delivery())
    }
}

/// Returns all metrics of the global registry as data; see [`Registry::gather`].
///
/// ```
/// use metrics_core::{gather, metrics};
///
/// metrics! {
///     /// Peas counted.
///     static PEAS: Counter = "demo_peas_total";
/// }
///
/// assert!(gather().iter().any(|family| family.name == "demo_peas_total"));
/// ```
pub fn gather() -> Vec<MetricFamily> {
    Registry::global().gather()
}

/// A sink that stores the families of a registry as data.
struct GatherSink<'a> {
    const_labels: &'a [(String, String)],
    families: Vec<MetricFamily>,
}

impl Sink for GatherSink<'_> {
    fn begin_family(&mut self, head: FamilyHead<'_>) {
        let FamilyHead { prefix, desc, .. } = head;
        self.families.push(MetricFamily {
            name: format!("{prefix}{}", desc.name()),
            help: desc.help().to_owned(),
            unit: desc.unit_name().map(str::to_owned),
            kind: desc.kind(),
            location: desc.location(),
            subject: desc.subject(),
            metrics: Vec::new(),
        });
    }

    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        let Some(family) = self.families.last_mut() else {
            return;
        };
        let labels = LabelView::new(labels).iter();
        let labels = labels.map(|(name, value)| (name.into_owned(), value.into_owned()));
        // A label with an empty value is equivalent to no label, so it is left out.
        let const_labels = self.const_labels.iter();
        let const_labels = const_labels.filter(|(_, value)| !value.is_empty());
        let metric = Metric {
            labels: const_labels.cloned().chain(labels).collect(),
            exemplars: exemplars(&value).iter().map(Exemplar::from).collect(),
            value: MetricValue::from(value),
            created: (created > 0.0 && family.kind.has_created()).then_some(created),
            timestamp: None,
        };
        // A collected state set with several active states arrives in parts, which are joined.
        if let (MetricValue::StateSet(states), Some(before)) =
            (&metric.value, family.metrics.last_mut())
            && before.labels == metric.labels
            && let MetricValue::StateSet(all) = &mut before.value
        {
            all.extend_from_slice(states);
            return;
        }
        family.metrics.push(metric);
    }

    fn write_series_at(&mut self, labels: &str, created: f64, timestamp: i64, value: Value<'_>) {
        self.write_series(labels, created, value);
        let family = self.families.last_mut();
        if let Some(metric) = family.and_then(|family| family.metrics.last_mut()) {
            metric.timestamp = Some(timestamp as f64 / 1e3);
        }
    }

    fn write_number(&mut self, labels: &str, created: f64, number: Number) {
        let kind = self.families.last().map(|family| family.kind);
        let value = match kind {
            Some(Kind::Counter) => Value::Counter(number, None),
            _ => Value::Gauge(number),
        };
        self.write_series(labels, created, value);
    }

    fn checkpoint(&mut self) -> bool {
        true
    }
}

fn exemplars<'a>(value: &Value<'a>) -> &'a [value::RenderedExemplar] {
    match value {
        Value::Counter(_, exemplar) => exemplar.map_or(&[], std::slice::from_ref),
        Value::Histogram(value) => value.exemplars,
        _ => &[],
    }
}

impl From<Value<'_>> for MetricValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Counter(number, _) => MetricValue::Counter(number),
            Value::Gauge(number) => MetricValue::Gauge(number),
            Value::Histogram(value) => {
                let bounds = value.bounds.iter().copied().chain([f64::INFINITY]);
                MetricValue::Histogram {
                    buckets: bounds.zip(value.counts.iter().copied()).collect(),
                    sum: value.sum,
                    native: value.native.cloned(),
                }
            }
            Value::Summary(value) => MetricValue::Summary {
                quantiles: value.quantiles.to_vec(),
                count: value.count,
                sum: value.sum,
            },
            Value::Info => MetricValue::Info,
            Value::StateSet(states, active) => {
                let states = states.iter().enumerate();
                MetricValue::StateSet(
                    states
                        .map(|(at, state)| ((*state).to_owned(), at == active))
                        .collect(),
                )
            }
        }
    }
}
