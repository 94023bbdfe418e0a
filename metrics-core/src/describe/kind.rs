//! The type of a metric.

use std::fmt;

/// The type of a metric, in the vocabulary of OpenMetrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Goes up, and back to zero when the program starts again.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations in buckets.
    Histogram,
    /// Counts in buckets what there is at the moment, so that counts go down as well.
    GaugeHistogram,
    /// Counts and adds up observations, with quantiles where they were asked for.
    Summary,
    /// Facts that do not change while the program runs, as labels.
    Info,
    /// One of several states.
    StateSet,
    /// A value of which nothing else is known.
    Unknown,
}

impl Kind {
    /// The name of this type in a `# TYPE` line of OpenMetrics.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::GaugeHistogram => "gaugehistogram",
            Kind::Summary => "summary",
            Kind::Info => "info",
            Kind::StateSet => "stateset",
            Kind::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
