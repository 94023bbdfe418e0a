//! The compile time of annotations: ours, and those of `tracing` as a familiar reference.
//!
//! `[ROUNDS=n] cargo bench -p tests --bench compile` prints a table in Markdown, with a verdict for
//! each target. It takes minutes, and uses the network only for crates that are not on this
//! machine.

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
