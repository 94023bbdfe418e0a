//! Minimal code for histograms, with which the recording bench compares libraries: a table lookup
//! estimates the bucket, and a branchless comparison corrects the estimate.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::cells::add;

thread_local! {
    static SIZES: Block = const { Block::new() };
    static NANOSECONDS: Block = const { Block::new() };
}

#[inline(always)]
pub(super) fn observe_size(size: f64) {
    SIZES.with(|block| block.observe_size(size));
}

/// Increments only the bucket, and updates neither count nor sum.
#[inline(always)]
pub(super) fn count_size(size: f64) {
    SIZES.with(|block| add(&block.buckets[SIZE_BUCKETS.find(size) % 16], 1));
}

#[inline(always)]
pub(super) fn observe_nanoseconds(nanoseconds: u64) {
    let value = nanoseconds as i64 as f64;
    NANOSECONDS.with(|block| {
        // Most calls whose overhead matters are shorter than the first bound. The processor
        // predicts the branch, and so knows the cell before the duration; without the branch, the
        // next clock read would wait for the cell.
        if value.to_bits() <= NANOSECOND_BUCKETS.upper[0] {
            block.observe(0, value);
        } else {
            block.observe(NANOSECOND_BUCKETS.find(value), value);
        }
    });
}

/// A thread's part of a histogram.
///
/// A spare bucket keeps every index in bounds. Four sums take turns, so that no addition waits for
/// the previous one.
pub(super) struct Block {
    buckets: [AtomicU64; 16],
    count: AtomicU64,
    sums: [AtomicU64; 4],
}

impl Block {
    pub(super) const fn new() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; 16],
            count: AtomicU64::new(0),
            sums: [const { AtomicU64::new(0) }; 4],
        }
    }

    #[inline(always)]
    pub(super) fn observe_size(&self, size: f64) {
        self.observe(SIZE_BUCKETS.find(size), size);
    }

    #[inline(always)]
    fn observe(&self, bucket: usize, value: f64) {
        add(&self.buckets[bucket % 16], 1);
        let turn = self.count.load(Relaxed);
        self.count.store(turn.wrapping_add(1), Relaxed);
        let sum = &self.sums[turn as usize % 4];
        let total = f64::from_bits(sum.load(Relaxed)) + value;
        sum.store(total.to_bits(), Relaxed);
    }
}

/// 14 upper bounds as bits, and for each quarter of a power of two the first bound in or above it.
struct Buckets {
    upper: [u64; 16],
    cells: [u8; 256],
}

impl Buckets {
    /// Creates bounds that start at `first` and grow by a factor of 2^`step`.
    const fn new(first: u64, step: u32) -> Self {
        let mut upper = [f64::INFINITY.to_bits(); 16];
        let mut bound = 0;
        while bound < 14 {
            upper[bound as usize] = ((first << (step * bound)) as f64).to_bits();
            bound += 1;
        }
        let mut cells = [0; 256];
        let (mut cell, mut bound) = (0, 0);
        while cell < 256 {
            cells[cell] = bound as u8;
            if bound < 14 && upper[bound] >> SHIFT == (upper[0] >> SHIFT) + cell as u64 {
                bound += 1;
            }
            cell += 1;
        }
        Self { upper, cells }
    }

    #[inline(always)]
    fn find(&self, value: f64) -> usize {
        let bits = value.to_bits();
        let cell = (bits >> SHIFT).saturating_sub(self.upper[0] >> SHIFT);
        let first = usize::from(self.cells[cell.min(255) as usize]);
        // Uses the sign of the difference, because a comparison could compile to a branch that the
        // processor cannot predict.
        first + (self.upper[first % 16].wrapping_sub(bits) >> 63) as usize
    }
}

static SIZE_BUCKETS: Buckets = Buckets::new(1, 1);
static NANOSECOND_BUCKETS: Buckets = Buckets::new(100, 2);

/// Number of bits to drop from a float to keep sign, exponent and two bits of the mantissa.
const SHIFT: u32 = 50;
