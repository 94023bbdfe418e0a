//! Names, labels and values of the metrics that every contender of the encoding bench exposes.

use std::sync::LazyLock;

use super::work::THREADS;

/// Name of the family of counters with labels.
pub(crate) const COUNTERS: &str = "http_requests_total";
/// [`COUNTERS`] for libraries that add the suffix themselves.
pub(crate) const COUNTERS_WITHOUT_SUFFIX: &str = "http_requests";
/// Name of the family of histograms.
pub(crate) const HISTOGRAMS: &str = "http_request_duration_seconds";
/// Help of the families, except where a library takes the help from a doc comment.
pub(crate) const HELP: &str = "Requests served since the process start.";
/// Label names of counters; histograms and the thread workload use the first two.
pub(crate) const LABELS: [&str; 3] = ["tenant", "route", "status"];

/// The upper bounds of all histograms, in seconds.
pub(crate) use metrics_core::DURATION_BUCKETS as BOUNDS;

/// Returns the name of a counter family, without the suffix `_total`.
pub(crate) fn family_without_suffix(index: usize) -> String {
    format!("service_events_{index:04}")
}

/// Returns the name of a counter family.
pub(crate) fn family(index: usize) -> String {
    family_without_suffix(index) + "_total"
}

/// Returns the labels of a counter: values repeat, but no two counters have all three in common.
pub(crate) fn triple(index: usize) -> [String; 3] {
    let status = ["200", "204", "404", "429", "503"][index % 5];
    [
        format!("tenant-{:04}", index / 500),
        format!("/items/{:02}", index / 5 % 100),
        status.to_owned(),
    ]
}

/// Returns the labels of a histogram, or of a counter of the thread workload.
pub(crate) fn pair(index: usize) -> [String; 2] {
    [
        format!("tenant-{:04}", index / 100),
        format!("/items/{:02}", index % 100),
    ]
}

/// Returns the value of a counter: from 1 to 4,000,000, so with one to seven digits.
pub(crate) fn count(index: usize) -> u64 {
    let mut random = Random(index as u64);
    1 + (random.below(4_000_000) >> random.below(16))
}

/// Returns what each of `threads` threads adds to a counter. The sum over the threads is the same
/// for each number of threads that divides [`THREADS`].
pub(crate) fn share(index: usize, threads: usize) -> u64 {
    (1 + count(index) / THREADS as u64) * (THREADS / threads) as u64
}

/// Returns what each of `threads` threads adds to a counter: together up to 10^12, so most values have
/// from four to twelve digits.
pub(crate) fn large_share(index: usize, threads: usize) -> u64 {
    let mut random = Random(index as u64);
    let sum = random.below(1_000_000) * 1_000_000 + random.below(1_000_000);
    1 + (sum >> random.below(32)) / threads as u64
}

/// Returns the numbers below `len` in random order.
pub(crate) fn shuffled(len: usize) -> Vec<usize> {
    let mut random = Random(0);
    let mut order: Vec<usize> = (0..len).collect();
    for at in (1..len).rev() {
        order.swap(at, random.below(at as u64 + 1) as usize);
    }
    order
}

/// Returns 500 to 1,499 log-normal observations in microseconds.
pub(crate) fn observations(index: usize) -> impl Iterator<Item = u64> {
    let mut random = Random(index as u64);
    let number = 500 + random.below(1_000);
    (0..number).map(move |_| TIMES[random.below(TIMES.len() as u64) as usize])
}

/// Returns the [`observations`] in seconds.
pub(crate) fn seconds(index: usize) -> impl Iterator<Item = f64> {
    observations(index).map(|microseconds| microseconds as f64 / 1e6)
}

/// Durations around 20 ms, in microseconds; some are below the first of [`BOUNDS`] and some above
/// the last.
static TIMES: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut random = Random(0);
    let mut normal = || (0..12).map(|_| random.below(1_000)).sum::<u64>() as f64 / 1e3 - 6.0;
    (0..4_096)
        .map(|_| (2e4 * (1.8 * normal()).exp()) as u64)
        .collect()
});

/// The random number generator `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 32) % limit
    }
}
