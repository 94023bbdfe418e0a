//! [`Sink`]: the trait of formats, through which metrics pass their samples to a format.

use crate::sample::{
    batch::{CounterBatch, HistogramBatch},
    head::{FamilyHead, SizeEstimate},
    label_encoding::LabelRendering,
    single::SingleSamples,
    value::{Number, Value},
};

/// Receives the families of an exposition with their series, and encodes them.
///
/// The calls come in this order:
///
/// - For each family, [`begin_family`](Self::begin_family), then
///   [`needs_size_pass`](Self::needs_size_pass) (not for the few series of self-metrics). If that
///   returns true, all series follow, then [`end_size_pass`](Self::end_size_pass). Then all series
///   follow, in any of the `write` methods.
/// - [`write_singles`](Self::write_singles) writes complete families without these calls.
/// - [`checkpoint`](Self::checkpoint) comes between batches of series and between families. If it
///   returns false, the remaining calls may be left out.
///
/// Other calls may come while locks are held that recording threads need, so an implementation
/// writes to memory and does its output at a checkpoint.
pub(crate) trait Sink {
    /// Begins a family.
    fn begin_family(&mut self, head: FamilyHead<'_>);

    /// Whether all series must be written twice, the first time only to measure them: for a format
    /// in which the length of a family precedes it.
    fn needs_size_pass(&mut self, estimate: &dyn Fn() -> SizeEstimate) -> bool {
        let _ = estimate;
        false
    }

    /// Ends the first of two passes over the series.
    fn end_size_pass(&mut self) {}

    /// Writes one series: its labels as [`push_label`](super::label_text::push_label) writes them,
    /// its created timestamp as Unix time in seconds or 0, and its value.
    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>);

    /// Writes one series whose samples have `timestamp`, a Unix time in milliseconds that a
    /// collector has set.
    fn write_series_at(&mut self, labels: &str, created: f64, timestamp: i64, value: Value<'_>);

    /// Writes one series of a counter without exemplar, a gauge or a metric of unknown type: a fast
    /// path, because most series are of these types.
    fn write_number(&mut self, labels: &str, created: f64, number: Number);

    /// Writes families that consist of a single unlabelled sample.
    fn write_singles(&mut self, singles: &SingleSamples<'_>) {
        for (head, created, number) in singles.iter() {
            self.begin_family(head);
            self.write_number("", created, number);
        }
    }

    /// The rendering of labels with which [`write_counters`](Self::write_counters) is fastest for
    /// the current family; `None` if the sink has no preference.
    fn label_rendering(&mut self) -> Option<LabelRendering<'_>> {
        None
    }

    /// Writes a batch of counters.
    fn write_counters(&mut self, counters: &CounterBatch<'_>) {
        counters.for_each(|labels, created, total| {
            self.write_number(labels, created, Number::Unsigned(total));
        });
    }

    /// Writes a batch of histograms.
    fn write_histograms(&mut self, histograms: &HistogramBatch<'_>) {
        histograms.for_each(|labels, created, value| self.write_series(labels, created, value));
    }

    /// Called while no lock is held, so that what was written can be output.
    ///
    /// Returns false once the output has failed, so that the exposition can end early.
    fn checkpoint(&mut self) -> bool;
}
