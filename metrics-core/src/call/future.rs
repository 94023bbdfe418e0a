//! The future of an async function, with the call that it is.

use std::{
    cell::Cell,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{CallOutcome, CallSeries, Outcome, Recorder, unwound};

pin_project! {
    /// The body of an async function, with the call that it is.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TrackedFuture<F, R: Recorder, J> {
        #[pin]
        body: F,
        call: Call<R>,
        ending: J,
    }
}

/// How far a call has come.
#[derive(Debug)]
enum Call<R: Recorder> {
    /// Not polled yet, in this series.
    New(CallSeries),
    /// Not polled yet; the body computes its labels first, and says so through [`CallStart`].
    Unlabelled,
    /// Polled; dropped now, it has this outcome. It has ended where there is none.
    Running(R, Option<Outcome>),
}

impl<R: Recorder> Drop for Call<R> {
    #[inline]
    fn drop(&mut self) {
        if let Call::Running(recorder, Some(outcome)) = self {
            unwound(*recorder, *outcome);
        }
    }
}

impl<F: Future, R: Recorder<Target = CallSeries>, E: CallOutcome, J: Fn(&F::Output) -> E>
    TrackedFuture<F, R, J>
{
    /// Tracks a body whose series is known.
    #[inline(always)]
    pub fn new(called: CallSeries, body: F, ending: J) -> Self {
        TrackedFuture {
            body,
            call: Call::New(called),
            ending,
        }
    }

    /// Tracks a body that begins by awaiting [`CallStart::new`].
    #[inline(always)]
    pub fn labelled(body: F, ending: J) -> Self {
        TrackedFuture {
            body,
            call: Call::Unlabelled,
            ending,
        }
    }
}

impl<F: Future, R: Recorder<Target = CallSeries>, E: CallOutcome, J: Fn(&F::Output) -> E> Future
    for TrackedFuture<F, R, J>
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Call::Unlabelled = this.call {
            // Labels need the arguments, which the body has. A panic in them is not the call's:
            // it has not begun.
            if let Poll::Ready(output) = this.body.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            let Some(called) = ENTERED.take() else {
                return Poll::Pending;
            };
            *this.call = Call::New(called);
        }
        if let Call::New(called) = *this.call {
            *this.call = Call::Running(R::enter(called), Some(Outcome::Panic));
        }
        let Call::Running(recorder, outcome @ Some(_)) = this.call else {
            // Polled after the end: the body says what it thinks of that.
            return this.body.poll(context);
        };
        // Dropped while it is polled, it has panicked; dropped between, it was cancelled.
        *outcome = Some(Outcome::Panic);
        recorder.resume();
        let polled = this.body.poll(context);
        match &polled {
            Poll::Ready(output) => {
                let ending = (this.ending)(output);
                *outcome = None;
                recorder.finish(ending);
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
    /// On its way from a body to the [`TrackedFuture`] that polls it, with nothing in between.
    static ENTERED: Cell<Option<CallSeries>> = const { Cell::new(None) };
}

/// How a body tells the [`TrackedFuture`] around it its series: it suspends the body once; the call
/// begins, and the body goes on at once.
#[derive(Debug)]
#[must_use = "the call begins when this is awaited"]
pub struct CallStart {
    suspended: bool,
}

impl CallStart {
    /// Begins a call in this series; awaited at once.
    pub fn new(called: CallSeries) -> Self {
        ENTERED.set(Some(called));
        CallStart { suspended: false }
    }
}

impl Future for CallStart {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.suspended, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
