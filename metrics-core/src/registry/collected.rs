//! [`Collected`]: the validated samples that a collector wrote in one scrape.
//!
//! The samples are owned, because collectors normally run on another thread than the one that
//! encodes.

use crate::{
    describe::buckets,
    metric::{histogram_snapshot::HistogramSnapshot, summary::SummarySnapshot},
    sample::{
        label_text,
        sink::Sink,
        value::{HistogramValue, Number, SummaryValue, Value, with_ordinary_nan},
    },
    storage::native::NativeHistogramSnapshot,
};

/// The valid value of a collected series.
#[derive(Clone, Debug)]
pub(crate) enum CollectedValue {
    Counter(f64),
    /// A gauge or a series of unknown type.
    Gauge(f64),
    Histogram(Box<Distribution>),
    Summary(SummarySnapshot),
    Info,
    StateSet(Vec<(String, bool)>),
}

impl CollectedValue {
    /// `None` unless the value is finite and not negative.
    pub(crate) fn counter(value: f64) -> Option<Self> {
        (value >= 0.0 && value.is_finite()).then_some(CollectedValue::Counter(value))
    }

    pub(crate) fn gauge(value: f64) -> Self {
        CollectedValue::Gauge(with_ordinary_nan(value))
    }

    pub(crate) fn histogram(snapshot: HistogramSnapshot) -> Option<Self> {
        let value = Distribution::new(snapshot)?;
        let is_valid = value.sum >= 0.0 || value.allows_negative;
        is_valid.then(|| CollectedValue::Histogram(Box::new(value)))
    }

    pub(crate) fn gauge_histogram(snapshot: HistogramSnapshot) -> Option<Self> {
        let value = Distribution::new(snapshot)?;
        // Rejects a negative sum without a negative classic bound, which OpenMetrics forbids.
        let is_valid = value.sum >= 0.0 || value.bounds.first().is_some_and(|bound| *bound < 0.0);
        is_valid.then(|| CollectedValue::Histogram(Box::new(value)))
    }

    pub(crate) fn summary(snapshot: SummarySnapshot) -> Option<Self> {
        let (quantiles, values): (Vec<f64>, Vec<f64>) = snapshot.quantiles.iter().copied().unzip();
        let is_valid = snapshot.sum >= 0.0
            && snapshot.sum.is_finite()
            && quantiles.len() <= MAX_QUANTILES
            && buckets::check_quantiles(&quantiles).is_ok()
            && values
                .iter()
                .all(|value| value.is_nan() || (*value >= 0.0 && value.is_finite()));
        let ordinary = |(quantile, value)| (quantile, with_ordinary_nan(value));
        is_valid.then(|| {
            CollectedValue::Summary(SummarySnapshot {
                quantiles: snapshot.quantiles.into_iter().map(ordinary).collect(),
                ..snapshot
            })
        })
    }

    pub(crate) fn state_set(states: &[(&str, bool)]) -> Option<Self> {
        let is_valid = states.iter().enumerate().all(|(at, (state, _))| {
            !state.is_empty() && states[..at].iter().all(|(earlier, _)| earlier != state)
        });
        let owned = |(state, active): &(&str, bool)| ((*state).to_owned(), *active);
        (is_valid && !states.is_empty())
            .then(|| CollectedValue::StateSet(states.iter().map(owned).collect()))
    }

    /// Calls `write` with the value; for a state set, with each of its parts.
    fn for_each_part(&self, mut write: impl FnMut(Value<'_>)) {
        let value = match self {
            CollectedValue::Counter(value) => Value::Counter(Number::Float(*value), None),
            CollectedValue::Gauge(value) => Value::Gauge(Number::Float(*value)),
            CollectedValue::Histogram(value) => Value::Histogram(value.value()),
            CollectedValue::Summary(value) => Value::Summary(SummaryValue {
                quantiles: &value.quantiles,
                count: value.count,
                sum: value.sum,
            }),
            CollectedValue::Info => Value::Info,
            CollectedValue::StateSet(states) => return for_each_part(states, write),
        };
        write(value);
    }
}

/// Splits a state set into parts, as [`Value::StateSet`] holds at most one active state.
fn for_each_part(states: &[(String, bool)], mut write: impl FnMut(Value<'_>)) {
    for part in states.split_inclusive(|(_, active)| *active) {
        let names: Vec<&str> = part.iter().map(|(state, _)| state.as_str()).collect();
        let active = part.iter().position(|(_, active)| *active);
        write(Value::StateSet(&names, active.unwrap_or(usize::MAX)));
    }
}

/// A validated histogram: the buckets are valid and add up to the count, and the sum is finite.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    /// Upper bounds of the classic buckets, without `+Inf`.
    bounds: Vec<f64>,
    /// Observations in each classic bucket, including `+Inf`; not cumulative.
    counts: Vec<u64>,
    sum: f64,
    /// Whether a bound or a native bucket is negative, so that a histogram's sum may be negative.
    allows_negative: bool,
    native: Option<NativeHistogramSnapshot>,
}

impl Distribution {
    fn new(snapshot: HistogramSnapshot) -> Option<Self> {
        let HistogramSnapshot {
            count,
            sum,
            buckets,
            native,
        } = snapshot;
        let (mut bounds, mut counts): (Vec<f64>, Vec<u64>) = buckets.into_iter().unzip();
        let within = counts.iter().copied().try_fold(0, u64::checked_add)?;
        let beyond = count.checked_sub(within)?;
        match bounds.last() {
            Some(last) if last.total_cmp(&f64::INFINITY).is_eq() => {
                bounds.pop();
                if beyond > 0 {
                    return None;
                }
            }
            _ => counts.push(beyond),
        }
        buckets::check(&bounds).ok()?;
        let mut allows_negative = bounds.first().is_some_and(|bound| *bound < 0.0);
        if let Some(native) = &native {
            if !native.is_valid() || native.count() != Some(count) {
                return None;
            }
            allows_negative |= !native.negative.is_empty();
        }
        let native = native.map(|mut native| {
            native.positive.retain(|(_, count)| *count > 0);
            native.negative.retain(|(_, count)| *count > 0);
            native
        });
        sum.is_finite().then_some(Distribution {
            bounds,
            counts,
            sum,
            allows_negative,
            native,
        })
    }

    fn value(&self) -> HistogramValue<'_> {
        HistogramValue {
            bounds: &self.bounds,
            counts: &self.counts,
            sum: self.sum,
            allows_negative: self.allows_negative,
            native: self.native.as_ref(),
            exemplars: &[],
        }
    }
}

/// The series that a collector wrote to one family.
#[derive(Clone, Debug, Default)]
pub(crate) struct CollectedFamily {
    pub(crate) series: Vec<SeriesValue>,
    /// Number of rejected values.
    pub(crate) rejected: u64,
}

/// A series that a collector wrote, with its value.
#[derive(Clone, Debug)]
pub(crate) struct SeriesValue {
    /// The labels, rendered by [`push_label`](crate::sample::label_text::push_label).
    pub(crate) labels: String,
    /// Created timestamp: Unix time in seconds, 0 if unknown.
    pub(crate) created: f64,
    /// The timestamp of its samples, if the collector has set it: Unix time in milliseconds.
    pub(crate) timestamp: Option<i64>,
    pub(crate) value: CollectedValue,
}

impl SeriesValue {
    pub(crate) fn write(&self, sink: &mut dyn Sink) {
        let (labels, created) = (&self.labels, self.created);
        self.value.for_each_part(|value| match self.timestamp {
            Some(timestamp) => sink.write_series_at(labels, created, timestamp, value),
            None => sink.write_series(labels, created, value),
        });
    }
}

/// Everything that a collector wrote in one scrape.
#[derive(Clone, Debug)]
pub(crate) struct Collected {
    /// The families in the order of the collector's descriptions, without those whose description
    /// clashed.
    pub(crate) families: Vec<CollectedFamily>,
    /// Names of families that the collector wrote without a description, or whose description
    /// clashed, with the number of values written to them. All these values are rejected.
    pub(crate) undescribed: Vec<(String, u64)>,
}

impl Collected {
    /// Approximate memory of the series.
    pub(crate) fn bytes(&self) -> usize {
        let series = self.families.iter().flat_map(|family| &family.series);
        let bytes = series.map(|series| series.labels.len() + size_of::<SeriesValue>());
        bytes.sum()
    }

    /// Puts rendered labels before those of every series.
    pub(crate) fn add_labels(&mut self, labels: &str) {
        for series in self
            .families
            .iter_mut()
            .flat_map(|family| &mut family.series)
        {
            let own = std::mem::replace(&mut series.labels, labels.to_owned());
            label_text::push_rendered(&mut series.labels, &own);
        }
    }
}

/// A summary may have as many quantiles as a histogram may have finite bounds: 255.
const MAX_QUANTILES: usize = buckets::MAX_BUCKETS - 1;
