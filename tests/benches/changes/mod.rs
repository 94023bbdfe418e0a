//! Measures how long it takes to create series, to record into each of them from another thread, and
//! to remove them, with our library and with others.
//!
//! To add a library, add a file that implements [`Family`], and an entry to [`LIBRARIES`].

mod fast_telemetry;
mod ours;
mod prometheus;
mod prometheus_client;

use std::{sync::Barrier, thread, time::Instant};

use crate::common::{Column, median};

/// A counter with two labels.
pub(crate) trait Family: Sync {
    /// Increments the series with these label values, and creates it if it does not exist.
    fn increment(&self, values: [&str; 2]);

    /// Removes a series; returns whether the library can do that.
    fn remove(&self, values: [&str; 2]) -> bool;
}

/// A library and the constructor of its counter.
pub(crate) struct Library {
    pub(crate) column: Column,
    new: fn() -> Box<dyn Family>,
}

/// The measured libraries, ours first.
pub(crate) const LIBRARIES: [Library; 4] = [
    ours::OURS,
    fast_telemetry::PEER,
    prometheus::PEER,
    prometheus_client::PEER,
];

/// The names of the operations whose durations are in [`Times`], in the same order.
pub(crate) const OPERATIONS: [&str; 3] = [
    "first increment, which creates the series",
    "first increment by another thread",
    "removal",
];

/// Nanoseconds of each operation per series; `None` if the library does not have the operation.
pub(crate) type Times = [Option<f64>; OPERATIONS.len()];

/// Returns the medians of several rounds, in each of which this number of threads share the work.
pub(crate) fn measure(library: &Library, threads: usize) -> Times {
    let values: Vec<_> = (0..SERIES)
        .map(|number| {
            let tenant = format!("tenant-{}.example.org", number % 100);
            (tenant, format!("/api/v1/items/{number}"))
        })
        .collect();
    let rounds: Vec<Times> = (0..ROUNDS)
        .map(|_| {
            let family = (library.new)();
            let increment = |[tenant, path]: [&str; 2]| {
                family.increment([tenant, path]);
                true
            };
            [
                on_threads(threads, &values, increment),
                on_threads(threads, &values, increment),
                on_threads(threads, &values, |values| family.remove(values)),
            ]
        })
        .collect();
    std::array::from_fn(|operation| {
        let times: Option<Vec<f64>> = rounds.iter().map(|times| times[operation]).collect();
        times.map(median)
    })
}

/// Lets new threads perform an operation on all series, each thread on its share of them, and
/// returns the nanoseconds per operation; `None` if the operation returned false.
fn on_threads(
    threads: usize,
    values: &[(String, String)],
    operation: impl Fn([&str; 2]) -> bool + Sync,
) -> Option<f64> {
    let barrier = Barrier::new(threads);
    let work = |share: &[(String, String)]| {
        barrier.wait();
        let begun = Instant::now();
        let is_done = share.iter().fold(true, |is_done, (tenant, path)| {
            is_done & operation([tenant, path])
        });
        let time = begun.elapsed();
        is_done.then(|| time.as_secs_f64() * 1e9 / share.len() as f64)
    };
    let times: Option<Vec<f64>> = thread::scope(|scope| {
        let shares = values.chunks(values.len() / threads);
        let workers: Vec<_> = shares.map(|share| scope.spawn(|| work(share))).collect();
        let times = workers.into_iter();
        times
            .map(|one| one.join().expect("no library panics"))
            .collect()
    });
    times.map(|times| times.iter().sum::<f64>() / threads as f64)
}

const SERIES: usize = 10_000;
const ROUNDS: usize = 7;
