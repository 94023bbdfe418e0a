//! Measures how long a running program takes to create metrics, and how that grows with their
//! number; and how long it takes to create, to record into for the first time, and to remove series.
//!
//! `cargo bench -p tests --features peers --bench creating` prints tables in Markdown. Creating ten
//! times as many metrics should take about ten times as long.

mod changes;
#[allow(
    dead_code,
    unused_imports,
    reason = "only the other benches use all of it"
)]
mod common;

use std::{
    thread,
    time::{Duration, Instant},
};

use metrics_core::{Counter, Format, Histogram, Options, Registry};
use metrics_http::FacadeRecorder;

use crate::common::{Heading, Short};

const NUMBERS: [usize; 3] = [1_000, 10_000, 100_000];
const DROPPED: usize = 100_000;

fn main() {
    println!(
        "| metrics | `Registry::create` | `get_or_create_family` | first use through the facade |"
    );
    println!("|---:|---:|---:|---:|");
    for number in NUMBERS {
        let (created, shared) = (measure(create, number), measure(share, number));
        let facade = measure(use_facade, number);
        println!("| {number} | {created:.1?} | {shared:.1?} | {facade:.1?} |");
    }
    let before = first_observation();
    for _ in 0..DROPPED {
        drop(registry_with_histogram());
    }
    let after = first_observation();
    println!(
        "\nA thread with one observation: {before:.1?}; after {DROPPED} dropped registries: {after:.1?}\n"
    );
    print_changes();
}

/// Prints how long changes to series take, with our library and with others.
fn print_changes() {
    let columns = changes::LIBRARIES.map(|library| Heading(library.column).to_string());
    println!(
        "| 10,000 series, ns on one / two threads | {} |",
        columns.join(" | ")
    );
    println!("|---|{}", "---:|".repeat(columns.len()));
    let times =
        changes::LIBRARIES.map(|library| [1, 2].map(|threads| changes::measure(&library, threads)));
    for (operation, name) in changes::OPERATIONS.iter().enumerate() {
        let cells = times.map(|[one, two]| match (one[operation], two[operation]) {
            (Some(one), Some(two)) => format!("{} / {}", Short(one), Short(two)),
            _ => "–".to_owned(),
        });
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// Returns the shortest of three times that `create` takes for `number` metrics, without the time
/// to drop them.
fn measure<Created>(create: fn(usize) -> Created, number: usize) -> Duration {
    let times = (0..3).map(|_| {
        let start = Instant::now();
        let created = create(number);
        let time = start.elapsed();
        drop(created);
        time
    });
    times.min().expect("there are three")
}

fn create(number: usize) -> Registry {
    let registry = Registry::new();
    for at in 0..number {
        let options = Options::new(format!("created_{at}_total"), "Created.");
        registry.create::<Counter>(options).expect("valid").inc();
    }
    registry.encode_to_string(Format::Text);
    registry
}

fn share(number: usize) -> Registry {
    let registry = Registry::new();
    for at in 0..number {
        let options = Options::new(format!("shared_{at}_total"), "Shared.").labels(["of"]);
        let family = registry.get_or_create_family::<Counter>(options);
        family.expect("valid").with(&["a"]).inc();
    }
    registry
}

fn use_facade(number: usize) -> FacadeRecorder {
    let builder = FacadeRecorder::builder().registry(Registry::new());
    let recorder = builder.max_families(number).build().expect("valid");
    metrics::with_local_recorder(&recorder, || {
        for at in 0..number {
            metrics::counter!(format!("facade_{at}_total")).increment(1);
        }
    });
    recorder
}

fn registry_with_histogram() -> (Registry, Histogram) {
    let registry = Registry::new();
    let options = Options::new("answer_seconds", "Time to answer.").labels(["route"]);
    let answers = registry.create_family::<Histogram>(options).expect("valid");
    let answers = answers.bind(&["/"]);
    answers.observe(0.1);
    (registry, answers)
}

/// Returns the shortest time of a thread that observes once, from its start to its end.
fn first_observation() -> Duration {
    let (_registry, answers) = registry_with_histogram();
    let times = (0..1_000).map(|_| {
        let answers = answers.clone();
        let start = Instant::now();
        let thread = thread::spawn(move || answers.observe(0.1));
        thread.join().expect("it does not panic");
        start.elapsed()
    });
    times.min().expect("there are some")
}
