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
                // A float holds such a number exactly, so only the division rounds.
                [low, 0] if low < 1 << f64::MANTISSA_DIGITS => low as f64 / 1e9,
                sum => seconds(nanos(sum)),
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

/// The float that is nearest to this number of nanoseconds, in seconds.
///
/// Divides integers, because a conversion to a float before the division would round as well, and
/// sums that are whole seconds would not be whole.
#[cold]
fn seconds(nanos: u128) -> f64 {
    const SECOND: u128 = 1_000_000_000;
    let shift = nanos.leading_zeros();
    let shifted = nanos.unbounded_shl(shift);
    // The quotient has 97 bits or more, of which the conversion keeps 53, so the lowest one only has
    // to tell whether there is a remainder.
    let quotient = (shifted / SECOND) | u128::from(!shifted.is_multiple_of(SECOND));
    quotient as f64 * 0.5_f64.powi(shift.cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sum_of_whole_seconds_is_whole_beyond_the_precision_of_a_float_in_nanoseconds() {
        const CENTURY: u64 = 100 * 365 * 24 * 60 * 60;
        for calls in 1..=10_000 {
            let sum = u128::from(calls * CENTURY) * 1_000_000_000;
            let exact = (calls * CENTURY) as f64;
            assert_eq!(seconds(sum).to_bits(), exact.to_bits(), "{calls} calls");
        }
    }

    proptest! {
        #[test]
        fn seconds_are_the_nearest_float(nanos: u128, shift in 0..128_u32) {
            let nanos = nanos >> shift;
            let decimal = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            let nearest = decimal.parse::<f64>().unwrap();
            prop_assert_eq!(seconds(nanos).to_bits(), nearest.to_bits());
        }
    }
}
