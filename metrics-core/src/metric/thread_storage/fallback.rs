//! The only type of per-thread storage without native thread-local storage.

use std::{sync::atomic::AtomicU64, thread::LocalKey};

use crate::{
    metric::{
        family::Family,
        thread_storage::{Strategy, StrategyStorage, ThreadStorage},
    },
    series::id::SeriesId,
    storage::{CachedCells, DirectoryOnly},
};

impl<const N: usize> ThreadStorage for DirectoryOnly<N> {
    type Cells = CachedCells<N>;

    fn find<const K: usize>(
        key: &[u64; K],
        _: &'static LocalKey<Self>,
        family: &'static Family,
    ) -> Option<(SeriesId, Option<CachedCells<N>>)> {
        let index = family.index();
        let (cached, cells) = index.find_cached(key, index.hash(key))?;
        Some((cached.id, cells))
    }

    fn cells(cells: &CachedCells<N>) -> Option<&[AtomicU64]> {
        let cells = cells.get()?;
        Some(cells)
    }
}

const DIRECTORY: u8 = 0;

impl<const N: usize> StrategyStorage<N> for Strategy<DIRECTORY> {
    type Local = DirectoryOnly<N>;
}

/// Chooses the only strategy.
#[doc(hidden)]
pub const fn choose_strategy(_cells: usize, _is_closed: bool, _limit: usize) -> u8 {
    DIRECTORY
}
