//! The interface that every format implements: [`Sink`].

use crate::sample::{
    batch::{Counters, Histograms},
    head::{Expected, Head},
    label_form::Written,
    single::SingleSamples,
    value::{Number, Value},
};

/// Takes families and their series and writes them down.
///
/// Calls come while metrics are locked against births, so an implementation writes to memory;
/// [`Registry::encode`](crate::Registry::encode) empties it between families and tiles.
pub(crate) trait Sink {
    /// Begins a family.
    fn family(&mut self, head: Head<'_>);

    /// Says what is to come of the family. Where it is true, all its series are shown twice, the
    /// first time to be counted; [`counted`](Self::counted) comes between.
    fn expect(&mut self, expected: &dyn Fn() -> Expected) -> bool {
        let _ = expected;
        false
    }

    /// The series that are to be counted have come.
    fn counted(&mut self) {}

    /// Writes one series of the family: its labels as `label_text::label` writes them, the Unix time
    /// of its birth, and its value.
    fn series(&mut self, labels: &str, created: f64, value: Value<'_>);

    /// Writes one series of counters, gauges, or of an unknown type: most of what there is.
    fn number(&mut self, labels: &str, created: f64, number: Number);

    /// Writes families of one series without labels that is one number.
    fn singles(&mut self, singles: &SingleSamples<'_>) {
        for (head, created, number) in singles.iter() {
            self.family(head);
            self.number("", created, number);
        }
    }

    /// How it wants the labels of [many counters](Self::counters) of this family, if it is not all
    /// the same to it.
    fn wanted_labels(&mut self) -> Option<Written<'_>> {
        None
    }

    /// Writes many at once, for formats that have a loop of their own for it: counters are most of
    /// what there is.
    fn counters(&mut self, counters: &Counters<'_>) {
        counters.each(|labels, created, total| {
            self.number(labels, created, Number::Unsigned(total));
        });
    }

    /// Writes many histograms at once, for formats that have a loop of their own for it.
    fn histograms(&mut self, histograms: &Histograms<'_>) {
        histograms.each(|labels, created, value| self.series(labels, created, value));
    }

    /// A moment at which nothing is locked: what was written may go out. False when nobody takes
    /// it any more, and there is no point in going on.
    fn pause(&mut self) -> bool;
}
