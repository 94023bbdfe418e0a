//! Counters and gauges: a number that is known when the program is linked.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

thread_local! {
    static CELLS: [AtomicU64; 32] = const { [const { AtomicU64::new(0) }; 32] };
}

/// What several threads set is one number for all.
static GAUGE: AtomicU64 = AtomicU64::new(0);

/// Which cell it is need not be known to the compiler: some processors keep a number that a loop
/// adds to in a register of their own, but only if the loop has its address in one.
#[inline(always)]
pub(super) fn count(cell: usize) {
    CELLS.with(|cells| add(&cells[cell % 32], 1));
}

/// Four kinds, six outcomes and two cells left over, so that no index can be wrong.
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

/// What one writer needs: no other thread stores here.
#[inline(always)]
pub(super) fn add(cell: &AtomicU64, amount: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(amount), Relaxed);
}
