//! The workloads of the encoding bench: the metrics to encode.

use super::inputs;

/// The metrics to encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Families with one unlabelled counter each.
    Families,
    /// A family of this many counters with three labels.
    Counters(usize),
    /// A family of histograms with two labels.
    Histograms,
    /// A family of counters with two labels, each recorded by this many threads, which stay alive.
    Threads(usize),
    /// A family of counters with three labels, created in random order by [`RECORDERS`] threads,
    /// which stay alive and record into every counter before each exposition.
    Shuffled,
}

impl Work {
    /// All workloads; the members of a group are measured in the same rounds.
    pub(crate) const TOGETHER: &[&[Self]] = &[
        &[Self::Families],
        &[Self::Counters(1_000)],
        &[Self::Counters(10_000)],
        &[Self::MANY],
        &[Self::Counters(1_000_000)],
        &[Self::Histograms],
        &[Self::Threads(1), Self::Threads(THREADS)],
        &[Self::Shuffled],
    ];

    /// The workload on which most targets for counters are based.
    pub(crate) const MANY: Self = Self::Counters(100_000);

    /// Numbers of counters over which the growth of the time is measured.
    pub(super) const GROWTH: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

    pub(crate) fn name(self) -> String {
        match self {
            Self::Families => format!("{} families of a counter", grouped(FAMILIES)),
            Self::Counters(series) => format!("{} counters", grouped(series)),
            Self::Histograms => format!("{} histograms of {LINES} lines", grouped(HISTOGRAMS)),
            Self::Threads(1) => format!("{} counters of one thread", grouped(SHARED)),
            Self::Threads(threads) => format!("{} counters of {threads} threads", grouped(SHARED)),
            Self::Shuffled => {
                let series = grouped(self.series());
                format!("{series} counters in random order, {RECORDERS} threads")
            }
        }
    }

    /// Returns the number of series.
    pub(crate) fn series(self) -> usize {
        match self {
            Self::Families => FAMILIES,
            Self::Counters(series) => series,
            Self::Histograms => HISTOGRAMS,
            Self::Threads(_) => SHARED,
            Self::Shuffled => Self::MANY.series(),
        }
    }

    /// Returns the number of samples.
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Histograms => HISTOGRAMS * LINES,
            other => other.series(),
        }
    }

    /// Returns the sum of all counters, or of the counts of all histograms.
    pub(super) fn total(self) -> u64 {
        let series = 0..self.series();
        match self {
            Self::Families | Self::Counters(_) => series.map(inputs::count).sum(),
            Self::Histograms => series
                .map(|index| inputs::observations(index).count() as u64)
                .sum(),
            Self::Threads(_) => series.map(|index| inputs::share(index, 1)).sum(),
            Self::Shuffled => {
                let shares = series.map(|index| inputs::large_share(index, RECORDERS));
                shares.sum::<u64>() * RECORDERS as u64
            }
        }
    }
}

/// Formats a number with thousands separators.
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

/// Number of threads that record into the counters in random order.
pub(crate) const RECORDERS: usize = 4;
/// Number of threads in the workload with many threads.
pub(super) const THREADS: usize = 64;

const FAMILIES: usize = 1_000;
const HISTOGRAMS: usize = 10_000;
/// Number of counters in the thread workload.
const SHARED: usize = 1_000;
/// Lines of a histogram: 14 bounds, `+Inf`, sum and count.
const LINES: usize = 17;
