//! The thread-local value of a declared metric, through which a recording finds the thread's
//! storage.
//!
//! The macros declare one `thread_local!` of a [`LocalStorage`] type for each declared metric, and
//! for each instrumented function whose call may end when the function returns. With native
//! thread-local storage, the type is [`LocalCells`] or [`LocalBlock`] for a function, and for a
//! metric with closed labels, that is, labels whose values are known at compile time: a recording
//! with closed labels then needs no look-up. For other metrics, the type is
//! [`SeriesCache`](super::SeriesCache). Without native thread-local storage, the type is
//! `DirectoryOnly`.

#[cfg(metrics_fallback_storage)]
mod directory_only;
#[cfg(not(metrics_fallback_storage))]
mod static_cells;

use std::thread::LocalKey;

#[cfg(metrics_fallback_storage)]
pub(crate) use self::directory_only::DirectoryOnly;
#[cfg(not(metrics_fallback_storage))]
pub(crate) use self::static_cells::{LocalBlock, LocalCells, local_storage};
use crate::storage::{region::Region, sync::AtomicU64};

/// A type for the thread-local value of a declared metric.
#[doc(hidden)]
pub trait LocalStorage: sealed::Local {}

impl<L: sealed::Local> LocalStorage for L {}

/// Keeps other crates from implementing `Local` and from calling its methods.
pub(super) mod sealed {
    use std::thread::LocalKey;

    use super::{AtomicU64, Region};

    /// Implemented for types without a destructor. Those of native thread-local storage are not
    /// `Sync`. The function `local_storage` relies on both.
    pub trait Local: Sized + 'static {
        /// This thread's cells of a region, if they are attached.
        fn cells<'r>(key: &'static LocalKey<Self>, region: &'r Region) -> Option<&'r [AtomicU64]>;
        /// Attaches this thread's cells, if the type has cells, they are not attached yet, and the
        /// thread can have them.
        fn attach(key: &'static LocalKey<Self>, region: &'static Region);
    }
}

/// The initial value of thread-local storage, as a constant.
#[doc(hidden)]
pub trait ConstInit: Sized {
    const INIT: Self;
}

/// Attaches this thread's cells of a declared metric, if they are not attached yet and the thread
/// can have cells.
pub(crate) fn attach<L: LocalStorage>(key: &'static LocalKey<L>, region: &'static Region) {
    sealed::Local::attach(key, region);
}
