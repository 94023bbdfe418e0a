//! Records into one 64-bit cell: counts that saturate, the two counts of an up-down counter, of
//! which only the difference matters, and sums of floats.
//!
//! A thread's cell has one writer, so that a relaxed load and a store replace an atomic
//! read-modify-write. Counts are stored with Release for up-down counters: a scrape that sees a
//! decrement then also sees the increment before it.

use std::sync::atomic::Ordering;

use crate::storage::sync::AtomicU64;

/// Adds 1 to a count in a cell that only the caller may write now.
#[inline(always)]
pub(crate) fn increment(cell: &AtomicU64) {
    // The addition does not saturate, which saves two instructions: above `SATURATED`, 2^62
    // increments are left before the cell wraps.
    let sum = cell.load(Ordering::Relaxed).wrapping_add(1);
    cell.store(sum, Ordering::Release);
}

/// Adds `n` to a count in a cell that only the caller may write now; the result is at most
/// [`SATURATED`].
#[inline(always)]
pub(crate) fn add_count(cell: &AtomicU64, n: u64) {
    let sum = cell.load(Ordering::Relaxed).saturating_add(n);
    cell.store(sum.min(SATURATED), Ordering::Release);
}

/// Adds `n`, modulo 2^64, to one of the two counts of an up-down counter, in a cell that only the
/// caller may write now.
#[inline(always)]
pub(crate) fn add_wrapping(cell: &AtomicU64, n: u64) {
    let sum = cell.load(Ordering::Relaxed).wrapping_add(n);
    cell.store(sum, Ordering::Release);
}

/// Adds `n` to the `f64` in a cell that only the caller may write now.
#[inline(always)]
pub(crate) fn add_float(cell: &AtomicU64, n: f64) {
    let sum = f64::from_bits(cell.load(Ordering::Relaxed)) + n;
    cell.store(sum.to_bits(), Ordering::Relaxed);
}

/// The count in a cell; `u64::MAX` once it is saturated.
pub(crate) fn count(cell: u64) -> u64 {
    if cell < SATURATED { cell } else { u64::MAX }
}

/// `up - down`, where both counts are modulo 2^64; exact if the difference fits into an `i64`.
pub(crate) fn difference(up: u64, down: u64) -> i64 {
    up.wrapping_sub(down).cast_signed()
}

/// A count of this size or above is saturated: it is read as `u64::MAX`.
const SATURATED: u64 = 3 << 62;
