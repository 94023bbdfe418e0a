//! [`Value`] and its parts: the values of series, such as numbers, histograms and summaries.

use crate::storage::{
    histogram_block::{BUCKETS_OUT, COUNT_OUT, SUM_OUT, Sum, nanos},
    layout::Layout,
    native::NativeHistogramSnapshot,
};

/// The value of a sample, as an integer or a float.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// An unsigned integer, such as the value of an integer counter.
    Unsigned(u64),
    /// A signed integer, such as the value of an integer gauge.
    Signed(i64),
    /// A floating-point number.
    Float(f64),
}

impl Number {
    /// The value as a float, to which a scraper converts it anyway.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Unsigned(n) => n as f64,
            Number::Signed(n) => n as f64,
            Number::Float(n) => n,
        }
    }
}

/// Replaces any NaN by the ordinary one, and returns other values as they are.
///
/// The payload of a NaN has a meaning for Prometheus: one payload marks the end of a series.
pub(crate) fn with_ordinary_nan(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

/// The value of a histogram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistogramValue<'a> {
    /// Upper bounds, without `+Inf`.
    pub(crate) bounds: &'a [f64],
    /// The number of observations in each bucket, including `+Inf`; not cumulative.
    pub(crate) counts: &'a [u64],
    pub(crate) sum: f64,
    /// Whether observations may be negative, so that the sum may decrease.
    pub(crate) allows_negative: bool,
    /// The native buckets, if the histogram has any; only protobuf exposes them.
    pub(crate) native: Option<&'a NativeHistogramSnapshot>,
    /// The exemplars, ascending by value. If a classic bucket has several, only the last is exposed
    /// with the bucket.
    pub(crate) exemplars: &'a [RenderedExemplar],
}

/// An exemplar with rendered labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RenderedExemplar {
    /// The labels, as [`label_text::push_label`](crate::sample::label_text::push_label) writes
    /// them.
    pub(crate) labels: Box<str>,
    pub(crate) value: f64,
    /// Unix time, in seconds.
    pub(crate) time: f64,
}

/// The value of a summary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SummaryValue<'a> {
    /// Pairs of a quantile and its estimated value.
    pub(crate) quantiles: &'a [(f64, f64)],
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

/// The value of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Counter(Number, Option<&'a RenderedExemplar>),
    /// The value of a gauge or of a metric of unknown type.
    Gauge(Number),
    /// The value of a histogram or of a gauge histogram.
    Histogram(HistogramValue<'a>),
    Summary(SummaryValue<'a>),
    Info,
    /// The states, and the index of the active one.
    StateSet(&'a [&'a str], usize),
}

/// Count, sum and bucket counts of a histogram or summary, decoded from values read from storage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observations<'a> {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) counts: &'a [u64],
}

impl<'a> Observations<'a> {
    #[inline(always)]
    pub(crate) fn new(layout: Layout, values: &'a [u64]) -> Self {
        let sum = match layout {
            Layout::Histogram {
                sum: Sum::Nanos, ..
            } => match Sum::of(values) {
                // Converts only the low half if the high half is zero, because that is faster.
                [low, 0] => low as f64 / 1e9,
                sum => nanos(sum) as f64 / 1e9,
            },
            // Clamps the sum, because the sum of finite observations may overflow to infinity.
            _ => f64::from_bits(values[SUM_OUT]).clamp(f64::MIN, f64::MAX),
        };
        let counts = match layout {
            Layout::Histogram { buckets, .. } => &values[BUCKETS_OUT..][..buckets as usize],
            _ => &values[BUCKETS_OUT..],
        };
        Observations {
            count: values[COUNT_OUT],
            sum,
            counts,
        }
    }
}
