//! The overflow series, which counts recordings beyond the cardinality limit and those into series
//! that expired and were removed.

use crate::{
    describe::{label::LabelSet, label_values::UnknownLabels},
    metric::family::definition::Family,
    series::{id::SeriesId, key::Key},
};

impl Family {
    /// Number of look-ups that ended at an overflow series, such as those of `with` and `bind`.
    pub(crate) fn overflow_count(&self) -> u64 {
        self.open.overflows.total()
    }

    /// Returns the overflow series and counts the look-up; `None` if the series does not exist yet,
    /// or if the family may have several, because the values of some labels are known at compile
    /// time.
    ///
    /// Takes no lock and writes to no cache line that another thread writes to.
    pub(super) fn only_overflow_series(&self) -> Option<SeriesId> {
        let key = self.open.overflows.key.get_or_init(|| {
            let mut labels = 0..self.series_label_count();
            let is_only = !labels.any(|at| self.is_closed_label(at));
            is_only.then(|| Key::new().words_of(&self.unknown_labels()).into())
        });
        let series = self.index().find(key.as_deref()?)?;
        self.open.overflows.count();
        Some(series)
    }

    /// Returns the series with the labels `overflow`, for recordings beyond the cardinality limit,
    /// and counts the look-up.
    pub(super) fn overflow_series(&self, overflow: &impl LabelSet) -> SeriesId {
        self.open.overflows.count();
        self.find_or_create_overflow(overflow)
    }

    /// Finds or creates the series with the labels `overflow`.
    pub(super) fn find_or_create_overflow(&self, overflow: &impl LabelSet) -> SeriesId {
        let index = self.index();
        let mut key = Key::new();
        index
            .find(key.words_of(overflow))
            .or_else(|| self.insert(overflow, true))
            // No place is left, because handles pin too many places of removed series. No series in
            // the index has generation 0, so recordings with this identifier are discarded.
            .unwrap_or(SeriesId {
                place: 0,
                generation: 0,
            })
    }

    /// Returns the overflow series, for a recording into a series that expired and was removed, and
    /// counts the look-up.
    pub(crate) fn overflow_of_expired(&self) -> SeriesId {
        self.overflow_series(&self.unknown_labels())
    }

    /// The labels of the overflow series for a series that expired and was removed. The labels of
    /// that series are not stored any more.
    pub(super) fn unknown_labels(&self) -> impl LabelSet {
        UnknownLabels {
            value_sets: (0..self.series_label_count()).map(|at| self.indexed_values(at)),
        }
    }
}
