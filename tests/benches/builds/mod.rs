//! The same functions under several attributes, built in turns, compared by their medians.

mod generated;
mod measure;
mod results;
mod source;

pub(crate) use self::measure::measure;

/// What stands on each function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    /// Nothing: what the functions cost themselves.
    Plain,
    /// What ours are compared with.
    Instrument,
    Counted,
    Timed,
    TimedAndCounted,
}

impl Variant {
    const ALL: [Self; 5] = [
        Self::Plain,
        Self::Instrument,
        Self::Counted,
        Self::Timed,
        Self::TimedAndCounted,
    ];

    fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &[],
            Self::Instrument => &["#[tracing::instrument]"],
            Self::Counted => &["#[metrics_core::counted]"],
            Self::Timed => &["#[metrics_core::timed]"],
            Self::TimedAndCounted => &["#[metrics_core::timed]", "#[metrics_core::counted]"],
        }
    }

    /// Whether it must build no slower than [`Variant::Instrument`].
    fn has_target(self) -> bool {
        matches!(self, Self::Counted | Self::Timed)
    }
}

/// How Cargo builds.
#[derive(Clone, Copy, Debug)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    const ALL: [Self; 2] = [Self::Debug, Self::Release];

    /// What Cargo calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "dev",
            Self::Release => "release",
        }
    }
}

/// How many functions each crate has.
const FUNCTIONS: usize = 1_000;
