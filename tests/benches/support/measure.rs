//! Measures the recordings of all contenders alternately, in rounds, so that another load on the
//! machine slows each of them.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use super::{Contender, Measured, THREADS};
use crate::common::median;

/// Measures every contender in each round and returns the medians.
pub(super) fn medians(contenders: &[Contender], rounds: usize) -> Vec<Measured> {
    eprintln!("{} contenders", contenders.len());
    let lengths: Vec<[usize; THREADS.len()]> = contenders
        .iter()
        .map(|contender| THREADS.map(|threads| length(contender, threads)))
        .collect();
    let mut times = vec![[const { Vec::new() }; THREADS.len()]; contenders.len()];
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for ((contender, lengths), times) in contenders.iter().zip(&lengths).zip(&mut times) {
            for column in 0..THREADS.len() {
                let time = duration(contender, THREADS[column], lengths[column]);
                times[column].push(time.as_secs_f64() * 1e9 / lengths[column] as f64);
            }
        }
    }
    contenders
        .iter()
        .zip(times)
        .map(|(contender, times)| Measured {
            row: contender.row,
            column: contender.column,
            medians: times.map(median),
        })
        .collect()
}

/// Returns the number of operations that take about [`BATCH`], or [`SCRAPED_BATCH`].
fn length(contender: &Contender, threads: usize) -> usize {
    let batch = if contender.scrape.is_some() {
        SCRAPED_BATCH
    } else {
        BATCH
    };
    let mut operations = 1_000;
    loop {
        let time = duration(contender, threads, operations);
        if time >= batch / 4 {
            let factor = batch.as_secs_f64() / time.as_secs_f64();
            return (operations as f64 * factor) as usize;
        }
        operations *= 4;
    }
}

/// Returns the time in which each thread performs this many operations, averaged over the threads.
///
/// All threads work before the first one starts its clock and until the last one has stopped it,
/// because a thread that runs alone would be faster. If threads share a core, each is charged only
/// its share of the time.
fn duration(contender: &Contender, threads: usize, operations: usize) -> Duration {
    let (arrived, finished) = (Barrier::new(threads), Barrier::new(threads));
    let work = || {
        let mut batch = (contender.start)();
        batch(contender.row.warm_up());
        arrived.cross_with(|| batch(KEEP_BUSY));
        let begun = Instant::now();
        batch(operations);
        let time = begun.elapsed();
        finished.cross_with(|| batch(KEEP_BUSY));
        time
    };
    let is_over = AtomicBool::new(false);
    let times: Vec<_> = thread::scope(|scope| {
        if let Some(scrape) = &contender.scrape {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    scrape();
                    thread::sleep(BETWEEN_SCRAPES);
                }
            });
        }
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let times = workers.into_iter().map(ScopedJoinHandle::join).collect();
        is_over.store(true, Relaxed);
        times
    });
    let sum: Duration = times
        .into_iter()
        .map(|time| time.expect("no contender panics"))
        .sum();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = (cores as f64 / threads as f64).min(1.0);
    sum.mul_f64(share) / threads as u32
}

/// A barrier at which threads keep working until all have arrived.
struct Barrier {
    missing: AtomicUsize,
}

impl Barrier {
    fn new(threads: usize) -> Self {
        Self {
            missing: AtomicUsize::new(threads),
        }
    }

    /// Calls `busy` until all threads have arrived.
    fn cross_with(&self, mut busy: impl FnMut()) {
        self.missing.fetch_sub(1, Relaxed);
        while self.missing.load(Relaxed) > 0 {
            busy();
        }
    }
}

/// Approximate duration of one measurement.
const BATCH: Duration = Duration::from_millis(20);
/// Approximate duration of a measurement during scrapes.
const SCRAPED_BATCH: Duration = Duration::from_millis(100);
/// Pause between two scrapes.
const BETWEEN_SCRAPES: Duration = Duration::from_millis(10);
/// Number of operations between two looks at the barrier.
const KEEP_BUSY: usize = 1_000;
