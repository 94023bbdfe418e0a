//! [`Recorder`]: the trait of types that record one call; its implementations for `#[counted]` and
//! `#[in_flight]`.

use crate::{
    call::{outcome::Outcome, result::CallOutcome, series::CallTarget},
    metric::exemplars::SPANS_ENABLED,
    storage::scalar,
};

/// Records one call. It is created when the call begins and finished with the call's outcome.
///
/// A recorder is `Copy` and a few words large, so that the compiler can keep it in registers while
/// the body of a function that is not async runs.
pub trait Recorder: Copy {
    /// The type that says where the call is recorded.
    type Target: CallTarget;

    /// Begins a call.
    fn begin(target: Self::Target) -> Self;

    /// Called before each poll of the call's future or stream.
    #[inline(always)]
    fn resume(&mut self) {}

    /// Called after each poll that does not end the call.
    #[inline(always)]
    fn suspend(&mut self) {}

    /// Ends the call.
    fn finish(self, outcome: impl CallOutcome);

    /// Ends a call that has panicked, or whose result is not read, in a function that is not inlined
    /// into the caller.
    #[inline(always)]
    fn finish_without_result(self, outcome: Outcome) {
        finish_cold(self, outcome);
    }
}

/// [`Recorder::finish`] as a function that is not inlined.
#[cold]
#[inline(never)]
pub(super) fn finish_cold<R: Recorder>(recorder: R, outcome: Outcome) {
    recorder.finish(outcome);
}

/// Flag of a recorder: exemplars are taken from spans.
pub const EXEMPLARS: u8 = 1;
/// Flag of a recorder: the histogram has native buckets.
pub const NATIVE: u8 = 2;

/// Whether a recorder with these flags takes exemplars from spans.
pub(super) const fn takes_exemplars(flags: u8) -> bool {
    SPANS_ENABLED && flags & EXEMPLARS != 0
}

/// The recorder of `#[counted]`, which counts a call when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Counted<T, const FLAGS: u8 = 0>(T);

impl<T: CallTarget, const FLAGS: u8> Recorder for Counted<T, FLAGS> {
    type Target = T;

    #[inline(always)]
    fn begin(target: T) -> Self {
        Counted(target)
    }

    #[inline(always)]
    fn finish(self, outcome: impl CallOutcome) {
        if let Some((target, row)) = outcome.locate(self.0) {
            target.record(move |cells, first| scalar::increment(&cells[first + row]));
            if takes_exemplars(FLAGS) {
                let (family, row) = (target.family(), target.series().row(row));
                let exemplars = family.exemplars();
                if exemplars.is_wanted(row, 0) {
                    exemplars.capture_from_span(row, 0, 1.0, family.exemplar_limit());
                }
            }
        }
    }

    #[inline(always)]
    fn finish_without_result(self, outcome: Outcome) {
        self.0.call_cold(outcome, |target, outcome| {
            Self(target).finish(outcome);
        });
    }
}

/// The recorder of `#[in_flight]`, which counts a call while it is in progress.
///
/// The series has two cells (64-bit words): the number of calls that have begun, and the number
/// that have ended.
#[derive(Clone, Copy, Debug)]
pub struct InFlightCall<T>(T);

impl<T: CallTarget> Recorder for InFlightCall<T> {
    type Target = T;

    #[inline(always)]
    fn begin(target: T) -> Self {
        target.record(|cells, first| scalar::increment(&cells[2 * first]));
        InFlightCall(target)
    }

    #[inline(always)]
    fn finish(self, _: impl CallOutcome) {
        self.0
            .record(|cells, first| scalar::increment(&cells[2 * first + 1]));
    }

    #[inline(always)]
    fn finish_without_result(self, outcome: Outcome) {
        self.0.call_cold(outcome, |target, outcome| {
            InFlightCall(target).finish(outcome);
        });
    }
}
