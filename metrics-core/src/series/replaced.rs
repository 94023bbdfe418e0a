//! [`SeriesSet`]: stores a copy of the series of an index when all of them are replaced, for the
//! scrapes that are reading them.

use std::sync::OnceLock;

use crate::series::id::SeriesId;

/// The series of an index between two replacements.
#[derive(Debug, Default)]
pub(crate) struct SeriesSet {
    /// The series as they were when they were replaced, in the order of their positions; set only
    /// if a scrape had begun to read them.
    replaced: OnceLock<Box<[ReplacedSeries]>>,
}

/// A series as it was when the series of the index were replaced.
#[derive(Debug)]
pub(crate) struct ReplacedSeries {
    pub(crate) position: usize,
    pub(crate) id: SeriesId,
    pub(crate) labels: Box<str>,
    pub(crate) created: f64,
    pub(crate) values: Box<[u64]>,
}

impl SeriesSet {
    /// Stores the series, for the scrapes that are reading them, because they are being replaced.
    pub(crate) fn store(&self, series: Box<[ReplacedSeries]>) {
        // Nothing was stored before, because a set is replaced once, under the index's lock.
        _ = self.replaced.set(series);
    }

    /// The series as they were when they were replaced; `None` while they are the current ones.
    pub(crate) fn replaced(&self) -> Option<&[ReplacedSeries]> {
        self.replaced.get().map(|series| &**series)
    }
}
