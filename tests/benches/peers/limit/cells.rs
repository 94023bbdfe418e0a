//! Minimal code for counters, in thread-local memory, and for a gauge, in static memory: part of
//! LIMIT, the code that the recording bench compares libraries with.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

thread_local! {
    static CELLS: [AtomicU64; 32] = const { [const { AtomicU64::new(0) }; 32] };
}

/// The gauge: one number, shared by all threads.
static GAUGE: AtomicU64 = AtomicU64::new(0);

/// Increments a cell whose address is known only at run time.
///
/// If the address is constant, some processors keep the number in a register while a loop
/// increments it, which is faster than a recording in a program can be.
#[inline(always)]
pub(super) fn count(cell: usize) {
    CELLS.with(|cells| add(&cells[cell % 32], 1));
}

/// Increments the cell of a pair of label values.
///
/// Each of the four kinds has six cells for outcomes and two spare ones, so that the number of
/// cells is a power of two and the remainder in [`count`] a bit mask.
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

/// Adds to a cell that contains a float.
#[inline(always)]
pub(super) fn add_float(cell: usize, amount: f64) {
    CELLS.with(|cells| {
        let cell = &cells[cell % 32];
        let sum = f64::from_bits(cell.load(Relaxed)) + amount;
        cell.store(sum.to_bits(), Relaxed);
    });
}

/// Adds without an atomic read-modify-write, because no other thread writes to the cell.
#[inline(always)]
pub(super) fn add(cell: &AtomicU64, amount: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(amount), Relaxed);
}
