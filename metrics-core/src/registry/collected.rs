//! What a collector has computed: values that every format can write, owned, as they come from
//! another thread.

use crate::{
    describe::buckets,
    metric::{histogram::HistogramSnapshot, summary::SummarySnapshot},
    sample::{
        sink::Sink,
        value::{HistogramValue, Number, SummaryValue, Value},
    },
    storage::native::NativeHistogramSnapshot,
};

/// A value that a collector has computed.
#[derive(Debug)]
pub(crate) enum CollectedValue {
    Counter(f64),
    /// Of an unknown type as well.
    Gauge(f64),
    Histogram(Box<Distribution>),
    Summary(SummarySnapshot),
    Info,
    StateSet(Vec<(String, bool)>),
}

impl CollectedValue {
    /// A counter's value: not negative, not NaN, not infinite.
    pub(crate) fn counter(value: f64) -> Option<Self> {
        (value >= 0.0 && value.is_finite()).then_some(CollectedValue::Counter(value))
    }

    pub(crate) fn histogram(snapshot: HistogramSnapshot) -> Option<Self> {
        let value = Distribution::new(snapshot)?;
        let is_sound = value.sum >= 0.0 || value.falls;
        is_sound.then(|| CollectedValue::Histogram(Box::new(value)))
    }

    pub(crate) fn gauge_histogram(snapshot: HistogramSnapshot) -> Option<Self> {
        let value = Distribution::new(snapshot)?;
        // OpenMetrics shows the bounds of classic buckets alone.
        let is_sound = value.sum >= 0.0 || value.bounds.first().is_some_and(|bound| *bound < 0.0);
        is_sound.then(|| CollectedValue::Histogram(Box::new(value)))
    }

    pub(crate) fn summary(snapshot: SummarySnapshot) -> Option<Self> {
        let (quantiles, values): (Vec<f64>, Vec<f64>) = snapshot.quantiles.iter().copied().unzip();
        let is_sound = snapshot.sum >= 0.0
            && snapshot.sum.is_finite()
            && quantiles.len() <= MAX_QUANTILES
            && buckets::check_quantiles(&quantiles).is_ok()
            && values
                .iter()
                .all(|value| value.is_nan() || (*value >= 0.0 && value.is_finite()));
        is_sound.then_some(CollectedValue::Summary(snapshot))
    }

    pub(crate) fn state_set(states: &[(&str, bool)]) -> Option<Self> {
        let differ = states.iter().enumerate().all(|(at, (state, _))| {
            !state.is_empty() && states[..at].iter().all(|(earlier, _)| earlier != state)
        });
        let owned = |(state, active): &(&str, bool)| ((*state).to_owned(), *active);
        (differ && !states.is_empty())
            .then(|| CollectedValue::StateSet(states.iter().map(owned).collect()))
    }

    /// Writes it as a series with these labels.
    pub(crate) fn write(&self, labels: &str, created: f64, sink: &mut dyn Sink) {
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
            CollectedValue::StateSet(states) => return write_states(states, labels, sink),
        };
        sink.write_series(labels, created, value);
    }
}

/// A sink takes states of which one is active at most: what has more goes in several parts.
fn write_states(states: &[(String, bool)], labels: &str, sink: &mut dyn Sink) {
    for part in states.split_inclusive(|(_, active)| *active) {
        let names: Vec<&str> = part.iter().map(|(state, _)| state.as_str()).collect();
        let active = part.iter().position(|(_, active)| *active);
        let value = Value::StateSet(&names, active.unwrap_or(usize::MAX));
        sink.write_series(labels, 0.0, value);
    }
}

/// A histogram whose buckets, count and sum fit together.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// Without `+Inf`.
    bounds: Vec<f64>,
    /// `+Inf` included.
    counts: Vec<u64>,
    sum: f64,
    falls: bool,
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
        let mut falls = bounds.first().is_some_and(|bound| *bound < 0.0);
        if let Some(native) = &native {
            if !native.is_sound() || native.count() != Some(count) {
                return None;
            }
            falls |= !native.negative.is_empty();
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
            falls,
            native,
        })
    }

    fn value(&self) -> HistogramValue<'_> {
        HistogramValue {
            bounds: &self.bounds,
            counts: &self.counts,
            sum: self.sum,
            falls: self.falls,
            native: self.native.as_ref(),
            exemplars: &[],
        }
    }
}

/// What a collector has written of one family.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) series: Vec<Row>,
    /// How many values were left out.
    pub(crate) rejected: u64,
}

/// A series and its value.
#[derive(Debug)]
pub(crate) struct Row {
    /// As [`label_text::push_label`](crate::sample::label_text::push_label) writes them.
    pub(crate) labels: String,
    /// Unix time of its birth, in seconds; 0 where it is not known.
    pub(crate) created: f64,
    pub(crate) value: CollectedValue,
}

/// What a collector has written in one scrape: its families in the order of their descriptions,
/// and how many values it wrote of families that it had not described.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) families: Vec<Written>,
    pub(crate) undescribed: Vec<(String, u64)>,
}

/// The most quantiles of a summary, as there may be bounds of a histogram.
const MAX_QUANTILES: usize = buckets::MAX_BUCKETS - 1;
