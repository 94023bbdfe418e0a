//! A word of shared memory, so that the same code runs on the atomics of `std` and on those of a
//! model checker.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// An atomic integer.
pub(crate) trait Word<T = u64> {
    fn load(&self, order: Ordering) -> T;
    fn store(&self, value: T, order: Ordering);
    /// Losing means that somebody else wrote first, which is what the caller wants to allow.
    fn compare_exchange(&self, current: T, new: T, order: Ordering);
    fn fetch_add(&self, n: T, order: Ordering) -> T;
    fn fetch_sub(&self, n: T, order: Ordering) -> T;
    fn fetch_or(&self, bits: T, order: Ordering) -> T;
    fn fetch_and(&self, bits: T, order: Ordering) -> T;
    /// Orders the words of this kind.
    fn fence(order: Ordering);
}

macro_rules! word {
    ($atomic:ident, $value:ident) => {
        impl Word<$value> for $atomic {
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

word!(AtomicU64, u64);
word!(AtomicU32, u32);
