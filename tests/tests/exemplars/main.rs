//! Exemplars: given by the program or taken from the current span, and how they are exposed.

#![allow(clippy::float_cmp, reason = "the amounts are shown as they were given")]

mod functions;
mod given;
mod judged;
mod scrapes;
mod spans;
mod support;
