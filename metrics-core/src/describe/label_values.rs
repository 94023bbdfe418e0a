//! Label sets whose types do not tell their labels (`VALUE_SETS` is empty): those of dynamic metrics
//! and of overflow series (for recordings beyond the cardinality limit), and copies of other sets.

use crate::describe::label::{Label, LabelSet, LabelVisitor, index_of, with_exposed_str};

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

/// The value that replaces label values in an overflow series.
pub(crate) const OVERFLOW_VALUE: &str = "overflow";

/// The label set of the overflow series for `labels`: labels with a fixed set of values keep their
/// values, other labels have [`OVERFLOW_VALUE`].
///
/// If the program itself records these label values, it records into the overflow series, because
/// the keys are equal.
pub(crate) struct OverflowLabels<'a, L, F> {
    pub(crate) labels: &'a L,
    /// Whether the label at a position has a fixed set of values by its declaration. The label's
    /// type does not tell if the label set passes all values as strings.
    pub(crate) is_closed: F,
}

impl<L: LabelSet, F: Fn(usize) -> bool> LabelSet for OverflowLabels<'_, L, F> {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        struct Replacer<'a, V, F> {
            visitor: &'a mut V,
            is_closed: &'a F,
            at: usize,
        }

        impl<V: LabelVisitor, F: Fn(usize) -> bool> LabelVisitor for Replacer<'_, V, F> {
            fn label<L: Label>(&mut self, label: &L) {
                if L::VALUES.is_some() || (self.is_closed)(self.at) {
                    self.visitor.label(label);
                } else {
                    self.visitor.label(&OVERFLOW_VALUE);
                }
                self.at += 1;
            }
        }

        self.labels.visit(&mut Replacer {
            visitor,
            is_closed: &self.is_closed,
            at: 0,
        });
    }
}

/// The label set of the overflow series for a series whose labels are not known any more: all
/// labels have [`OVERFLOW_VALUE`], even those with a fixed set of values.
pub(crate) struct UnknownLabels<I> {
    /// For each label: its values if keys contain the index of the value, `None` if they contain
    /// the text.
    pub(crate) value_sets: I,
}

impl<I> LabelSet for UnknownLabels<I>
where
    I: Iterator<Item = Option<&'static [&'static str]>> + Clone,
{
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for values in self.value_sets.clone() {
            match values {
                Some(values) => visitor.label(&OverflowOf(values)),
                None => visitor.label(&OVERFLOW_VALUE),
            }
        }
    }
}

/// [`OVERFLOW_VALUE`] as the value of a label with this fixed set of values.
struct OverflowOf(&'static [&'static str]);

impl Label for OverflowOf {
    const VALUES: Option<&'static [&'static str]> = Some(&[]);

    /// The index of the declared value `overflow`, if there is one, so that this value and the
    /// declared one select the same series. Otherwise an index that no declared value has.
    fn index(&self) -> usize {
        let declared = self.0.iter().position(|value| *value == OVERFLOW_VALUE);
        declared.unwrap_or(self.0.len())
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with(OVERFLOW_VALUE)
    }
}

/// A copy of a label set, which is made without a lock and then read under one.
///
/// The code of a label's type is code of the program: it may record into the same metric, and it
/// may return another text at each call. A new series gets its key and its rendered labels from a
/// copy, so that they agree.
#[derive(Debug)]
pub(crate) struct LabelCopy {
    texts: String,
    /// For each label, the index of its value if its type has a fixed set of values, and the end of
    /// its text in `texts`.
    labels: Vec<(Option<usize>, usize)>,
}

impl LabelCopy {
    pub(crate) fn of(labels: &impl LabelSet) -> Self {
        let mut copy = LabelCopy {
            texts: String::new(),
            labels: Vec::new(),
        };
        labels.visit(&mut copy);
        copy
    }
}

impl LabelVisitor for LabelCopy {
    fn label<L: Label>(&mut self, label: &L) {
        with_exposed_str(label, |text| self.texts.push_str(text));
        let index = L::VALUES.is_some().then(|| index_of(label));
        self.labels.push((index, self.texts.len()));
    }
}

impl LabelSet for LabelCopy {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        let mut start = 0;
        for (index, end) in &self.labels {
            let text = &self.texts[start..*end];
            match index {
                Some(index) => visitor.label(&ClosedCopy {
                    index: *index,
                    text,
                }),
                None => visitor.label(&text),
            }
            start = *end;
        }
    }
}

/// A copy of a label whose type has a fixed set of values.
struct ClosedCopy<'a> {
    index: usize,
    text: &'a str,
}

impl Label for ClosedCopy<'_> {
    /// `Some`, so that visitors use the index. The list is empty, so that they get the text from
    /// `with_str`.
    const VALUES: Option<&'static [&'static str]> = Some(&[]);

    fn index(&self) -> usize {
        self.index
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with(self.text)
    }
}
