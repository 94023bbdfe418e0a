//! Native histograms: the buckets of the specification, exact under threads, limits and scrapes.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

mod families;
mod functions;
mod model;
mod resolution;
mod support;
mod threads;
