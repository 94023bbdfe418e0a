//! [`TrackedFuture`]: wraps the future of an instrumented function and records the call.

use std::{
    cell::Cell,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::call::{
    outcome::Outcome,
    recorder::{Recorder, finish_cold},
    result::CallOutcome,
    series::CallSeries,
};

pin_project! {
    /// The body of an async function, with the state of its call.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TrackedFuture<F, R: Recorder, C> {
        #[pin]
        body: F,
        state: CallState<R>,
        outcome_of: C,
    }
}

#[derive(Debug)]
enum CallState<R: Recorder> {
    /// The call has not begun; the series is known.
    New(CallSeries),
    /// The call has not begun: the body computes its labels first, and passes the series by
    /// [`CallStart`].
    Unlabelled,
    /// The call has begun. If the future is dropped now, the call has this outcome; `None` once the
    /// call has ended.
    Running(R, Option<Outcome>),
}

impl<R: Recorder> Drop for CallState<R> {
    #[inline]
    fn drop(&mut self) {
        if let CallState::Running(recorder, Some(outcome)) = self {
            finish_cold(*recorder, *outcome);
        }
    }
}

impl<F: Future, R: Recorder<Target = CallSeries>, O: CallOutcome, C: Fn(&F::Output) -> O>
    TrackedFuture<F, R, C>
{
    /// Tracks a body whose series is known.
    #[inline(always)]
    pub fn new(series: CallSeries, body: F, outcome_of: C) -> Self {
        TrackedFuture {
            body,
            state: CallState::New(series),
            outcome_of,
        }
    }

    /// Tracks a body that computes its labels and then awaits [`CallStart::new`].
    #[inline(always)]
    pub fn labelled(body: F, outcome_of: C) -> Self {
        TrackedFuture {
            body,
            state: CallState::Unlabelled,
            outcome_of,
        }
    }
}

impl<F: Future, R: Recorder<Target = CallSeries>, O: CallOutcome, C: Fn(&F::Output) -> O> Future
    for TrackedFuture<F, R, C>
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let CallState::Unlabelled = this.state {
            // Only the body has the arguments that labels are computed from. The call has not begun
            // yet, so a panic here is not recorded.
            if let Poll::Ready(output) = this.body.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            let Some(series) = STARTED.take() else {
                return Poll::Pending;
            };
            *this.state = CallState::New(series);
        }
        if let CallState::New(series) = *this.state {
            *this.state = CallState::Running(R::begin(series), Some(Outcome::Panic));
        }
        let CallState::Running(recorder, outcome @ Some(_)) = this.state else {
            // The call has ended: the body does what it does when it is polled again.
            return this.body.poll(context);
        };
        // A future that is dropped during a poll has panicked; one dropped between two polls was
        // cancelled.
        *outcome = Some(Outcome::Panic);
        recorder.resume();
        let polled = this.body.poll(context);
        match &polled {
            Poll::Ready(output) => {
                let result = (this.outcome_of)(output);
                *outcome = None;
                recorder.finish(result);
            }
            Poll::Pending => {
                recorder.suspend();
                *outcome = Some(Outcome::Cancelled);
            }
        }
        polled
    }
}

thread_local! {
    /// The series on its way from a body to the [`TrackedFuture`] that is polling it.
    static STARTED: Cell<Option<CallSeries>> = const { Cell::new(None) };
}

/// Passes the series of a call from a body to the [`TrackedFuture`] around it.
///
/// Awaiting it suspends the body once. The [`TrackedFuture`] then begins the call and polls the body
/// again at once, so the task is not suspended.
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
