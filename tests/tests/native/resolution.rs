//! Tests the bucket limit and the zero bucket of native histograms, and the schema of a series that
//! is removed and recorded again.

use std::thread;

use metrics_core::metrics;

use crate::support::{assert_buckets, native, power};

#[test]
fn beyond_the_bucket_limit_neighbours_are_merged_and_no_observation_is_lost() {
    metrics! {
        /// Observations.
        #[buckets(native(max_buckets = 10))]
        static LIMITED: Histogram = "native_limited";
    }
    for exponent in 0..10 {
        LIMITED.observe(2_f64.powi(exponent));
    }
    let state = LIMITED.get();
    assert_eq!(
        (native(&state).schema, native(&state).positive.len()),
        (3, 10)
    );
    LIMITED.observe(2_f64.powi(10));
    let state = LIMITED.get();
    assert_eq!(native(&state).schema, -1);
    assert_eq!(
        native(&state).positive,
        [(0, 1), (1, 2), (2, 2), (3, 2), (4, 2), (5, 2)]
    );
    assert_eq!(state.sum, 2047.0);
}

/// The coarsest schema, -4, needs more buckets than the limit allows, so the limit is exceeded.
#[test]
fn the_coarsest_schema_has_a_bucket_for_every_value() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 1.005, max_buckets = 1, zero_threshold = 0.0, negative))]
        static COARSEST: Histogram = "native_coarsest";
    }
    let values: Vec<f64> = (-1074..1024)
        .map(|exponent| power(exponent) * if exponent % 2 == 0 { 1.0 } else { -1.0 })
        .chain([f64::MAX, f64::MIN, f64::from_bits(1), 0.0, -0.0])
        .collect();
    for value in &values {
        COARSEST.observe(*value);
    }
    let state = COARSEST.get();
    assert_eq!(native(&state).schema, -4);
    assert_buckets(native(&state), &values);
}

#[test]
fn a_reduced_resolution_is_never_restored() {
    metrics! {
        /// Observations.
        #[buckets(native(max_buckets = 4))]
        static GIVEN_UP: Histogram = "native_given_up";
    }
    // The observations of one thread need no more buckets than the limit, those of both threads
    // need more.
    for base in [1.0, 100.0] {
        thread::spawn(move || {
            for value in [1.0, 1.2, 1.4] {
                GIVEN_UP.observe(base * value);
            }
        })
        .join()
        .expect("it observes");
    }
    let state = GIVEN_UP.get();
    let schema = native(&state).schema;
    assert!(schema < 3, "{schema}");
    GIVEN_UP.observe(1.0);
    assert_eq!(native(&GIVEN_UP.get()).schema, schema);
    assert_eq!(GIVEN_UP.get().count, 7);
}

#[test]
fn the_zero_bucket_holds_values_up_to_its_threshold() {
    metrics! {
        /// Observations.
        #[buckets(native(zero_threshold = 0.25, negative))]
        static ZEROS: Histogram = "native_zeros";
    }
    for value in [0.0, -0.0, 0.25, -0.25, 1e-300, 0.25_f64.next_up(), -0.5] {
        ZEROS.observe(value);
    }
    let state = ZEROS.get();
    let native = native(&state);
    assert_eq!((native.zero_threshold, native.zero_count), (0.25, 5));
    assert_eq!(native.positive, [(-15, 1)]);
    assert_eq!(native.negative, [(-8, 1)]);
}

#[test]
fn the_zero_bucket_is_widened_up_to_its_limit_before_buckets_are_merged() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 2.0, max_buckets = 4, max_zero_threshold = 0.01))]
        static WIDENED: Histogram = "native_widened";
    }
    for exponent in -10..-6 {
        WIDENED.observe(2_f64.powi(exponent));
    }
    assert_eq!(native(&WIDENED.get()).zero_count, 0);
    WIDENED.observe(0.5);
    let state = WIDENED.get();
    assert_eq!(native(&state).zero_threshold, 2_f64.powi(-10));
    assert_eq!((native(&state).schema, native(&state).zero_count), (0, 1));
    WIDENED.observe(2_f64.powi(-20));
    assert_eq!(native(&WIDENED.get()).zero_count, 2);
    // The zero bucket absorbs 2^-9, 2^-8 and 2^-7 up to its limit; then buckets are merged.
    for exponent in 0..4 {
        WIDENED.observe(2_f64.powi(exponent));
    }
    let state = WIDENED.get();
    assert_eq!(native(&state).zero_threshold, 2_f64.powi(-7));
    assert_eq!((native(&state).schema, native(&state).zero_count), (-1, 5));
    assert_eq!(native(&state).positive, [(0, 2), (1, 2), (2, 1)]);
}

#[test]
fn a_removed_series_restarts_with_the_declared_resolution() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 1.005, max_buckets = 4))]
        static REMOVED: Histogram<(host: &str)> = "native_removed";
    }
    let held = REMOVED.bind("a");
    for round in 0..3 {
        for exponent in 0..20 {
            REMOVED.with("a").observe(2_f64.powi(exponent));
        }
        let state = REMOVED.with("a").get();
        assert_eq!(state.count, 20);
        assert!(native(&state).schema < 0);
        assert!(REMOVED.remove("a"), "{round}");
        REMOVED.with("a").observe(1.0);
        let state = REMOVED.with("a").get();
        assert_eq!((native(&state).schema, state.count), (8, 1));
        assert_eq!(native(&state).positive, [(0, 1)]);
        assert!(REMOVED.remove("a"));
    }
    held.observe(1.0);
    assert_eq!(REMOVED.with("a").get().count, 0);
}

#[test]
fn a_reused_slot_has_none_of_the_old_buckets() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        #[max_series(1)]
        static REUSED: Histogram<(host: &str)> = "native_reused";
    }
    for (at, host) in ["a", "b", "c"].into_iter().enumerate() {
        REUSED.with(host).observe(2_f64.powi(at as i32));
        let state = REUSED.with(host).get();
        assert_eq!(native(&state).positive, [(8 * at as i32, 1)]);
        REUSED.clear();
    }
}
