//! Tests that every snapshot of a histogram is consistent, and that no snapshot waits for a
//! recorder.

use std::{
    sync::{
        PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use metrics_core::{Histogram, MetricValue, Options, Registry, metrics};

use crate::support::{ALL, MACHINE, Stop, THREADS, assert_consistent, generations, share_machine};

#[test]
fn histograms_are_consistent_in_every_snapshot_while_threads_come_and_go() {
    metrics! {
        /// Recordings.
        #[buckets(0.5, 1.0, 2.0)]
        static WHOLE: Histogram = "storage_whole";
        /// Recordings.
        #[buckets(0.5, 1.0, 2.0)]
        static WHOLE_OPEN: Histogram<(host: &str)> = "storage_whole_open";
    }
    let _turn = share_machine();
    generations(
        |_, _| {
            WHOLE.observe(1.0);
            WHOLE_OPEN.with("a").observe(1.0);
        },
        || {
            assert_consistent(&WHOLE.get());
            assert_consistent(&WHOLE_OPEN.with("a").get());
        },
    );
    assert_eq!(WHOLE.get().count, ALL);
    assert_eq!(WHOLE_OPEN.with("a").get().count, ALL);
}

#[test]
fn histograms_and_summaries_are_consistent_in_every_scrape() {
    metrics! {
        /// Recordings.
        #[buckets(1.0)]
        static SCRAPED: Histogram<(odd: bool)> = "storage_scraped";
        /// Recordings.
        static SCRAPED_SUMMARY: Summary = "storage_scraped_summary";
    }
    let _turn = share_machine();
    generations(
        |_, at| {
            SCRAPED.with(at % 2 == 1).observe(1.0);
            SCRAPED_SUMMARY.observe(1.0);
        },
        || {
            let families = Registry::global().gather();
            let ours = families
                .iter()
                .filter(|family| family.name.starts_with("storage_scraped"));
            let metrics: Vec<_> = ours.flat_map(|family| &family.metrics).collect();
            assert_eq!(metrics.len(), 3, "{metrics:?}");
            for metric in metrics {
                match &metric.value {
                    MetricValue::Histogram { buckets, sum, .. } => {
                        let count: u64 = buckets.iter().map(|(_, count)| count).sum();
                        assert_eq!(*sum, count as f64, "{metric:?}");
                    }
                    MetricValue::Summary { count, sum, .. } => {
                        assert_eq!(*sum, *count as f64, "{metric:?}");
                    }
                    other => panic!("not a histogram or summary: {other:?}"),
                }
            }
        },
    );
    assert_eq!(SCRAPED_SUMMARY.get().count, ALL);
    let observations = [false, true].map(|odd| SCRAPED.with(odd).get().count);
    assert_eq!(observations.iter().sum::<u64>(), ALL);
}

/// Reading 200 buckets takes longer than an observation, so most direct reads fail, and the recording
/// thread hands over copies.
#[test]
fn a_histogram_is_consistent_in_every_snapshot_while_a_thread_records_without_pause() {
    let _turn = share_machine();
    let bounds: Vec<f64> = (1..=200).map(f64::from).collect();
    let registry = Registry::new();
    let wide = Options::new("wide", "Recordings.").buckets(bounds);
    let wide = registry.create::<Histogram>(wide).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                wide.observe(1.0);
            }
        });
        let _stop = Stop(&stop);
        let mut counts = Vec::new();
        while counts.len() < 20_000 || counts.first() == counts.last() {
            let snapshot = wide.get();
            assert_consistent(&snapshot);
            counts.push(snapshot.count);
        }
        assert!(counts.is_sorted(), "{counts:?}");
    });
}

/// With a plain sequence lock, a recorder preempted within an observation blocks the scrape until
/// it runs again, which takes seconds on few processors.
#[test]
fn no_snapshot_waits_for_a_preempted_recorder() {
    metrics! {
        /// Recordings.
        static HAMMERED: Histogram = "storage_hammered_seconds";
    }
    let _turn = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    let stop = AtomicBool::new(false);
    let slowest = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    HAMMERED.observe(0.25);
                }
            });
        }
        let _stop = Stop(&stop);
        // The reader may be preempted as well, so the best of up to six runs counts.
        let mut best = Duration::MAX;
        for _ in 0..6 {
            if best >= MAX_LATENCY {
                best = best.min(slowest_of_a_thousand(|| HAMMERED.get()));
            }
        }
        best
    });
    assert!(slowest < MAX_LATENCY, "a snapshot took {slowest:?}");
}

const MAX_LATENCY: Duration = Duration::from_millis(50);

fn slowest_of_a_thousand<T>(mut read: impl FnMut() -> T) -> Duration {
    let time = |_| {
        // A reader that never sleeps uses up its time slice and is preempted itself. A reader that
        // wakes up preempts a recorder, as this test needs.
        thread::sleep(Duration::from_micros(50));
        let start = Instant::now();
        read();
        start.elapsed()
    };
    (0..1_000)
        .map(time)
        .max()
        .expect("at least one measurement")
}
