//! Types and functions that the expansions of `#[counted]`, `#[timed]` and `#[in_flight]` use.
//!
//! A call has a *target*, the series that it is recorded in ([`CallTarget`]), and a [`Recorder`],
//! which is created when the call begins and finished with its outcome by one of:
//!
//! * [`PanicGuard`] before the body of a function whose result is not read, or [`CallGuard`] if the
//!   body may return early;
//! * [`run_call`], which runs the body as a closure, if the result is read, or if the body is code
//!   in `measure!`;
//! * [`TrackedFuture`] around the body of an `async` function, or around the future that another
//!   function returns;
//! * [`TrackedStream`] around a stream that a function returns.
//!
//! If the macro cannot tell from the syntax of a return type whether it is a future or a stream,
//! the compiler selects one of these by the type: see `returned` and `output`.
//!
//! `thread::panicking` alone does not tell the outcome: a call made while another panic unwinds may
//! end without a panic of its own, and a suspended future that is dropped then was cancelled.
//!
//! A program may have thousands of annotated functions, and code that is generic over the function
//! is compiled for each. Therefore, only items that take the body or its result are generic over
//! their types. A recorder is small, because it only refers to the function's metric, a `static`
//! [`Family`](crate::metric::family::Family).

mod boxed;
mod declared;
mod function;
mod future;
mod outcome;
mod output;
mod probe;
mod recorder;
mod result;
mod returned;
mod series;
mod state;
mod stream;
mod sync;
mod timed;

pub use boxed::{BoxedFuture, BoxedStream};
pub use declared::{AnyDeclared, Declares, Undeclared};
pub use function::{FunctionFamily, FunctionSpec};
pub use future::{CallStart, Ending, TrackedFuture, TrackedIntoFuture};
pub use outcome::Outcome;
pub use output::{
    Output, OutputProbe, boxed_stream_ending, output_levels, output_of, stream_ending,
};
pub use probe::{
    HasError, Inferred, TypeProbe, TypeProbeFallback, ValueProbe, ValueProbeFallback, error_of,
    never_fails,
};
pub use recorder::{Counted, EXEMPLARS, InFlightCall, NATIVE, Recorder};
pub use result::{CallOutcome, LabelledOutcome, OpenLabel, ResultValue, check_outcome, map_result};
pub use returned::{
    Body, BoxedFutureForm, BoxedStreamForm, Follow, FutureForm, IntoFutureForm, Keep, ReturnProbe,
    StreamForm, Wrap, body, follow, return_levels,
};
pub use series::{CallSeries, CallTarget, LocalCallSeries, typed};
pub use state::CallState;
pub use stream::{StreamEnding, TrackedStream};
pub use sync::{CallGuard, PanicGuard, box_future, make_future, run_call};
pub use timed::{Busy, Sampled, Timed};

pub use crate::metric::outcome_rows::{OutcomeLabel, Possible, ResultLabel};
