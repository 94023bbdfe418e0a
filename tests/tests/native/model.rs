//! Records random observations into native histograms in several threads, and compares the result
//! with a naive model.

use std::{sync::Barrier, thread};

use metrics_core::{HistogramSnapshot, metrics};
use proptest::prelude::*;

use crate::support::{assert_buckets, native, sort_into_buckets};

/// The value 2^-128.
const DEFAULT_ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

metrics! {
    /// Observations.
    #[buckets(native)]
    static MODELLED: Histogram<(case: &str)> = "native_modelled";
    /// Observations.
    #[buckets(native(growth = 1.005, max_buckets = 20, negative))]
    static MODELLED_FEW: Histogram<(case: &str)> = "native_modelled_few";
    /// Observations.
    #[buckets(native(growth = 1.5, zero_threshold = 0, negative), -10, -1, 1, 10)]
    static MODELLED_BOTH: Histogram<(case: &str)> = "native_modelled_both";
    /// Observations.
    #[buckets(native(growth = 1.02, max_buckets = 12, max_zero_threshold = 1e-3, negative))]
    static MODELLED_WIDENED: Histogram<(case: &str)> = "native_modelled_widened";
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Each list in `lives` is recorded by a thread that stays alive until the end, each list in
    /// `deaths` by a thread that ends before the next one starts.
    #[test]
    fn buckets_equal_a_naive_models(
        lives in prop::collection::vec(prop::collection::vec(value(), 0..120), 1..5),
        deaths in prop::collection::vec(prop::collection::vec(value(), 0..120), 0..4),
    ) {
        MODELLED.clear();
        MODELLED_FEW.clear();
        MODELLED_BOTH.clear();
        MODELLED_WIDENED.clear();
        let histograms = [
            MODELLED.bind("a"),
            MODELLED_FEW.bind("a"),
            MODELLED_BOTH.bind("a"),
            MODELLED_WIDENED.bind("a"),
        ];
        record_in_threads(&lives, &deaths, |value| {
            for histogram in &histograms {
                histogram.observe(value);
            }
        });
        let all: Vec<f64> = lives.iter().chain(&deaths).flatten().copied().collect();
        let positive: Vec<f64> = all.iter().copied().filter(|value| *value >= 0.0).collect();
        assert_model(&histograms[0].get(), &positive, 3, 160, DEFAULT_ZERO_THRESHOLD);
        assert_model(&histograms[1].get(), &all, 8, 20, DEFAULT_ZERO_THRESHOLD);
        assert_model(&histograms[2].get(), &all, 1, 160, 0.0);
        assert_fits(&histograms[3].get(), &all, 12);
        let both = histograms[2].get();
        let below = |bound: f64| all.iter().filter(|value| **value <= bound).count() as u64;
        let mut total = 0;
        for (bound, count) in &both.buckets {
            total += count;
            prop_assert_eq!(total, below(*bound));
        }
    }
}

/// Zero, powers of two, and values of all magnitudes, many of them close together.
fn value() -> impl Strategy<Value = f64> {
    let sized = |exponents: std::ops::Range<i32>| {
        (1.0..2.0_f64, exponents).prop_map(|(mantissa, exponent)| mantissa * 2_f64.powi(exponent))
    };
    let magnitude = prop_oneof![
        1 => Just(0.0),
        1 => (-140..100_i32).prop_map(|exponent| 2_f64.powi(exponent)),
        6 => sized(-12..3),
        1 => sized(-300..300),
    ];
    (magnitude, prop::bool::weighted(0.2)).prop_map(|(m, negative)| if negative { -m } else { m })
}

/// Records in threads that keep running (`lives`) and threads that end (`deaths`), and reads
/// `MODELLED_FEW` each time a thread ends.
fn record_in_threads(lives: &[Vec<f64>], deaths: &[Vec<f64>], record: impl Fn(f64) + Sync) {
    let (recorded, end) = (Barrier::new(lives.len() + 1), Barrier::new(lives.len() + 1));
    thread::scope(|scope| {
        for values in lives {
            let (record, recorded, end) = (&record, &recorded, &end);
            scope.spawn(move || {
                let (first, second) = values.split_at(values.len() / 2);
                first.iter().copied().for_each(record);
                recorded.wait();
                second.iter().copied().for_each(record);
                end.wait();
            });
        }
        recorded.wait();
        for values in deaths {
            let record = &record;
            scope
                .spawn(move || values.iter().copied().for_each(record))
                .join()
                .expect("it records");
            let _ = MODELLED_FEW.with("a").get();
        }
        end.wait();
    });
}

#[track_caller]
fn assert_model(state: &HistogramSnapshot, values: &[f64], schema: i32, max: usize, zero: f64) {
    let populated = |schema| {
        let (_, positive, negative) = sort_into_buckets(values, schema, zero);
        positive.len() + negative.len()
    };
    let schema = (-4..=schema).rev().find(|schema| populated(*schema) <= max);
    let native = native(state);
    assert_eq!(native.schema, schema.unwrap_or(-4));
    assert_eq!(native.zero_threshold, zero);
    assert_eq!(state.count, values.len() as u64);
    assert_buckets(native, values);
}

/// Asserts that the buckets fit the values, with the zero threshold that was read.
///
/// The test cannot predict the threshold, which depends on the thread that meets the limit first.
#[track_caller]
fn assert_fits(state: &HistogramSnapshot, values: &[f64], max: usize) {
    let native = native(state);
    let used = native.positive.len() + native.negative.len();
    assert!(used <= max || native.schema == -4, "{native:?}");
    assert!(native.zero_threshold <= 1e-3, "{native:?}");
    assert_buckets(native, values);
}
