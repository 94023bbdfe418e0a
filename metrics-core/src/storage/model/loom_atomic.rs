//! Words that a model checker watches, and how the models run.
//!
//! The checker takes `SeqCst` of an access for `AcqRel`. Here a change in this order publishes
//! itself afterwards in a word that all such accesses share, and a load looks there beforehand: so
//! it sees the changes that come before it in a single order of them all, and little else.

use std::sync::atomic::Ordering;

pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64};
use loom::{model::Builder, sync::atomic::fence};

use crate::storage::atomic::Atomic;

loom::lazy_static! {
    static ref SINGLE_ORDER: AtomicU64 = AtomicU64::new(0);
}

fn publish(order: Ordering) {
    if order == Ordering::SeqCst {
        SINGLE_ORDER.fetch_add(0, Ordering::Release);
    }
}

fn look(order: Ordering) {
    if order == Ordering::SeqCst {
        SINGLE_ORDER.fetch_add(0, Ordering::Acquire);
    }
}

macro_rules! word {
    ($atomic:ident, $value:ident) => {
        impl Atomic<$value> for $atomic {
            fn load(&self, order: Ordering) -> $value {
                look(order);
                $atomic::load(self, order)
            }

            fn store(&self, value: $value, order: Ordering) {
                $atomic::store(self, value, order);
                publish(order);
            }

            fn compare_exchange(&self, current: $value, new: $value, order: Ordering) {
                let _ = $atomic::compare_exchange(self, current, new, order, Ordering::Relaxed);
                publish(order);
            }

            fn fetch_add(&self, n: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_add(self, n, order);
                publish(order);
                value
            }

            fn fetch_sub(&self, n: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_sub(self, n, order);
                publish(order);
                value
            }

            fn fetch_or(&self, bits: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_or(self, bits, order);
                publish(order);
                value
            }

            fn fetch_and(&self, bits: $value, order: Ordering) -> $value {
                let value = $atomic::fetch_and(self, bits, order);
                publish(order);
                value
            }

            fn fence(order: Ordering) {
                fence(order);
            }
        }
    };
}

word!(AtomicU64, u64);
word!(AtomicU32, u32);

/// Runs a model in every order that the memory model allows, where the checker stops a thread
/// that could go on at most so many times.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
