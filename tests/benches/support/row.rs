//! The operations that are measured.

use super::inputs;

/// What is measured; all contenders of a row do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// A counter without labels, its handle held or static, plus one.
    Counter,
    /// A counter with two closed labels that stand in the code, plus one.
    ConstantLabels,
    /// A counter with two closed labels (4 × 6) that vary, plus one.
    ClosedLabels,
    /// A counter with two open labels of about 10 bytes each that vary, plus one.
    OpenLabels,
    /// The same with a hundred times as many series.
    ManyOpenLabels,
    /// The same with one pair of texts again and again.
    SameOpenLabels,
    /// A gauge set to one whole number after the other.
    GaugeSet,
    /// A gauge plus one, where others may set it.
    GaugeAdd,
    /// What only goes up and down, up by one.
    UpDown,
    /// A histogram of 14 bounds, its handle held, one observation.
    Histogram,
    /// A histogram of exponential buckets that nobody lists, one observation.
    NativeHistogram,
    /// A timer of a histogram of 14 bounds or so, begun and ended.
    Timer,
    /// The same where the processor's counter is not to be trusted, and the system has to be asked.
    SystemTimer,
    /// A function that is not inlined and times its calls, 14 bounds or so.
    Timed,
    /// The same as an async function: its future made, and polled to the end.
    TimedAsync,
    /// A function that is not inlined and counts its calls.
    Counted,
    /// A function that is not inlined and does nothing, for reference.
    BareCall,
}

impl Row {
    pub(super) const ALL: [Self; 17] = [
        Self::Counter,
        Self::ConstantLabels,
        Self::ClosedLabels,
        Self::OpenLabels,
        Self::ManyOpenLabels,
        Self::SameOpenLabels,
        Self::GaugeSet,
        Self::GaugeAdd,
        Self::UpDown,
        Self::Histogram,
        Self::NativeHistogram,
        Self::Timer,
        Self::SystemTimer,
        Self::Timed,
        Self::TimedAsync,
        Self::Counted,
        Self::BareCall,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::ConstantLabels => "counter, two constant labels",
            Self::ClosedLabels => "counter, two closed labels (4 × 6)",
            Self::OpenLabels => "counter, two open labels, 100 series",
            Self::ManyOpenLabels => "counter, two open labels, 10,000 series",
            Self::SameOpenLabels => "counter, two open labels, the same again",
            Self::GaugeSet => "gauge, set",
            Self::GaugeAdd => "gauge, add",
            Self::UpDown => "up-down counter",
            Self::Histogram => "histogram, 14 bounds",
            Self::NativeHistogram => "native histogram",
            Self::Timer => "timer, begun and ended",
            Self::SystemTimer => "timer on the system's clock",
            Self::Timed => "`#[timed]` function, whole call",
            Self::TimedAsync => "`#[timed]` async function, whole call",
            Self::Counted => "`#[counted]` function, whole call",
            Self::BareCall => "bare call",
        }
    }

    /// How many operations it takes to use every input once: what a thread does for the first
    /// time is not what is measured.
    pub(super) fn warm_up(self) -> usize {
        match self {
            Self::ManyOpenLabels => inputs::MANY,
            _ => inputs::COUNT,
        }
    }
}
