//! Label sets whose number of labels is known only at run time: of dynamic metrics and of overflow
//! series.

use crate::describe::label::{LabelSet, LabelVisitor};

/// The label values of a series of a dynamic metric.
pub(crate) struct LabelValues<'a>(pub(crate) &'a [&'a str]);

impl LabelSet for LabelValues<'_> {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for text in self.0 {
            visitor.label(text);
        }
    }
}

/// The label set of an overflow series with this number of labels.
pub(crate) struct OverflowLabels(pub(crate) usize);

/// The value of each label of an overflow series.
pub(crate) const OVERFLOW_VALUE: &str = "overflow";

impl LabelSet for OverflowLabels {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for _ in 0..self.0 {
            visitor.label(&OVERFLOW_VALUE);
        }
    }
}
