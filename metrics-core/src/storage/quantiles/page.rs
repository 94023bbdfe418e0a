//! [`Page`]: counts of observations between two consecutive powers of two.

use std::{ptr, sync::atomic::Ordering};

use crate::storage::sync::{AtomicPtr, AtomicU64, RANGE_BITS};

/// The number of parts in a window, of two minutes each.
pub(super) const PARTS: u64 = 5;

/// The number of bits of a float's mantissa.
const MANTISSA_BITS: u32 = 52;
/// The number of bits of a float's exponent.
const EXPONENT_BITS: u32 = 11;

/// The number of ranges of equal width that a page divides its values into.
pub(crate) const RANGES: usize = 1 << RANGE_BITS;
/// The right shift that removes the bits of a float in which the values of a range differ.
const RANGE_SHIFT: u32 = MANTISSA_BITS - RANGE_BITS;

/// The counts of one thread's observations that have the same exponent and were made in the same
/// part of the window.
///
/// The owner is the thread that records into the page. Aligned to a cache line, so that pages of
/// different threads share none.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Page {
    /// The exponent of the values and the second in which the owner has last found the page, as
    /// [`stamp`] packs them; used by the owner only.
    stamp: AtomicU64,
    /// The bits of the smallest observation.
    min: AtomicU64,
    /// The difference of `max` and `min`; used by the owner only.
    span: AtomicU64,
    /// The bits of the largest observation.
    max: AtomicU64,
    /// The part and the exponent, as [`key`] packs them.
    key: AtomicU64,
    /// The next page of the list that contains this page.
    pub(super) next: AtomicPtr<Page>,
    counts: [AtomicU64; RANGES],
}

impl Default for Page {
    fn default() -> Self {
        Page {
            stamp: AtomicU64::new(0),
            min: AtomicU64::new(0),
            span: AtomicU64::new(0),
            max: AtomicU64::new(0),
            key: AtomicU64::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
            counts: [const { AtomicU64::new(0) }; RANGES],
        }
    }
}

impl Page {
    /// Empties the page, for observations with this key, at first one with these bits; called under
    /// the lock.
    pub(super) fn restart(&self, key: u64, bits: u64) {
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
        self.min.store(bits, Ordering::Relaxed);
        self.span.store(0, Ordering::Relaxed);
        self.max.store(bits, Ordering::Relaxed);
        self.key.store(key, Ordering::Relaxed);
        self.stamp.store(0, Ordering::Relaxed);
    }

    /// Forgets the observations.
    pub(super) fn clear(&self) {
        self.key.store(0, Ordering::Relaxed);
        self.stamp.store(0, Ordering::Relaxed);
    }

    /// Lets [`has_stamp`](Self::has_stamp) return true for the rest of this second; called by the
    /// owner.
    pub(super) fn stamp(&self, stamp: u64) {
        self.stamp.store(stamp, Ordering::Relaxed);
    }

    /// Whether the page is the one for an observation with this stamp; called by the owner.
    #[inline(always)]
    pub(super) fn has_stamp(&self, stamp: u64) -> bool {
        self.stamp.load(Ordering::Relaxed) == stamp
    }

    pub(super) fn has_key(&self, key: u64) -> bool {
        self.key.load(Ordering::Relaxed) == key
    }

    /// Whether the window of the part `now` contains the page's part.
    pub(super) fn is_in_window(&self, now: u64) -> bool {
        let part = self.key.load(Ordering::Relaxed) >> EXPONENT_BITS;
        part + PARTS > now
    }

    /// Counts an observation of the page's part and exponent, given by its bits; called by the
    /// owner.
    #[inline(always)]
    pub(super) fn count(&self, bits: u64) {
        // One comparison finds both a new smallest and a new largest observation.
        let above = bits.wrapping_sub(self.min.load(Ordering::Relaxed));
        if above > self.span.load(Ordering::Relaxed) {
            self.widen(bits);
        }
        let count = &self.counts[range(bits)];
        // Release: pairs with the Acquire in `add_counts`, so that a reader which sees the count
        // also sees that the observation is between `min` and `max`.
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    #[inline(never)]
    fn widen(&self, bits: u64) {
        let min = self.min.load(Ordering::Relaxed).min(bits);
        let max = self.max.load(Ordering::Relaxed).max(bits);
        self.min.store(min, Ordering::Relaxed);
        self.max.store(max, Ordering::Relaxed);
        self.span.store(max - min, Ordering::Relaxed);
    }

    /// Adds the counts of a page that has the same key; called under the lock.
    pub(super) fn merge(&self, other: &Page) {
        self.widen(other.min.load(Ordering::Relaxed));
        self.widen(other.max.load(Ordering::Relaxed));
        for (count, other) in self.counts.iter().zip(&other.counts) {
            let sum = count.load(Ordering::Relaxed) + other.load(Ordering::Relaxed);
            count.store(sum, Ordering::Relaxed);
        }
    }

    pub(super) fn key(&self) -> u64 {
        self.key.load(Ordering::Relaxed)
    }

    /// The exponent of the observations, as the bits of a float contain it.
    pub(crate) fn exponent(&self) -> u64 {
        self.key() & ((1 << EXPONENT_BITS) - 1)
    }

    /// Adds the counts to `sums`. Returns the smallest and the largest observation, as bits.
    pub(crate) fn add_counts(&self, sums: &mut [u64; RANGES]) -> [u64; 2] {
        for (sum, count) in sums.iter_mut().zip(&self.counts) {
            *sum += count.load(Ordering::Acquire);
        }
        [&self.min, &self.max].map(|bits| bits.load(Ordering::Relaxed))
    }
}

/// The exponent of an observation, as the bits of a float contain it.
#[inline(always)]
pub(super) fn exponent(bits: u64) -> u64 {
    bits >> MANTISSA_BITS
}

/// Packs a reading of [`clock::second`](crate::storage::clock::second) and the exponent of an
/// observation.
#[inline(always)]
pub(super) fn stamp(second: u64, bits: u64) -> u64 {
    second << EXPONENT_BITS | exponent(bits)
}

/// Packs a part and the exponent of an observation.
pub(super) fn key(part: u64, bits: u64) -> u64 {
    part << EXPONENT_BITS | exponent(bits)
}

/// The position of an observation's count in its page.
#[inline(always)]
fn range(bits: u64) -> usize {
    (bits >> RANGE_SHIFT) as usize % RANGES
}

/// The smallest float of a range, and the smallest of the next range, or `f64::MAX` after the last
/// range of all.
pub(crate) fn range_bounds(exponent: u64, range: usize) -> [f64; 2] {
    let range = exponent << RANGE_BITS | range as u64;
    [range, range + 1].map(|range| f64::from_bits(range << RANGE_SHIFT).min(f64::MAX))
}
