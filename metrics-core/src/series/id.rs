//! Identifiers of the series of one metric with open labels.

use crate::series::entry::Entry;

/// Identifies a series: its place in the index and its generation.
///
/// A place is reused after its series was removed; the generation tells its series apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesId {
    pub(crate) place: u32,
    pub(crate) generation: u64,
}

/// A series that a thread has looked up, with its entry: the metric is never dropped.
///
/// The next recording with the same labels compares them with the entry and skips the table.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct CachedSeries {
    pub(crate) id: SeriesId,
    pub(crate) entry: &'static Entry,
}

impl CachedSeries {
    /// The series, if it has not been removed and has this key.
    #[inline(always)]
    pub(crate) fn matches<const N: usize>(&self, key: &[u64; N]) -> Option<SeriesId> {
        let is_match = self.entry.still_matches(self.id.generation, key);
        is_match.then_some(self.id)
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.entry.version() != self.id.generation
    }
}
