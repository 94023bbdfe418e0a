//! [`TrackedFuture`]: wraps the future of an instrumented function and records the call.

use std::{
    cell::Cell,
    fmt,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::FusedFuture;
use pin_project_lite::pin_project;

use crate::call::{recorder::Recorder, result::CallOutcome, series::CallSeries, state::CallState};

pin_project! {
    /// The body of an `async` function, or a future that a function returns, with the state of the
    /// call.
    #[must_use = "futures do nothing unless polled"]
    pub struct TrackedFuture<F, R: Recorder, E> {
        #[pin]
        body: F,
        state: CallState<R>,
        ending: E,
    }
}

// `Debug` is implemented by hand without a bound on `ending` and `outcome_of`, because closures do
// not implement `Debug`.
impl<F: fmt::Debug, R: Recorder, E> fmt::Debug for TrackedFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TrackedFuture");
        shown.field("body", &self.body).finish_non_exhaustive()
    }
}

/// Decides what a [`TrackedFuture`] does with the output of its body.
///
/// A closure `Fn(&T) -> impl CallOutcome` ends the call with the outcome that it returns.
pub trait Ending<T, R: Recorder> {
    /// The output of the tracked future.
    type Output;

    /// Ends the call, or passes it to the output, which then ends it.
    fn end(&self, output: T, state: &mut CallState<R>) -> Self::Output;
}

impl<T, R: Recorder, O: CallOutcome, C: Fn(&T) -> O> Ending<T, R> for C {
    type Output = T;

    #[inline(always)]
    fn end(&self, output: T, state: &mut CallState<R>) -> T {
        let outcome = self(&output);
        state.finish(outcome);
        output
    }
}

impl<F: Future, R: Recorder<Target = CallSeries>, O: CallOutcome, C: Fn(&F::Output) -> O>
    TrackedFuture<F, R, C>
{
    /// Tracks a body whose series is known. `outcome_of` returns the outcome of the body's output.
    #[inline(always)]
    pub fn new(series: CallSeries, body: F, outcome_of: C) -> Self {
        TrackedFuture::with(series, body, outcome_of)
    }

    /// Tracks a body that computes its labels and then awaits [`CallStart::new`].
    #[inline(always)]
    pub fn labelled(body: F, outcome_of: C) -> Self {
        TrackedFuture::labelled_with(body, outcome_of)
    }
}

impl<F: Future, R: Recorder<Target = CallSeries>, E: Ending<F::Output, R>> TrackedFuture<F, R, E> {
    /// Like [`new`](Self::new), for an ending that is not a closure.
    #[inline(always)]
    pub fn with(series: CallSeries, body: F, ending: E) -> Self {
        TrackedFuture {
            body,
            state: CallState::New(series),
            ending,
        }
    }

    /// Like [`labelled`](Self::labelled), for an ending that is not a closure.
    #[inline(always)]
    pub fn labelled_with(body: F, ending: E) -> Self {
        TrackedFuture {
            body,
            state: CallState::Unlabelled,
            ending,
        }
    }
}

impl<F: Future, R: Recorder<Target = CallSeries>, E: Ending<F::Output, R>> Future
    for TrackedFuture<F, R, E>
{
    type Output = E::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<E::Output> {
        let mut this = self.project();
        if let CallState::Unlabelled = this.state {
            // Polls the body until it passes the series, because only the body has the arguments
            // that labels are computed from. The call has not begun yet, so a panic is not
            // recorded.
            if let Poll::Ready(output) = this.body.as_mut().poll(context) {
                return Poll::Ready(this.ending.end(output, &mut CallState::Ended));
            }
            let Some(series) = STARTED.take() else {
                return Poll::Pending;
            };
            *this.state = CallState::New(series);
        }
        // The result is ignored: after the end of the call, a poll is passed on to the body.
        this.state.resume();
        match this.body.poll(context) {
            Poll::Ready(output) => Poll::Ready(this.ending.end(output, this.state)),
            Poll::Pending => {
                this.state.suspend();
                Poll::Pending
            }
        }
    }
}

impl<F: FusedFuture, R: Recorder<Target = CallSeries>, E: Ending<F::Output, R>> FusedFuture
    for TrackedFuture<F, R, E>
{
    fn is_terminated(&self) -> bool {
        self.body.is_terminated()
    }
}

/// A value whose future is tracked once it is awaited.
#[must_use = "futures do nothing unless polled"]
pub struct TrackedIntoFuture<T, R, C> {
    value: T,
    series: CallSeries,
    outcome_of: C,
    recorder: PhantomData<fn() -> R>,
}

impl<T: fmt::Debug, R, C> fmt::Debug for TrackedIntoFuture<T, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TrackedIntoFuture");
        shown.field("value", &self.value).finish_non_exhaustive()
    }
}

impl<T, R, C> TrackedIntoFuture<T, R, C> {
    /// Tracks the future that `value` is turned into.
    pub(super) fn new(series: CallSeries, value: T, outcome_of: C) -> Self {
        TrackedIntoFuture {
            value,
            series,
            outcome_of,
            recorder: PhantomData,
        }
    }
}

impl<T, R, O, C> IntoFuture for TrackedIntoFuture<T, R, C>
where
    T: IntoFuture,
    R: Recorder<Target = CallSeries>,
    O: CallOutcome,
    C: Fn(&T::Output) -> O,
{
    type Output = T::Output;
    type IntoFuture = TrackedFuture<T::IntoFuture, R, C>;

    fn into_future(self) -> Self::IntoFuture {
        TrackedFuture::new(self.series, self.value.into_future(), self.outcome_of)
    }
}

thread_local! {
    /// The series that a body passes to the [`TrackedFuture`] that is polling the body.
    static STARTED: Cell<Option<CallSeries>> = const { Cell::new(None) };
}

/// Passes the series of a call from a body to the [`TrackedFuture`] around it.
///
/// Awaiting it suspends the body once. The [`TrackedFuture`] then begins the call and polls the
/// body again at once, so the task is not suspended.
#[derive(Debug)]
#[must_use = "the call begins when this is awaited"]
pub struct CallStart {
    is_suspended: bool,
}

impl CallStart {
    /// Announces a call in this series. The body must await the result at once, which begins the
    /// call.
    pub fn new(series: CallSeries) -> Self {
        STARTED.set(Some(series));
        CallStart {
            is_suspended: false,
        }
    }
}

impl Future for CallStart {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.is_suspended, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
