//! Tests label values as keys of series: any text of any length selects its own series.

use std::collections::BTreeMap;

use metrics_core::{Counter, Format, MetricValue, Options, metrics};
use proptest::prelude::*;

use crate::support::labelled;

#[test]
fn keys_with_the_same_concatenation_are_different_series() {
    metrics! {
        /// Recordings.
        static PARTS: Counter<(a: &str, b: &str)> = "series_parts_total";
    }
    let keys = [
        ("ab", "c"),
        ("a", "bc"),
        ("abc", ""),
        ("", "abc"),
        ("a\0", "bc"),
        ("a", "\0bc"),
        ("a\u{1}", "b"),
    ];
    for (at, (a, b)) in (1..).zip(keys) {
        PARTS.with(a, b).inc_by(at);
    }
    for (at, (a, b)) in (1..).zip(keys) {
        assert_eq!(PARTS.with(a, b).get(), at, "{a:?} {b:?}");
    }
}

#[test]
fn long_values_that_differ_in_one_byte_are_different_series() {
    metrics! {
        /// Recordings.
        static LONG: Counter<(text: &str)> = "series_long_total";
    }
    let long = "x".repeat(10_000);
    let variants: Vec<String> = [0, 1, 5_000, 9_998, 9_999]
        .into_iter()
        .map(|at| format!("{}y{}", &long[..at], &long[at + 1..]))
        .chain([long.clone(), long[1..].to_owned()])
        .collect();
    for (at, text) in (1..).zip(&variants) {
        LONG.with(text).inc_by(at);
    }
    for (at, text) in (1..).zip(&variants) {
        assert_eq!(LONG.with(text).get(), at, "variant {at}");
    }
}

#[test]
fn values_of_every_length_are_different_series() {
    metrics! {
        /// Recordings.
        static LENGTHS: Counter<(text: &str, more: &str)> = "series_lengths_total";
    }
    let text = "x".repeat(600);
    for len in 0..600 {
        LENGTHS.with(&text[..len], &text[len..]).inc_by(len as u64);
    }
    for len in 0..600 {
        let series = LENGTHS.with(&text[..len], &text[len..]);
        assert_eq!(series.get(), len as u64, "{len}");
    }
}

#[test]
fn a_long_value_may_reuse_the_slot_of_a_removed_one() {
    metrics! {
        /// Recordings.
        #[max_series(1)]
        static REPLACED: Counter<(text: &str)> = "series_replaced_total";
    }
    for len in (0..2_000).rev().chain(0..2_000) {
        let text = "é".repeat(len);
        REPLACED.with(&text).inc_by(3);
        assert_eq!(REPLACED.with(&text).get(), 3, "{len}");
        assert!(REPLACED.remove(&text), "{len}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_texts_are_keys_and_are_exposed_unchanged(
        texts in prop::collection::vec((any::<String>(), any::<String>()), 1..40),
    ) {
        let (registry, counter) = labelled::<Counter>(Options::new("a_total", "A.").labels(["a", "b"]));
        let mut model = BTreeMap::new();
        for (a, b) in &texts {
            counter.with(&[a, b]).inc();
            *model.entry((a.clone(), b.clone())).or_insert(0) += 1;
        }
        let mut seen = BTreeMap::new();
        for metric in &registry.gather()[0].metrics {
            let label = |name| {
                let mut labels = metric.labels.iter();
                labels.find(|(own, _)| own == name).map_or(String::new(), |(_, value)| value.clone())
            };
            let MetricValue::Counter(count) = metric.value else { panic!("{metric:?}") };
            let before = seen.insert((label("a"), label("b")), count.as_f64() as u64);
            prop_assert_eq!(before, None);
        }
        prop_assert_eq!(seen, model);
    }
}

#[test]
fn an_empty_value_is_a_series_without_the_label() {
    let (registry, counter) = labelled::<Counter>(Options::new("a_total", "A.").labels(["a", "b"]));
    counter.with(&["", ""]).inc_by(1);
    counter.with(&["", "x"]).inc_by(2);
    counter.with(&["x", ""]).inc_by(3);
    let text = registry.encode_to_string(Format::Text);
    let samples: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("a_total"))
        .collect();
    assert_eq!(
        samples,
        ["a_total 1", "a_total{b=\"x\"} 2", "a_total{a=\"x\"} 3"]
    );
}
