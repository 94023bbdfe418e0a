//! Resets series whose native buckets were merged: a new period begins at the declared resolution.
//!
//! If observations spread over too many buckets for a while, buckets are merged, and tables never
//! become finer again. Some time later, a scrape therefore resets the series: it exposes all
//! observations so far for the last time, and the next scrape begins at zero, with a new created
//! timestamp. Prometheus takes that as a counter reset.
//!
//! `REDUCED` in a series' shared cells is the state of its next reset:
//!
//! * 0: no scrape has found merged buckets;
//! * a reading of [`clock::idle_clock`](crate::storage::clock::idle_clock): when a scrape first
//!   found merged buckets;
//! * with the bit [`MARKED`]: when a scrape has marked the threads' blocks, after the declared
//!   time. The first scrape that begins at least [`MARK_NANOS`] later closes the blocks: see
//!   [`histogram_block`](crate::storage::histogram_block), which says how no observation is lost.
//!
//! All of this happens under the lock. A thread that attaches cells, or zeroes them for a new
//! series, marks its blocks of each series whose `REDUCED` has the bit [`MARKED`].

use std::sync::atomic::Ordering;

use super::{
    config::NativeConfig,
    table::{REDUCED, SHIFT, STARTED, THRESHOLD},
};
use crate::storage::{clock, sync::AtomicU64};

/// The bit of `REDUCED` that says that the threads' blocks are marked.
const MARKED: u64 = 1 << 63;

/// The time from marking blocks until they are closed, in nanoseconds: a second, in which the marks
/// certainly become visible to all threads.
const MARK_NANOS: u64 = 1_000_000_000;

/// The action of a scrape for the reset of a series that it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Nothing,
    /// Marks the threads' blocks of the series.
    Mark,
    /// The scrape has closed the blocks, and empties the shared cells.
    Restart,
}

/// Whether the threads' blocks of the series with this shared table are marked.
pub(crate) fn is_marked(shared: &[AtomicU64]) -> bool {
    shared[REDUCED].load(Ordering::Relaxed) & MARKED != 0
}

/// Whether a scrape that began at `now` closes the blocks of the series with this shared table.
pub(crate) fn closes(shared: &[AtomicU64], now: u64) -> bool {
    let marked = shared[REDUCED].load(Ordering::Relaxed);
    marked & MARKED != 0 && now.saturating_sub(marked & !MARKED) >= MARK_NANOS
}

/// Advances the state of a series after a scrape, which began at `now`, has read its table.
pub(crate) fn advance(config: NativeConfig, shared: &[AtomicU64], read: &[u64], now: u64) -> Step {
    if closes(shared, now) {
        return Step::Restart;
    }
    let is_reduced =
        read[SHIFT] > config.shift(0).into() || read[THRESHOLD] > config.zero_threshold;
    let reduced = shared[REDUCED].load(Ordering::Relaxed);
    if reduced & MARKED != 0 || !is_reduced {
        return Step::Nothing;
    }
    // Takes 1 instead of 0, which would mean that no buckets were merged.
    let now = now.max(1) & !MARKED;
    if reduced == 0 {
        shared[REDUCED].store(now, Ordering::Relaxed);
    } else if now.saturating_sub(reduced) >= config.reset_after {
        shared[REDUCED].store(MARKED | now, Ordering::Relaxed);
        return Step::Mark;
    }
    Step::Nothing
}

/// Stores the start of the new period in the shared table, whose other cells are zero.
pub(crate) fn restart(shared: &[AtomicU64]) {
    let started = clock::created_timestamp();
    shared[STARTED].store(started.to_bits(), Ordering::Relaxed);
}

/// Removes the state of the reset from the values, so that a change of the state is not taken for a
/// recording.
pub(crate) fn hide(read: &mut [u64]) {
    read[REDUCED] = 0;
}
