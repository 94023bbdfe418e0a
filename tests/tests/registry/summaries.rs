//! Tests the quantiles of summaries: by rank, and of several metrics of one name together.

use std::time::Duration;

use metrics_core::{Format, Registry, Summary, SummarySnapshot, metrics};

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

fn summary(quantiles: &[f64]) -> Summary {
    let options = options("ranked").quantiles(quantiles);
    Registry::new().create(options).unwrap()
}

fn quantile(snapshot: &SummarySnapshot, quantile: f64) -> f64 {
    let found = snapshot.quantiles.iter().find(|(q, _)| *q == quantile);
    found.expect("it is declared").1
}
