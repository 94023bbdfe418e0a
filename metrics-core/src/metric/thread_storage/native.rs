//! Chooses among the types of per-thread storage that need native thread-local storage.
//!
//! A cell is 64 bits of storage. The values of closed labels are known at compile time, those of
//! open labels are not.
//!
//! | labels | cells | per-thread storage |
//! |---|---|---|
//! | closed or none | up to the limit | [`LocalCells`]: the cells themselves |
//! | closed or none | more | [`LocalBlock`]: a pointer to a block allocated by the first recording |
//! | open | any | [`SeriesCache`]: series looked up recently, with pointers to their cells |
//!
//! The limit is 0 for histograms and summaries, otherwise `MAX_STATIC_CELLS`.

use std::{convert::Infallible, sync::atomic::AtomicU64, thread::LocalKey};

use crate::{
    metric::{
        family::Family,
        thread_storage::{Strategy, StrategyStorage, ThreadStorage},
    },
    series::{
        entry::INLINE_WORDS,
        id::{CachedSeries, OpenCells, SeriesId},
    },
    storage::{self, LocalBlock, LocalCells, SeriesCache},
};

/// Implements [`ThreadStorage`] for the storage of metrics whose label values are known at compile
/// time. Their series are found by position, so `find` is never called.
macro_rules! closed {
    ($local:ident) => {
        impl<const N: usize> ThreadStorage for $local<N> {
            type Cells = Infallible;

            fn find(
                _: &[u64],
                _: &'static LocalKey<Self>,
                _: &'static Family,
            ) -> Option<(SeriesId, Option<Infallible>)> {
                None
            }

            fn cells(cells: &Infallible, _: SeriesId, _: bool) -> Option<&[AtomicU64]> {
                match *cells {}
            }
        }
    };
}

closed!(LocalCells);
closed!(LocalBlock);

impl<const N: usize> ThreadStorage for SeriesCache<CachedSeries<'static>, N> {
    type Cells = OpenCells<'static, [AtomicU64; N]>;

    #[inline(always)]
    fn find(
        key: &[u64],
        local: &'static LocalKey<Self>,
        family: &'static Family,
    ) -> Option<(SeriesId, Option<Self::Cells>)> {
        let cache = storage::local_storage(local);
        // Long keys are first compared with that of the last series only while the series stay the
        // same: where keys begin alike, the processor cannot predict at which word they differ.
        let is_long = key.len() > INLINE_WORDS;
        let arena = || &family.index().blocks.arena;
        if (!is_long || cache.is_repeated())
            && let Some((cached, cells)) = cache.last(|cached| cached.matches(key, arena))
        {
            return Some((cached.id, Some(OpenCells::new(cached, cells))));
        }
        let index = family.index();
        let hash = index.hash(key);
        let matches = |cached: &CachedSeries<'static>| cached.matches(key, || &index.blocks.arena);
        if let Some((cached, cells)) = cache.find(hash, is_long, matches) {
            return Some((cached.id, Some(OpenCells::new(cached, cells))));
        }
        let (cached, cells) = index.find_cached(key, hash)?;
        // Caches nothing if `cells` is `None`, because the next recording must first prepare the
        // cells, and a look-up costs little beside that.
        storage::cache_series(local, cache, hash, cached, cells, CachedSeries::is_removed);
        let cells = cells.map(|cells| OpenCells::new(cached, cells));
        Some((cached.id, cells))
    }

    #[inline(always)]
    fn cells(cells: &Self::Cells, series: SeriesId, expires: bool) -> Option<&[AtomicU64]> {
        cells.get(series, expires).map(<[_; N]>::as_slice)
    }
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
    type Local = SeriesCache<CachedSeries<'static>, N>;
}

/// Chooses the strategy for a metric with this many cells in each thread.
///
/// `is_closed` says whether all label values are known at compile time. Then, more than `limit`
/// cells are in a block on the heap, behind a pointer in thread-local storage.
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
