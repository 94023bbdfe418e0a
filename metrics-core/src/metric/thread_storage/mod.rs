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
    metric::family::Family,
    series::id::SeriesId,
    storage::{ConstInit, LocalStorage},
};

/// The per-thread storage of a declared metric.
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

/// The type of the storage strategy with this number; see [`StrategyStorage`].
#[derive(Debug)]
#[doc(hidden)]
pub struct Strategy<const STRATEGY: u8>;

/// The per-thread storage that implements a [`Strategy`] for `N` cells.
#[doc(hidden)]
pub trait StrategyStorage<const N: usize> {
    type Local: ThreadStorage + ConstInit;
}
