//! Finds a series of a dynamic metric, which the program creates while it runs: in the thread's
//! cache, which all dynamic metrics share, or in the metric's index.

#[cfg(not(metrics_fallback_storage))]
mod native {
    use crate::{
        describe::label::LabelSet,
        series::{
            entry::Entry,
            id::{CachedSeries, OpenCells, SeriesId},
            index::Index,
            key::with_key,
        },
        storage::{CacheOwner, ConstInit, FamilyCache, find_series, sync::AtomicU64},
    };

    /// The memory of an index, which the threads' caches refer to.
    pub(crate) type IndexBox = CacheOwner<Index>;

    thread_local! {
        static CACHE: FamilyCache<SeriesId, Entry> = const { FamilyCache::INIT };
    }

    /// Finds a series by its labels, with this thread's cells of it if they are
    /// [ready](crate::storage::Regions::ready_slice).
    ///
    /// Takes no lock, and allocates nothing unless the open labels together have about four
    /// kilobytes, or the cache grows.
    #[inline(always)]
    pub(crate) fn find_dynamic<'i>(
        index: &'i IndexBox,
        labels: &impl LabelSet,
    ) -> Option<(SeriesId, Option<OpenCells<'i, [AtomicU64]>>)> {
        with_key(
            labels,
            #[inline(always)]
            |key| {
                let hash = index.hash(key);
                let arena = || &index.blocks.arena;
                let is_it = |id, entry| CachedSeries { id, entry }.matches(key, arena).is_some();
                let found = find_series(&CACHE, index, hash, is_it, |index| {
                    let (found, cells) = index.find_dynamic(key, hash)?;
                    Some((found.id, found.entry, cells))
                });
                let (id, entry, cells) = found?;
                let found = CachedSeries { id, entry };
                Some((id, cells.map(|cells| OpenCells::new(found, cells))))
            },
        )
    }
}

#[cfg(metrics_fallback_storage)]
mod fallback {
    use crate::{
        describe::label::LabelSet,
        series::{
            id::{OpenCells, SeriesId},
            index::Index,
            key::with_key,
        },
        storage::sync::AtomicU64,
    };

    /// The memory of an index.
    pub(crate) type IndexBox = Box<Index>;

    /// Finds a series by its labels, with this thread's cells of it if they are
    /// [ready](crate::storage::Regions::ready_slice).
    ///
    /// Takes no lock, and allocates nothing unless the open labels together have about four
    /// kilobytes.
    pub(crate) fn find_dynamic<'i>(
        index: &'i IndexBox,
        labels: &impl LabelSet,
    ) -> Option<(SeriesId, Option<OpenCells<'i, [AtomicU64]>>)> {
        with_key(labels, |key| {
            let (found, cells) = index.find_dynamic(key, index.hash(key))?;
            Some((found.id, cells.map(|cells| OpenCells::new(found, cells))))
        })
    }
}

#[cfg(metrics_fallback_storage)]
pub(crate) use fallback::{IndexBox, find_dynamic};
#[cfg(not(metrics_fallback_storage))]
pub(crate) use native::{IndexBox, find_dynamic};
