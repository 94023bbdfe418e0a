//! What annotations cost who compiles them: ours, and those of `tracing`, which many know.
//!
//! `[ROUNDS=n] cargo bench -p tests --bench compile` prints a table in Markdown, with a verdict
//! where there is a target. It takes minutes; the network is asked only for what is not on this
//! machine yet.

mod builds;

use std::{env, num::NonZero};

fn main() {
    let rounds = env::var("ROUNDS").map_or(DEFAULT_ROUNDS, |text| {
        text.parse::<NonZero<usize>>()
            .expect("ROUNDS is a number from 1 on")
            .get()
    });
    print!("{}", builds::measure(rounds));
}

const DEFAULT_ROUNDS: usize = 5;
