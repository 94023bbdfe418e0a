//! What an exposition costs: ours, the peers', and a copy of the same bytes.
//!
//! `cargo bench -p tests --features peers --bench encoding [-- <part of a work's name>]` prints
//! tables in Markdown, with verdicts where there are targets, and writes them to
//! `target/encoding.md`, with a plot of how the time grows beside it: for a release build as Cargo
//! makes it, and for one with thin LTO, which it builds and runs itself unless `--as-is` is given.
//! `--rounds=<number>` is for those in haste.

mod common;
mod encoders;
mod expositions;

use crate::common::{Options, report};
use crate::expositions::{Race, Results, Work, allocator, memory};

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

fn main() {
    let options = Options::from_arguments("encoding");
    let mut results = Results::new(options.rounds);
    for works in Work::TOGETHER {
        let mut race = Race::new(results.too_slow(works));
        for work in *works {
            if options.wants(&work.name()) {
                encoders::enter(&mut race, *work);
            }
        }
        results.add(race.run(options.rounds));
    }
    if options.wants(memory::NAME) {
        results.memory = Some(memory::measure());
    }
    results.plot(&options.output.with_extension("svg"));
    report(&options, &results);
}
