//! The storage of native buckets: an open-addressing hash table in the 64-bit cells of a series.
//!
//! A table is in each thread's cells, in the cells that all threads share, and in the values of a
//! scrape. Cells that are all zero are an empty table. A table consists of:
//!
//! * `SHIFT`: by how many bits an index of the finest schema is shifted right to give an index of
//!   the table's schema, which is the declared one or coarser;
//! * `THRESHOLD`: the bits of the zero threshold, which is the declared one or wider;
//! * `STARTED` and `REDUCED`, in shared cells only: see [`reset`](super::reset);
//! * the counts: one for each slot, then that of the zero bucket;
//! * the keys: which bucket each slot counts.
//!
//! The *home* slot of a bucket is its index modulo the number of slots, and for buckets below zero
//! half the table further. If the home slot is taken, the bucket has the next free slot. Buckets
//! with consecutive indices, as most histograms have, have different homes.

use std::sync::atomic::Ordering;

use super::{
    config::NativeConfig,
    index::{self, FINEST},
};
use crate::storage::sync::AtomicU64;

pub(super) const SHIFT: usize = 0;
pub(super) const THRESHOLD: usize = 1;
/// Position of the time of the last reset, the bits of a Unix time in seconds; 0 before the first.
pub(crate) const STARTED: usize = 2;
/// Position of the state of the next reset.
pub(super) const REDUCED: usize = 3;
/// Position of the first count, which belongs to slot 0.
pub(crate) const COUNTS: usize = 4;

/// The largest number of slots of a table.
pub(super) const MAX_SLOTS: usize = 512;
/// The number of cells of the largest table.
pub(crate) const MAX_CELLS: usize = cells(MAX_SLOTS);

const fn cells(slots: usize) -> usize {
    COUNTS + slots + 1 + slots
}

/// Identifies a bucket: its index and its sign. All zero in a free slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Key {
    pub(super) const NONE: Key = Key(0);

    #[inline(always)]
    pub(super) fn new(index: i64, is_negative: bool) -> Self {
        Key((index + Self::BASE) as u64 | u64::from(is_negative) << Self::NEGATIVE)
    }

    #[inline(always)]
    pub(super) fn from_bits(bits: u64) -> Self {
        Key(bits)
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }

    pub(super) fn index(self) -> i64 {
        (self.0 & ((1 << Self::NEGATIVE) - 1)).cast_signed() - Self::BASE
    }

    #[inline(always)]
    pub(super) fn is_negative(self) -> bool {
        self.0 >> Self::NEGATIVE != 0
    }

    /// Added to indices to make them positive: indices of buckets are at most some 275,000 from
    /// zero. A multiple of the number of slots, so that it does not change the home slot.
    const BASE: i64 = 1 << 30;
    /// The position of the bit that is set in the keys of buckets below zero.
    const NEGATIVE: u32 = 32;
}

impl NativeConfig {
    /// The number of cells of a table.
    pub(crate) const fn cells(self) -> usize {
        cells(self.slots())
    }

    /// The number of counts in a table.
    pub(crate) const fn counts(self) -> usize {
        self.slots() + 1
    }

    /// The position of the zero bucket's count among the counts.
    #[inline(always)]
    pub(super) const fn zero_count(self) -> usize {
        self.slots()
    }

    /// The position of a slot's key in a table.
    #[inline(always)]
    pub(super) const fn key_at(self, slot: usize) -> usize {
        COUNTS + self.counts() + slot
    }

    /// The home slot of a bucket.
    #[inline(always)]
    pub(super) fn home(self, key: Key) -> usize {
        // The homes of buckets below zero are half the table away, because buckets on both sides of
        // zero have the same indices.
        let offset = u64::from(key.is_negative()) * (self.slots() / 2) as u64;
        ((key.bits() + offset) & (self.slots() - 1) as u64) as usize
    }

    /// The first slot of the search for a bucket: its home slot, or the slot after that for the
    /// bucket of the largest values.
    ///
    /// Infinity has the index of that bucket and must not be counted. `find_bucket` accepts any
    /// value but looks at home slots only, so it finds no bucket for infinity.
    pub(super) fn first_probe(self, key: Key, shift: u32) -> usize {
        let home = self.home(key);
        if key.index() == index::coarser(index::OF_INFINITY, shift) {
            self.next_slot(home)
        } else {
            home
        }
    }

    #[inline(always)]
    pub(super) fn next_slot(self, slot: usize) -> usize {
        (slot + 1) & (self.slots() - 1)
    }

    /// The shift of a table whose resolution has been halved `halvings` times.
    #[inline(always)]
    pub(super) const fn shift(self, halvings: u64) -> u32 {
        (FINEST - self.schema) as u32 + halvings as u32
    }
}

/// Copies a table that no thread writes meanwhile.
pub(super) fn load<'v>(
    config: NativeConfig,
    table: &[AtomicU64],
    values: &'v mut [u64; MAX_CELLS],
) -> &'v mut [u64] {
    let values = &mut values[..config.cells()];
    for (value, cell) in values.iter_mut().zip(table) {
        *value = cell.load(Ordering::Relaxed);
    }
    values
}

/// Writes a table, under the lock.
pub(super) fn store(table: &[AtomicU64], values: &[u64]) {
    for (cell, value) in table.iter().zip(values) {
        cell.store(*value, Ordering::Relaxed);
    }
}
