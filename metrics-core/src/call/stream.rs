//! [`TrackedStream`]: a stream that a function returns, which records the call.
//!
//! The call begins with the first poll and ends with the stream. Its outcome is `error` if an item
//! was an error, even if the stream is then dropped before its end, as by `?` in a loop over the
//! items. A stream that is dropped before its end without such an item has the outcome `cancelled`.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

use crate::call::{
    future::Ending,
    outcome::Outcome,
    recorder::Recorder,
    result::CallOutcome,
    series::{CallSeries, CallTarget},
    state::CallState,
};

pin_project! {
    /// A stream, with the state of the call that returned it.
    #[must_use = "streams do nothing unless polled"]
    pub struct TrackedStream<S, R: Recorder, O: CallOutcome, C> {
        #[pin]
        stream: S,
        call: StreamCall<R, O>,
        outcome_of: C,
    }
}

// `Debug` is implemented by hand without a bound on `outcome_of`, because closures do not implement
// `Debug`.
impl<S: fmt::Debug, R: Recorder, O: CallOutcome, C> fmt::Debug for TrackedStream<S, R, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TrackedStream");
        shown.field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// The state of the call, and what is known of its outcome.
struct StreamCall<R: Recorder, O: CallOutcome> {
    state: CallState<R>,
    /// The outcome of the first item that is an error, else of the last item.
    item: Option<O>,
}

impl<R: Recorder, O: CallOutcome> Drop for StreamCall<R, O> {
    fn drop(&mut self) {
        if let CallState::Running(_, Outcome::Cancelled) = self.state
            && let Some(error) = self.item.take_if(|item| item.is_error())
        {
            self.state.finish(BetweenPolls(error));
        }
    }
}

/// The outcome of a call that ended while its stream was not being polled.
struct BetweenPolls<O>(O);

impl<O: CallOutcome> CallOutcome for BetweenPolls<O> {
    fn locate<T: CallTarget>(&self, target: T) -> Option<(T, usize)> {
        self.0.locate(target)
    }

    fn is_suspended(&self) -> bool {
        true
    }

    fn is_error(&self) -> bool {
        self.0.is_error()
    }
}

impl<S: Stream, R: Recorder, O: CallOutcome, C: Fn(&S::Item) -> O> TrackedStream<S, R, O, C> {
    /// Tracks a stream. `outcome_of` returns the outcome of an item.
    pub(super) fn new(state: CallState<R>, stream: S, outcome_of: C) -> Self {
        TrackedStream {
            stream,
            call: StreamCall { state, item: None },
            outcome_of,
        }
    }
}

impl<S: Stream, R: Recorder<Target = CallSeries>, O: CallOutcome, C: Fn(&S::Item) -> O> Stream
    for TrackedStream<S, R, O, C>
{
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let StreamCall { state, item: found } = this.call;
        if !state.resume() {
            // After the end of the call, polls are passed on to the stream.
            return this.stream.poll_next(context);
        }
        let polled = this.stream.poll_next(context);
        match &polled {
            Poll::Ready(None) => match found.take() {
                Some(outcome) => state.finish(outcome),
                None => state.finish(Outcome::Ok),
            },
            Poll::Ready(Some(item)) => {
                if !found.as_ref().is_some_and(CallOutcome::is_error) {
                    *found = Some((this.outcome_of)(item));
                }
                state.suspend();
            }
            Poll::Pending => state.suspend(),
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S: FusedStream, R: Recorder<Target = CallSeries>, O: CallOutcome, C: Fn(&S::Item) -> O>
    FusedStream for TrackedStream<S, R, O, C>
{
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}

/// The [`Ending`] of an async function whose output is a stream: the call goes on in the stream.
#[derive(Clone, Copy, Debug)]
pub struct StreamEnding<C, W> {
    outcome_of: C,
    /// Turns the tracked stream into the output.
    wrap: W,
}

impl<C, W> StreamEnding<C, W> {
    pub(super) fn new(outcome_of: C, wrap: W) -> Self {
        StreamEnding { outcome_of, wrap }
    }
}

impl<S, R, O, C, W, T> Ending<S, R> for StreamEnding<C, W>
where
    S: Stream,
    R: Recorder<Target = CallSeries>,
    O: CallOutcome,
    C: Fn(&S::Item) -> O + Copy,
    W: Fn(TrackedStream<S, R, O, C>) -> T,
{
    type Output = T;

    fn end(&self, output: S, state: &mut CallState<R>) -> T {
        state.suspend();
        let stream = TrackedStream::new(state.take(), output, self.outcome_of);
        (self.wrap)(stream)
    }
}
