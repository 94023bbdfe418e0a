//! [`CallState`]: the state of a call whose future or stream is polled.

use std::mem;

use crate::call::{
    outcome::Outcome,
    recorder::{Recorder, finish_cold},
    result::CallOutcome,
    series::CallSeries,
};

/// The state of a call whose future or stream is polled. If it is dropped while the call runs, the
/// call ends.
#[derive(Debug)]
pub enum CallState<R: Recorder> {
    /// The call has not begun; the series is known.
    New(CallSeries),
    /// The call has not begun: the body computes its labels first, and passes the series by
    /// [`CallStart`](super::CallStart).
    Unlabelled,
    /// The call has begun. If the state is dropped now, the call has this outcome.
    Running(R, Outcome),
    /// The call has ended.
    Ended,
}

impl<R: Recorder> CallState<R> {
    /// Ends the call.
    #[inline(always)]
    pub(super) fn finish(&mut self, outcome: impl CallOutcome) {
        if let CallState::Running(recorder, _) = *self {
            // Forgets the old state, because its drop would end the call a second time.
            mem::forget(mem::replace(self, CallState::Ended));
            recorder.finish(outcome);
        }
    }

    /// Returns this state, and leaves [`Ended`](CallState::Ended) in its place.
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, CallState::Ended)
    }

    /// Notes that a poll has ended and the call goes on. A call that is dropped before the next
    /// poll is recorded as cancelled.
    #[inline(always)]
    pub(super) fn suspend(&mut self) {
        if let CallState::Running(recorder, outcome) = self {
            recorder.suspend();
            *outcome = Outcome::Cancelled;
        }
    }
}

impl<R: Recorder<Target = CallSeries>> CallState<R> {
    /// Notes that the future or stream is about to be polled, and begins the call with the first
    /// poll. A call that is dropped during the poll is recorded as panicked. Returns false if the
    /// call has ended.
    #[inline(always)]
    pub(super) fn resume(&mut self) -> bool {
        if let CallState::New(series) = *self {
            *self = CallState::Running(R::begin(series), Outcome::Panic);
        }
        let CallState::Running(recorder, outcome) = self else {
            return false;
        };
        *outcome = Outcome::Panic;
        recorder.resume();
        true
    }
}

impl<R: Recorder> Drop for CallState<R> {
    #[inline]
    fn drop(&mut self) {
        if let CallState::Running(recorder, outcome) = self {
            finish_cold(*recorder, *outcome);
        }
    }
}
