//! What the function attributes call: a call's recorder and its outcome.
//!
//! A [`Recorder`] is made when the call begins and told how it ended. Who tells it:
//!
//! * where the result is not looked at, a [`Guard`] at the top of the body, when it is dropped;
//! * where it is, [`run`], which the body is passed to as a closure;
//! * in an `async` function, the future [`Tracked`] around the body.
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

pub use future::{Entering, Tracked};
pub use recorder::{Busy, Counted, EXEMPLARS, InFlight, NATIVE, Recorder, Sampled, Timed};
pub use result::{
    Ended, Ending, Fails, Infallible, Known, Look, NeverError, Open, Probe, ends, error_of, look,
    never,
};
pub use site::{Called, Measured, Near, Place, Site, typed};

pub use crate::metric::outcome_rows::{Outcomes, ResultLabel};

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

/// What a function that returns a future makes before there is one; see [`run`].
#[inline(always)]
pub fn made<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// A future in a box like the one that the function returns.
#[inline(always)]
pub fn boxed<F>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}

/// Ends a call when it is dropped: at the end of the body, a `return`, or a panic.
#[derive(Debug)]
#[must_use]
pub struct Guard<R: Recorder> {
    recorder: R,
    /// Whether something was unwinding already when the call began.
    unwinding: bool,
}

impl<R: Recorder> Guard<R> {
    /// Begins this call.
    #[inline(always)]
    pub fn new(place: R::Place) -> Self {
        Guard {
            recorder: R::enter(place),
            unwinding: thread::panicking(),
        }
    }
}

impl<R: Recorder> Drop for Guard<R> {
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
pub fn run<R: Recorder, T, E: Ending>(
    place: R::Place,
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
