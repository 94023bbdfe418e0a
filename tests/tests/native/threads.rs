//! Tests native histograms: snapshots are consistent while threads record, and destructors and
//! handles can record.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use metrics_core::{HistogramSnapshot, metrics};

use crate::support::native;

const THREADS: usize = 6;
const RECORDINGS: usize = 20_000;

/// All values are powers of two, so that the buckets determine the sum.
#[test]
fn native_histograms_are_consistent_in_every_snapshot_while_threads_come_and_go() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 2.0))]
        static WHOLE: Histogram = "native_whole";
        /// Observations.
        #[buckets(native(growth = 2.0), 1, 8, 64)]
        static WHOLE_BOTH: Histogram<(host: &str)> = "native_whole_both";
    }
    let read = |state: &HistogramSnapshot| {
        let buckets = native(state).positive.iter();
        let sum: f64 = buckets.map(|(at, n)| 2_f64.powi(*at) * *n as f64).sum();
        assert_eq!(state.sum, sum, "{state:?}");
    };
    while_reading(
        || {
            read(&WHOLE.get());
            read(&WHOLE_BOTH.with("a").get());
        },
        |thread, at| {
            let value = 2_f64.powi((at * (thread + 1) % 23) as i32);
            WHOLE.observe(value);
            WHOLE_BOTH.with("a").observe(value);
        },
    );
    assert_eq!(WHOLE.get().count, (THREADS * RECORDINGS) as u64);
    let both = WHOLE_BOTH.with("a").get();
    assert_eq!(both.count, (THREADS * RECORDINGS) as u64);
    let up_to = |exponent| {
        let buckets = native(&both).positive.iter();
        let below = buckets.filter(|(at, _)| *at <= exponent);
        below.map(|(_, count)| count).sum::<u64>()
    };
    assert_eq!(both.buckets[0].1, up_to(0));
    assert_eq!(both.buckets[0].1 + both.buckets[1].1, up_to(3));
}

/// The recording threads repeatedly reduce the resolution while another thread reads.
#[test]
fn counts_are_consistent_while_buckets_are_merged() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 1.005, max_buckets = 8))]
        static MERGED: Histogram<(host: &str)> = "native_merged";
    }
    let mut schemas = BTreeSet::new();
    let mut last = (0, i32::MAX);
    while_reading(
        || {
            let state = MERGED.with("a").get();
            let now = (state.count, native(&state).schema);
            assert!(last.0 <= now.0 && now.1 <= last.1, "{now:?} after {last:?}");
            assert!(native(&state).positive.len() <= 8);
            last = now;
            schemas.insert(now.1);
        },
        |thread, at| {
            MERGED
                .with("a")
                .observe(1.001_f64.powi((at / 4 + thread) as i32));
        },
    );
    let state = MERGED.with("a").get();
    assert_eq!(state.count, (THREADS * RECORDINGS) as u64);
}

/// Runs two generations of threads that record, while another thread calls `read`.
fn while_reading(mut read: impl FnMut() + Send, record: impl Fn(usize, usize) + Sync) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                read();
            }
            read();
        });
        for _ in 0..2 {
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let record = &record;
                    scope.spawn(move || (0..RECORDINGS / 2).for_each(|at| record(thread, at)));
                }
            });
        }
        done.store(true, Ordering::Relaxed);
        reader.join().expect("every snapshot is consistent");
    });
}

metrics! {
    /// Observations.
    #[buckets(native(max_buckets = 3))]
    static LATE: Histogram = "native_late";
}

/// Observes values that need new buckets when it is dropped at the end of its thread.
struct ObservesLate;

impl Drop for ObservesLate {
    fn drop(&mut self) {
        for exponent in 0..8 {
            LATE.observe(2_f64.powi(exponent));
        }
    }
}

thread_local! {
    static BEFORE: RefCell<Option<ObservesLate>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<ObservesLate>> = const { RefCell::new(None) };
}

#[test]
fn observations_from_destructors_of_an_ended_thread_are_counted() {
    thread::spawn(|| {
        BEFORE.set(Some(ObservesLate));
        LATE.observe(1.0);
        AFTER.set(Some(ObservesLate));
    })
    .join()
    .expect("the thread does not panic");
    let state = LATE.get();
    assert_eq!((state.count, state.sum), (17, 511.0));
    assert!(native(&state).positive.len() <= 3);
}

#[test]
fn handles_and_closed_labels_record_into_the_same_buckets() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        static CLOSED: Histogram<(odd: bool)> = "native_closed";
    }
    let handle = CLOSED.bind(true);
    handle.observe(1.0);
    CLOSED.with(true).observe(1.0);
    thread::spawn(move || handle.observe(2.0))
        .join()
        .expect("the thread does not panic");
    assert_eq!(native(&CLOSED.with(true).get()).positive, [(0, 2), (8, 1)]);
    assert_eq!(CLOSED.with(false).get().count, 0);
    assert_eq!(native(&CLOSED.with(false).get()).schema, 3);
}
