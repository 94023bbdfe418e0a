//! What stands inside each series of a function's metric: a row for every way a call can end.

use crate::sample::label_text;

/// The ways in which calls of a function can end, as a label has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeLabel {
    /// There is no such label.
    Omitted,
    /// There is, with the values that this kind of function can have.
    Present {
        /// Whether it can return an error.
        fallible: bool,
        /// Whether its future can be dropped.
        is_async: bool,
    },
}

impl OutcomeLabel {
    pub(crate) const fn values(self) -> &'static [&'static str] {
        match self {
            OutcomeLabel::Omitted => &[""],
            OutcomeLabel::Present { fallible, is_async } => match (fallible, is_async) {
                (false, false) => &["ok", "panic"],
                (true, false) => &["ok", "error", "panic"],
                (false, true) => &["ok", "panic", "cancelled"],
                (true, true) => &["ok", "error", "panic", "cancelled"],
            },
        }
    }
}

/// A label whose value is known when the call has ended. It is empty where there is none: after
/// a panic, and for the error's label after a success.
#[derive(Clone, Copy, Debug)]
pub struct ResultLabel {
    /// The label's name.
    pub name: &'static str,
    /// Its values, when they are known at compile time.
    pub values: Option<&'static [&'static str]>,
    /// Whether only errors have it.
    pub errors_only: bool,
}

impl ResultLabel {
    /// How many values it has, none included.
    const fn len(self) -> usize {
        match self.values {
            Some(values) => 1 + values.len(),
            None => 1,
        }
    }
}

/// The rows of words inside each series: one for each outcome and the values of result labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    outcomes: OutcomeLabel,
    results: &'static [ResultLabel],
    /// Whether outcomes other than `ok` stay away until there is one.
    sparse: bool,
}

impl Rows {
    /// One row without labels of its own: any metric but a function's.
    pub(crate) const ONE: Rows = Rows::new(OutcomeLabel::Omitted, &[], false);

    pub(crate) const fn new(
        outcomes: OutcomeLabel,
        results: &'static [ResultLabel],
        sparse: bool,
    ) -> Self {
        Rows {
            outcomes,
            results,
            sparse,
        }
    }

    pub(crate) const fn outcomes(self) -> OutcomeLabel {
        self.outcomes
    }

    pub(crate) const fn results(self) -> &'static [ResultLabel] {
        self.results
    }

    /// Whether a result label is open: then all of them are labels of the series.
    pub(crate) const fn has_open_results(self) -> bool {
        let mut i = 0;
        while i < self.results.len() {
            if self.results[i].values.is_none() {
                return true;
            }
            i += 1;
        }
        false
    }

    /// The rows of one outcome.
    pub(crate) const fn per_outcome(self) -> usize {
        let mut product = 1;
        let mut i = 0;
        while i < self.results.len() && !self.has_open_results() {
            product *= self.results[i].len();
            i += 1;
        }
        product
    }

    /// How many rows there are.
    pub(crate) const fn len(self) -> usize {
        self.outcomes.values().len() * self.per_outcome()
    }

    /// Whether a row is exposed.
    pub(crate) fn shows(self, row: usize, values: &[u64]) -> bool {
        // What comes first of each type is how often: the rest of a native table is never all zero
        // once it was read.
        let recorded = || values.first().is_some_and(|count| *count != 0);
        let from_the_start = !self.has_open_results()
            && match self.outcome(row) {
                "ok" | "" => self.is_possible(row),
                _ => !self.sparse && self.is_possible(row),
            };
        from_the_start || recorded()
    }

    fn outcome(self, row: usize) -> &'static str {
        self.outcomes.values()[row / self.per_outcome()]
    }

    /// For each result label the position of its value, from 1 on; 0 for none.
    fn positions(self, row: usize) -> impl Iterator<Item = (&'static ResultLabel, usize)> {
        let mut rest = row % self.per_outcome();
        let mut stride = self.per_outcome();
        let closed = if self.has_open_results() {
            &[]
        } else {
            self.results
        };
        closed.iter().map(move |label| {
            stride /= label.len();
            let position = rest / stride;
            rest %= stride;
            (label, position)
        })
    }

    /// Whether a call can end like this.
    fn is_possible(self, row: usize) -> bool {
        let mut positions = self.positions(row);
        let outcome = self.outcome(row);
        let returned = outcome == "ok" || outcome == "error";
        if outcome.is_empty() && self.positions(row).all(|(_, position)| position == 0) {
            return true;
        }
        positions.all(|(label, position)| match (label.errors_only, outcome) {
            (true, "") => true,
            (true, _) => (position > 0) == (outcome == "error"),
            (false, "") => position > 0,
            (false, _) => (position > 0) == returned,
        })
    }

    /// Adds the labels of a row to those of its series.
    pub(crate) fn render(self, out: &mut String, row: usize) {
        for (label, position) in self.positions(row) {
            let value = position.checked_sub(1);
            if let (Some(value), Some(values)) = (value, label.values) {
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
        fallible: true,
        is_async: false,
    };

    fn from_the_start(rows: Rows) -> Vec<String> {
        let shown = (0..rows.len()).filter(|row| rows.shows(*row, &[0]));
        shown
            .map(|row| {
                let mut out = String::new();
                rows.render(&mut out, row);
                out
            })
            .collect()
    }

    #[test]
    fn every_outcome_is_there_from_the_start() {
        assert_eq!(
            from_the_start(Rows::new(FALLIBLE, &[], false)),
            ["outcome=\"ok\"", "outcome=\"error\"", "outcome=\"panic\""]
        );
    }

    #[test]
    fn sparse_rows_begin_with_ok_alone() {
        assert_eq!(
            from_the_start(Rows::new(FALLIBLE, &[], true)),
            ["outcome=\"ok\""]
        );
    }

    #[test]
    fn an_error_label_belongs_to_errors_and_a_result_label_to_what_returned() {
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
            from_the_start(Rows::new(FALLIBLE, RESULTS, false)),
            [
                "size=\"small\",outcome=\"ok\"",
                "size=\"large\",outcome=\"ok\"",
                "size=\"small\",kind=\"io\",outcome=\"error\"",
                "size=\"large\",kind=\"io\",outcome=\"error\"",
                "outcome=\"panic\"",
            ]
        );
    }
}
