//! Records into a series that was looked up earlier and may have expired or been removed since.
//!
//! Handles, instrumented calls and stored results of `with` record this way. A series is identified
//! by its place, the slot in the index, and its generation, a number that no other series of the
//! metric has. A recording therefore never counts for another series that uses the same place.

use crate::{
    series::{entry::Status, id::SeriesId, index::Index, place::position_of},
    storage::sync::AtomicU64,
};

/// The destination of a recording into a series that look-ups no longer find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// To the cells of this series, which are exposed unless the series was removed.
    Series(SeriesId),
    /// To the overflow series, which has the label values `overflow`, because the series has
    /// expired.
    Overflow,
    /// Nowhere.
    Discarded,
}

impl Index {
    /// Records into a series that was looked up earlier.
    ///
    /// If the series has expired, the recording resumes it or, if it was removed, goes to the
    /// series that `overflow` returns. A recording into a series that the program has removed is
    /// not exposed.
    #[inline(always)]
    pub(crate) fn record(
        &self,
        series: SeriesId,
        overflow: impl Fn() -> SeriesId,
        op: impl FnOnce(&[AtomicU64]),
    ) {
        let (found, series) = match self.region_of_live(series) {
            Some(found) => (found, series),
            None => match self.redirect_to(series, &overflow) {
                Some(series) => (self.region_of(series.place), series),
                None => return,
            },
        };
        let (region, at) = found;
        match region.ready(at, series.generation) {
            Some(cells) => op(cells),
            None => region.record_open(at, series.generation, op),
        }
    }

    #[cold]
    #[inline(never)]
    fn redirect_to(&self, series: SeriesId, overflow: &dyn Fn() -> SeriesId) -> Option<SeriesId> {
        match self.redirect(series) {
            Redirect::Series(series) => Some(series),
            // Generation 0 means that not even the overflow series has a place, so nothing is
            // recorded.
            Redirect::Overflow => Some(overflow()).filter(|series| series.generation != 0),
            Redirect::Discarded => None,
        }
    }

    /// Returns the destination of a recording into a series that the index did not
    /// [contain](Self::contains). Resumes the series if it is suspended.
    pub(crate) fn redirect(&self, series: SeriesId) -> Redirect {
        // Generation 0 means that the look-up found no place.
        if series.generation == 0 {
            return Redirect::Discarded;
        }
        let entry = self.blocks.entry(series.place);
        if entry.status(series.generation) == Status::Suspended {
            // Takes the lock, because a scrape may be about to remove the series.
            let mut state = self.lock();
            if entry.status(series.generation) == Status::Suspended {
                self.resume(&mut state, position_of(series.place));
            }
        }
        let (region, at) = self.region_of(series.place);
        match entry.status(series.generation) {
            Status::Expired => Redirect::Overflow,
            // Checks the generation, because the status may be outdated: another series may have
            // claimed the place, and this thread may have zeroed its cells for that series. Then
            // `generation` returns the other generation, because the thread has seen the claim.
            Status::Live | Status::Suspended | Status::Removed
                if region.generation(at) == series.generation =>
            {
                Redirect::Series(series)
            }
            // A place does not store whether its earlier series were removed or expired, so they
            // count as expired.
            _ if self.expiry != 0 => Redirect::Overflow,
            _ => Redirect::Discarded,
        }
    }
}
