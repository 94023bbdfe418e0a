//! Tests the quantiles of summaries that several threads record into.

use std::{cell::RefCell, collections::BTreeSet, sync::Barrier, thread};

use metrics_core::{Options, Registry, Summary, SummarySnapshot, metrics};
use proptest::{collection::vec, prelude::*};

use crate::support::while_reading;

const QUANTILES: [f64; 7] = [0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0];

fn summary() -> Summary {
    let options = Options::new("answer_bytes", "Sizes.").quantiles(QUANTILES);
    Registry::new().create(options).expect("valid")
}

/// Asserts that the quantiles are those of these observations.
#[track_caller]
fn assert_quantiles(read: &SummarySnapshot, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    for (quantile, estimate) in &read.quantiles {
        let rank = (quantile * values.len() as f64).ceil() as usize;
        let exact = values[rank.max(1) - 1];
        let error = (estimate - exact).abs();
        assert!(
            error <= exact * 0.01,
            "{estimate} instead of {exact} at {quantile}"
        );
        if rank <= 1 || rank == values.len() {
            assert_eq!(*estimate, exact, "at {quantile}");
        }
    }
}

/// Durations, zero, and values of all magnitudes.
fn value() -> impl Strategy<Value = f64> {
    let scaled = |decades: std::ops::Range<f64>| decades.prop_map(|decades| 10_f64.powf(decades));
    prop_oneof![
        6 => scaled(-4.0..1.0),
        2 => scaled(-300.0..308.0),
        1 => Just(0.0),
        1 => prop_oneof![Just(f64::MAX), Just(1e-300), Just(0.25)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(32)
    })]

    #[test]
    fn quantiles_are_those_of_the_observations_of_running_and_ended_threads(
        threads in vec((vec(value(), 0..200), any::<bool>()), 1..8),
        own in vec(value(), 1..50),
    ) {
        let summary = summary();
        for value in &own {
            summary.observe(*value);
        }
        let running = threads.iter().filter(|(_, is_running)| *is_running).count();
        let (observed, go) = (Barrier::new(running + 1), Barrier::new(running + 1));
        thread::scope(|scope| {
            let mut ended = Vec::new();
            for (values, is_running) in &threads {
                let record = || values.iter().for_each(|value| summary.observe(*value));
                let (observed, go) = (&observed, &go);
                if *is_running {
                    scope.spawn(move || {
                        record();
                        observed.wait();
                        go.wait();
                    });
                } else {
                    ended.push(scope.spawn(record));
                }
            }
            // A scope waits for the closures of its threads only, `join` also for their ends.
            for thread in ended {
                thread.join().expect("it does not panic");
            }
            observed.wait();
            let read = summary.get();
            go.wait();
            let theirs = threads.iter().flat_map(|(values, _)| values);
            let all: Vec<f64> = theirs.chain(&own).copied().collect();
            assert_eq!(read.count, all.len() as u64);
            assert_quantiles(&read, all);
        });
    }
}

#[test]
fn a_scrape_reads_only_values_that_were_observed_while_threads_come_and_go() {
    let summary = summary();
    let values = [0.0_f64, 0.5, 2.0, 1e9];
    let known: BTreeSet<u64> = values.iter().map(|value| value.to_bits()).collect();
    while_reading(
        || {
            let read = summary.get();
            let bounds = read
                .quantiles
                .iter()
                .filter(|(q, _)| *q == 0.0 || *q == 1.0);
            for (_, value) in bounds.filter(|(_, value)| !value.is_nan()) {
                assert!(known.contains(&value.to_bits()), "{read:?}");
            }
        },
        || {
            for _ in 0..50 {
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            for at in 0..1_000 {
                                summary.observe(values[at % values.len()]);
                            }
                        });
                    }
                });
            }
        },
    );
    let read = summary.get();
    assert_eq!(read.count, 200_000);
    assert_eq!(read.quantiles[2].1, 0.5);
}

metrics! {
    /// Recordings.
    #[quantiles(0.0, 0.5, 1.0)]
    static LATE: Summary = "storage_late_summary";
    /// Recordings.
    #[quantiles(0.0, 0.5, 1.0)]
    static LATE_OPEN: Summary<(host: &str)> = "storage_late_open_summary";
}

/// Observes this value when it is dropped with the thread-locals of its thread.
struct ObservesLate(f64);

impl Drop for ObservesLate {
    fn drop(&mut self) {
        LATE.observe(self.0);
        LATE_OPEN.with("a").observe(self.0);
    }
}

thread_local! {
    static BEFORE: RefCell<Option<ObservesLate>> = const { RefCell::new(None) };
    static ALONE: RefCell<Option<ObservesLate>> = const { RefCell::new(None) };
}

#[test]
fn observations_from_destructors_of_an_ended_thread_are_in_the_quantiles() {
    // `BEFORE` is destroyed after the library's thread-locals.
    let ended = thread::spawn(|| {
        BEFORE.set(Some(ObservesLate(9.0)));
        LATE.observe(4.0);
        LATE_OPEN.with("a").observe(4.0);
    });
    ended.join().unwrap();
    let alone = thread::spawn(|| ALONE.set(Some(ObservesLate(0.5))));
    alone.join().unwrap();
    for read in [LATE.get(), LATE_OPEN.with("a").get()] {
        assert_eq!(read.count, 3);
        assert_quantiles(&read, vec![4.0, 9.0, 0.5]);
    }
}
