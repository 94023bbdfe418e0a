//! [`Overflows`]: what a family knows of look-ups that end at an overflow series.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use crate::storage::{Reader, Region, layout::Layout, scalar};

/// The number of look-ups that ended at an overflow series, and the key of the overflow series if
/// the family has only one.
#[derive(Debug)]
pub(super) struct Overflows {
    /// Counts the look-ups in each thread, so that threads whose recordings overflow share no cache
    /// line; created by the first one.
    lookups: OnceLock<Box<Region>>,
    /// The number of series that did not fit when all series were replaced.
    replaced: AtomicU64,
    /// The key of the overflow series; `None` if there is one for each combination of values of
    /// labels whose values are known at compile time.
    pub(super) key: OnceLock<Option<Box<[u64]>>>,
}

impl Overflows {
    pub(super) const fn new() -> Self {
        Overflows {
            lookups: OnceLock::new(),
            replaced: AtomicU64::new(0),
            key: OnceLock::new(),
        }
    }

    /// Counts a look-up.
    pub(super) fn count(&self) {
        let new = || Box::new(Region::single(Layout::Count));
        let lookups = self.lookups.get_or_init(new);
        lookups.record(|| (), |cells| scalar::increment(&cells[0]));
    }

    /// Counts series that did not fit when all series were replaced.
    pub(super) fn count_replaced(&self, series: u64) {
        self.replaced.fetch_add(series, Ordering::Relaxed);
    }

    /// The number of look-ups, and of series that did not fit.
    pub(super) fn total(&self) -> u64 {
        let mut total = self.replaced.load(Ordering::Relaxed);
        if let Some(lookups) = self.lookups.get() {
            lookups.read(&mut Reader::default(), [0], |_, values| total += values[0]);
        }
        total
    }
}
