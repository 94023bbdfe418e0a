//! Implements [`Atomic`] for loom's atomics, and sets up the run of a model.
//!
//! Loom treats a `SeqCst` access as `AcqRel`. Here, a `SeqCst` write is followed by a release of
//! one atomic that all such accesses share, and a `SeqCst` load is preceded by an acquire of it.
//! So a `SeqCst` load sees the `SeqCst` writes that precede it in one order of all of them, and the
//! model adds little synchronisation beyond that.

use std::sync::atomic::Ordering;

pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64};
use loom::{model::Builder, sync::atomic::fence};

use crate::storage::atomic::Atomic;

loom::lazy_static! {
    static ref SEQ_CST: AtomicU64 = AtomicU64::new(0);
}

fn release_seq_cst(order: Ordering) {
    if order == Ordering::SeqCst {
        SEQ_CST.fetch_add(0, Ordering::Release);
    }
}

fn acquire_seq_cst(order: Ordering) {
    if order == Ordering::SeqCst {
        SEQ_CST.fetch_add(0, Ordering::Acquire);
    }
}

macro_rules! atomic {
    ($atomic:ident, $value:ident) => {
        impl Atomic<$value> for $atomic {
            fn load(&self, order: Ordering) -> $value {
                acquire_seq_cst(order);
                $atomic::load(self, order)
            }

            fn store(&self, value: $value, order: Ordering) {
                $atomic::store(self, value, order);
                release_seq_cst(order);
            }

            fn compare_exchange(&self, current: $value, new: $value, order: Ordering) {
                let _ = $atomic::compare_exchange(self, current, new, order, Ordering::Relaxed);
                release_seq_cst(order);
            }

            fn fetch_add(&self, n: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_add(self, n, order);
                release_seq_cst(order);
                value
            }

            fn fetch_sub(&self, n: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_sub(self, n, order);
                release_seq_cst(order);
                value
            }

            fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_or(self, bits, order);
                release_seq_cst(order);
                value
            }

            fn fetch_and(&self, bits: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_and(self, bits, order);
                release_seq_cst(order);
                value
            }

            fn fence(order: Ordering) {
                fence(order);
            }
        }
    };
}

atomic!(AtomicU64, u64);
atomic!(AtomicU32, u32);

/// Runs a model in all orders that loom explores, with at most this number of preemptions.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
