//! Tests that every recording is counted exactly once, with any number of threads, thread exits and
//! concurrent scrapes.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

mod counters;
mod crowds;
mod histograms;
mod large_sums;
mod model;
mod rounding;
mod summaries;
mod support;
mod threads;
