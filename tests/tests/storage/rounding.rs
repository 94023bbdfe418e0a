//! Tests that sums of floats never decrease by a rounding error.

use std::{sync::mpsc, thread};

use metrics_core::{Format, Histogram, Options, Registry, metrics};

use crate::support::share_machine;

/// Prometheus takes even the smallest decrease for a restart, and adds the whole value again.
#[test]
fn a_float_counter_never_decreases_by_a_rounding_error() {
    metrics! {
        /// Recordings.
        static TENTHS: FloatCounter = "storage_tenths_total";
    }
    let _turn = share_machine();
    assert_never_decreases_as_threads_end(|amount| TENTHS.inc_by(amount), || TENTHS.get());
}

#[test]
fn the_sum_of_a_histogram_never_decreases_by_a_rounding_error() {
    metrics! {
        /// Recordings.
        static PARTS: Histogram = "storage_parts_seconds";
    }
    let _turn = share_machine();
    assert_never_decreases_as_threads_end(|amount| PARTS.observe(amount), || PARTS.get().sum);
}

#[test]
fn the_sum_of_a_labelled_histogram_never_decreases_between_scrapes() {
    const SUM: &str = "storage_shares_sum{owner=\"all\"} ";
    let registry = Registry::new();
    let options = Options::new("storage_shares", "Recordings.").labels(["owner"]);
    let shares = registry.create_family::<Histogram>(options.buckets([1.0]));
    let shares = shares.expect("valid");
    let sum = || {
        let text = registry.encode_to_string(Format::Text);
        let sum = text.lines().find_map(|line| line.strip_prefix(SUM));
        sum.map_or(0.0, |sum| sum.parse().expect("a float"))
    };
    let _turn = share_machine();
    assert_never_decreases_as_threads_end(|amount| shares.with(&["all"]).observe(amount), sum);
}

/// Records amounts that have no exact binary representation in ten threads, which end one by one,
/// and asserts that the total never decreases.
fn assert_never_decreases_as_threads_end(record: impl Fn(f64) + Sync, total: impl Fn() -> f64) {
    let mut before = total();
    for round in 0..20_u32 {
        thread::scope(|scope| {
            let threads: Vec<_> = (1..=10_u32)
                .map(|thread| {
                    let (end, ends) = mpsc::channel::<()>();
                    let (recorded, is_recorded) = mpsc::channel::<()>();
                    let record = &record;
                    let thread = scope.spawn(move || {
                        record(f64::from(thread * 7 + round) / 10.0);
                        drop(recorded);
                        // Returns when the sender is dropped.
                        _ = ends.recv();
                    });
                    _ = is_recorded.recv();
                    (end, thread)
                })
                .collect();
            let mut check = || {
                let now = total();
                assert!(before <= now, "{now} after {before}");
                before = now;
            };
            check();
            for (end, thread) in threads {
                drop(end);
                thread.join().unwrap();
                check();
            }
        });
    }
}
