//! Measures what many threads cost: memory and scrape time of histograms that 8, 128 and 512
//! threads have recorded into, and the time of a recording by one more thread.
//!
//! `cargo bench -p tests --features peers --bench threads` prints tables in Markdown with verdicts.
//! This program starts itself for each row, because a measurement could otherwise use the memory
//! that an earlier one has freed.

#[allow(
    dead_code,
    unused_imports,
    reason = "only the other benches use all of it"
)]
mod common;
mod crowds;

use std::{
    env,
    process::{Command, Stdio},
};

use crate::{
    common::{Heading, Short, verdict},
    crowds::{Figures, LIBRARIES, SERIES},
};

/// Numbers of threads.
const THREADS: [usize; 3] = [8, 128, 512];

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, child, library, threads] = &arguments[..]
        && child == CHILD
    {
        let library = &LIBRARIES[library.parse::<usize>().expect("an index")];
        let threads = threads.parse().expect("a number");
        crowds::measure(library, threads).print();
        return;
    }
    println!(
        "{SERIES} histogram series and a histogram without labels, each observed once by each \
         thread. The threads are alive and idle during the scrape, and while one more thread \
         observes.\n"
    );
    println!("| library | threads | MiB | scrape, ms | histogram, ns | series of labels, ns |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut ours = Vec::new();
    for (index, library) in LIBRARIES.iter().enumerate() {
        for threads in THREADS {
            let figures = measure_in_child(index, threads);
            let column = Heading(library.column);
            let cells = figures.0.map(|figure| Short(figure).to_string());
            println!("| {column} | {threads} | {} |", cells.join(" | "));
            if index == 0 {
                ours.push(figures);
            }
        }
    }
    print_targets(&ours);
}

/// Measures a library in a process of its own.
fn measure_in_child(library: usize, threads: usize) -> Figures {
    let program = env::current_exe().expect("the program has a path");
    let output = Command::new(program)
        .args([CHILD, &library.to_string(), &threads.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", output.status);
    let printed = String::from_utf8(output.stdout).expect("the program prints text");
    Figures::parse(&printed)
}

/// Prints the verdicts on our figures, which are those of [`THREADS`].
fn print_targets(ours: &[Figures]) {
    let [few, .., many] = ours else {
        unreachable!("there is more than one number of threads");
    };
    let [memory, scrape, histogram, _] = many.0;
    let [memory_of_few, scrape_of_few, ..] = few.0;
    println!("\n| of 512 threads | target | measured | |");
    println!("|---|---|---:|---|");
    for (what, of, bound) in [
        ("memory", memory / memory_of_few, 4.0),
        ("scrape", scrape / scrape_of_few, 4.0),
    ] {
        let is_met = verdict(of <= bound);
        println!(
            "| {what} | ≤ {bound} × that of 8 threads | {} × | {is_met} |",
            Short(of)
        );
    }
    let is_met = verdict(histogram <= NEXT_THREAD);
    println!(
        "| histogram, by one more thread | ≤ {NEXT_THREAD} ns | {} ns | {is_met} |",
        Short(histogram)
    );
}

/// The first argument of a process that measures one row.
const CHILD: &str = "--child";
/// The target for an observation by a thread beyond the first 512, in nanoseconds.
const NEXT_THREAD: f64 = 10.0;
