//! [`Cursor`]: how far a scrape has read the series of an index, and which of them it sees.
//!
//! A scrape takes the index's lock for one batch of series at a time, so series are created,
//! removed and replaced while it reads. It sees the series that existed when it began:
//!
//! * The scrape skips newer series, which have a higher generation. Otherwise a series that is
//!   removed and created again at a later position would be exposed twice.
//! * A [replacement](crate::series::replace) of all series stores the replaced ones if scrapes are
//!   reading them, and those scrapes continue with the stored ones. A scrape therefore exposes
//!   either all series from before a replacement or all from after it.

use std::sync::Arc;

use crate::series::{
    replaced::{ReplacedSeries, SeriesSet},
    state::State,
};

/// The progress of one scrape in the series of an index.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// The position to read next.
    pub(super) next: usize,
    /// The newest generation when the scrape began to read; 0 before that.
    pub(super) newest: u64,
    /// The set of series that the scrape reads; `None` before it has begun.
    set: Option<Arc<SeriesSet>>,
}

/// The number of replaced series that are read at a time, between two checkpoints.
const BATCH: usize = 256;

impl Cursor {
    /// At the first call, notes which series the scrape sees.
    pub(super) fn begin(&mut self, state: &State) {
        if self.newest == 0 {
            self.newest = state.generation;
            self.set = Some(Arc::clone(&state.set));
        }
    }

    /// Whether the scrape sees a series of this generation.
    pub(super) fn sees(&self, generation: u64) -> bool {
        generation <= self.newest
    }

    /// Returns the next series that the scrape must read from the copy that a replacement has
    /// stored, and advances past them; `None` if the series have not been replaced since the scrape
    /// began.
    pub(super) fn take_replaced(&mut self) -> Option<ReplacedBatch> {
        let set = self.set.as_ref()?;
        let all = set.replaced()?;
        let first = all.partition_point(|series| series.position < self.next);
        let end = (first + BATCH).min(all.len());
        self.next = all[first..end]
            .last()
            .map_or(self.next, |last| last.position + 1);
        Some(ReplacedBatch {
            set: Arc::clone(set),
            first,
            end,
        })
    }
}

/// Some of the series that a replacement has stored.
pub(super) struct ReplacedBatch {
    set: Arc<SeriesSet>,
    first: usize,
    end: usize,
}

impl ReplacedBatch {
    pub(super) fn series(&self) -> &[ReplacedSeries] {
        let all = self.set.replaced();
        all.map_or(&[], |all| &all[self.first..self.end])
    }
}
