//! Measures the build times of crates that differ only in the attributes of their functions.
//!
//! The crates are built alternately and compared by median build time.

mod generated;
mod measure;
mod results;
mod source;

pub(crate) use self::measure::measure;

/// The attributes on each function of a generated crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    /// No attribute: the baseline.
    Plain,
    /// `#[tracing::instrument]`, the reference for our attributes.
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

    /// Returns whether the variant must build at least as fast as [`Variant::Instrument`].
    fn has_target(self) -> bool {
        matches!(self, Self::Counted | Self::Timed)
    }
}

/// A Cargo profile.
#[derive(Clone, Copy, Debug)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    const ALL: [Self; 2] = [Self::Debug, Self::Release];

    /// Returns Cargo's name of the profile.
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "dev",
            Self::Release => "release",
        }
    }
}

/// Number of functions per crate.
const FUNCTIONS: usize = 1_000;
