//! Records calls of functions that are not `async`, and creates the futures of those that return
//! one.

use std::{mem, pin::Pin, thread};

use crate::call::{outcome::Outcome, recorder::Recorder, result::CallOutcome};

/// A guard that records a call which usually ends at [`returned`](Self::returned), or by a panic,
/// which drops the guard.
///
/// The guard is also dropped if a macro in the body, of which the expansion does not know that it
/// expands to `return`, ends the call. Only the drop finds out which of the two has happened, so
/// that other calls need not ask whether the thread is panicking.
#[derive(Debug)]
#[must_use]
pub struct PanicGuard<R: Recorder>(R);

impl<R: Recorder> PanicGuard<R> {
    /// Begins a call.
    #[inline(always)]
    pub fn new(target: R::Target) -> Self {
        PanicGuard(R::begin(target))
    }

    /// Ends a call whose result is not read.
    #[inline(always)]
    pub fn returned(self) {
        self.finish(Outcome::Ok);
    }

    #[inline(always)]
    fn finish(self, outcome: impl CallOutcome) {
        let recorder = self.0;
        // Does not drop the guard, because the call has not panicked.
        mem::forget(self);
        recorder.finish(outcome);
    }
}

impl<R: Recorder> Drop for PanicGuard<R> {
    #[inline(always)]
    fn drop(&mut self) {
        let outcome = if thread::panicking() {
            Outcome::Panic
        } else {
            Outcome::Ok
        };
        self.0.finish_without_result(outcome);
    }
}

/// A guard that records a call whose result is not read and whose body may return early. The call
/// ends when the guard is dropped.
///
/// The expansion creates the guard at the top of the body, so it is dropped at the end of the body,
/// at a `return` and by a panic.
#[derive(Debug)]
#[must_use]
pub struct CallGuard<R: Recorder> {
    recorder: R,
    /// Whether the thread was already unwinding when the call began. Then `thread::panicking` at
    /// the end does not tell whether this call has panicked, and the call is recorded as `ok`.
    was_panicking: bool,
}

impl<R: Recorder> CallGuard<R> {
    /// Begins a call.
    #[inline(always)]
    pub fn new(target: R::Target) -> Self {
        CallGuard {
            recorder: R::begin(target),
            was_panicking: thread::panicking(),
        }
    }
}

impl<R: Recorder> Drop for CallGuard<R> {
    #[inline(always)]
    fn drop(&mut self) {
        if thread::panicking() && !self.was_panicking {
            self.recorder.finish_without_result(Outcome::Panic);
        } else {
            self.recorder.finish(Outcome::Ok);
        }
    }
}

/// Runs the body of a function whose result is read, or the closure of `measure!`, and records the
/// call.
///
/// `body` is a parameter, and not a closure that the expansion calls itself, because that would not
/// compile for bodies that return borrows, an `impl Trait` inside a `Result`, or `!`.
#[inline(always)]
pub fn run_call<R: Recorder, T, O: CallOutcome>(
    target: R::Target,
    body: impl FnOnce() -> T,
    outcome_of: impl FnOnce(&T) -> O,
) -> T {
    let running = PanicGuard::<R>::new(target);
    let result = body();
    let outcome = outcome_of(&result);
    running.finish(outcome);
    result
}

/// Calls the body of a function that returns a future and is not `async`, or code in `measure!` in a
/// program without metrics; see [`run_call`] for why this is a function.
#[inline(always)]
pub fn make_future<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// Boxes a future for a function that returns `Pin<Box<dyn Future>>`.
#[inline(always)]
pub fn box_future<F>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}
