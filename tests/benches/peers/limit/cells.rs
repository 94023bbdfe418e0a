//! Counters and gauges in static memory.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

thread_local! {
    static CELLS: [AtomicU64; 32] = const { [const { AtomicU64::new(0) }; 32] };
}

/// A gauge is one number for all threads.
static GAUGE: AtomicU64 = AtomicU64::new(0);

/// The cell varies at run time: some processors keep a number that a loop increments in a register,
/// but only if its address is constant.
#[inline(always)]
pub(super) fn count(cell: usize) {
    CELLS.with(|cells| add(&cells[cell % 32], 1));
}

/// Four kinds, six outcomes and two spare cells, so that no index is out of bounds.
#[inline(always)]
pub(super) fn count_closed(kind: u8, outcome: u8) {
    count(usize::from(kind * 8 + outcome));
}

#[inline(always)]
pub(super) fn set_gauge(value: u64) {
    GAUGE.store(value, Relaxed);
}

#[inline(always)]
pub(super) fn add_to_gauge() {
    GAUGE.fetch_add(1, Relaxed);
}

/// Adds without a read-modify-write, because no other thread writes here.
#[inline(always)]
pub(super) fn add(cell: &AtomicU64, amount: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(amount), Relaxed);
}
