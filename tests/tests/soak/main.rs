//! Soak tests: totals stay exact under sustained load. Each test takes `SOAK_SECONDS` (default 5).

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

mod outputs;
mod readers;
mod removal;

use std::{env, time::Duration};

/// How long each test records.
fn duration() -> Duration {
    let seconds = env::var("SOAK_SECONDS").map_or(5, |text| text.parse().expect("seconds"));
    Duration::from_secs(seconds)
}
