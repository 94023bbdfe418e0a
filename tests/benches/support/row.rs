//! The operations that the recording bench measures.

use super::inputs;

/// An operation that the contenders perform: a row of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// Increment of a counter without labels, through a handle or static.
    Counter,
    /// Increment of a counter with two labels whose possible values are known at compile time; the
    /// values are constants.
    ConstantLabels,
    /// Increment of a counter with two labels whose possible values, 4 and 6, are known at compile
    /// time; the values vary.
    ClosedLabels,
    /// Increment of a counter with two labels of about 10 bytes whose values are known only at run
    /// time (100 series).
    OpenLabels,
    /// [`OpenLabels`](Self::OpenLabels) with 10,000 series.
    ManyOpenLabels,
    /// [`OpenLabels`](Self::OpenLabels) with the same pair every time.
    SameOpenLabels,
    /// Setting a gauge to successive integers.
    GaugeSet,
    /// Increment of a gauge that other threads may set.
    GaugeAdd,
    /// Increment of an up-down counter.
    UpDown,
    /// Observation in a histogram with 14 bounds, through a handle.
    Histogram,
    /// Observation in a histogram with native (exponential) buckets.
    NativeHistogram,
    /// Start and end of a timer of a histogram with about 14 bounds.
    Timer,
    /// [`Timer`](Self::Timer) with the system clock, which is used where the time stamp counter is
    /// not reliable.
    SystemTimer,
    /// Call of a timed function that is not inlined and whose histogram has about 14 bounds.
    Timed,
    /// Creation and completion of the future of a timed async function.
    TimedAsync,
    /// Call of a counted function that is not inlined.
    Counted,
    /// Call of an empty function that is not inlined, for reference.
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

    /// Returns the number of unmeasured operations at the start of a thread: one per input, because
    /// the first recordings of a thread allocate.
    pub(super) fn warm_up(self) -> usize {
        match self {
            Self::ManyOpenLabels => inputs::MANY,
            _ => inputs::COUNT,
        }
    }
}
