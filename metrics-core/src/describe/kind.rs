//! [`Kind`]: the type of a metric, such as counter or histogram.

use std::fmt;

/// The type of a metric, as defined by OpenMetrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A total that only increases, and restarts at 0 with the program.
    Counter,
    /// A value that can increase and decrease.
    Gauge,
    /// The number of observations in each bucket, and their sum.
    Histogram,
    /// The current number of items in each bucket; can decrease, unlike a histogram.
    GaugeHistogram,
    /// The number and sum of observations, optionally with quantiles.
    Summary,
    /// Constant facts, such as the version of the program, as labels.
    Info,
    /// A set of states, each active or not.
    StateSet,
    /// A value of unknown type.
    Unknown,
}

impl Kind {
    /// The name of the type in a `# TYPE` line of OpenMetrics.
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

    /// Whether series of this type can have a created timestamp.
    pub(crate) fn has_created(self) -> bool {
        matches!(self, Kind::Counter | Kind::Histogram | Kind::Summary)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
