//! Tests of exemplars, which the program passes or which are taken from the current span.

#![allow(clippy::float_cmp, reason = "the amounts are shown as they were given")]

mod functions;
mod given;
mod judged;
mod scrapes;
mod spans;
mod support;
