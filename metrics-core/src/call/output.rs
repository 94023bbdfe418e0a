//! Selects at compile time when the call of an `async` function ends: with its future, or with a
//! stream that is the future's output. See `returned` for how the compiler selects.

use std::marker::PhantomData;

use futures_core::Stream;

use crate::call::{
    boxed::BoxedStream,
    declared::Declares,
    recorder::Counted,
    result::CallOutcome,
    returned::FollowingRecorder,
    series::CallSeries,
    stream::{StreamEnding, TrackedStream},
};

/// Selects how a call ends by the output type `T` of a future, through the method `form`. `D`
/// represents the bounds of the `impl Trait` in the signature.
#[derive(Debug)]
pub struct OutputProbe<T, D>(PhantomData<fn() -> (T, D)>);

/// Creates the probe that selects how the call of this future ends.
#[inline(always)]
pub const fn output_of<D, F: Future>(_: &F) -> OutputProbe<F::Output, D> {
    OutputProbe(PhantomData)
}

/// A type with the auto traits and lifetimes of the tracked streams that [`Output`] creates.
type SomeTrackedStream<S> =
    TrackedStream<S, Counted<CallSeries>, bool, fn(&<S as Stream>::Item) -> bool>;

/// Defines a trait whose method `form` exists for a probe type if the condition on `T` holds.
macro_rules! level {
    ($(#[$attribute:meta])* $level:ident, $probe:ty, [$($condition:tt)*], $form:ty) => {
        /// Selects how a call ends if a condition on the output type holds.
        pub trait $level<T> {
            /// Returns the selected kind of ending.
            $(#[$attribute])*
            #[inline(always)]
            fn form(&self) -> Output<$form, T> {
                Output(PhantomData)
            }
        }

        impl<T, D> $level<T> for $probe where $($condition)* {}
    };
}

level!(BoxedStreamOutputLevel, &&&OutputProbe<T, D>, [T: BoxedStream], BoxedStreamOutput);
level!(
    StreamOutputLevel, &&OutputProbe<T, D>,
    [T: Stream, D: Declares<SomeTrackedStream<T>>], StreamOutput
);
level!(
    #[deprecated(
        note = "the function returns a stream, but its call ends when its future completes. To \
                measure it until the stream ends, return `impl Stream<Item = ..>` or \
                `Pin<Box<dyn Stream<Item = ..>>>`; if it returns another `impl Trait`, add `stream` \
                to the attribute. If the call ends here, add `stream = false`"
    )]
    UnchangeableStreamOutputLevel, &OutputProbe<T, D>, [T: Stream], ValueOutput
);
level!(ValueOutputLevel, OutputProbe<T, D>, [], ValueOutput);

/// The traits whose method `form` selects how a call ends.
pub mod output_levels {
    pub use super::{
        BoxedStreamOutputLevel as _, StreamOutputLevel as _, UnchangeableStreamOutputLevel as _,
        ValueOutputLevel as _,
    };
}

/// Tells how the call of an `async` function with the output `T` ends: `K` is one of the types
/// below.
#[derive(Debug)]
pub struct Output<K, T>(PhantomData<fn() -> (K, T)>);

/// The call ends with the future.
#[derive(Debug)]
pub enum ValueOutput {}

/// The call ends with the stream that is the output.
#[derive(Debug)]
pub enum StreamOutput {}

/// The call ends with the stream that is the output, which is boxed again.
#[derive(Debug)]
pub enum BoxedStreamOutput {}

impl<T> Output<ValueOutput, T> {
    /// The ending for a [`TrackedFuture`](super::TrackedFuture) with this output.
    #[inline(always)]
    pub fn ending<R, O, C>(self, outcome_of: C) -> C
    where
        R: FollowingRecorder,
        O: CallOutcome,
        C: Fn(&T) -> O,
    {
        outcome_of
    }
}

/// Makes a [`TrackedStream`] of the stream `S` that a future returns, and converts it to `T`.
type Ending<S, R, O, C, T> = StreamEnding<C, fn(TrackedStream<S, R, O, C>) -> T>;

impl<T: Stream> Output<StreamOutput, T> {
    /// The ending for a [`TrackedFuture`](super::TrackedFuture) with this output.
    #[inline(always)]
    pub fn ending<R, O, C>(self, outcome_of: C) -> Ending<T, R, O, C, TrackedStream<T, R, O, C>>
    where
        R: FollowingRecorder,
        O: CallOutcome,
        C: Fn(&T::Item) -> O + Copy,
    {
        StreamEnding::new(outcome_of, |stream| stream)
    }
}

impl<T: BoxedStream> Output<BoxedStreamOutput, T> {
    /// The ending for a [`TrackedFuture`](super::TrackedFuture) with this output.
    #[inline(always)]
    pub fn ending<R, O, C>(self, outcome_of: C) -> Ending<T, R, O, C, T>
    where
        R: FollowingRecorder,
        O: CallOutcome + Send + Sync + 'static,
        C: Fn(&T::Item) -> O + Copy + Send + Sync + 'static,
    {
        StreamEnding::new(outcome_of, T::from_tracked)
    }
}

/// The ending of a future whose output the attribute states to be a stream.
#[inline(always)]
pub fn stream_ending<R, S, F, O, C>(
    _: &F,
    outcome_of: C,
) -> Ending<S, R, O, C, TrackedStream<S, R, O, C>>
where
    S: Stream,
    F: Future<Output = S>,
    R: FollowingRecorder,
    O: CallOutcome,
    C: Fn(&S::Item) -> O + Copy,
{
    Output::<StreamOutput, S>(PhantomData).ending(outcome_of)
}

/// Like [`stream_ending`], for a stream in a box.
#[inline(always)]
pub fn boxed_stream_ending<R, S, F, O, C>(_: &F, outcome_of: C) -> Ending<S, R, O, C, S>
where
    S: BoxedStream,
    F: Future<Output = S>,
    R: FollowingRecorder,
    O: CallOutcome + Send + Sync + 'static,
    C: Fn(&S::Item) -> O + Copy + Send + Sync + 'static,
{
    Output::<BoxedStreamOutput, S>(PhantomData).ending(outcome_of)
}
