//! Tests that totals include the recordings of running threads, of ended threads, and of
//! destructors that run when a thread ends.

use std::{cell::RefCell, sync::Barrier, thread};

use metrics_core::{Counter, DynamicFamily, Format, Histogram, Options, Registry, metrics};

use crate::support::{Digit, assert_consistent, share_machine};

#[test]
fn running_threads_that_know_different_series_are_summed() {
    for knows_less_begins in [true, false] {
        let registry = Registry::new();
        let options = Options::new("jobs_total", "Jobs.").labels(["of"]);
        let jobs: DynamicFamily<Counter> = registry.create_family(options).unwrap();
        let work = |of: &str, count| jobs.with(&[of]).inc_by(count);
        let end = |of: &str| jobs.remove(&[of]);
        let (once, twice) = expositions_of_two_threads(&registry, work, end, knows_less_begins);
        let lines = |a, b| {
            [
                format!("jobs_total{{of=\"a\"}} {a}"),
                format!("jobs_total{{of=\"b\"}} {b}"),
            ]
        };
        assert_eq!(once, lines(11, 10));
        assert_eq!(twice, lines(11, 110));
    }
}

#[test]
fn histograms_of_running_threads_that_know_different_series_are_summed() {
    for knows_less_begins in [true, false] {
        let registry = Registry::new();
        let options = Options::new("jobs", "Jobs.").labels(["of"]).buckets([2.0]);
        let jobs: DynamicFamily<Histogram> = registry.create_family(options).unwrap();
        let work = |of: &str, count| (0..count).for_each(|_| jobs.with(&[of]).observe(1.0));
        let end = |of: &str| jobs.remove(&[of]);
        let (once, twice) = expositions_of_two_threads(&registry, work, end, knows_less_begins);
        let lines = |a, b| {
            [("a", a), ("b", b)].map(|(of, count)| {
                [
                    format!("jobs_bucket{{of=\"{of}\",le=\"2\"}} {count}"),
                    format!("jobs_bucket{{of=\"{of}\",le=\"+Inf\"}} {count}"),
                    format!("jobs_sum{{of=\"{of}\"}} {count}"),
                    format!("jobs_count{{of=\"{of}\"}} {count}"),
                ]
            })
        };
        assert_eq!(once, lines(11, 10).concat());
        assert_eq!(twice, lines(11, 110).concat());
    }
}

/// Returns the exposed lines twice: when only one of two threads has recorded into series `b`, and
/// when both threads have recorded into it.
///
/// A thread's first recording adds it to the list of threads; `knows_less_begins` says whether the
/// thread that has not yet recorded into `b` is the first in that list.
fn expositions_of_two_threads(
    registry: &Registry,
    work: impl Fn(&str, u64) + Sync,
    end: impl Fn(&str) -> bool,
    knows_less_begins: bool,
) -> (Vec<String>, Vec<String>) {
    let begun = Registry::new();
    let begun: Counter<_> = begun.create(Options::new("begun_total", "Begun.")).unwrap();
    let expose = || {
        let text = registry.encode_to_string(Format::Text);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let turn = Barrier::new(3);
    let turns = |count| {
        (0..count).for_each(|_| {
            turn.wait();
        });
    };
    // If a thread of the scope panicked, the others would wait for it at the barrier forever.
    thread::scope(|scope| {
        scope.spawn(|| {
            if knows_less_begins {
                begun.inc();
            }
            turns(1);
            work("a", 1);
            work("gone", 1_000);
            turns(4);
            work("b", 100);
            turns(2);
        });
        scope.spawn(|| {
            if !knows_less_begins {
                begun.inc();
            }
            turns(3);
            work("b", 10);
            work("a", 10);
            turns(4);
        });
        turns(2);
        // The other thread next creates series `b`, which takes the storage of `gone`.
        end("gone");
        turns(2);
        let once = expose();
        turns(2);
        let twice = expose();
        turns(1);
        (once, twice)
    })
}

#[test]
fn an_ended_thread_leaves_all_its_values() {
    metrics! {
        /// Recordings.
        static LEFT: Counter = "storage_left_total";
        /// Recordings.
        static LEFT_FLOAT: FloatCounter<(odd: bool)> = "storage_left_float_total";
        /// Recordings.
        static LEFT_OPEN: Counter<(host: &str)> = "storage_left_open_total";
        /// Recordings.
        static LEFT_GAUGE: Gauge<(host: &str)> = "storage_left_gauge";
        /// Recordings.
        static LEFT_UP_DOWN: UpDownCounter = "storage_left_up_down";
        /// Recordings.
        static LEFT_HISTOGRAM: Histogram = "storage_left_histogram";
    }
    let _turn = share_machine();
    thread::spawn(|| {
        LEFT.inc_by(7);
        LEFT_FLOAT.with(true).inc_by(0.5);
        LEFT_OPEN.with("a").inc_by(7);
        LEFT_GAUGE.with("a").set(-7);
        LEFT_UP_DOWN.add(7);
        LEFT_HISTOGRAM.observe(7.0);
    })
    .join()
    .unwrap();
    assert_eq!(LEFT.get(), 7);
    assert_eq!(LEFT_FLOAT.with(true).get(), 0.5);
    assert_eq!(LEFT_OPEN.with("a").get(), 7);
    assert_eq!(LEFT_GAUGE.with("a").get(), -7);
    assert_eq!(LEFT_UP_DOWN.get(), 7);
    assert_eq!(LEFT_HISTOGRAM.get().sum, 7.0);
}

#[test]
fn a_thread_may_record_into_any_number_of_metrics() {
    let _turn = share_machine();
    let registry = Registry::new();
    let metrics: Vec<_> = (0..300)
        .map(|at| {
            let name = format!("m{at}_total");
            let options = Options::new(name, "Recordings.");
            registry.create::<Counter>(options).unwrap()
        })
        .collect();
    let record = || metrics.iter().for_each(Counter::inc);
    thread::scope(|scope| {
        scope.spawn(|| {
            record();
            record();
        });
        record();
    });
    assert!(metrics.iter().all(|metric| metric.get() == 3));
}

metrics! {
    /// Recordings.
    static LATE: Counter = "storage_late_total";
    /// Recordings.
    static LATE_WIDE: Counter<(tens: Digit, ones: Digit)> = "storage_late_wide_total";
    /// Recordings.
    static LATE_OPEN: Counter<(host: &str)> = "storage_late_open_total";
    /// Recordings.
    static LATE_HISTOGRAM: Histogram = "storage_late_histogram";
}

/// Records when it is dropped with the thread-locals of its thread.
struct RecordsLate;

impl RecordsLate {
    fn record() {
        LATE.inc();
        LATE_WIDE.with(Digit::Four, Digit::Two).inc();
        LATE_OPEN.with("a").inc();
        LATE_HISTOGRAM.observe(1.0);
    }
}

impl Drop for RecordsLate {
    fn drop(&mut self) {
        Self::record();
    }
}

thread_local! {
    static BEFORE: RefCell<Option<RecordsLate>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<RecordsLate>> = const { RefCell::new(None) };
    static ALONE: RefCell<Option<RecordsLate>> = const { RefCell::new(None) };
}

#[test]
fn recordings_from_destructors_of_an_ended_thread_are_counted() {
    let _turn = share_machine();
    // `BEFORE` is destroyed after the library's thread-locals, `AFTER` before them, and `ALONE` in
    // a thread that recorded nothing before.
    thread::spawn(|| {
        BEFORE.set(Some(RecordsLate));
        RecordsLate::record();
        AFTER.set(Some(RecordsLate));
    })
    .join()
    .unwrap();
    thread::spawn(|| ALONE.set(Some(RecordsLate)))
        .join()
        .unwrap();
    assert_eq!(LATE.get(), 4);
    assert_eq!(LATE_WIDE.with(Digit::Four, Digit::Two).get(), 4);
    assert_eq!(LATE_OPEN.with("a").get(), 4);
    assert_consistent(&LATE_HISTOGRAM.get());
    assert_eq!(LATE_HISTOGRAM.get().count, 4);
}
