//! All metrics as data.

use crate::{
    describe::{kind::Kind, source_location::SourceLocation},
    metric::exemplar::Exemplar,
    sample::{
        head::FamilyHead,
        label_text::LabelView,
        sink::Sink,
        value,
        value::{Number, Value},
    },
    storage::native::NativeHistogramSnapshot,
};

/// A family of metrics at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MetricFamily {
    /// The declared name, with the registry's prefix.
    pub name: String,
    /// What it is for.
    pub help: String,
    /// The unit, when one was declared.
    pub unit: Option<String>,
    /// The type.
    pub kind: Kind,
    /// Where its first member is declared.
    pub location: SourceLocation,
    /// The series.
    pub metrics: Vec<Metric>,
}

/// One series at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Names and values of the labels.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: MetricValue,
    /// Examples of what a counter or a histogram has counted, ascending by value: at most one of a
    /// counter, and one of each bucket of a histogram.
    pub exemplars: Vec<Exemplar>,
    /// Since when a counter, a histogram or a summary counts, as Unix time in seconds, where that
    /// is known.
    pub created: Option<f64>,
}

/// What a series is worth.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MetricValue {
    /// Of a counter.
    Counter(Number),
    /// Of a gauge.
    Gauge(Number),
    /// Of a histogram: upper bounds, the last one infinite, and the observations in each bucket
    /// alone; and the sum of all.
    Histogram {
        /// Upper bounds and counts.
        buckets: Vec<(f64, u64)>,
        /// The sum of the observations.
        sum: f64,
        /// The native buckets, of a histogram that has them.
        native: Option<NativeHistogramSnapshot>,
    },
    /// Of a summary.
    Summary {
        /// Quantiles and their values.
        quantiles: Vec<(f64, f64)>,
        /// The number of observations.
        count: u64,
        /// Their sum.
        sum: f64,
    },
    /// An info is its labels.
    Info,
    /// The states, and whether each is the active one.
    StateSet(Vec<(String, bool)>),
}

/// Collects families.
pub(crate) struct Gather<'a> {
    common: &'a [(String, String)],
    pub(crate) families: Vec<MetricFamily>,
}

impl<'a> Gather<'a> {
    pub(crate) fn new(common: &'a [(String, String)]) -> Self {
        Gather {
            common,
            families: Vec::new(),
        }
    }
}

impl Sink for Gather<'_> {
    fn begin_family(&mut self, head: FamilyHead<'_>) {
        let FamilyHead { prefix, desc, .. } = head;
        self.families.push(MetricFamily {
            name: format!("{prefix}{}", desc.name()),
            help: desc.help().to_owned(),
            unit: desc.unit_name().map(str::to_owned),
            kind: desc.kind(),
            location: desc.location(),
            metrics: Vec::new(),
        });
    }

    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        let Some(family) = self.families.last_mut() else {
            return;
        };
        let own = LabelView::new(labels).iter();
        let own = own.map(|(name, value)| (name.into_owned(), value.into_owned()));
        // One without value is one that is absent.
        let common = self.common.iter().filter(|(_, value)| !value.is_empty());
        let metric = Metric {
            labels: common.cloned().chain(own).collect(),
            exemplars: exemplars(&value).iter().map(Exemplar::from).collect(),
            value: MetricValue::from(value),
            created: (created > 0.0 && counts(family.kind)).then_some(created),
        };
        // States of which several are active come in parts.
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

/// Whether a series of this kind begins at a time that matters.
fn counts(kind: Kind) -> bool {
    matches!(kind, Kind::Counter | Kind::Histogram | Kind::Summary)
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
