//! What metrics write to: [`Sink`], which every format implements.

pub(crate) mod number;
pub(crate) mod text;

use std::fmt;

use crate::{desc::Desc, native::merge::View};

/// An exposition format.
///
/// ```
/// use metrics_core::Format;
///
/// assert_eq!(Format::Text.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    #[default]
    Text,
    /// OpenMetrics 1.0.0, as text.
    OpenMetrics,
}

impl Format {
    /// The media type that announces this format in an HTTP answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Text => "text",
            Format::OpenMetrics => "openmetrics",
        })
    }
}

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

/// A family's head: what its samples have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    /// What a registry puts before the name.
    pub(crate) prefix: &'a str,
    pub(crate) desc: &'a Desc,
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
    /// The native buckets, for formats that have them: [`View::snapshot`] shows schema, zero
    /// bucket, indices and counts.
    pub(crate) native: Option<View<'a>>,
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
    Counter(Number),
    Gauge(Number),
    Histogram(HistogramValue<'a>),
    Summary(SummaryValue<'a>),
    Info,
    /// The states and which of them is active.
    StateSet(&'a [&'a str], usize),
}

/// Takes families and their series and writes them down.
///
/// Calls come while metrics are locked against births, so an implementation writes to memory;
/// [`Registry::encode`](crate::Registry::encode) empties it between families and tiles.
pub(crate) trait Sink {
    /// Begins a family.
    fn family(&mut self, head: Head<'_>);

    /// Writes one series of the family: its labels as `render::label` writes them, the Unix time
    /// of its birth, and its value.
    fn series(&mut self, labels: &str, created: f64, value: Value<'_>);

    /// A moment at which nothing is locked: what was written may go out. False when nobody takes
    /// it any more, and there is no point in going on.
    fn pause(&mut self) -> bool;
}
