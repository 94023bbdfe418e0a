//! Finds, creates and removes the series of a family with labels whose values are not known at
//! compile time.

use std::sync::atomic::AtomicU64;

use crate::{
    describe::{
        label::LabelSet,
        label_values::{LabelCopy, OverflowLabels},
    },
    metric::family::definition::Family,
    sample::{label_text, label_text::LabelView},
    series::{
        id::{OpenCells, SeriesId},
        index::Index,
        key::{Key, with_key},
        recipients::{ExpositionStart, Recipient, Recipients},
        redirect::Redirect,
        thread_cache::{IndexBox, find_dynamic},
    },
};

impl Family {
    /// The index of series, created by the first call.
    #[inline(always)]
    pub(crate) fn index(&self) -> &IndexBox {
        match self.open.index.get() {
            Some(index) => index,
            None => self.create_index(),
        }
    }

    #[cold]
    #[inline(never)]
    fn create_index(&self) -> &IndexBox {
        self.open.index.get_or_init(|| {
            let index = Index::new(
                self.desc.name(),
                self.layout,
                self.rows.len(),
                self.open.limit(),
                self.allows_negative(),
            );
            IndexBox::new(index.expiring(self.open.expiry_nanos))
        })
    }

    /// Returns the series with these labels, or creates it. Returns an overflow series if the
    /// series cannot be created, usually because the cardinality limit is reached.
    #[inline]
    pub(crate) fn find_or_create<L: LabelSet>(&self, labels: &L) -> SeriesId {
        let found = with_key(
            labels,
            #[inline(always)]
            |key| self.index().find(key),
        );
        found.unwrap_or_else(|| self.find_or_create_cold(labels))
    }

    /// Like [`find_or_create`](Self::find_or_create), with this thread's cells of the series if
    /// the thread can record into them.
    #[inline(always)]
    pub(crate) fn find_or_create_with_cells(
        &self,
        labels: &impl LabelSet,
    ) -> (SeriesId, Option<OpenCells<'_, [AtomicU64]>>) {
        let found = find_dynamic(self.index(), labels);
        found.unwrap_or_else(|| (self.find_or_create_cold(labels), None))
    }

    /// [`find_or_create`](Self::find_or_create) after a failed lookup.
    #[inline(never)]
    pub(crate) fn find_or_create_cold(&self, labels: &impl LabelSet) -> SeriesId {
        let index = self.index();
        let mut key = Key::new();
        let key = key.words_of(labels);
        if index.rejects(key) {
            if let Some(series) = self.only_overflow_series() {
                return series;
            }
        } else if let Some(series) = index.find(key).or_else(|| self.insert(labels, false)) {
            return series;
        }
        self.overflow_series(&OverflowLabels {
            labels,
            is_closed: |at| self.is_closed_label(at),
        })
    }

    /// Inserts a series into the index, unless another thread has done so; see [`Index::insert`].
    pub(super) fn insert(&self, labels: &impl LabelSet, beyond_limit: bool) -> Option<SeriesId> {
        let labels = LabelCopy::of(labels);
        let mut key = Key::new();
        let key = key.words_of(&labels);
        let rendered = self.render(&labels);
        let limit = || self.open.limit();
        self.index().insert(key, limit, beyond_limit, &rendered)
    }

    /// The series that the next recording into `series` goes to: the overflow series if `series`
    /// expired and was removed.
    pub(crate) fn recording_target(&self, series: SeriesId) -> SeriesId {
        let index = self.index();
        if index.contains(series) || index.redirect(series) != Redirect::Overflow {
            return series;
        }
        self.find_or_create_overflow(&self.unknown_labels())
    }

    /// Renders const labels and the labels of a series.
    pub(super) fn render(&self, labels: &LabelCopy) -> String {
        let mut out = String::new();
        label_text::push_pairs(&mut out, &self.desc.const_labels);
        label_text::push_label_set(&mut out, self.desc.label_names(), labels);
        out
    }

    /// Number of labels that distinguish series. The other labels distinguish the outcome rows of
    /// one series.
    pub(super) fn series_label_count(&self) -> usize {
        let row_labels = if self.rows.has_open_result_labels() {
            0
        } else {
            self.rows.result_labels().len()
        };
        self.desc.labels.len() - row_labels
    }

    /// Whether the values of the label at a position are known at compile time.
    pub(super) fn is_closed_label(&self, at: usize) -> bool {
        match at.checked_sub(self.closed.label_values.len()) {
            None => self.closed.label_values[at].is_some(),
            Some(result) => {
                let result = self.rows.result_labels().get(result);
                result.is_some_and(|label| label.values.is_some())
            }
        }
    }

    /// The values of the label at a position, if the keys of series contain the index of the value
    /// instead of its text.
    pub(super) fn indexed_values(&self, at: usize) -> Option<&'static [&'static str]> {
        self.closed_values(at).filter(|_| !self.has_text_keys)
    }

    /// The rendered labels of a series; `None` if it was removed.
    pub(crate) fn labels_of(&self, series: SeriesId) -> Option<Box<str>> {
        self.open.index.get()?.labels(series)
    }

    /// Number of series.
    pub(crate) fn series_count(&self) -> usize {
        match self.closed.count {
            Some(series) => series,
            None => self.open.index.get().map_or(0, |index| index.len()),
        }
    }

    /// The number of series as a share of the cardinality limit, if the family has one.
    ///
    /// It can exceed 1, because the limit does not include overflow series.
    pub(crate) fn limit_ratio(&self) -> Option<f64> {
        let limit = self.cardinality_limit()?;
        Some(self.series_count() as f64 / limit.max(1) as f64)
    }

    /// Removes the series with these labels; false if there was none. Series that exist from the
    /// start stay.
    pub fn remove(&self, labels: &impl LabelSet) -> bool {
        let index = self.open.index.get();
        index.is_some_and(|index| index.remove(Key::new().words_of(labels)))
    }

    /// Removes the series for which `keep` returns false. Series that exist from the start stay.
    pub fn retain(&self, mut keep: impl FnMut(LabelView<'_>) -> bool) {
        if let Some(index) = self.open.index.get() {
            index.retain(|labels| keep(LabelView::new(labels)));
        }
    }

    /// Removes all series, except those that exist from the start.
    pub fn clear(&self) {
        self.retain(|_| false);
    }

    /// Sets the cardinality limit, unless the declaration or the options have set one.
    pub(crate) fn set_default_max_series(&self, max: usize) {
        self.open.set_default_limit(max);
    }

    /// The recipients of the family's expositions.
    pub(crate) fn recipients(&self) -> &Recipients {
        &self.open.recipients
    }

    /// Notes that a recipient has received an exposition, and lets the series expire that were idle
    /// when the exposition began and whose last values all recipients have.
    pub(crate) fn confirm_delivery(&self, recipient: Recipient, exposition: ExpositionStart) {
        let delivered = self.open.recipients.deliver(recipient, exposition);
        if let Some(index) = self.open.index.get() {
            index.expire_idle(exposition, delivered, self.open.limit());
        }
    }
}
