//! The static storage that a declared metric has in each thread, and how its type is chosen.
//!
//! | labels | cells | per-thread storage |
//! |---|---|---|
//! | closed or none | up to the limit | [`LocalCells`]: the cells themselves |
//! | closed or none | more | [`LocalBlock`]: a pointer to a block allocated by the first recording |
//! | open | any | [`SeriesCache`]: series looked up recently, with pointers to their cells |
//!
//! The limit is 0 for histograms and summaries, otherwise `MAX_STATIC_CELLS`.
//! The macros' expansions name the choice as a type, because a `thread_local!` needs one:
//! `<Strategy<{ choose_strategy(..) }> as StrategyStorage<CELL_COUNT>>::Local`.

use std::{convert::Infallible, sync::atomic::AtomicU64, thread::LocalKey};

use crate::{
    metric::family::Family,
    series::id::{CachedSeries, SeriesId},
    storage::{self, CachedCells, ConstInit, LocalBlock, LocalCells, LocalStorage, SeriesCache},
};

/// The static per-thread storage of a declared metric.
#[doc(hidden)]
pub trait ThreadStorage: LocalStorage {
    /// The calling thread's cells of a series that was looked up.
    type Cells: Copy + Send + Sync + std::fmt::Debug;

    /// Finds the open series of a key, and this thread's cells of it if they exist; `None` if there
    /// is no such series.
    ///
    /// `key` is the label values as words, and `local` the thread-local variable that holds `self`.
    fn find<const K: usize>(
        &self,
        key: &[u64; K],
        local: &'static LocalKey<Self>,
        family: &'static Family,
    ) -> Option<(SeriesId, Option<Self::Cells>)>;

    /// The cells; `None` in another thread, and once they may have been freed or may belong to
    /// another series.
    fn cells(cells: &Self::Cells) -> Option<&[AtomicU64]>;
}

/// Implements [`ThreadStorage`] for the storage of metrics with closed labels. Their series are found
/// by position, so `find` is never called.
macro_rules! closed {
    ($local:ident) => {
        impl<const N: usize> ThreadStorage for $local<N> {
            type Cells = Infallible;

            fn find<const K: usize>(
                &self,
                _: &[u64; K],
                _: &'static LocalKey<Self>,
                _: &'static Family,
            ) -> Option<(SeriesId, Option<Infallible>)> {
                None
            }

            fn cells(cells: &Infallible) -> Option<&[AtomicU64]> {
                match *cells {}
            }
        }
    };
}

closed!(LocalCells);
closed!(LocalBlock);

impl<const N: usize> ThreadStorage for SeriesCache<CachedSeries, N> {
    type Cells = CachedCells<N>;

    #[inline(always)]
    fn find<const K: usize>(
        &self,
        key: &[u64; K],
        local: &'static LocalKey<Self>,
        family: &'static Family,
    ) -> Option<(SeriesId, Option<CachedCells<N>>)> {
        let matches = |cached: &CachedSeries| cached.matches(key);
        if let Some((series, cells)) = self.last(matches) {
            return Some((series, Some(cells)));
        }
        let index = family.index();
        let hash = index.hash(key);
        if let Some((series, cells)) = self.find(hash, matches) {
            return Some((series, Some(cells)));
        }
        let (cached, cells) = index.find_cached(key, hash)?;
        // Caches nothing if `cells` is `None`: the next recording must first prepare the cells, and
        // a look-up costs little beside that.
        storage::cache_series(local, self, hash, cached, cells, CachedSeries::is_removed);
        Some((cached.id, cells))
    }

    #[inline(always)]
    fn cells(cells: &CachedCells<N>) -> Option<&[AtomicU64]> {
        let cells = cells.get()?;
        Some(cells)
    }
}

/// The type that stands for a storage strategy, given its number; see [`StrategyStorage`].
#[derive(Debug)]
#[doc(hidden)]
pub struct Strategy<const STRATEGY: u8>;

/// The per-thread storage that implements a [`Strategy`] for `N` cells.
#[doc(hidden)]
pub trait StrategyStorage<const N: usize> {
    type Local: ThreadStorage + ConstInit;
}

const CELLS: u8 = 0;
const BLOCK: u8 = 1;
const RECENT: u8 = 2;

impl<const N: usize> StrategyStorage<N> for Strategy<CELLS> {
    type Local = LocalCells<N>;
}

impl<const N: usize> StrategyStorage<N> for Strategy<BLOCK> {
    type Local = LocalBlock<N>;
}

impl<const N: usize> StrategyStorage<N> for Strategy<RECENT> {
    type Local = SeriesCache<CachedSeries, N>;
}

/// Chooses the strategy for a metric with this many cells in each thread.
///
/// With closed labels, more than `limit` cells are in a block behind a static pointer.
#[doc(hidden)]
pub const fn choose_strategy(cells: usize, is_closed: bool, limit: usize) -> u8 {
    if !is_closed {
        RECENT
    } else if cells <= limit {
        CELLS
    } else {
        BLOCK
    }
}
