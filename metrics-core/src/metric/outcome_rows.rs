//! The rows of a series: one for each combination of a call's outcome and result labels.
//!
//! A function's outcome and result labels are known only when a call returns, but the call's series
//! is looked up when the call begins. Therefore, these labels do not select a series: each series
//! has a dense array of rows, and the outcome and those result labels whose values are known at
//! compile time select a row. Metrics that do not belong to a function have one row in each series.

use crate::{describe::label, sample::label_text, series::id::SeriesId};

/// Identifies a row: a part of a series with its own cells, such as one counter or histogram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowId {
    pub(crate) series: SeriesId,
    pub(crate) row: usize,
}

/// The label `outcome` of a function's metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeLabel {
    /// The metric does not have the label.
    Omitted,
    /// The metric has the label, with the outcomes that calls of this function can have.
    Present {
        /// Whether a call can end in an error.
        error: Possible,
        /// Whether a call can be cancelled: whether it ends with a future or a stream.
        cancelled: Possible,
    },
}

/// Whether calls of a function can have an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Possible {
    /// No call has the outcome, so it has no row.
    No,
    /// A call can have the outcome.
    Yes,
    /// The expansion cannot tell at compile time. The outcome has a row, which is exposed once a
    /// call has had the outcome.
    Unknown,
}

impl Possible {
    /// Converts a `bool` that is known at compile time to `Yes` or `No`.
    pub const fn known(is_possible: bool) -> Self {
        if is_possible {
            Possible::Yes
        } else {
            Possible::No
        }
    }

    pub(crate) const fn has_row(self) -> bool {
        !matches!(self, Possible::No)
    }
}

impl OutcomeLabel {
    /// The values of the label, in the order of the rows; one empty value if it is omitted.
    pub(crate) const fn values(self) -> &'static [&'static str] {
        match self {
            OutcomeLabel::Omitted => &[""],
            OutcomeLabel::Present { error, cancelled } => {
                match (error.has_row(), cancelled.has_row()) {
                    (false, false) => &["ok", "panic"],
                    (true, false) => &["ok", "error", "panic"],
                    (false, true) => &["ok", "panic", "cancelled"],
                    (true, true) => &["ok", "error", "panic", "cancelled"],
                }
            }
        }
    }

    /// Whether it is known that calls can have `outcome`, which is one of the label's values.
    fn is_known(self, outcome: &str) -> bool {
        match (self, outcome) {
            (OutcomeLabel::Present { error, .. }, "error") => error == Possible::Yes,
            (OutcomeLabel::Present { cancelled, .. }, "cancelled") => cancelled == Possible::Yes,
            _ => true,
        }
    }
}

/// A label whose value is computed from the result of a call.
///
/// It is empty if there is no such value: after a panic or a cancellation, and, for an error's
/// label, after `ok`.
#[derive(Clone, Copy, Debug)]
pub struct ResultLabel {
    /// The label's name.
    pub name: &'static str,
    /// The label's values, if they are known at compile time.
    pub values: Option<&'static [&'static str]>,
    /// Whether the label describes an error, and is empty for all other results.
    pub errors_only: bool,
}

impl ResultLabel {
    /// Number of values, the empty one included.
    const fn len(self) -> usize {
        match self.values {
            Some(values) => 1 + values.len(),
            None => 1,
        }
    }

    /// The number of the label's own empty value, if it has one. Calls with the empty value have
    /// number 0, so no call is recorded in a row with this number.
    fn own_empty_value(self) -> Option<usize> {
        label::empty_value(self.values).map(|index| 1 + index)
    }

    /// Whether a call with this outcome (`""` if the metric has no outcomes) can have the value of
    /// this number, where 0 is the empty one.
    fn can_be(self, value: usize, outcome: &str) -> bool {
        let own_empty = self.own_empty_value();
        if own_empty == Some(value) {
            return false;
        }
        let has_value = match (self.errors_only, outcome) {
            (true, "") => return true,
            (true, outcome) => outcome == "error",
            (false, outcome) => matches!(outcome, "ok" | "error" | ""),
        };
        match value {
            0 => !has_value || own_empty.is_some(),
            _ => has_value,
        }
    }
}

/// The rows of each series of a family: the combinations of outcome and result labels, each with
/// cells of its own.
///
/// A row's number is `outcome * rows_per_outcome + result`, where `result` is the number of the
/// combination of the result labels' values; the value of the last label changes from each number
/// to the next. If the values of a result label are not known at compile time, all result labels
/// are labels of the series instead, and the rows differ in the outcome alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutcomeRows {
    outcome_label: OutcomeLabel,
    result_labels: &'static [ResultLabel],
    /// Whether rows of outcomes other than `ok` are exposed only after a recording.
    starts_with_ok_only: bool,
}

impl OutcomeRows {
    /// A single row without labels, for all metrics except those of functions.
    pub(crate) const SINGLE: OutcomeRows = OutcomeRows::new(OutcomeLabel::Omitted, &[], false);

    pub(crate) const fn new(
        outcome_label: OutcomeLabel,
        result_labels: &'static [ResultLabel],
        starts_with_ok_only: bool,
    ) -> Self {
        OutcomeRows {
            outcome_label,
            result_labels,
            starts_with_ok_only,
        }
    }

    pub(crate) const fn outcome_label(self) -> OutcomeLabel {
        self.outcome_label
    }

    pub(crate) const fn result_labels(self) -> &'static [ResultLabel] {
        self.result_labels
    }

    /// Whether the values of a result label are not known at compile time, so that all result
    /// labels are labels of the series.
    pub(crate) const fn has_open_result_labels(self) -> bool {
        let mut i = 0;
        while i < self.result_labels.len() {
            if self.result_labels[i].values.is_none() {
                return true;
            }
            i += 1;
        }
        false
    }

    /// Number of rows with the same outcome.
    pub(crate) const fn rows_per_outcome(self) -> usize {
        let mut product = 1;
        let mut i = 0;
        while i < self.result_labels.len() && !self.has_open_result_labels() {
            product *= self.result_labels[i].len();
            i += 1;
        }
        product
    }

    /// Number of rows in a series.
    pub(crate) const fn len(self) -> usize {
        self.outcome_label.values().len() * self.rows_per_outcome()
    }

    /// Whether a row with these values is exposed: something was recorded in it, or it starts at 0.
    pub(crate) fn is_exposed(self, row: usize, values: &[u64]) -> bool {
        // The first value of a function's metric is a count: of calls, or of calls that have begun.
        let is_recorded = || values.first().is_some_and(|count| *count != 0);
        let starts_at_zero = !self.has_open_result_labels()
            && match self.outcome(row) {
                "ok" | "" => self.is_possible(row),
                outcome => {
                    !self.starts_with_ok_only
                        && self.outcome_label.is_known(outcome)
                        && self.is_possible(row)
                }
            };
        starts_at_zero || is_recorded()
    }

    fn outcome(self, row: usize) -> &'static str {
        self.outcome_label.values()[row / self.rows_per_outcome()]
    }

    /// Each result label with the number of its value in a row; 0 is the empty value.
    ///
    /// Yields nothing if [`has_open_result_labels`](Self::has_open_result_labels), because all
    /// result labels are labels of the series then.
    fn result_values(self, row: usize) -> impl Iterator<Item = (&'static ResultLabel, usize)> {
        let mut rest = row % self.rows_per_outcome();
        let mut stride = self.rows_per_outcome();
        let closed = if self.has_open_result_labels() {
            &[]
        } else {
            self.result_labels
        };
        closed.iter().map(move |label| {
            stride /= label.len();
            let value = rest / stride;
            rest %= stride;
            (label, value)
        })
    }

    /// Whether a call can have this combination of outcome and result labels.
    fn is_possible(self, row: usize) -> bool {
        let mut values = self.result_values(row);
        let outcome = self.outcome(row);
        if outcome.is_empty() && self.result_values(row).all(|(_, value)| value == 0) {
            return true;
        }
        values.all(|(label, value)| label.can_be(value, outcome))
    }

    /// Appends the labels of a row to the rendered labels of its series.
    pub(crate) fn push_labels(self, out: &mut String, row: usize) {
        for (label, value) in self.result_values(row) {
            if let (Some(value), Some(values)) = (value.checked_sub(1), label.values) {
                label_text::push_label(out, label.name, values[value]);
            }
        }
        label_text::push_label(out, "outcome", self.outcome(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FALLIBLE: OutcomeLabel = OutcomeLabel::Present {
        error: Possible::Yes,
        cancelled: Possible::No,
    };

    fn rows_at_zero(rows: OutcomeRows) -> Vec<String> {
        let exposed = (0..rows.len()).filter(|row| rows.is_exposed(*row, &[0]));
        exposed
            .map(|row| {
                let mut out = String::new();
                rows.push_labels(&mut out, row);
                out
            })
            .collect()
    }

    #[test]
    fn every_possible_outcome_starts_at_zero() {
        assert_eq!(
            rows_at_zero(OutcomeRows::new(FALLIBLE, &[], false)),
            ["outcome=\"ok\"", "outcome=\"error\"", "outcome=\"panic\""]
        );
    }

    #[test]
    fn an_outcome_that_may_be_impossible_does_not_start_at_zero() {
        let unknown = OutcomeLabel::Present {
            error: Possible::Unknown,
            cancelled: Possible::Unknown,
        };
        let rows = OutcomeRows::new(unknown, &[], false);
        assert_eq!(rows_at_zero(rows), ["outcome=\"ok\"", "outcome=\"panic\""]);
        assert_eq!(rows.len(), 4);
        assert!(rows.is_exposed(1, &[1]));
    }

    #[test]
    fn a_histogram_starts_with_the_outcome_ok_only() {
        assert_eq!(
            rows_at_zero(OutcomeRows::new(FALLIBLE, &[], true)),
            ["outcome=\"ok\""]
        );
    }

    #[test]
    fn an_error_label_is_set_on_errors_only_and_a_result_label_on_every_result() {
        const RESULTS: &[ResultLabel] = &[
            ResultLabel {
                name: "size",
                values: Some(&["small", "large"]),
                errors_only: false,
            },
            ResultLabel {
                name: "kind",
                values: Some(&["io"]),
                errors_only: true,
            },
        ];
        assert_eq!(
            rows_at_zero(OutcomeRows::new(FALLIBLE, RESULTS, false)),
            [
                "size=\"small\",outcome=\"ok\"",
                "size=\"large\",outcome=\"ok\"",
                "size=\"small\",kind=\"io\",outcome=\"error\"",
                "size=\"large\",kind=\"io\",outcome=\"error\"",
                "outcome=\"panic\"",
            ]
        );
    }

    #[test]
    fn a_result_label_with_an_empty_value_has_one_row_for_it() {
        const RESULTS: &[ResultLabel] = &[ResultLabel {
            name: "size",
            values: Some(&["", "large"]),
            errors_only: false,
        }];
        assert_eq!(
            rows_at_zero(OutcomeRows::new(FALLIBLE, RESULTS, true)),
            ["outcome=\"ok\"", "size=\"large\",outcome=\"ok\""]
        );
        assert_eq!(
            rows_at_zero(OutcomeRows::new(OutcomeLabel::Omitted, RESULTS, true)),
            ["", "size=\"large\""]
        );
    }
}
