//! Chooses the type of the thread-local value through which a declared metric finds its storage.
//!
//! The macros' expansions name the choice as a type, because a `thread_local!` needs one:
//! `<Strategy<{ choose_strategy(..) }> as StrategyStorage<CELL_COUNT>>::Local`. Which strategies
//! there are depends on the target: see [`storage`](crate::storage).

#[cfg(metrics_fallback_storage)]
mod fallback;
#[cfg(not(metrics_fallback_storage))]
mod native;

use std::{sync::atomic::AtomicU64, thread::LocalKey};

#[cfg(metrics_fallback_storage)]
pub use self::fallback::choose_strategy;
#[cfg(not(metrics_fallback_storage))]
pub use self::native::choose_strategy;
use crate::{
    describe::label::LabelSet,
    metric::family::Family,
    series::{id::SeriesId, key::with_key},
    storage::{ConstInit, LocalStorage},
};

/// Number of cells that a metric with closed labels may have in each thread's static storage.
///
/// A metric with more cells, a histogram and a summary have a pointer there instead, to a block that
/// a thread allocates when it first records. Static storage is part of every thread, whether it
/// records or not, and its size is limited.
pub const MAX_STATIC_CELLS: usize = 32;

/// The per-thread storage of a declared metric or of an annotated function.
#[doc(hidden)]
pub trait ThreadStorage: LocalStorage {
    /// The calling thread's cells of a series that was looked up.
    type Cells: Copy + Send + Sync + std::fmt::Debug;

    /// Finds the series that has the label values `key`, encoded as words, and this thread's cells
    /// of the series if they exist. Returns `None` if there is no series. Only for labels whose
    /// values are not known at compile time.
    fn find(
        key: &[u64],
        local: &'static LocalKey<Self>,
        family: &'static Family,
    ) -> Option<(SeriesId, Option<Self::Cells>)>;

    /// The cells of `series`; `None` in another thread, and once they may have been freed or may
    /// belong to another series.
    ///
    /// If the metric's series expire, `expires` is true, and the result is `None` as well if the
    /// series has expired or was removed.
    fn cells(cells: &Self::Cells, series: SeriesId, expires: bool) -> Option<&[AtomicU64]>;
}

/// Finds a series in the thread's cache of recent look-ups or in the index, or creates it. For labels
/// whose values are not known at compile time.
#[inline(always)]
pub(crate) fn find_or_create<S: ThreadStorage, L: LabelSet>(
    labels: &L,
    local: &'static LocalKey<S>,
    family: &'static Family,
) -> (SeriesId, Option<S::Cells>) {
    let found = with_key(
        labels,
        #[inline(always)]
        |key| ThreadStorage::find(key, local, family),
    );
    found.unwrap_or_else(|| (create(labels, family), None))
}

#[inline(never)]
fn create(labels: &impl LabelSet, family: &'static Family) -> SeriesId {
    family.ensure_registered();
    family.find_or_create_cold(labels)
}

/// The type of the storage strategy with this number; see [`StrategyStorage`].
#[derive(Debug)]
#[doc(hidden)]
pub struct Strategy<const STRATEGY: u8>;

/// The per-thread storage that implements a [`Strategy`] for `N` cells.
#[doc(hidden)]
pub trait StrategyStorage<const N: usize> {
    type Local: ThreadStorage + ConstInit;
}
