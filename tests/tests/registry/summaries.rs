//! Tests the quantiles of summaries: by rank, over the sliding window, and of several metrics of
//! one name together.

use std::time::Duration;

use metrics_core::{Format, Registry, Summary, SummarySnapshot, metrics, testing::Clock};
use proptest::{collection::vec, prelude::*};

use crate::support::options;

#[test]
fn quantiles_of_summaries_that_share_a_series_are_those_of_all_observations() {
    metrics! {
        /// Sizes.
        #[quantiles(0.5, 0.99)]
        static HERE: Summary<(of: &str)> = "merged_summary_bytes";
        /// Sizes.
        #[quantiles(0.5, 0.99)]
        static ELSEWHERE: Summary<(of: &str)> = "merged_summary_bytes";
    }
    (0..40).for_each(|_| HERE.with("page").observe(1.0));
    (0..60).for_each(|_| ELSEWHERE.with("page").observe(8.0));
    ELSEWHERE.with("file").observe(2.0);
    let text = Registry::global().encode_to_string(Format::Text);
    for (sample, expected) in [
        ("{of=\"page\",quantile=\"0.5\"} ", 8.0),
        ("{of=\"page\",quantile=\"0.99\"} ", 8.0),
        ("_sum{of=\"page\"} ", 520.0),
        ("_count{of=\"page\"} ", 100.0),
        ("{of=\"file\",quantile=\"0.5\"} ", 2.0),
    ] {
        let sample = format!("merged_summary_bytes{sample}");
        let mut values = text.lines().filter_map(|line| line.strip_prefix(&sample));
        let value = values.next().expect(&sample).parse().expect("a float");
        assert!(
            is_close(value, expected),
            "{value} instead of {expected}: {sample}"
        );
        assert_eq!(values.next(), None, "{sample}");
    }
}

/// Whether a value is within the documented error of quantiles.
fn is_close(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= expected / 100.0
}

#[test]
fn a_quantile_is_the_observation_of_its_rank() {
    let of = |values: &[f64]| {
        let summary = summary(&[0.99]);
        for value in values {
            summary.observe(*value);
        }
        quantile(&summary.get(), 0.99)
    };
    assert_eq!(of(&[2.0, 418.0]), 418.0);
    let nine_and_one = [&[1.0; 9][..], &[1000.0]].concat();
    assert_eq!(of(&nine_and_one), 1000.0);
}

#[test]
fn an_outlier_does_not_move_the_median() {
    let median = |usual: &dyn Fn(&Summary), outlier: &dyn Fn(&Summary)| {
        let summary = summary(&[0.5]);
        usual(&summary);
        outlier(&summary);
        quantile(&summary.get(), 0.5)
    };
    let milliseconds = |summary: &Summary| (0..99).for_each(|_| summary.observe(0.001));
    let longest = |summary: &Summary| summary.observe_duration(Duration::MAX);
    assert!(is_close(median(&milliseconds, &longest), 0.001));
    let thousand = |summary: &Summary| (1..=1000).for_each(|n| summary.observe(n.into()));
    let largest = |summary: &Summary| summary.observe(f64::MAX);
    assert!(is_close(median(&thousand, &largest), 501.0));
    let tiny = |summary: &Summary| (0..100).for_each(|_| summary.observe(1e-10));
    assert_eq!(median(&tiny, &|_| ()), 1e-10);
}

#[test]
fn an_observation_leaves_the_window_after_eight_to_ten_minutes() {
    let clock = Clock::stop();
    let summary = summary(&[0.5]);
    summary.observe(1.0);
    clock.advance(Duration::from_mins(8));
    assert_eq!(quantile(&summary.get(), 0.5), 1.0);
    clock.advance(Duration::from_mins(2));
    assert!(quantile(&summary.get(), 0.5).is_nan());
    assert_eq!(summary.get().count, 1);
}

#[test]
fn each_observation_of_a_series_with_one_an_hour_is_in_the_window() {
    let clock = Clock::stop();
    let summary = summary(&[0.0, 1.0]);
    for hour in (1..=48).map(f64::from) {
        summary.observe(hour);
        assert_eq!(quantile(&summary.get(), 0.0), hour);
        assert_eq!(quantile(&summary.get(), 1.0), hour);
        clock.advance(Duration::from_hours(1));
    }
}

#[test]
fn a_burst_an_hour_ago_is_not_in_the_window_if_nothing_was_read_meanwhile() {
    let clock = Clock::stop();
    let summary = summary(&[0.0, 1.0]);
    for value in 0..10_000 {
        summary.observe(value.into());
    }
    clock.advance(Duration::from_hours(1));
    summary.observe(5.0);
    assert_eq!(quantile(&summary.get(), 0.0), 5.0);
    assert_eq!(quantile(&summary.get(), 1.0), 5.0);
}

#[test]
fn a_summary_of_zeros_and_small_integers_has_their_ranks() {
    let summary = summary(&[0.0, 0.25, 0.5, 0.75, 1.0]);
    for _ in 0..1_000 {
        for value in [0.0, 2.0, 3.0, 5.0] {
            summary.observe(value);
        }
    }
    let read = summary.get();
    for (q, expected) in [(0.0, 0.0), (0.25, 0.0), (0.5, 2.0), (0.75, 3.0), (1.0, 5.0)] {
        assert!(is_close(quantile(&read, q), expected), "{q}: {read:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]

    /// The smallest and the largest observation are exact, so they show which ones are included.
    #[test]
    fn the_window_has_the_observations_of_the_last_eight_to_ten_minutes(
        steps in vec((0_u64..400, vec(1e-3..1e3_f64, 0..4), any::<bool>()), 1..40),
    ) {
        let clock = Clock::stop();
        let summary = summary(&[0.0, 1.0]);
        let mut now = 0;
        let mut observed: Vec<(u64, f64)> = Vec::new();
        for (seconds, values, is_read) in steps {
            clock.advance(Duration::from_secs(seconds));
            now += seconds;
            for value in values {
                summary.observe(value);
                observed.push((now, value));
            }
            if !is_read {
                continue;
            }
            let since = |seconds: u64| {
                observed.iter().filter(move |(at, _)| now - at <= seconds).map(|(_, value)| *value)
            };
            let read = summary.get();
            let [min, max] = [0.0, 1.0].map(|q| quantile(&read, q));
            prop_assert!(since(8 * 60).all(|value| min <= value && value <= max));
            if min.is_nan() {
                prop_assert_eq!(since(8 * 60).count(), 0);
            } else {
                prop_assert!(since(10 * 60).any(|value| value == min));
                prop_assert!(since(10 * 60).any(|value| value == max));
            }
        }
    }
}

fn summary(quantiles: &[f64]) -> Summary {
    let options = options("ranked").quantiles(quantiles);
    Registry::new().create(options).unwrap()
}

fn quantile(snapshot: &SummarySnapshot, quantile: f64) -> f64 {
    let found = snapshot.quantiles.iter().find(|(q, _)| *q == quantile);
    found.expect("it is declared").1
}
