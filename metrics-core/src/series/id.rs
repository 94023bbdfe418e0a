//! [`SeriesId`], which identifies a series of a metric, and [`CachedSeries`], a look-up to reuse.

use crate::series::entry::Entry;

/// Identifies a series: its place in the index and its generation.
///
/// A place is reused after its series was removed; the generation tells the series that use it
/// apart. For closed labels, `place` is the position of the series and `generation` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesId {
    pub(crate) place: u32,
    pub(crate) generation: u64,
}

/// A series that a thread has looked up, with its entry in the index.
///
/// The next recording with the same labels compares them with the entry and skips the hash table.
/// The reference is `'static` because only metrics that are never dropped use this type.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
#[cfg_attr(
    metrics_fallback_storage,
    allow(dead_code, unreachable_pub, reason = "used by `SeriesCache`")
)]
pub struct CachedSeries {
    pub(crate) id: SeriesId,
    pub(crate) entry: &'static Entry,
}

#[cfg_attr(
    metrics_fallback_storage,
    allow(dead_code, reason = "used by `SeriesCache`")
)]
impl CachedSeries {
    /// The series, if it has this key and has neither been removed nor expired.
    ///
    /// `None` for a key that does not fit into the entry.
    #[inline(always)]
    pub(crate) fn matches<const N: usize>(&self, key: &[u64; N]) -> Option<SeriesId> {
        let is_match = self.entry.still_matches(self.id.generation, key);
        is_match.then_some(self.id)
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.entry.version() != self.id.generation
    }
}
