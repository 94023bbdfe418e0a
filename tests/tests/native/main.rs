//! Tests native histograms: buckets as specified; threads, merging and scrapes lose no observation.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

mod families;
mod functions;
mod model;
mod reset;
mod resolution;
mod support;
mod threads;
