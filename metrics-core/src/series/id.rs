//! [`SeriesId`]: identifies a series of a metric. [`CachedSeries`]: a found series, stored for the
//! next look-up. [`OpenCells`]: the calling thread's storage of a found series.

use crate::{
    series::{entry::Entry, key_arena::KeyArena},
    storage::CachedCells,
};

/// Identifies a series: its place in the index and its generation.
///
/// A place is reused after its series was removed; the generation tells the series that use one
/// place apart. For a series whose label values are known at compile time, `place` is the position
/// of the series and `generation` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesId {
    pub(crate) place: u32,
    pub(crate) generation: u64,
}

/// A series that a thread has looked up, with its entry in the index.
///
/// The next recording with the same labels compares them with the entry and skips the hash table.
/// `'i` is the borrow of the index.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
#[cfg_attr(
    metrics_fallback_storage,
    allow(dead_code, unreachable_pub, reason = "used by `SeriesCache`")
)]
pub struct CachedSeries<'i> {
    pub(crate) id: SeriesId,
    pub(crate) entry: &'i Entry,
}

#[cfg_attr(
    metrics_fallback_storage,
    allow(dead_code, reason = "used by `SeriesCache`")
)]
impl CachedSeries<'_> {
    pub(crate) fn is_removed(&self) -> bool {
        self.entry.version() != self.id.generation
    }

    /// Returns a copy if the series has this key and look-ups still find it.
    ///
    /// `arena` returns the memory of the index for the parts of keys that do not fit into entries.
    /// It is called for longer keys only, so that others need not load the index.
    #[inline(always)]
    pub(crate) fn matches<'a>(
        &self,
        key: &[u64],
        arena: impl FnOnce() -> &'a KeyArena,
    ) -> Option<Self> {
        let is_match = self.entry.still_matches(self.id.generation, key, arena);
        is_match.then_some(*self)
    }
}

/// The calling thread's cells of a series in an index, with the entry of the series.
///
/// `C` is `[AtomicU64; N]` for a series whose number of cells is known at compile time, and
/// `[AtomicU64]` for another one. `'i` is the borrow of the index.
#[derive(Debug)]
#[doc(hidden)]
pub struct OpenCells<'i, C: ?Sized> {
    cells: CachedCells<'i, C>,
    entry: &'i Entry,
}

impl<C: ?Sized> Clone for OpenCells<'_, C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for OpenCells<'_, C> {}

impl<'i, C: ?Sized> OpenCells<'i, C> {
    #[inline(always)]
    pub(crate) fn new(series: CachedSeries<'i>, cells: CachedCells<'i, C>) -> Self {
        OpenCells {
            cells,
            entry: series.entry,
        }
    }

    /// The cells of `series`; `None` in another thread, and once they may have been freed or may
    /// belong to another series.
    ///
    /// If the metric's series expire, `expires` is true, and the result is `None` as well if the
    /// series has expired or was removed, because the recording must then go elsewhere.
    #[inline(always)]
    pub(crate) fn get(&self, series: SeriesId, expires: bool) -> Option<&C> {
        if expires && self.entry.version() != series.generation {
            return None;
        }
        self.cells.get()
    }
}
