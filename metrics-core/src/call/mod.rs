//! Types and functions that the expansions of `#[counted]`, `#[timed]` and `#[in_flight]` use.
//!
//! A call has a *target*, the series that it is recorded in ([`CallTarget`]), and a [`Recorder`],
//! which is created when the call begins and finished with its outcome by one of:
//!
//! * [`CallGuard`] at the top of the body, if the result is not read;
//! * [`run_call`], which runs the body as a closure, if the result is read, or if the body is code
//!   in `measure!`;
//! * [`TrackedFuture`] around the body of an `async` function, or around the future that another
//!   function returns.
//!
//! `thread::panicking` alone does not tell the outcome: a call made while another panic unwinds may
//! end without a panic of its own, and a suspended future that is dropped then was cancelled.
//!
//! A program may have thousands of annotated functions, and code that is generic over the function
//! is compiled for each. Only items that take the body or its result are generic over them. A
//! recorder is small, because it only refers to the function's metric, a `static`
//! [`Family`](crate::metric::family::Family).

mod function;
mod future;
mod outcome;
mod probe;
mod recorder;
mod result;
mod series;
mod sync;
mod timed;

pub use function::{FunctionFamily, FunctionSpec};
pub use future::{CallStart, TrackedFuture};
pub use outcome::Outcome;
pub use probe::{
    HasError, Inferred, TypeProbe, TypeProbeFallback, ValueProbe, ValueProbeFallback, error_of,
    never_fails,
};
pub use recorder::{Counted, EXEMPLARS, InFlightCall, NATIVE, Recorder};
pub use result::{CallOutcome, LabelledOutcome, OpenLabel, ResultValue, check_outcome, map_result};
pub use series::{CallSeries, CallTarget, LocalCallSeries, typed};
pub use sync::{CallGuard, box_future, make_future, run_call};
pub use timed::{Busy, Sampled, Timed};

pub use crate::metric::outcome_rows::{OutcomeLabel, ResultLabel};
