//! [`Atomic`], a trait for the cells of a histogram's block.
//!
//! `histogram_block` is generic over this trait, so that the model in `tests/models` can return
//! wrong numbers from the first loads of a scrape. Otherwise the model would not explore what a
//! scrape does when it cannot read a block directly.

use std::sync::atomic::Ordering;

use crate::storage::sync::{AtomicU64, fence};

/// An atomic integer.
pub(crate) trait Atomic {
    fn load(&self, order: Ordering) -> u64;
    fn store(&self, value: u64, order: Ordering);
    /// Returns nothing: if the exchange fails, another thread has replaced the value, and the
    /// callers leave that thread's value in place.
    fn compare_exchange(&self, current: u64, new: u64, order: Ordering);
    /// A fence between accesses to atomics of this implementation.
    fn fence(order: Ordering);
}

impl Atomic for AtomicU64 {
    #[inline(always)]
    fn load(&self, order: Ordering) -> u64 {
        AtomicU64::load(self, order)
    }

    #[inline(always)]
    fn store(&self, value: u64, order: Ordering) {
        AtomicU64::store(self, value, order);
    }

    #[inline(always)]
    fn compare_exchange(&self, current: u64, new: u64, order: Ordering) {
        let _ = AtomicU64::compare_exchange(self, current, new, order, Ordering::Relaxed);
    }

    #[inline(always)]
    fn fence(order: Ordering) {
        fence(order);
    }
}
