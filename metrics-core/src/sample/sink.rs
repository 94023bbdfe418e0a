//! The interface that every format implements: [`Sink`].

use crate::sample::{
    batch::{CounterBatch, HistogramBatch},
    head::{FamilyHead, SizeEstimate},
    label_encoding::LabelRendering,
    single::SingleSamples,
    value::{Number, Value},
};

/// Takes families and their series and writes them down.
///
/// Calls come while metrics are locked against births, so an implementation writes to memory;
/// [`Registry::encode`](crate::Registry::encode) empties it between families and tiles.
pub(crate) trait Sink {
    /// Begins a family.
    fn begin_family(&mut self, head: FamilyHead<'_>);

    /// Says what is to come of the family. Where it is true, all its series are shown twice, the
    /// first time to be counted; [`end_size_pass`](Self::end_size_pass) comes between.
    fn needs_size_pass(&mut self, expected: &dyn Fn() -> SizeEstimate) -> bool {
        let _ = expected;
        false
    }

    /// The series that are to be counted have come.
    fn end_size_pass(&mut self) {}

    /// Writes one series of the family: its labels as `label_text::push_label` writes them, the Unix time
    /// of its birth, and its value.
    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>);

    /// Writes one series of counters, gauges, or of an unknown type: most of what there is.
    fn write_number(&mut self, labels: &str, created: f64, number: Number);

    /// Writes families of one series without labels that is one number.
    fn write_singles(&mut self, singles: &SingleSamples<'_>) {
        for (head, created, number) in singles.iter() {
            self.begin_family(head);
            self.write_number("", created, number);
        }
    }

    /// How it wants the labels of [many counters](Self::write_counters) of this family, if it is not all
    /// the same to it.
    fn label_rendering(&mut self) -> Option<LabelRendering<'_>> {
        None
    }

    /// Writes many at once, for formats that have a loop of their own for it: counters are most of
    /// what there is.
    fn write_counters(&mut self, counters: &CounterBatch<'_>) {
        counters.each(|labels, created, total| {
            self.write_number(labels, created, Number::Unsigned(total));
        });
    }

    /// Writes many histograms at once, for formats that have a loop of their own for it.
    fn write_histograms(&mut self, histograms: &HistogramBatch<'_>) {
        histograms.each(|labels, created, value| self.write_series(labels, created, value));
    }

    /// A moment at which nothing is locked: what was written may go out. False when nobody takes
    /// it any more, and there is no point in going on.
    fn checkpoint(&mut self) -> bool;
}
