//! [`BoxedFuture`] and [`BoxedStream`]: types that can hold a tracked future or stream, so that a
//! function can record its call without changing its return type.

use std::pin::Pin;

use futures_core::Stream;

use crate::call::{
    future::TrackedFuture, probe::TypeProbe, recorder::Recorder, result::CallOutcome,
    series::CallSeries, stream::TrackedStream,
};

/// A type of boxed futures that can also hold a tracked future.
#[diagnostic::on_unimplemented(
    message = "a value of the type `{Self}` cannot be measured until it completes",
    label = "not a boxed future",
    note = "return `impl Future<Output = ..>` or `Pin<Box<dyn Future<Output = ..>>>`"
)]
pub trait BoxedFuture: Future + Sized {
    /// Boxes a tracked future whose body is a boxed future of this type.
    fn from_tracked<R, O, C>(tracked: TrackedFuture<Self, R, C>) -> Self
    where
        R: Recorder<Target = CallSeries> + Send + Sync + 'static,
        O: CallOutcome,
        C: Fn(&Self::Output) -> O + Send + Sync + 'static;
}

/// A type of boxed streams that can also hold a tracked stream.
#[diagnostic::on_unimplemented(
    message = "a value of the type `{Self}` cannot be measured until it ends",
    label = "not a boxed stream",
    note = "return `impl Stream<Item = ..>` or `Pin<Box<dyn Stream<Item = ..>>>`"
)]
pub trait BoxedStream: Stream + Sized {
    /// Boxes a tracked stream that polls a boxed stream of this type.
    fn from_tracked<R, O, C>(tracked: TrackedStream<Self, R, O, C>) -> Self
    where
        R: Recorder<Target = CallSeries> + Send + Sync + 'static,
        O: CallOutcome + Send + Sync + 'static,
        C: Fn(&Self::Item) -> O + Send + Sync + 'static;
}

/// Implements [`BoxedFuture`] and [`BoxedStream`] for boxes of trait objects with the given auto
/// traits, and defines the constants of [`TypeProbe`] for them.
macro_rules! boxes {
    ($($(+ $auto:ident)*;)*) => {$(
        boxes!(@future (Box::pin) Pin<Box<dyn Future<Output = X> $(+ $auto)* + 'a>>);
        boxes!(@future (Box::new) Box<dyn Future<Output = X> $(+ $auto)* + Unpin + 'a>);
        boxes!(@stream (Box::pin) Pin<Box<dyn Stream<Item = X> $(+ $auto)* + 'a>>);
        boxes!(@stream (Box::new) Box<dyn Stream<Item = X> $(+ $auto)* + Unpin + 'a>);
        boxes!(@fails Pin<Box<dyn Future<Output = Result<X, E>> $(+ $auto)* + 'a>>);
        boxes!(@fails Box<dyn Future<Output = Result<X, E>> $(+ $auto)* + Unpin + 'a>);
        boxes!(@fails Pin<Box<dyn Stream<Item = Result<X, E>> $(+ $auto)* + 'a>>);
        boxes!(@fails Box<dyn Stream<Item = Result<X, E>> $(+ $auto)* + Unpin + 'a>);
    )*};
    (@future ($new:path) $boxed:ty) => {
        impl<'a, X: 'a> BoxedFuture for $boxed {
            fn from_tracked<R, O, C>(tracked: TrackedFuture<Self, R, C>) -> Self
            where
                R: Recorder<Target = CallSeries> + Send + Sync + 'static,
                O: CallOutcome,
                C: Fn(&X) -> O + Send + Sync + 'static,
            {
                $new(tracked)
            }
        }

        impl<'a, X> TypeProbe<$boxed> {
            /// True: the probed type is a boxed future.
            pub const IS_ASYNC: bool = true;
        }
    };
    (@stream ($new:path) $boxed:ty) => {
        impl<'a, X: 'a> BoxedStream for $boxed {
            fn from_tracked<R, O, C>(tracked: TrackedStream<Self, R, O, C>) -> Self
            where
                R: Recorder<Target = CallSeries> + Send + Sync + 'static,
                O: CallOutcome + Send + Sync + 'static,
                C: Fn(&X) -> O + Send + Sync + 'static,
            {
                $new(tracked)
            }
        }

        impl<'a, X> TypeProbe<$boxed> {
            /// True: the probed type is a boxed stream.
            pub const IS_ASYNC: bool = true;
        }
    };
    (@fails $boxed:ty) => {
        impl<'a, X, E> TypeProbe<$boxed> {
            /// True: the outputs or items of the probed type are a `Result`.
            pub const FALLIBLE: bool = true;
        }
    };
}

boxes! {
    ;
    + Send;
    + Sync;
    + Send + Sync;
}
