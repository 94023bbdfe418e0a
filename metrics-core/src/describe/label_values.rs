//! Label sets whose values are known only at run time.

use crate::describe::label::{LabelSet, LabelVisitor};

/// The positions and texts of labels known at run time only.
pub(crate) struct LabelValues<'a>(pub(crate) &'a [&'a str]);

impl LabelSet for LabelValues<'_> {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for text in self.0 {
            visitor.label(text);
        }
    }
}

/// The labels of the series that takes what goes beyond a metric's cap.
pub(crate) struct OverflowLabels(pub(crate) usize);

/// The value of every label of an overflow series.
pub(crate) const OVERFLOW_VALUE: &str = "overflow";

impl LabelSet for OverflowLabels {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for _ in 0..self.0 {
            visitor.label(&OVERFLOW_VALUE);
        }
    }
}
