//! Tests that totals are exact if far more threads record than the machine has processors, so that
//! most of them borrow their storage for each recording.

use metrics_core::{
    Counter, DynamicFamily, Format, Histogram, Options, Registry, Summary, UpDownCounter, counted,
    metrics, release_thread_storage, timed,
};

use crate::support::{
    DIGITS, Digit, assert_consistent, at_the_same_time, share_machine, while_reading,
};

const THREADS: usize = 600;
const RECORDINGS: usize = 40;
const ALL: u64 = (THREADS * RECORDINGS) as u64;

metrics! {
    /// Recordings.
    static WIDE: Counter<(tens: Digit, ones: Digit)> = "crowd_wide_total";
    /// Recordings.
    static WIDE_FLOAT: FloatCounter<(tens: Digit, ones: Digit)> = "crowd_wide_float_total";
    /// Recordings.
    static WIDE_UP_DOWN: UpDownCounter<(tens: Digit, ones: Digit)> = "crowd_wide_up_down";
    /// Recordings.
    #[buckets(0.5, 1.0, 2.0)]
    static OBSERVED: Histogram = "crowd_observed";
    /// Recordings.
    #[buckets(native(max_buckets = 4))]
    static NATIVE: Histogram = "crowd_native";
    /// Recordings.
    #[quantiles(0.0, 0.5, 1.0)]
    static SUMMARY: Summary = "crowd_summary";
    /// Recordings.
    static OPEN: Counter<(host: &str)> = "crowd_open_total";
    /// Recordings.
    static OPEN_FLOAT: FloatCounter<(host: &str)> = "crowd_open_float_total";
    /// Recordings.
    #[buckets(0.5, 1.0, 2.0)]
    static OPEN_OBSERVED: Histogram<(host: &str)> = "crowd_open_observed";
    /// Recordings.
    static NARROW: Counter = "crowd_narrow_total";
}

#[counted(labels(host))]
fn counted_call(host: &str) -> usize {
    host.len()
}

#[timed(labels(host))]
fn timed_call(host: &str) -> usize {
    host.len()
}

fn crowd(record: impl Fn(usize, usize) + Sync) {
    at_the_same_time(THREADS, RECORDINGS, record);
}

#[test]
fn counters_with_closed_labels_are_exact() {
    let _turn = share_machine();
    let read = || {
        assert!(WIDE_UP_DOWN.with(Digit::Six, Digit::One).get() >= 0);
    };
    while_reading(read, || {
        crowd(|thread, _| {
            let tens = DIGITS[thread % 7];
            WIDE.with(tens, Digit::One).inc();
            WIDE_FLOAT.with(tens, Digit::One).inc_by(0.5);
            WIDE_UP_DOWN.with(Digit::Six, Digit::One).inc();
            WIDE_UP_DOWN.with(Digit::Six, Digit::One).dec();
            WIDE_UP_DOWN.with(Digit::Six, Digit::Two).add(2);
            NARROW.inc();
        });
    });
    let counted = DIGITS.map(|tens| WIDE.with(tens, Digit::One).get());
    assert_eq!(counted.iter().sum::<u64>(), ALL);
    let counted = DIGITS.map(|tens| WIDE_FLOAT.with(tens, Digit::One).get());
    assert_eq!(counted.iter().sum::<f64>(), ALL as f64 / 2.0);
    assert_eq!(WIDE_UP_DOWN.with(Digit::Six, Digit::One).get(), 0);
    assert_eq!(
        WIDE_UP_DOWN.with(Digit::Six, Digit::Two).get(),
        2 * ALL as i64
    );
    assert_eq!(NARROW.get(), ALL);
}

#[test]
fn histograms_and_summaries_are_exact_and_consistent_in_every_snapshot() {
    let _turn = share_machine();
    let read = || {
        assert_consistent(&OBSERVED.get());
        let native = NATIVE.get().native.expect("native buckets");
        let buckets: u64 = native.positive.iter().map(|(_, count)| count).sum();
        assert!(native.zero_count + buckets <= ALL);
    };
    while_reading(read, || {
        crowd(|thread, at| {
            OBSERVED.observe(1.0);
            // Too many buckets, so that borrowers merge them.
            NATIVE.observe(((thread + at) % 40 + 1) as f64);
            // Half of them 1, a quarter 0.25, a quarter 4.
            SUMMARY.observe([1.0, 0.25, 1.0, 4.0][at % 4]);
        });
    });
    assert_eq!(OBSERVED.get().count, ALL);
    assert_consistent(&OBSERVED.get());
    assert_eq!(NATIVE.get().count, ALL);
    let native = NATIVE.get().native.expect("native buckets");
    let buckets: u64 = native.positive.iter().map(|(_, count)| count).sum();
    assert_eq!(native.zero_count + buckets, ALL);
    assert_eq!(SUMMARY.get().count, ALL);
    let quantiles = SUMMARY.get().quantiles;
    assert_eq!(quantiles[0].1, 0.25);
    assert!((quantiles[1].1 - 1.0).abs() < 0.01, "{quantiles:?}");
    assert_eq!(quantiles[2].1, 4.0);
}

#[test]
fn series_with_open_labels_are_exact_while_others_are_removed_and_created_again() {
    let _turn = share_machine();
    let read = || {
        assert_consistent(&OPEN_OBSERVED.with("stays").get());
        OPEN.remove("goes");
        OPEN_OBSERVED.remove("goes");
    };
    while_reading(read, || {
        crowd(|_, _| {
            OPEN.with("goes").inc();
            OPEN.with("stays").inc();
            OPEN_FLOAT.with("stays").inc_by(0.5);
            OPEN_OBSERVED.with("goes").observe(1.0);
            OPEN_OBSERVED.with("stays").observe(1.0);
            counted_call("stays");
            timed_call("stays");
        });
    });
    assert_eq!(OPEN.with("stays").get(), ALL);
    assert_eq!(OPEN_FLOAT.with("stays").get(), ALL as f64 / 2.0);
    assert_eq!(OPEN_OBSERVED.with("stays").get().count, ALL);
    let text = Registry::global().encode_to_string(Format::Text);
    for name in ["function_calls_total", "function_duration_seconds_count"] {
        let lines = text.lines().filter(|line| line.starts_with(name));
        let ours = lines.filter(|line| line.contains("stays") && line.contains("_call"));
        let total: u64 = ours
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum();
        assert_eq!(total, ALL, "{name}");
    }
}

#[test]
fn dynamic_metrics_are_exact_and_may_be_dropped() {
    let _turn = share_machine();
    let registry = Registry::new();
    let options = |name| Options::new(name, "Recordings.");
    let counter: Counter<_> = registry.create(options("crowd_total")).expect("valid");
    let up_down: UpDownCounter<_> = registry.create(options("crowd_up_down")).expect("valid");
    let summary: Summary<_> = registry.create(options("crowd_summary")).expect("valid");
    let family: DynamicFamily<Histogram> = registry
        .create_family(
            options("crowd_observed")
                .labels(["host"])
                .buckets([0.5, 1.0]),
        )
        .expect("valid");
    let read = || _ = registry.encode_to_string(Format::OpenMetrics);
    while_reading(read, || {
        crowd(|_, _| {
            counter.inc();
            up_down.add(3);
            summary.observe(1.0);
            family.with(&["a"]).observe(1.0);
        });
    });
    assert_eq!(counter.get(), ALL);
    assert_eq!(up_down.get(), 3 * ALL as i64);
    assert_eq!(summary.get().count, ALL);
    assert_consistent(&family.with(&["a"]).get());
    assert_eq!(family.with(&["a"]).get().count, ALL);
}

#[test]
fn totals_are_exact_while_threads_give_their_storage_back() {
    metrics! {
        /// Recordings.
        static BACK_WIDE: Counter<(tens: Digit, ones: Digit)> = "crowd_back_wide_total";
        /// Recordings.
        static BACK: Counter = "crowd_back_total";
        /// Recordings.
        static BACK_OPEN: Counter<(host: &str)> = "crowd_back_open_total";
        /// Recordings.
        static BACK_OBSERVED: Histogram<(host: &str)> = "crowd_back_observed";
    }
    let _turn = share_machine();
    let held = BACK_OPEN.bind("held");
    let mut last = 0;
    let read = || {
        let now = BACK_OPEN.with("a").get();
        assert!(last <= now, "{now} after {last}");
        last = now;
        assert_consistent(&BACK_OBSERVED.with("a").get());
    };
    while_reading(read, || {
        crowd(|thread, at| {
            let found = BACK_OPEN.with("a");
            if (thread + at) % 5 == 0 {
                release_thread_storage();
            }
            found.inc();
            BACK_OPEN.with("a").inc();
            BACK_WIDE.with(Digit::One, Digit::One).inc();
            BACK_OBSERVED.with("a").observe(1.0);
            BACK.inc();
            held.inc();
        });
    });
    assert_eq!(BACK_OPEN.with("a").get(), 2 * ALL);
    assert_eq!(BACK_WIDE.with(Digit::One, Digit::One).get(), ALL);
    assert_eq!(BACK_OBSERVED.with("a").get().count, ALL);
    assert_eq!(BACK.get(), ALL);
    assert_eq!(held.get(), ALL);
}
