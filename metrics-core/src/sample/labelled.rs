//! [`LabelledSink`]: adds labels to every series that passes through it.

use std::mem;

use crate::sample::{
    head::FamilyHead,
    label_text,
    sink::Sink,
    value::{Number, Value},
};

/// A sink that adds the same labels to the series of the current family and passes them on.
///
/// Used for metrics of an included registry, because their rendered labels are shared with the
/// included registry's own expositions and lack the labels that the including registry adds. The
/// sink accepts series one by one, not in batches.
pub(crate) struct LabelledSink<'a> {
    sink: &'a mut dyn Sink,
    /// The rendered labels to add.
    labels: &'a str,
    scratch: String,
}

impl<'a> LabelledSink<'a> {
    pub(crate) fn new(sink: &'a mut dyn Sink, labels: &'a str) -> Self {
        LabelledSink {
            sink,
            labels,
            scratch: String::new(),
        }
    }

    fn with_labels(&mut self, labels: &str, write: impl FnOnce(&mut dyn Sink, &str)) {
        let mut all = mem::take(&mut self.scratch);
        all.clear();
        all.push_str(self.labels);
        label_text::push_rendered(&mut all, labels);
        write(self.sink, &all);
        self.scratch = all;
    }
}

impl Sink for LabelledSink<'_> {
    fn begin_family(&mut self, head: FamilyHead<'_>) {
        self.sink.begin_family(head);
    }

    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        self.with_labels(labels, |sink, labels| {
            sink.write_series(labels, created, value);
        });
    }

    fn write_series_at(&mut self, labels: &str, created: f64, timestamp: i64, value: Value<'_>) {
        self.with_labels(labels, |sink, labels| {
            sink.write_series_at(labels, created, timestamp, value);
        });
    }

    fn write_number(&mut self, labels: &str, created: f64, number: Number) {
        self.with_labels(labels, |sink, labels| {
            sink.write_number(labels, created, number);
        });
    }

    fn checkpoint(&mut self) -> bool {
        self.sink.checkpoint()
    }
}
