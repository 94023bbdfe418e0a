//! Chooses [`DirectoryOnly`], the only type of per-thread storage that exists without native
//! thread-local storage.

use std::{sync::atomic::AtomicU64, thread::LocalKey};

use crate::{
    metric::{
        family::Family,
        thread_storage::{Strategy, StrategyStorage, ThreadStorage},
    },
    series::id::{OpenCells, SeriesId},
    storage::DirectoryOnly,
};

impl<const N: usize> ThreadStorage for DirectoryOnly<N> {
    type Cells = OpenCells<'static, [AtomicU64; N]>;

    fn find(
        key: &[u64],
        _: &'static LocalKey<Self>,
        family: &'static Family,
    ) -> Option<(SeriesId, Option<Self::Cells>)> {
        let index = family.index();
        let (cached, cells) = index.find_cached(key, index.hash(key))?;
        let cells = cells.map(|cells| OpenCells::new(cached, cells));
        Some((cached.id, cells))
    }

    fn cells(cells: &Self::Cells, series: SeriesId, expires: bool) -> Option<&[AtomicU64]> {
        cells.get(series, expires).map(<[_; N]>::as_slice)
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
