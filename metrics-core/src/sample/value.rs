//! The values of samples.

use crate::storage::{histogram_block::Sum, layout::Layout, native::NativeHistogramSnapshot};

/// A value as it was counted: whole numbers stay whole.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// What counts up.
    Unsigned(u64),
    /// What goes up and down in whole steps.
    Signed(i64),
    /// Everything else.
    Float(f64),
}

impl Number {
    /// The value as a float, which a scraper makes of it in any case.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Unsigned(n) => n as f64,
            Number::Signed(n) => n as f64,
            Number::Float(n) => n,
        }
    }
}

/// A histogram's state at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistogramValue<'a> {
    /// Upper bounds, without `+Inf`.
    pub(crate) bounds: &'a [f64],
    /// Observations in each bucket, `+Inf` included, not cumulative.
    pub(crate) counts: &'a [u64],
    pub(crate) sum: f64,
    /// Whether observations may be negative, so that the sum may go down.
    pub(crate) falls: bool,
    /// The native buckets, for formats that have them.
    pub(crate) native: Option<&'a NativeHistogramSnapshot>,
    /// Examples of observations, ascending by value; of two in one bucket the last one counts.
    pub(crate) exemplars: &'a [RenderedExemplar],
}

/// An example of what was counted: labels that lead to it, such as the identifier of a trace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RenderedExemplar {
    /// As [`label_text::push_label`](crate::sample::label_text::push_label) writes them.
    pub(crate) labels: Box<str>,
    pub(crate) value: f64,
    /// Unix time, in seconds.
    pub(crate) time: f64,
}

/// A summary's state at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SummaryValue<'a> {
    /// Quantiles and their values.
    pub(crate) quantiles: &'a [(f64, f64)],
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

/// What a series is worth.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Counter(Number, Option<&'a RenderedExemplar>),
    /// Of an unknown type as well.
    Gauge(Number),
    /// Of a gauge histogram as well.
    Histogram(HistogramValue<'a>),
    Summary(SummaryValue<'a>),
    Info,
    /// The states and which of them is active.
    StateSet(&'a [&'a str], usize),
}

/// A histogram's or summary's words as `Region::read` reports them.
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
            } => values[1] as f64 / 1e9,
            // Finite observations may add up to more than a float holds.
            _ => f64::from_bits(values[1]).clamp(f64::MIN, f64::MAX),
        };
        let counts = match layout {
            Layout::Histogram { buckets, .. } => &values[2..][..buckets as usize],
            _ => &values[2..],
        };
        Observations {
            count: values[0],
            sum,
            counts,
        }
    }
}
