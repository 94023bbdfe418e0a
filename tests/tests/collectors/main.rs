//! Tests of collectors: which values they may write, which ones a registry omits, and what a
//! collector that panics or hangs does to a scrape.

#![allow(
    clippy::float_cmp,
    reason = "values are read back as they were written"
)]

mod created;
mod hanging;
mod invalid;
mod judged;
mod reentrant;
mod shared;
mod support;
mod threads;
mod timestamps;
mod values;
