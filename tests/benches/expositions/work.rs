//! What is encoded.

use super::inputs;

/// Metrics that everybody has, with the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Families of one counter without labels.
    Families,
    /// So many counters with three labels, in one family.
    Counters(usize),
    /// Histograms with two labels, in one family.
    Histograms,
    /// Counters with two labels, in one family, each of them recorded by all of so many threads,
    /// which are alive.
    Threads(usize),
}

impl Work {
    /// All works; those that are measured in the same rounds stand together.
    pub(crate) const TOGETHER: &[&[Self]] = &[
        &[Self::Families],
        &[Self::Counters(1_000)],
        &[Self::Counters(10_000)],
        &[Self::MANY],
        &[Self::Counters(1_000_000)],
        &[Self::Histograms],
        &[Self::Threads(1), Self::Threads(THREADS)],
    ];

    /// What counters are compared by.
    pub(crate) const MANY: Self = Self::Counters(100_000);

    pub(super) const GROWTH: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

    pub(crate) fn name(self) -> String {
        match self {
            Self::Families => format!("{} families of a counter", grouped(FAMILIES)),
            Self::Counters(series) => format!("{} counters", grouped(series)),
            Self::Histograms => format!("{} histograms of {LINES} lines", grouped(HISTOGRAMS)),
            Self::Threads(1) => format!("{} counters of one thread", grouped(SHARED)),
            Self::Threads(threads) => format!("{} counters of {threads} threads", grouped(SHARED)),
        }
    }

    /// How many series it has.
    pub(crate) fn series(self) -> usize {
        match self {
            Self::Families => FAMILIES,
            Self::Counters(series) => series,
            Self::Histograms => HISTOGRAMS,
            Self::Threads(_) => SHARED,
        }
    }

    /// How many lines with a value are written.
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Histograms => HISTOGRAMS * LINES,
            other => other.series(),
        }
    }

    /// The sum of all counters, or of all histograms' counts.
    pub(super) fn total(self) -> u64 {
        let series = 0..self.series();
        match self {
            Self::Families | Self::Counters(_) => series.map(inputs::count).sum(),
            Self::Histograms => series
                .map(|index| inputs::observations(index).count() as u64)
                .sum(),
            Self::Threads(_) => series.map(|index| inputs::share(index, 1)).sum(),
        }
    }
}

/// A number as it is read best.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The most threads that record the same.
pub(super) const THREADS: usize = 64;

const FAMILIES: usize = 1_000;
const HISTOGRAMS: usize = 10_000;
/// Counters that threads share.
const SHARED: usize = 1_000;
/// 14 bounds and `+Inf`, the sum and the count.
const LINES: usize = 17;
