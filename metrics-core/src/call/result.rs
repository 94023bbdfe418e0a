//! What a call has come to: its outcome, and the labels that its result gives.

use std::marker::PhantomData;

use super::{CallTarget, Outcome};
use crate::{
    describe::label::{self, Label, LabelSet, LabelVisitor},
    metric::outcome_rows::{OutcomeLabel, OutcomeRows},
};

/// How a call ended, and where that is recorded.
pub trait CallOutcome {
    /// The series and the row of it; `None` when the series is gone.
    fn place<P: CallTarget>(&self, place: P) -> Option<(P, usize)>;
    /// Whether the future was not being polled.
    #[inline(always)]
    fn is_suspended(&self) -> bool {
        false
    }
}

impl CallOutcome for Outcome {
    #[inline(always)]
    fn is_suspended(&self) -> bool {
        *self == Outcome::Cancelled
    }

    #[inline(always)]
    fn place<P: CallTarget>(&self, place: P) -> Option<(P, usize)> {
        let row = match self {
            Outcome::Ok => 0,
            other => other.row(place.family().rows()),
        };
        Some((place, row))
    }
}

/// Whether it is an error.
impl CallOutcome for bool {
    #[inline(always)]
    fn place<P: CallTarget>(&self, place: P) -> Option<(P, usize)> {
        outcome(*self).place(place)
    }
}

fn outcome(is_error: bool) -> Outcome {
    if is_error {
        Outcome::Error
    } else {
        Outcome::Ok
    }
}

impl Outcome {
    /// The first row of this outcome.
    fn row(self, rows: OutcomeRows) -> usize {
        let OutcomeLabel::Present { fallible, .. } = rows.outcome_label() else {
            return 0;
        };
        let position = match self {
            Outcome::Ok => 0,
            Outcome::Error => usize::from(fallible),
            Outcome::Panic => 1 + usize::from(fallible),
            Outcome::Cancelled => 2 + usize::from(fallible),
        };
        position * rows.rows_per_outcome()
    }
}

/// A call that returned a result which gives labels.
#[derive(Debug)]
pub struct LabelledOutcome {
    is_error: bool,
    labels: ResultLabels,
}

#[derive(Debug)]
enum ResultLabels {
    /// Their place among the rows of the outcome.
    Closed(usize),
    /// Their texts.
    Open(Vec<String>),
}

impl LabelledOutcome {
    /// A result with a tuple of [`ResultValue`] labels.
    pub fn new<L: LabelSet>(is_error: bool, labels: &L) -> Self {
        let labels = if const { label::closed_series(L::VALUE_SETS).is_some() } {
            let mut position = Position(0);
            labels.visit(&mut position);
            ResultLabels::Closed(position.0)
        } else {
            let mut texts = Texts(Vec::new());
            labels.visit(&mut texts);
            ResultLabels::Open(texts.0)
        };
        LabelledOutcome { is_error, labels }
    }
}

impl CallOutcome for LabelledOutcome {
    fn place<P: CallTarget>(&self, place: P) -> Option<(P, usize)> {
        let row = outcome(self.is_error).row(place.family().rows());
        Some(match &self.labels {
            ResultLabels::Closed(position) => (place, row + position),
            ResultLabels::Open(texts) => (place.finished(texts)?, row),
        })
    }
}

struct Position(usize);

impl LabelVisitor for Position {
    fn label<L: Label>(&mut self, label: &L) {
        let count = L::VALUES.map_or(0, <[_]>::len);
        self.0 = self.0 * (1 + count) + label.index();
    }
}

struct Texts(Vec<String>);

impl LabelVisitor for Texts {
    fn label<L: Label>(&mut self, label: &L) {
        self.0.push(label.with_str(str::to_owned));
    }
}

/// The value of a result's label, or none.
///
/// Its index is that among the values and none, which is 0.
#[derive(Debug)]
pub struct ResultValue<L>(pub Option<L>);

impl<L: Label> Label for ResultValue<L> {
    const VALUES: Option<&'static [&'static str]> = L::VALUES;

    fn index(&self) -> usize {
        self.0.as_ref().map_or(0, |label| 1 + label.index())
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        match &self.0 {
            Some(label) => label.with_str(with),
            None => with(""),
        }
    }
}

/// A value of a label whose type was not told: open, whatever the type is.
#[derive(Debug)]
pub struct OpenLabel<L>(pub L);

impl<L: Label> Label for OpenLabel<L> {
    const VALUES: Option<&'static [&'static str]> = None;

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        self.0.with_str(with)
    }
}

/// Shows a result to a closure, whose parameter has its type from there.
#[inline(always)]
pub fn map_result<'a, T: ?Sized, L>(result: &'a T, at: impl FnOnce(&'a T) -> L) -> L {
    at(result)
}

/// Checks what looks at a result, where metrics are off.
pub const fn check_outcome<T, E: CallOutcome>(ending: impl FnOnce(&T) -> E) {
    std::mem::forget(ending);
}

/// The ending of a function that cannot fail.
#[inline(always)]
pub fn never_fails<T: ?Sized>(_: &T) -> bool {
    false
}

/// A type that tells its errors: `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no error that `err(...)` could take a label from",
    label = "not a `Result`; take the label from the whole result with `labels(on_return(...))`"
)]
pub trait Fails {
    /// The error.
    type Error;
    /// It, if there is one.
    fn error(&self) -> Option<&Self::Error>;
}

impl<T, E> Fails for Result<T, E> {
    type Error = E;

    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// The error of a result.
#[inline(always)]
pub fn error_of<T: Fails>(result: &T) -> Option<&T::Error> {
    result.error()
}

/// Tells whether a type is a `Result`: an inherent constant wins over a trait's, and aliases are
/// seen through.
#[derive(Debug)]
pub struct TypeProbe<T: ?Sized>(PhantomData<T>);

impl<T, E> TypeProbe<Result<T, E>> {
    /// It is.
    pub const FALLIBLE: bool = true;
}

/// What [`TypeProbe`] says of every other type.
pub trait TypeProbeFallback {
    /// It is not.
    const FALLIBLE: bool = false;
}

impl<T: ?Sized> TypeProbeFallback for TypeProbe<T> {}

/// Tells whether a value is an error, by the same rule.
#[derive(Debug)]
pub struct ValueProbe<'a, T>(pub &'a T);

impl<T, E> ValueProbe<'_, Result<T, E>> {
    /// Of a `Result`: whether it is one.
    #[inline(always)]
    pub fn is_error(&self) -> bool {
        self.0.is_err()
    }
}

/// What [`ValueProbe`] says of every other value.
pub trait ValueProbeFallback {
    /// It is none.
    #[inline(always)]
    fn is_error(&self) -> bool {
        false
    }
}

impl<T> ValueProbeFallback for ValueProbe<'_, T> {}
