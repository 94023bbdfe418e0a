//! [`Atomic`]: a trait for atomic integers, with which models run the library's code on loom's
//! atomics.
//!
//! The protocols that have models (`histogram_block`, `generation`, and the entries and the hash
//! table of an index of series) are generic over [`Atomic`], which the atomics of `std` implement.
//! The models in `storage/model/` and `series/model/` run the same code on loom's atomics. Loom
//! repeats a model with the different interleavings and values of loads that the memory model
//! allows, up to a number of preemptions.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// An atomic integer.
pub(crate) trait Atomic<T = u64> {
    fn load(&self, order: Ordering) -> T;
    fn store(&self, value: T, order: Ordering);
    /// Returns nothing: if the exchange fails, another thread has replaced the value, and the
    /// callers leave that thread's value in place.
    fn compare_exchange(&self, current: T, new: T, order: Ordering);
    fn fetch_add(&self, n: T, order: Ordering) -> T;
    fn fetch_sub(&self, n: T, order: Ordering) -> T;
    fn fetch_or(&self, bits: T, order: Ordering) -> T;
    fn fetch_and(&self, bits: T, order: Ordering) -> T;
    /// A fence between accesses to atomics of this implementation.
    fn fence(order: Ordering);
}

macro_rules! atomic {
    ($atomic:ident, $value:ident) => {
        impl Atomic<$value> for $atomic {
            #[inline(always)]
            fn load(&self, order: Ordering) -> $value {
                $atomic::load(self, order)
            }

            #[inline(always)]
            fn store(&self, value: $value, order: Ordering) {
                $atomic::store(self, value, order);
            }

            #[inline(always)]
            fn compare_exchange(&self, current: $value, new: $value, order: Ordering) {
                let _ = $atomic::compare_exchange(self, current, new, order, Ordering::Relaxed);
            }

            #[inline(always)]
            fn fetch_add(&self, n: $value, order: Ordering) -> $value {
                $atomic::fetch_add(self, n, order)
            }

            #[inline(always)]
            fn fetch_sub(&self, n: $value, order: Ordering) -> $value {
                $atomic::fetch_sub(self, n, order)
            }

            #[inline(always)]
            fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                $atomic::fetch_or(self, bits, order)
            }

            #[inline(always)]
            fn fetch_and(&self, bits: $value, order: Ordering) -> $value {
                $atomic::fetch_and(self, bits, order)
            }

            #[inline(always)]
            fn fence(order: Ordering) {
                fence(order);
            }
        }
    };
}

atomic!(AtomicU64, u64);
atomic!(AtomicU32, u32);
