//! [`CallOutcome`]: selects the storage that records a call by its outcome (such as `ok`) and
//! result labels.

use crate::{
    call::{outcome::Outcome, series::CallTarget},
    describe::{
        label,
        label::{Label, LabelSet, LabelVisitor, index_of},
    },
    metric::outcome_rows::{OutcomeLabel, OutcomeRows},
};

/// The outcome of a call, with the values of its result labels if there are any.
pub trait CallOutcome {
    /// The target to record in, and the row of its series: one combination of outcome and result
    /// labels.
    ///
    /// `None` if result labels are labels of the series, because their values are not known at
    /// compile time, and the series was removed while the call ran.
    fn locate<T: CallTarget>(&self, target: T) -> Option<(T, usize)>;

    /// Whether the call ended while its future or stream was not being polled.
    #[inline(always)]
    fn is_suspended(&self) -> bool {
        false
    }

    /// Whether the outcome is `error`.
    fn is_error(&self) -> bool;
}

impl CallOutcome for Outcome {
    #[inline(always)]
    fn is_suspended(&self) -> bool {
        *self == Outcome::Cancelled
    }

    fn is_error(&self) -> bool {
        *self == Outcome::Error
    }

    #[inline(always)]
    fn locate<T: CallTarget>(&self, target: T) -> Option<(T, usize)> {
        let row = match self {
            Outcome::Ok => 0,
            other => first_row(*other, target.family().rows()),
        };
        Some((target, row))
    }
}

/// `true` is the outcome `error`, `false` is `ok`.
impl CallOutcome for bool {
    #[inline(always)]
    fn locate<T: CallTarget>(&self, target: T) -> Option<(T, usize)> {
        returned(*self).locate(target)
    }

    fn is_error(&self) -> bool {
        *self
    }
}

/// The outcome of a call that returned: `error` or `ok`.
fn returned(is_error: bool) -> Outcome {
    if is_error {
        Outcome::Error
    } else {
        Outcome::Ok
    }
}

/// The first of the rows that a series has for an outcome.
fn first_row(outcome: Outcome, rows: OutcomeRows) -> usize {
    let OutcomeLabel::Present { error, .. } = rows.outcome_label() else {
        return 0;
    };
    let errors = usize::from(error.has_row());
    let position = match outcome {
        Outcome::Ok => 0,
        Outcome::Error => errors,
        Outcome::Panic => 1 + errors,
        Outcome::Cancelled => 2 + errors,
    };
    position * rows.rows_per_outcome()
}

/// A returned call's outcome, and the values of the labels that are taken from its result.
#[derive(Debug)]
pub struct LabelledOutcome {
    is_error: bool,
    labels: ResultLabels,
}

#[derive(Debug)]
enum ResultLabels {
    /// If all labels have fixed value sets: the position of the call's row among the rows of its
    /// outcome.
    Closed(usize),
    /// The values, if a label has no fixed set of values.
    Open(Vec<String>),
}

impl LabelledOutcome {
    /// The outcome `error` or `ok`. `labels` is a tuple of [`ResultValue`]s.
    pub fn new<L: LabelSet>(is_error: bool, labels: &L) -> Self {
        let labels = if const { label::closed_series(L::VALUE_SETS).is_some() } {
            let mut position = RowPosition(0);
            labels.visit(&mut position);
            ResultLabels::Closed(position.0)
        } else {
            let mut values = Values(Vec::new());
            labels.visit(&mut values);
            ResultLabels::Open(values.0)
        };
        LabelledOutcome { is_error, labels }
    }
}

impl CallOutcome for LabelledOutcome {
    fn locate<T: CallTarget>(&self, target: T) -> Option<(T, usize)> {
        let row = first_row(returned(self.is_error), target.family().rows());
        Some(match &self.labels {
            ResultLabels::Closed(position) => (target, row + position),
            ResultLabels::Open(values) => (target.with_result_labels(values)?, row),
        })
    }

    fn is_error(&self) -> bool {
        self.is_error
    }
}

/// Computes the position of the labels' values among all combinations of result labels' values.
struct RowPosition(usize);

impl LabelVisitor for RowPosition {
    fn label<L: Label>(&mut self, label: &L) {
        // A result label can also be empty, with index 0, so it has one value more than its type.
        let count = L::VALUES.map_or(0, <[_]>::len);
        self.0 = self.0 * (1 + count) + label.index();
    }
}

/// Collects the values of result labels as strings.
struct Values(Vec<String>);

impl LabelVisitor for Values {
    fn label<L: Label>(&mut self, label: &L) {
        self.0.push(label.with_str(str::to_owned));
    }
}

/// The value of a result label. `None`, and the empty value of `L` if there is one, have index 0.
#[derive(Debug)]
pub struct ResultValue<L>(pub Option<L>);

impl<L: Label> Label for ResultValue<L> {
    const VALUES: Option<&'static [&'static str]> = L::VALUES;

    fn index(&self) -> usize {
        let index = self.0.as_ref().map(index_of);
        let index = index.filter(|index| const { label::empty_value(L::VALUES) } != Some(*index));
        index.map_or(0, |index| 1 + index)
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        match &self.0 {
            Some(label) => label.with_str(with),
            None => with(""),
        }
    }
}

/// The value of a label that is declared without a type. The label has no fixed set of values, even
/// if the value's type has one.
#[derive(Debug)]
pub struct OpenLabel<L>(pub L);

impl<L: Label> Label for OpenLabel<L> {
    const VALUES: Option<&'static [&'static str]> = None;

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        self.0.with_str(with)
    }
}

/// Calls a user's closure with a result.
///
/// The closure is an argument of this function so that the compiler infers its parameter's type.
#[inline(always)]
pub fn map_result<'a, T: ?Sized, L>(result: &'a T, map: impl FnOnce(&'a T) -> L) -> L {
    map(result)
}

/// Type-checks the closure that reads a result, under `--cfg metrics_off`.
pub const fn check_outcome<T, O: CallOutcome>(outcome_of: impl FnOnce(&T) -> O) {
    std::mem::forget(outcome_of);
}
