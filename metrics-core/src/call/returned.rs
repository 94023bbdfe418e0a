//! Selects at compile time when a call ends, if the macro cannot tell from the tokens of the return
//! type: when the function returns, or with the future or stream that the function returns.
//!
//! A macro does not see through type aliases and associated types; the compiler does. The method
//! `form` is defined by several traits, for references to [`ReturnProbe`] of different depth, each
//! under a condition on the return type. In `(&&&&&&&probe).form()` the compiler removes one
//! reference after the other until a condition holds. `form` returns a [`Keep`] (the call ends when
//! the function returns) or a [`Follow`] (the call ends with the future or stream), whose method
//! `run` records the call.

use std::marker::PhantomData;

use futures_core::Stream;

use crate::{
    call::{
        boxed::{BoxedFuture, BoxedStream},
        declared::Declares,
        future::{TrackedFuture, TrackedIntoFuture},
        recorder::{Counted, Recorder},
        result::CallOutcome,
        series::{CallSeries, CallTarget, LocalCallSeries},
        state::CallState,
        stream::TrackedStream,
        sync::run_call,
    },
    metric::thread_storage::ThreadStorage,
};

/// The body of a function, as a closure that returns a `T`.
#[derive(Debug)]
pub struct Body<T, B> {
    run: B,
    returns: PhantomData<fn() -> T>,
}

/// Wraps the body of a function.
#[inline(always)]
pub const fn body<T, B: FnOnce() -> T>(run: B) -> Body<T, B> {
    Body {
        run,
        returns: PhantomData,
    }
}

impl<T, B> Body<T, B> {
    /// Creates the probe of the return type `T`. `D` represents the bounds of an `impl Trait`: see
    /// [`Declares`].
    #[inline(always)]
    pub const fn probe<D>(&self) -> ReturnProbe<T, D> {
        ReturnProbe(PhantomData)
    }
}

/// Selects a [`Keep`] or a [`Follow`] by the return type `T`, through the method `form`. `D`
/// represents the bounds of an `impl Trait`.
#[derive(Debug)]
pub struct ReturnProbe<T, D>(PhantomData<fn() -> (T, D)>);

/// A type with the auto traits and lifetimes of the tracked futures that [`Follow`] creates.
type SomeTrackedFuture<F> =
    TrackedFuture<F, Counted<CallSeries>, fn(&<F as Future>::Output) -> bool>;

/// A type with the auto traits and lifetimes of the tracked streams that [`Follow`] creates.
type SomeTrackedStream<S> =
    TrackedStream<S, Counted<CallSeries>, bool, fn(&<S as Stream>::Item) -> bool>;

/// Defines a trait whose method `form` exists for a probe type if the condition on `T` holds.
macro_rules! level {
    ($(#[$attribute:meta])* $level:ident for $probe:ty, [$($if:tt)*], $form:ident<$($of:ty),*>) => {
        /// Selects when a call ends if a condition on the return type holds.
        pub trait $level<T> {
            /// Returns the selected [`Keep`] or [`Follow`].
            $(#[$attribute])*
            #[inline(always)]
            fn form(&self) -> $form<$($of),*> {
                $form(PhantomData)
            }
        }

        impl<T, D> $level<T> for $probe where $($if)* {}
    };
}

level! {
    BoxedFutureLevel for &&&&&&ReturnProbe<T, D>, [T: BoxedFuture], Follow<BoxedFutureForm, T>
}
level! {
    BoxedStreamLevel for &&&&&ReturnProbe<T, D>, [T: BoxedStream], Follow<BoxedStreamForm, T>
}
level! {
    FutureLevel for &&&&ReturnProbe<T, D>,
    [T: Future, D: Declares<SomeTrackedFuture<T>>],
    Follow<FutureForm, T>
}
level! {
    StreamLevel for &&&ReturnProbe<T, D>,
    [T: Stream, D: Declares<SomeTrackedStream<T>>],
    Follow<StreamForm, T>
}
level! {
    #[deprecated(
        note = "the function returns a future, but its call ends when the function returns. To \
                measure it until the future completes, return `impl Future<Output = ..>` or \
                `Pin<Box<dyn Future<Output = ..>>>`; if it returns another `impl Trait`, add `future` \
                to the attribute. If the call ends here, add `future = false`"
    )]
    UnchangeableFutureLevel for &&ReturnProbe<T, D>, [T: Future], Keep<T>
}
level! {
    #[deprecated(
        note = "the function returns a stream, but its call ends when the function returns. To \
                measure it until the stream ends, return `impl Stream<Item = ..>` or \
                `Pin<Box<dyn Stream<Item = ..>>>`; if it returns another `impl Trait`, add `stream` \
                to the attribute. If the call ends here, add `stream = false`"
    )]
    UnchangeableStreamLevel for &ReturnProbe<T, D>, [T: Stream], Keep<T>
}
level! {
    ValueLevel for ReturnProbe<T, D>, [], Keep<T>
}

/// The traits whose method `form` selects when a call ends.
pub mod return_levels {
    pub use super::{
        BoxedFutureLevel as _, BoxedStreamLevel as _, FutureLevel as _, StreamLevel as _,
        UnchangeableFutureLevel as _, UnchangeableStreamLevel as _, ValueLevel as _,
    };
}

/// Records a call that ends when the function returns a `T`.
#[derive(Debug)]
pub struct Keep<T>(PhantomData<fn() -> T>);

/// Records a call that ends with the future or stream `T` that the function returns. `K` says how
/// the value is wrapped: see [`Wrap`].
#[derive(Debug)]
pub struct Follow<K, T>(PhantomData<fn() -> (K, T)>);

/// The returned value is a future.
#[derive(Debug)]
pub enum FutureForm {}

/// The returned value is turned into a future.
#[derive(Debug)]
pub enum IntoFutureForm {}

/// The returned value is a stream.
#[derive(Debug)]
pub enum StreamForm {}

/// The returned value is a future in a box, and the tracked future is boxed again.
#[derive(Debug)]
pub enum BoxedFutureForm {}

/// The returned value is a stream in a box, and the tracked stream is boxed again.
#[derive(Debug)]
pub enum BoxedStreamForm {}

impl<T> Keep<T> {
    /// Runs the body and records the call.
    ///
    /// [`Follow`] has the same method. `V` is the recorder of a call that ends when the function
    /// returns, and `F` of one that ends with a future or stream.
    #[inline(always)]
    pub fn run<V, F, L, B, O, C>(
        self,
        series: LocalCallSeries<L>,
        body: Body<T, B>,
        outcome_of: C,
    ) -> T
    where
        V: Recorder<Target = LocalCallSeries<L>>,
        F: FollowingRecorder,
        L: ThreadStorage,
        B: FnOnce() -> T,
        O: CallOutcome,
        C: FnOnce(&T) -> O,
    {
        run_call::<V, T, O>(series, body.run, outcome_of)
    }

    /// Type-checks the closure that reads the result, under `--cfg metrics_off`.
    pub fn check<O: CallOutcome>(self, outcome_of: impl FnOnce(&T) -> O) {
        drop(outcome_of);
    }
}

impl<K: Wrap<T>, T> Follow<K, T> {
    /// Runs the body and wraps the returned value in one that records the call.
    #[inline(always)]
    pub fn run<V, F, L, B, O, C>(
        self,
        series: LocalCallSeries<L>,
        body: Body<T, B>,
        outcome_of: C,
    ) -> K::Wrapped<F, O, C>
    where
        V: Recorder<Target = LocalCallSeries<L>>,
        F: FollowingRecorder,
        L: ThreadStorage,
        B: FnOnce() -> T,
        O: CallOutcome + Send + Sync + 'static,
        C: Fn(&K::Read) -> O + Send + Sync + 'static,
    {
        K::wrap(series.series(), (body.run)(), outcome_of)
    }

    /// Type-checks the closure that reads the result, under `--cfg metrics_off`.
    pub fn check<O: CallOutcome>(self, outcome_of: impl FnOnce(&K::Read) -> O) {
        drop(outcome_of);
    }
}

/// Runs a body and wraps the returned value in one that records the call. The attribute or the
/// syntax of the return type states `K`, which says how the value is wrapped.
#[inline(always)]
pub fn follow<K, F, T, B, O, C>(
    series: CallSeries,
    body: Body<T, B>,
    outcome_of: C,
) -> K::Wrapped<F, O, C>
where
    K: Wrap<T>,
    F: FollowingRecorder,
    B: FnOnce() -> T,
    O: CallOutcome + Send + Sync + 'static,
    C: Fn(&K::Read) -> O + Send + Sync + 'static,
{
    K::wrap(series, (body.run)(), outcome_of)
}

/// A recorder that a future or stream can hold.
pub trait FollowingRecorder: Recorder<Target = CallSeries> + Send + Sync + 'static {}

impl<R: Recorder<Target = CallSeries> + Send + Sync + 'static> FollowingRecorder for R {}

/// Wraps a future or stream of the type `T` in one that records the call.
pub trait Wrap<T> {
    /// The type that the outcome is read from: the output of a future or the item of a stream.
    type Read;

    /// The wrapped value.
    type Wrapped<F: FollowingRecorder, O: CallOutcome, C: Fn(&Self::Read) -> O>;

    /// Wraps the value.
    fn wrap<F, O, C>(series: CallSeries, value: T, outcome_of: C) -> Self::Wrapped<F, O, C>
    where
        F: FollowingRecorder,
        O: CallOutcome + Send + Sync + 'static,
        C: Fn(&Self::Read) -> O + Send + Sync + 'static;
}

/// Implements [`Wrap`] for a type such as [`FutureForm`].
macro_rules! wrap {
    ($form:ident, $bound:ident, $read:ident, $wrapped:ty, $series:ident, $value:ident, $outcome_of:ident, $wrap:expr) => {
        impl<T: $bound> Wrap<T> for $form {
            type Read = T::$read;
            type Wrapped<F: FollowingRecorder, O: CallOutcome, C: Fn(&T::$read) -> O> = $wrapped;

            #[inline(always)]
            fn wrap<F, O, C>(
                $series: CallSeries,
                $value: T,
                $outcome_of: C,
            ) -> Self::Wrapped<F, O, C>
            where
                F: FollowingRecorder,
                O: CallOutcome + Send + Sync + 'static,
                C: Fn(&T::$read) -> O + Send + Sync + 'static,
            {
                $wrap
            }
        }
    };
}
wrap!(
    FutureForm, Future, Output, TrackedFuture<T, F, C>,
    series, value, outcome_of, TrackedFuture::new(series, value, outcome_of)
);
wrap!(
    IntoFutureForm, IntoFuture, Output, TrackedIntoFuture<T, F, C>,
    series, value, outcome_of, TrackedIntoFuture::new(series, value, outcome_of)
);
wrap!(
    StreamForm, Stream, Item, TrackedStream<T, F, O, C>,
    series, value, outcome_of, TrackedStream::new(CallState::New(series), value, outcome_of)
);
wrap!(
    BoxedFutureForm,
    BoxedFuture,
    Output,
    T,
    series,
    value,
    outcome_of,
    T::from_tracked(TrackedFuture::<_, F, _>::new(series, value, outcome_of))
);
wrap!(
    BoxedStreamForm,
    BoxedStream,
    Item,
    T,
    series,
    value,
    outcome_of,
    T::from_tracked(TrackedStream::<_, F, _, _>::new(
        CallState::New(series),
        value,
        outcome_of
    ))
);
