//! Checks that a contender's exposition is complete, so that none gains time by leaving samples
//! out.

use super::Work;
use crate::common::Column;

/// Panics if the number of samples, or the sum of the values that [`counted`] selects, differs from
/// what was recorded.
#[track_caller]
pub(super) fn check_text(work: Work, column: Column, text: &[u8]) {
    let text = str::from_utf8(text).expect("the exposition is UTF-8");
    let is_sample = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let samples = text.lines().filter(is_sample);
    let name = (work.name(), column.name);
    assert_eq!(samples.clone().count(), work.samples(), "samples, {name:?}");
    let total: f64 = samples.filter_map(|line| counted(work, line)).sum();
    // The sum is exact, because it is far below 2^53.
    assert_eq!(total as u64, work.total(), "sum of values, {name:?}");
}

/// Panics if a binary exposition is too short to contain every sample.
#[track_caller]
pub(super) fn check_length(work: Work, column: Column, bytes: &[u8]) {
    let least = work.samples() * LEAST_BYTES;
    assert!(bytes.len() >= least, "{work:?}, {}", column.name);
}

/// Returns the value of a sample if it contributes to [`Work::total`].
fn counted(work: Work, line: &str) -> Option<f64> {
    let name = line.split(['{', ' ']).next()?;
    if work == Work::Histograms && !name.ends_with("_count") {
        return None;
    }
    let (_, value) = line.rsplit_once(' ')?;
    Some(value.parse().expect("a value is a number"))
}

/// Minimum length of a binary sample: the bytes of its value, a double.
const LEAST_BYTES: usize = 8;
