//! What the function attributes call: a call's recorder and its outcome.
//!
//! A [`Recorder`] is made when the call begins and told how it ended. Who tells it:
//!
//! * where the result is not looked at, a [`CallGuard`] at the top of the body, when it is dropped;
//! * where it is, [`run_call`], which the body is passed to as a closure;
//! * in an `async` function, the future [`TrackedFuture`] around the body.
//!
//! None of them asks `thread::panicking` alone: a call made while another panic unwinds is not
//! itself a panic, and a suspended future that is dropped then is cancelled.
//!
//! Little here is generic, and nothing over the function: a program may have thousands of them,
//! and each instance is compiled again. A function is a `static` [`Family`](crate::metric::family::Family)
//! and a recorder a few words that point to it.

mod future;
mod recorder;
mod result;
mod site;

use std::{pin::Pin, thread};

pub use future::{CallStart, TrackedFuture};
pub use recorder::{Busy, Counted, EXEMPLARS, InFlightCall, NATIVE, Recorder, Sampled, Timed};
pub use result::{
    CallOutcome, Fails, LabelledOutcome, OpenLabel, ResultValue, TypeProbe, TypeProbeFallback,
    ValueProbe, ValueProbeFallback, check_outcome, error_of, map_result, never_fails,
};
pub use site::{CallSeries, CallTarget, FunctionFamily, FunctionSpec, LocalCallSeries, typed};

pub use crate::metric::outcome_rows::{OutcomeLabel, ResultLabel};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned, and not an error.
    Ok,
    /// It returned an error.
    Error,
    /// It panicked.
    Panic,
    /// Its future was dropped before the end.
    Cancelled,
}

/// What a function that returns a future makes before there is one; see [`run_call`].
#[inline(always)]
pub fn make_future<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// A future in a box like the one that the function returns.
#[inline(always)]
pub fn box_future<F>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}

/// Ends a call when it is dropped: at the end of the body, a `return`, or a panic.
#[derive(Debug)]
#[must_use]
pub struct CallGuard<R: Recorder> {
    recorder: R,
    /// Whether something was unwinding already when the call began.
    unwinding: bool,
}

impl<R: Recorder> CallGuard<R> {
    /// Begins this call.
    #[inline(always)]
    pub fn new(place: R::Target) -> Self {
        CallGuard {
            recorder: R::enter(place),
            unwinding: thread::panicking(),
        }
    }
}

impl<R: Recorder> Drop for CallGuard<R> {
    #[inline(always)]
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding {
            self.recorder.unwound(Outcome::Panic);
        } else {
            self.recorder.finish(Outcome::Ok);
        }
    }
}

#[cold]
#[inline(never)]
fn unwound<R: Recorder>(recorder: R, outcome: Outcome) {
    recorder.finish(outcome);
}

/// A call that is a panic when it is dropped.
struct Running<R: Recorder>(Option<R>);

impl<R: Recorder> Drop for Running<R> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(recorder) = self.0 {
            recorder.unwound(Outcome::Panic);
        }
    }
}

/// Runs the body of a function whose result is looked at.
///
/// That the body comes as `impl FnOnce() -> T` lets it return borrows, `impl Trait` inside a
/// `Result`, and `!`; a closure called on the spot could not.
#[inline(always)]
pub fn run_call<R: Recorder, T, E: CallOutcome>(
    place: R::Target,
    body: impl FnOnce() -> T,
    ending: impl FnOnce(&T) -> E,
) -> T {
    let mut running = Running(Some(R::enter(place)));
    let result = body();
    let ending = ending(&result);
    if let Some(recorder) = running.0.take() {
        recorder.finish(ending);
    }
    result
}
