//! Measures how long the compiler takes for `#[counted]` and `#[timed]`, with
//! `#[tracing::instrument]` as the reference.
//!
//! `[ROUNDS=n] cargo bench -p tests --bench compile` prints a table in Markdown, with a verdict for
//! each target. The bench takes minutes, and uses the network only for crates that are not on this
//! machine.

mod builds;

use std::{env, num::NonZero};

fn main() {
    let rounds = env::var("ROUNDS").map_or(DEFAULT_ROUNDS, |text| {
        text.parse::<NonZero<usize>>()
            .expect("`ROUNDS` is an integer of at least 1")
            .get()
    });
    print!("{}", builds::measure(rounds));
}

const DEFAULT_ROUNDS: usize = 5;
